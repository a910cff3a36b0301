"""Recording and sound devices from the command line."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import TimeoutError as TooLate
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.playback.messages import DeviceInfo
from engine.playback.player import Player
from studio.base.errors import ProjectError, StudioError
from studio.base.paths import AppPaths
from studio.cli.console import HomeOption, JsonFlag, errors_shown, opened, out, print_json, said_as_json, table
from studio.cli.edit import ProjectArg, find_track, report
from studio.cli.edit.names import seconds_of
from studio.project.model import Project
from studio.session.recording import Input
from studio.settings import Settings

READY_S = 240.0
"""An engine that was never started on this computer compiles its kernels first."""
POLL_S = 0.1
LANDING_S = 600.0


def register(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    app.command()(record)
    app.command(name="devices")(devices_)


def record(
    project: ProjectArg,
    track: Annotated[str | None, typer.Option(help="Track to record onto; a new one if absent.")] = None,
    at: Annotated[str, typer.Option(help="Where it starts: seconds, m:ss or bar.beat.tick.")] = "0",
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Stop after this; else Ctrl+C stops.")] = None,
    punch: Annotated[tuple[str, str] | None, typer.Option(help="Keep only what comes between these two times.")] = None,
    device: Annotated[str | None, typer.Option("--input", help="Id of an input (`contrafact devices`).")] = None,
    count_in: Annotated[int | None, typer.Option(min=0, max=4, help="Bars that are counted before.")] = None,
    onto: Annotated[
        list[str] | None,
        typer.Option(help="TRACK=CHANNELS for each of several tracks at once; both, first or second."),
    ] = None,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Record from an input while the project plays; the recording lands as a clip, and the project is saved.

    Examples: contrafact record Song.contrafact --track vocals --at 9.1.0 --seconds 20;
    contrafact record Song.contrafact --onto voice=first --onto guitar=second;
    contrafact record Song.contrafact --punch 12 16
    """
    with opened(home, None, as_json=json, headless=False) as session:
        session.open_project(project)
        if not session.player.wait_ready(READY_S):
            raise StudioError(
                "The audio engine did not start.", remedy="Run `contrafact doctor --warm`.", code="no-sound"
            )
        if not any(each.inputs for each in session.player.devices()):
            raise StudioError(
                "There is no input to record from.",
                remedy="Connect a microphone or an audio interface; `contrafact devices` lists what is there.",
                code="no-input",
            )
        for key, value in (("audio.input", device), ("transport.count_in", count_in)):
            if value is not None:
                session.settings.set(key, value)
        p = session.project
        track_id = "" if track is None else find_track(p, track).id
        between = None if punch is None else (seconds_of(p, punch[0]), seconds_of(p, punch[1]))
        start_s = seconds_of(p, at)
        inputs = _inputs(p, onto) if onto else None
        session.record_start(track_id, punch=between, from_s=start_s, passes=False, inputs=inputs)
        if not json:
            out("Recording. Ctrl+C stops it." if seconds is None else f"Recording {seconds:g} s.")
        # Ctrl+C is the person's way to say that it is enough: what was recorded is kept.
        with contextlib.suppress(KeyboardInterrupt):
            _wait(session.player, None if seconds is None else start_s + seconds)
        landed = session.record_stop().value(LANDING_S)
        session.save_project()
        if said_as_json(landed, as_json=json):
            return
        report(session.project, as_json=False)


def _inputs(project: Project, texts: list[str]) -> dict[str, Input]:
    """``TRACK=CHANNELS`` as ids of tracks with their inputs.

    Raises:
        ProjectError: edit-invalid for an unknown track or other channels.
    """
    found: dict[str, Input] = {}
    known: dict[str, Input] = {"both": "both", "first": "first", "second": "second"}
    for each in texts:
        name, _, channels = each.rpartition("=")
        if channels.strip().lower() not in known:
            raise ProjectError(
                f"“{each}” does not say what a track records.",
                remedy="Write TRACK=both, TRACK=first or TRACK=second.",
                code="edit-invalid",
            )
        found[find_track(project, name).id] = known[channels.strip().lower()]
    return found


def _wait(player: Player, until_s: float | None) -> None:
    """Until the play-head is there, or for ever; or until the recording ended by itself."""
    began = False
    while True:
        time.sleep(POLL_S)
        status = player.status()
        began = began or (status.recording and status.playing and not status.counting_in)
        if began and until_s is not None and status.position_s >= until_s:
            return
        if began and not status.playing and not status.recording:
            return


def devices_(
    test_tone: Annotated[bool, typer.Option("--test-tone", help="Sound a tone through the chosen output.")] = False,
    latency: Annotated[
        bool, typer.Option("--latency", help="Measure the round trip, with a cable from output to input.")
    ] = False,
    device: Annotated[
        str | None, typer.Option("--output", help="Id of an output; that of the settings if absent.")
    ] = None,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """List outputs and inputs with their rates and latency; sound a test tone; measure the round trip.

    Examples: contrafact devices; contrafact devices --test-tone
    """
    with errors_shown(as_json=json):
        chosen, block, rate, source = _settings(home)
        with Player(device=device or chosen) as player:
            if not player.wait_ready(READY_S):
                raise StudioError(
                    "The audio engine did not start.", remedy="Run `contrafact doctor --warm`.", code="no-sound"
                )
            player.set_audio(device=device or chosen, input=source if latency else None, block_frames=block, rate=rate)
            found = player.devices()
            measured: float | None = None
            try:
                if test_tone:
                    player.test_tone(1.0).result(READY_S)
                if latency:
                    measured = player.measure_latency().result(READY_S)
            except TooLate as late:
                raise StudioError(
                    "The device did not answer.", remedy="Choose another device.", code="device-lost"
                ) from late
            status = player.status()
        if json:
            print_json(
                {
                    "devices": found,
                    "playing_through": status.device,
                    "name": status.device_name,
                    "rate": status.rate,
                    "block_frames": status.block_frames,
                    "latency_s": status.latency_s,
                    "notice": status.notice,
                    **({} if measured is None else {"round_trip_s": measured}),
                }
            )
            return
        out(table([_row(each) for each in found], header=("id", "name", "system", "out", "in", "rate", "latency")))
        out(
            f"playing through {status.device_name or status.device}: {status.rate} Hz, "
            f"{status.block_frames} frames, {status.latency_s * 1000:.1f} ms"
        )
        if measured is not None:
            out(f"round trip {measured * 1000:.2f} ms")
        if status.notice:
            out(f"note: {status.notice}")


def _row(each: DeviceInfo) -> tuple[str, ...]:
    marks = ("*" if each.default else "") + ("+" if each.default_input else "")
    return (
        f"{each.id}{marks}",
        each.name,
        each.host,
        str(each.channels or "-"),
        str(each.inputs or "-"),
        f"{each.rate} Hz",
        f"{each.latency_s * 1000:.1f} ms",
    )


def _settings(home: Path | None) -> tuple[Any, ...]:
    paths = AppPaths.open(home)
    try:
        get = Settings(paths.config / "settings.json").get
        return get("audio.device"), get("audio.block_frames"), get("audio.rate"), get("audio.input") or ""
    finally:
        paths.close()
