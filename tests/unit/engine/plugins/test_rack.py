"""The rack keeps plug-ins running from plan to plan."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.plan import InsertPlan, PluginPlan
from engine.plugins import Catalogue, Entry, Finding, PluginError, Rack, rack
from tests.unit.engine.plugins import lookahead_gain

LOADER = f"{lookahead_gain.__name__}:load"
RATE = 48_000


@pytest.fixture
def plugins() -> Iterator[Rack]:
    found = Rack(loader=LOADER)
    yield found
    found.close()


def insert(name: str = "a", state: bytes = b"", **values: float) -> InsertPlan:
    return InsertPlan(id=name, kind="vst3", parameters=values, plugin=PluginPlan(path="gain.vst3", state=state))


def level(lease: rack.Lease) -> float:
    """What a constant of 0.5 becomes, once the effect's latency is over."""
    block = np.full((2, 960), 0.5, dtype=np.float32)
    lease.process(block)
    return float(block[0, -1])


def test_the_next_plan_has_the_same_process(plugins: Rack) -> None:
    first = plugins(insert(gain=0.25), RATE)
    assert level(first) == pytest.approx(0.25)
    second = plugins(insert(gain=0.75), RATE)
    first.close()
    first.close()
    time.sleep(0.05)
    assert level(second) == pytest.approx(0.75)
    assert first.latency_frames == lookahead_gain.LATENCY
    assert plugins.badges() == {}


def test_another_state_is_loaded_and_its_own_is_not(plugins: Rack) -> None:
    lease = plugins(insert(), RATE)
    again = plugins(insert(state=b'{"gain": 0.125}'), RATE)
    end = time.monotonic() + 10.0
    while level(again) != pytest.approx(0.125):
        assert time.monotonic() < end
        time.sleep(0.02)
    # The plug-in moves by itself, as with its window; the project keeps that state, and the next plan carries it.
    again.set_parameters({"gain": 1.0})
    level(again)
    state = plugins.state("a").state
    assert state == b'{"gain": 1.0}'
    assert plugins.take_states()["a"].state == state
    assert plugins.take_states() == {}
    last = plugins(insert(state=state), RATE)
    assert level(last) == pytest.approx(1.0)
    lease.close()
    # Undo back to the plug-in as it was put in; a state that is none leaves it as it is.
    for state, expected in ((b"", 0.5), (b"no state", 0.5), (b'{"gain": 0.25}', 0.25)):
        last = plugins(insert(state=state), RATE)
        end = time.monotonic() + 10.0
        while level(last) != pytest.approx(expected):
            assert time.monotonic() < end
            time.sleep(0.02)
    assert plugins.badges() == {}


def test_a_plan_of_another_rate_gets_a_process_of_its_own(plugins: Rack) -> None:
    slow, fast = plugins(insert(), 44_100), plugins(insert(), 96_000)
    slow.set_parameters({"gain": 0.25})
    assert level(slow) == pytest.approx(0.25)
    assert level(fast) == pytest.approx(0.5)
    slow.close()
    fast.close()


def test_a_plugin_that_no_plan_names_ends(plugins: Rack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rack, "LINGER_S", 0.05)
    plugins(insert(), RATE).close()
    end = time.monotonic() + 10.0
    while plugins.pids():
        assert time.monotonic() < end
        time.sleep(0.02)
    with pytest.raises(PluginError) as caught:
        plugins.state("a")
    assert caught.value.code == "plugin-stopped"


def test_plugins_start_side_by_side(plugins: Rack) -> None:
    inserts = [insert(name) for name in "abc"]
    plugins.preload([*inserts, InsertPlan(id="delay", kind="delay")], RATE)
    assert [level(plugins(each, RATE)) for each in inserts] == pytest.approx([0.5] * 3)
    assert [p.id for p in plugins.parameters("b")] == list(lookahead_gain.NAMES)


