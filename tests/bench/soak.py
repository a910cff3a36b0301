"""Endurance: play for a long time on the dummy driver while a mix is edited at random, and listen for glitches.

``python -m tests.bench.soak --minutes 5 [--block 128] [--seed 0] [--json]``; the exit code is 0 only without glitches
and without underruns of our own.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.playback.late import LateBlock
from engine.playback.player import Player
from engine.render import render
from tests.bench import glitches, jack
from tests.bench.control import Control
from tests.bench.edits import RATE, SECONDS, Desk, sounds
from tests.bench.host import Surroundings, beside, by_stage, slowed, underruns

PIECE_S = 60.0
"""What is played is listened to in files of this length, so that a long run needs no room."""


def run(
    *,
    minutes: float,
    block: int = 128,
    seed: int = 0,
    keep: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Soak, and return figures.

    Args:
        minutes: of play-back.
        block: frames of a callback.
        seed: of the edits.
        keep: folder for what was heard around each glitch.
        say: told now and then how it stands.

    Raises:
        jack.NoJack: without the dummy driver.
    """
    rng = np.random.default_rng(seed)
    control = Control(frames=block)
    with tempfile.TemporaryDirectory() as folder, jack.server(frames=block, rate=RATE), Player() as player, control:
        desk = Desk(sounds(Path(folder)), rng)
        checked = glitches.self_check(render(desk.plan, start_frame=30 * RATE, frames=RATE))
        if not all(checked.values()):
            raise AssertionError(f"the glitch detector is deaf: {checked}")
        player.set_plan(desk.plan)
        if not player.wait_ready(120.0):
            raise jack.NoJack("the engine does not start")
        player.play(0.0)
        while not player.status().playing:
            time.sleep(0.01)
        status = player.status()
        if status.block_frames != block:
            raise jack.NoJack(f"the device asks for {status.block_frames} frames: {status.notice}")
        deeds: Counter[str] = Counter()
        found: list[dict[str, Any]] = []
        frames = 0
        worst_load = 0.0
        late: list[LateBlock] = []
        told = player.late_blocks()[1]
        ends = time.monotonic() + minutes * 60.0
        start = status
        log: list[tuple[float, str]] = []
        surroundings = Surroundings()
        while (left := ends - time.monotonic()) > 0.0:
            path = Path(folder) / "heard.wav"
            path.unlink(missing_ok=True)
            player.capture(str(path)).result(30.0)
            began = time.monotonic()
            while time.monotonic() - began < min(PIECE_S, left):
                deed = _act(player, desk, rng)
                deeds[deed] += 1
                log.append((time.monotonic() - began, deed))
                status = player.status()
                found_late, told = player.late_blocks(told)
                late += found_late
                worst_load = max(worst_load, status.dsp_load)
                time.sleep(float(rng.uniform(0.02, 0.25)))
            captured = player.capture(None).result(30.0)
            frames += captured
            for frame in glitches.find(glitches.wav_blocks(path)):
                at = frame / RATE
                near = [f"{deed} {at - when:+.3f} s after" for when, deed in log if -0.02 < at - when < 0.5][-3:]
                found.append({"second": round(frames / RATE - captured / RATE + at, 3), "after": near})
                if keep is not None:
                    _keep(path, frame, keep / f"glitch-{len(found)}.wav")
            log.clear()
            status = player.status()
            say(
                f"{frames / RATE / 60.0:.1f} min, {sum(deeds.values())} edits, {len(found)} glitches, "
                + ", ".join(f"{count} {whose}" for whose, count in underruns(start, status).items())
                + ("" if not found else f", last {found[-1]}")
            )
        status, stages = player.status(), player.stages()
        figures: dict[str, Any] = {
            "minutes": round(frames / RATE / 60.0, 2),
            "block_frames": block,
            "edits": dict(deeds),
            "glitches": len(found),
            "glitch_list": found[:20],
            **underruns(start, status),
            "callbacks": status.callbacks - start.callbacks,
            "moves": status.moves - start.moves,
            **surroundings.figures(),
            "dsp_load_max": round(worst_load, 3),
            "self_check": checked,
            "notice": status.notice,
        }
    lonely = [block for block in late if block not in beside(late, control.late)]
    return figures | {
        "control": control.figures,
        "slowed": slowed(late, control.late, seconds=60.0 * minutes),
        "host_by_stage": by_stage(lonely, stages),
        "own_list": [_told(block) for block in late if block.own][:20],
        "host_list": [_told(block) for block in late if not block.own][:40],
        "control_list": [_told(block) for block in control.late][:40],
    }


def _told(block: LateBlock) -> str:
    """With its time on the clock that the control tells by, too."""
    return f"{block.ended_s:.3f} s, {block}"


def _keep(path: Path, frame: int, out: Path) -> None:
    import soundfile

    out.parent.mkdir(parents=True, exist_ok=True)
    sound, rate = soundfile.read(path, start=max(frame - RATE, 0), frames=2 * RATE, dtype="float32")
    soundfile.write(out, sound, rate, subtype="FLOAT")


def _act(player: Player, desk: Desk, rng: np.random.Generator) -> str:
    """One deed of a restless person."""
    choice = float(rng.uniform())
    if choice < 0.70:
        deed = desk.edit()
        player.set_plan(desk.plan)
        if not player.status().playing:
            player.play()
        return deed
    if choice < 0.85:
        player.seek(float(rng.uniform(0.0, SECONDS - 5.0)))
        return "seek"
    if choice < 0.88:
        player.pause()
        player.play()
        return "pause and play"
    if choice < 0.90:
        player.stop()
        player.play(float(rng.uniform(0.0, 20.0)))
        return "stop and play"
    if choice < 0.95:
        player.prepare("b", desk.plan, gain_db=-3.0)
        player.switch("b", at="beat" if rng.uniform() < 0.5 else "now")
        return "switch"
    player.switch("")
    return "switch back"


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="contrafact soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--block", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for what was heard around each glitch")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    try:
        figures = run(
            minutes=chosen.minutes,
            block=chosen.block,
            seed=chosen.seed,
            keep=chosen.keep,
            say=lambda text: print(text, file=sys.stderr, flush=True),
        )
    except jack.NoJack as problem:
        print(f"error: {problem}\n  what to do: install jackd2 and libportaudio2", file=sys.stderr)
        return 1
    if chosen.json:
        print(json.dumps(figures, indent=2))
    else:
        for key, value in figures.items():
            print(f"{key}: {value}")
    return 0 if figures["glitches"] == 0 and figures["underruns_own"] == 0 else 1


if __name__ == "__main__":
    raise SystemExit(main())
