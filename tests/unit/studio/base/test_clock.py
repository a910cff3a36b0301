from __future__ import annotations

from pathlib import Path

import pytest

from studio.base.clock import TOLERANCE_S, Clock, from_iso, iso, now_iso


class Times:
    def __init__(self, wall: float) -> None:
        self.wall_s = wall
        self.monotonic_s = 100.0

    def clock(self, path: Path | None = None) -> Clock:
        return Clock(path, wall=lambda: self.wall_s, monotonic=lambda: self.monotonic_s)

    def pass_s(self, seconds: float) -> None:
        self.wall_s += seconds
        self.monotonic_s += seconds


def test_iso_goes_there_and_back() -> None:
    assert iso(1_795_257_137.9) == "2026-11-21T10:32:17Z"
    assert from_iso("2026-11-21T10:32:17Z") == 1_795_257_137
    assert from_iso("2026-11-21T11:32:17+01:00") == 1_795_257_137
    assert len(now_iso()) == 20
    with pytest.raises(ValueError):
        from_iso("2026-11-21T10:32:17")


def test_without_knowledge_the_wall_is_the_time() -> None:
    times = Times(1000.0)
    clock = times.clock()
    assert clock.now() == 1000.0
    assert clock.ok()
    assert clock.now_iso() == "1970-01-01T00:16:40Z"


def test_a_clock_two_days_back_is_seen_and_time_goes_on() -> None:
    times = Times(1_000_000.0)
    clock = times.clock()
    clock.note_server_time(1_000_000.0)
    times.pass_s(60.0)
    times.wall_s -= 2 * 86_400
    assert clock.now() == 1_000_060.0
    assert clock.turned_back()
    assert not clock.ok()


def test_five_minutes_are_tolerated() -> None:
    times = Times(1_000_000.0)
    clock = times.clock()
    clock.note_server_time(1_000_000.0 + TOLERANCE_S)
    assert not clock.turned_back()
    clock.note_server_time(1_000_001.0 + TOLERANCE_S)
    assert clock.turned_back()


def test_a_clock_ahead_counts_until_a_signed_time_corrects_the_ledger() -> None:
    times = Times(1_000_000.0)
    clock = times.clock()
    times.wall_s += 10 * 365 * 86_400
    clock.note_ledger_time(clock.now())
    times.wall_s = 1_000_010.0
    assert clock.turned_back()
    clock.note_server_time(1_000_010.0)
    assert clock.ok()
    assert clock.now() == 1_000_010.0


def test_an_earlier_ledger_time_changes_nothing() -> None:
    times = Times(1000.0)
    clock = times.clock()
    clock.note_ledger_time(5000.0)
    clock.note_ledger_time(4000.0)
    assert clock.now() == 5000.0


def test_what_is_known_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    times = Times(1_000_000.0)
    times.clock(path).note_server_time(2_000_000.0)
    times.monotonic_s = 5.0
    again = times.clock(path)
    assert again.now() == 2_000_000.0
    times.monotonic_s = 15.0
    assert again.now() == 2_000_010.0


@pytest.mark.parametrize("text", ["", "[]", "{", '{"server_s": "x"}', '{"server_s": -5, "ledger_s": 1e99}'])
def test_a_broken_state_is_no_knowledge(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clock.json"
    path.write_text(text)
    assert Times(7.0).clock(path).now() == 7.0


def test_a_full_disk_does_not_stop_the_clock(tmp_path: Path) -> None:
    clock = Times(7.0).clock(tmp_path / "missing" / "clock.json")
    clock.note_server_time(50.0)
    assert clock.now() == 50.0
