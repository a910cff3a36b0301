"""A device, end to end: JACK's dummy driver, with a cable from the output to the input."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from engine.errors import DeviceError
from engine.plan import MixPlan, TempoPlan
from engine.playback.player import Player
from tests.bench import gates, glitches, loopback
from tests.bench.jack import NoJack, server

MakePlan = Callable[..., MixPlan]
PATIENCE_S = 120.0
RATE = 48_000
PERIOD = 128
TRIES = 5


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE_S
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        pause.wait(0.005)


@pytest.fixture(scope="module")
def jack() -> Iterator[str]:
    pytest.importorskip("sounddevice", exc_type=OSError, reason="PortAudio is not installed")
    try:
        with server(frames=PERIOD) as name:
            yield name
    except NoJack as problem:
        pytest.skip(str(problem))


@pytest.fixture(scope="module")
def player(jack: str) -> Iterator[Player]:
    """A player whose output is led back into its input."""
    with Player() as made:
        made.arm()
        assert made.wait_ready(PATIENCE_S)
        until(lambda: made.status().input != "", "the input is open")
        try:
            loopback.connect()
        except NoJack as problem:
            pytest.skip(str(problem))
        yield made


def bounced(plan: MixPlan, start: int, frames: int) -> np.ndarray:
    from engine.plan.offline import OfflineRenderer

    out = np.zeros((2, frames), dtype=np.float32)
    renderer = OfflineRenderer(plan)
    renderer.seek(start)
    renderer.process(out)
    return out


def sound_of(path: str) -> np.ndarray:
    return np.ascontiguousarray(soundfile.read(path, dtype="float32", always_2d=True)[0].T)


def test_the_devices_are_listed_with_what_they_can(player: Player) -> None:
    device = player.devices()[0]
    assert device.host == "JACK Audio Connection Kit"
    assert (device.channels, device.inputs) == (2, 2)
    assert RATE in device.rates
    assert device.default
    assert player.devices()[-1].id == "none"


def test_the_round_trip_is_measured_and_the_same_as_reported(player: Player) -> None:
    measured = player.measure_latency().result(PATIENCE_S)
    assert round(measured * RATE) == PERIOD
    assert player.status().latency_s == pytest.approx(measured)


def test_the_test_tone_comes_back(player: Player) -> None:
    tone = player.test_tone(0.5)
    until(lambda: min(player.status().input_peak) > 0.1, "the tone is heard")
    assert tone.result(PATIENCE_S) is None


def test_what_the_driver_plays_is_the_bounce_to_the_sample(player: Player, make_plan: MakePlan, tmp_path: Path) -> None:
    """Real-time capture through the driver, aligned by the recorder itself, against the off-line bounce."""
    plan = make_plan(frames=RATE * 30, gain=0.7, pan=0.2)
    player.set_plan(plan)
    for attempt in range(TRIES):
        taken = player.record(str(tmp_path / f"take{attempt}.wav"), 1.0)
        gaps = player.status().xruns_driver
        until(lambda: player.status().playing and player.status().position_s > 2.2, "some of it has played")
        assert player.status().recording
        clean = player.status().xruns_driver == gaps
        recorded = player.stop_record()
        player.stop()
        until(lambda: not player.status().playing, "it rests, before another attempt is judged by what is told")
        assert taken.result(0) is recorded
        assert (recorded.start_s, recorded.rate, recorded.channels, recorded.lost_frames) == (1.0, RATE, 2, 0)
        heard = sound_of(recorded.path)[:, : RATE - 1_000]
        assert recorded.frames > RATE
        error = np.abs(heard - bounced(plan, RATE, heard.shape[1])).max()
        if clean:
            assert error < 10 ** (-120 / 20)
            return
    pytest.skip("the machine was too busy: the driver itself lost blocks in every attempt")


def test_a_punched_take_after_a_count_in_holds_only_its_part(
    player: Player, make_plan: MakePlan, tmp_path: Path
) -> None:
    plan = msgspec.structs.replace(make_plan(frames=RATE * 30), tempo=(TempoPlan(frames_per_beat=6_000.0),))
    player.set_plan(plan)
    player.set_loop(0.0, 0.6, True)
    try:
        for attempt in range(TRIES):
            gaps = player.status().xruns_driver
            player.play(from_s=0.5, count_in_bars=1)
            taken = player.record(str(tmp_path / f"take{attempt}.wav"), 0.5, punch_in_s=1.0, punch_out_s=1.5)
            until(lambda: player.status().counting_in, "it counts")
            # The loop is left aside while recording.
            recorded = taken.result(PATIENCE_S)
            assert player.status().playing
            clean = player.status().xruns_driver == gaps
            player.stop()
            assert (recorded.start_s, recorded.frames) == (1.0, RATE // 2)
            if clean:
                wanted = bounced(msgspec.structs.replace(plan, loop=None), RATE, RATE // 2)
                assert np.abs(sound_of(recorded.path) - wanted).max() < 10 ** (-100 / 20)
                return
        pytest.skip("the machine was too busy: the driver itself lost blocks in every attempt")
    finally:
        player.set_loop(0.0, 0.0, False)


def test_recording_needs_an_input_and_a_new_file(player: Player, make_plan: MakePlan, tmp_path: Path) -> None:
    player.set_plan(make_plan())
    (tmp_path / "mine.wav").write_bytes(b"mine")
    with pytest.raises(Exception, match="cannot be written"):
        player.record(str(tmp_path / "mine.wav"), 0.0).result(PATIENCE_S)
    assert (tmp_path / "mine.wav").read_bytes() == b"mine"
    assert not player.status().playing


def test_a_crash_leaves_the_take_and_plays_on(player: Player, make_plan: MakePlan, tmp_path: Path) -> None:
    """Also the device comes back with its input."""
    player.set_plan(make_plan(frames=RATE * 60))
    taken = player.record(str(tmp_path / "take.wav"), 0.0)
    until(lambda: player.status().position_s > 3.0, "some of it is recorded")
    pid = player.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(DeviceError):
        taken.result(PATIENCE_S)
    until(lambda: player.pid not in (None, pid) and player.wait_ready(0.0), "another engine runs")
    until(lambda: player.status().playing and player.status().position_s > 3.2, "it plays on")
    assert sound_of(str(tmp_path / "take.wav")).shape[1] > RATE
    assert player.status().input != ""
    player.stop()


def test_no_input_no_recording(player: Player, make_plan: MakePlan, tmp_path: Path) -> None:
    player.disarm()
    with pytest.raises(DeviceError) as caught:
        player.record(str(tmp_path / "take.wav"), 0.0).result(PATIENCE_S)
    assert caught.value.code == "device-input"
    with pytest.raises(DeviceError):
        player.measure_latency().result(PATIENCE_S)


def test_random_edits_while_playing_leave_no_glitch(jack: str, tmp_path: Path) -> None:
    from tests.bench.edits import Desk, sounds

    rng = np.random.default_rng(11)
    desk = Desk(sounds(tmp_path), rng)
    checked = glitches.self_check(bounced(desk.plan, 30 * RATE, RATE))
    assert all(checked.values()), checked
    with Player() as player:
        player.set_plan(desk.plan)
        player.play(10.0)
        until(lambda: player.status().playing, "it plays")
        player.capture(str(tmp_path / "heard.wav")).result(PATIENCE_S)
        for _ in range(40):
            desk.edit()
            player.set_plan(desk.plan)
            if rng.uniform() < 0.3:
                player.seek(float(rng.uniform(0.0, 50.0)))
            threading.Event().wait(0.05)
        frames = player.capture(None).result(PATIENCE_S)
        own = player.status().xruns_own
    assert frames > RATE
    assert glitches.find(glitches.wav_blocks(tmp_path / "heard.wav")) == []
    assert own == 0


def test_the_callback_holds_no_lock(jack: str) -> None:
    seen = gates.measure("lock")
    assert seen["callbacks"] > 200
    assert seen["most_at_begin"] == 0
    assert seen["here"] == 1


@pytest.mark.skipif(not Path("/proc").exists() or not shutil.which("cc"), reason="needs Linux and a C compiler")
def test_the_callback_takes_no_memory(jack: str) -> None:
    seen = gates.measure("memory")
    assert seen["callbacks"] > 200
    assert seen["inside"] == 0
    assert seen["here"] > 0
    assert seen["device"].startswith("JACK")