def test_a_broken_file_raises_and_may_be_tried_again(plugins: Rack, tmp_path: Path) -> None:
    path = tmp_path / "bad.vst3"
    path.write_text("refuse")
    bad = InsertPlan(id="a", kind="vst3", plugin=PluginPlan(path=str(path)))
    with pytest.raises(PluginError, match="licence"):
        plugins(bad, RATE)
    path.write_text("")
    assert level(plugins(bad, RATE)) == pytest.approx(0.5)
    with pytest.raises(PluginError):
        plugins(InsertPlan(id="b", kind="vst3"), RATE)


def test_a_blocked_file_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "plugins.json"
    catalogue = Catalogue(path)
    catalogue._keep(
        entries={"gain.vst3": Entry(finding=Finding(path="gain.vst3"), changed_ns=0, blocked="It crashed.")}
    )
    guarded = Rack(loader=LOADER, catalogue=path)
    with pytest.raises(PluginError) as caught:
        guarded(insert(), RATE)
    assert caught.value.code == "plugin-blocked"


@pytest.mark.skipif(os.name != "posix", reason="needs the signals of POSIX")
def test_a_killed_plugin_has_a_badge_and_is_revived(plugins: Rack) -> None:
    lease = plugins(insert(gain=1.0), RATE)
    assert level(lease) == pytest.approx(1.0)
    os.kill(next(iter(plugins.pids().values())), signal.SIGKILL)
    time.sleep(0.1)
    level(lease)
    assert level(lease) == pytest.approx(0.5)
    assert plugins.badges() == {"a": "Stopped"}
    assert lease.notices()
    plugins.revive("a")
    end = time.monotonic() + 10.0
    while lease.badge:
        assert time.monotonic() < end
        time.sleep(0.02)
    level(lease)
    assert level(lease) == pytest.approx(1.0)


def test_a_plugin_that_loads_slowly_is_dry_until_then(
    plugins: Rack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rack, "LIVE_LOAD_S", 0.1)
    path = tmp_path / "slow.vst3"
    path.write_text("slow")
    slow = InsertPlan(id="a", kind="vst3", parameters={"gain": 1.0}, plugin=PluginPlan(path=str(path)))
    lease = plugins(slow, RATE)
    assert lease.badge == "Starting"
    assert level(lease) == pytest.approx(0.5)
    end = time.monotonic() + 20.0
    while lease.badge:
        assert time.monotonic() < end
        time.sleep(0.02)
    level(lease)
    assert level(lease) == pytest.approx(1.0)
    assert any("latency" in sentence for sentence in lease.notices())
    # The next plan has it in time.
    assert lease.latency_frames == 0
    assert plugins(slow, RATE).latency_frames == lookahead_gain.LATENCY


def _hold_a_plugin(connection: multiprocessing.connection.Connection) -> None:
    inner = Rack(loader=LOADER)
    inner(insert(), RATE)
    connection.send(inner.pids()["a"])
    time.sleep(60.0)


@pytest.mark.skipif(os.name != "posix", reason="needs the signals of POSIX")
def test_a_plugin_ends_when_the_engine_is_killed() -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_hold_a_plugin, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    assert ours.poll(60.0)
    plugin = ours.recv()
    os.kill(plugin, 0)
    process.kill()
    process.join(10.0)
    end = time.monotonic() + 10.0
    while _runs(plugin):
        assert time.monotonic() < end
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Nobody may have waited for it yet: a zombie has ended too.
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def _in_a_daemon(connection: multiprocessing.connection.Connection) -> None:
    inner = Rack(loader=LOADER)
    try:
        connection.send(level(inner(insert(gain=0.25), RATE)))
    finally:
        inner.close()


def test_a_daemonic_process_may_hold_a_rack() -> None:
    # The engine and the workers are such processes.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_in_a_daemon, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    assert ours.poll(60.0)
    assert ours.recv() == pytest.approx(0.25)
    process.join(10.0)
