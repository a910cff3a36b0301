"""The player with its engine process, on the silent clock and on JACK's dummy driver."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.plan import MixPlan
from engine.playback.messages import DeviceInfo, Status
from engine.playback.player import Player
from tests.bench.jack import NoJack, server

MakePlan = Callable[..., MixPlan]
PATIENCE_S = 60.0


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE_S
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        pause.wait(0.005)


@pytest.fixture(scope="module")
def running() -> Iterator[Player]:
    with Player(device="none") as player:
        assert player.wait_ready(PATIENCE_S)
        yield player


@pytest.fixture
def player(running: Player) -> Player:
    """The module's player, stopped at the beginning."""
    running.set_loop(0.0, 0.0, False)
    running.stop()
    running.stop()
    until(lambda: not running.status().playing and running.status().position_s == 0.0, "it is at rest")
    return running


def _plays(player: Player) -> bool:
    return player.status().playing and player.status().position_s > 0.2


def test_the_clock_carries_the_transport(player: Player, make_plan: MakePlan) -> None:
    player.set_plan(make_plan(gain=0.5, frames=48_000 * 60))
    player.play()
    until(lambda: _plays(player), "it plays")
    status = player.status()
    assert status.device == "none"
    assert status.notice
    assert status.rate == 48_000
    until(lambda: player.meters().tracks.get("tone", (0.0,))[0] > 0.2, "the meter moves")
    meters = player.meters()
    assert meters.tracks["tone"][0] == pytest.approx(0.25, abs=0.01)
    assert meters.master[0] == pytest.approx(0.25, abs=0.01)
    until(lambda: player.meters().lufs_s > -40.0, "loudness is measured")
    player.seek(30.0)
    until(lambda: 30.0 <= player.status().position_s < 35.0, "it has moved")
    player.set_loop(40.0, 40.5, True)
    player.seek(40.2)
    until(lambda: 40.2 <= player.status().position_s < 40.5, "it is inside the loop")
    until(lambda: 40.0 <= player.status().position_s < 40.1, "it has wrapped")
    player.pause()
    until(lambda: not player.status().playing, "it pauses")
    assert 40.0 <= player.status().position_s <= 40.6
    player.stop()
    player.stop()
    until(lambda: player.status().position_s == 0.0, "it is back at the beginning")
    assert [device.id for device in player.devices()][-1] == "none"


def test_an_engine_that_is_killed_plays_on(player: Player, make_plan: MakePlan) -> None:
    player.set_plan(make_plan(frames=48_000 * 120))
    player.play(from_s=5.0)
    until(lambda: player.status().position_s > 5.3, "it plays")
    before, pid = player.status().position_s, player.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: player.pid not in (None, pid), "another engine has started")
    until(lambda: player.status().playing and player.status().position_s > before + 0.3, "it plays on")
    assert player.status().position_s < before + 60.0
    until(lambda: player.meters().tracks.get("tone", (0.0,))[0] > 0.2, "its meters move")


def test_an_engine_that_was_paused_stays_paused_after_a_crash(player: Player, make_plan: MakePlan) -> None:
    player.set_plan(make_plan(frames=48_000 * 60))
    player.seek(7.0)
    until(lambda: player.status().position_s == 7.0, "it has moved")
    pid = player.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: player.pid not in (None, pid), "another engine has started")
    assert player.wait_ready(PATIENCE_S)
    until(lambda: player.status().position_s == 7.0, "it is where it was")
    assert not player.status().playing


def test_without_its_device_the_clock_runs_and_nothing_asked_early_is_lost(make_plan: MakePlan) -> None:
    player = Player(device="ALSA: no such thing")
    try:
        player.set_plan(make_plan(frames=48_000 * 60))
        player.play(from_s=2.0)
        until(lambda: player.status().playing and player.status().position_s > 2.2, "it plays")
        assert "no such thing" in player.status().notice
        assert player.status().device == "none"
    finally:
        player.close()
        player.close()
    assert player.pid is None
    assert isinstance(player.status(), Status)


def test_the_players_side_loads_no_kernels_and_no_device_library() -> None:
    code = (
        "import sys\n"
        "import engine.types, engine.errors, engine.results, engine.plan, engine.worker, engine.playback.player\n"
        "import engine.dsp.eq, engine.dsp.effects, engine.io.pyramid\n"
        "print([m for m in ('numba', 'librosa', 'onnxruntime', 'sounddevice', 'scipy') if m in sys.modules])"
    )
    root = Path(__file__).resolve().parents[4]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


@pytest.fixture
def jack() -> Iterator[str]:
    """A JACK server of this test's own, on the dummy driver."""
    pytest.importorskip("sounddevice", exc_type=OSError, reason="PortAudio is not installed")
    try:
        with server() as name:
            yield name
    except NoJack as problem:
        pytest.skip(str(problem))


def test_a_real_device_plays_without_the_interpreter_lock(jack: str, make_plan: MakePlan) -> None:
    with Player() as player:
        assert player.wait_ready(PATIENCE_S)
        devices: list[DeviceInfo] = player.devices()
        assert any(device.host == "JACK Audio Connection Kit" for device in devices)
        player.set_plan(make_plan(frames=48_000 * 60))
        player.play()
        until(lambda: _plays(player), "it plays")
        status = player.status()
        assert "JACK" in status.device
        assert status.block_frames == 128
        assert status.rate == 48_000
        assert status.notice == ""
        until(lambda: player.meters().master[0] > 0.3, "the meter moves")
        player.set_device("none")
        until(lambda: player.status().device == "none" and player.status().playing, "it goes on without the device")
