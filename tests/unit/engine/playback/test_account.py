"""Whose a late block is, from what its clocks and stages say: a rule over numbers that no other program can upset.

`test_underruns` has the same over time that is really spent.
"""

from __future__ import annotations

import numpy as np
import pytest

from engine.dsp.memory import address_of_array
from engine.plan.kernel import stages, watch
from engine.playback import deck as words
from engine.playback import late, native
from engine.playback.account import PERSISTENT, settle
from engine.playback.deck import Deck

S = 1_000_000_000
MS = 1_000_000
RATE = 48_000
FRAMES = RATE
"""A block of one second: what the test itself takes does not count."""
COUNT = 16
USUAL = 10 * MS
linux = pytest.mark.skipif(not native.LINUX, reason="whether a thread has waited is known on Linux only")


class Bench:
    """A deck whose blocks are told, not run: `COUNT` stages of `USUAL` each."""

    def __init__(self) -> None:
        self.deck = Deck()
        self.deck.open(rate=RATE, channels=2)
        self._scratch = native.scratch()
        for _ in range(20):
            self.block()

    def block(
        self,
        slow: dict[int, int] | None = None,
        *,
        computed: float = 1.0,
        faults: int = 0,
        kind: int = stages.STRIPS,
        tail: int = 0,
    ) -> None:
        """One block.

        Args:
            slow: ns of the stages that do not take `USUAL`.
            computed: share of the time that the thread computed.
            faults: pages that had to be given to it.
            kind: of the first stage.
            tail: ns after the last of them.
        """
        took = [(slow or {}).get(k, USUAL) for k in range(COUNT)]
        total = sum(took) + tail
        record = self.deck.watch
        watch.begin(record, native.clock_ns(self._scratch))
        for k, each in enumerate(took):
            watch.passed(record, stages.STRIPS + k if k else kind, each)
            self.deck.memory[words.WATCH_AT + watch.V_PLACE] += 1
        self.deck.memory[words.WATCH_AT + watch.V_AT] -= tail
        waits = native.waits(self._scratch)
        before = native.faults(self._scratch) - faults
        did = native.thread_ns(self._scratch) - round(computed * total)
        settle(self.deck.memory, self._scratch, FRAMES, native.clock_ns(self._scratch) - total, did, waits, before)

    @property
    def own(self) -> int:
        return self.deck.xruns_own

    @property
    def host(self) -> int:
        return self.deck.xruns_host

    @property
    def system(self) -> int:
        return self.deck.xruns_system

    def told(self, since: int = 0) -> list[late.LateBlock]:
        return late.read(self.deck.late_ring, self.deck.word(words.LATE), since)[0]


@pytest.fixture(autouse=True, scope="module")
def _warm() -> None:
    """Nothing is compiled between two clocks."""
    Bench()


LEAP = {5: 2 * S}
"""One stage of which takes 2 s."""


@linux
def test_what_is_in_time_is_counted_as_nothing() -> None:
    bench = Bench()
    bench.block({5: S // 2})
    bench.block()
    assert (bench.own, bench.system, bench.told()) == (0, 0, [])


@linux
def test_one_leap_is_not_ours_once_the_next_block_is_quick() -> None:
    bench = Bench()
    bench.block(LEAP)
    assert (bench.own, bench.host, bench.told()) == (0, 0, [])
    bench.block()
    assert (bench.own, bench.host, bench.system) == (0, 1, 1)
    assert [block.why for block in bench.told()] == ["leapt"]


@linux
@pytest.mark.parametrize("times", [PERSISTENT - 1, PERSISTENT, PERSISTENT + 5])
def test_a_stage_that_leaps_in_three_blocks_in_a_row_is_ours_each_time(times: int) -> None:
    bench = Bench()
    for _ in range(times):
        bench.block(LEAP)
    bench.block()
    ours = times >= PERSISTENT
    assert (bench.own, bench.host) == ((times, 0) if ours else (0, times))
    assert {block.why for block in bench.told()} == ({"again"} if ours else {"leapt"})


@linux
def test_leaps_of_different_stages_in_a_row_are_not_ours() -> None:
    bench = Bench()
    for stage in (5, 9, 5, 9):
        bench.block({stage: 2 * S})
    bench.block()
    assert (bench.own, bench.host) == (0, 4)


@linux
def test_a_leap_does_not_hide_the_next() -> None:
    bench = Bench()
    for _ in range(4):
        bench.block(LEAP)
        bench.block()
        bench.block()
    assert (bench.own, bench.host) == (0, 4)


@linux
def test_a_stage_that_is_slow_every_few_blocks_is_ours_before_long() -> None:
    bench = Bench()
    for _ in range(40):
        bench.block(LEAP)
        bench.block()
        bench.block()
    before = bench.own
    bench.block(LEAP)
    bench.block()
    assert bench.own == before + 1
    assert bench.told()[-1].why == "computed"


@linux
def test_work_that_is_too_much_by_itself_is_ours_leap_or_none() -> None:
    bench = Bench()
    bench.block(dict.fromkeys(range(COUNT), 80 * MS - 1))
    bench.block({**dict.fromkeys(range(COUNT), 70 * MS), **LEAP})
    bench.block()
    assert (bench.own, bench.host) == (2, 0)
    assert [block.why for block in bench.told()] == ["computed", "computed"]


@linux
def test_work_without_a_history_is_ours() -> None:
    bench = Bench()
    for _ in range(watch.KNOWN):
        bench.block({0: 2 * S}, kind=stages.EFFECTS)
    bench.block()
    assert (bench.own, bench.host) == (watch.KNOWN, 0)
    assert bench.told()[0].new_ms == pytest.approx(2_000.0)


@linux
def test_time_after_the_last_stage_belongs_to_it() -> None:
    bench = Bench()
    bench.block(tail=2 * S)
    bench.block()
    assert (bench.own, bench.host) == (0, 1)
    assert bench.told()[0].worst[0].name == "output"
    assert bench.told()[0].worst[0].took_ms == pytest.approx(2_000.0, abs=100.0)


@linux
def test_a_leap_in_a_block_that_had_to_be_given_a_page_is_ours() -> None:
    bench = Bench()
    bench.block(LEAP, faults=1)
    bench.block()
    assert (bench.own, bench.host) == (1, 0)
    assert [block.why for block in bench.told()] == ["page"]


@linux
def test_a_block_in_which_the_thread_hardly_computed_is_the_systems() -> None:
    bench = Bench()
    bench.block(dict.fromkeys(range(COUNT), 200 * MS), computed=0.2)
    bench.block()
    assert (bench.own, bench.host, bench.system) == (0, 0, 1)
    assert bench.told() == []


@linux
def test_a_late_block_of_ours_names_the_stages_with_the_most_time_beyond_the_usual() -> None:
    bench = Bench()
    runs = 20
    bench.block({3: 70 * MS, 7: 75 * MS, 9: 79 * MS, 10: 60 * MS, 11: 50 * MS, 12: 75 * MS, 0: S}, kind=stages.LIMITER)
    (block,) = bench.told()
    assert block.own
    assert block.why == "computed"
    assert block.took_ms == pytest.approx(1_000 + 70 + 75 + 79 + 60 + 50 + 75 + 90, abs=5.0)
    assert block.usual_ms == pytest.approx(1_000 + 150.0, abs=5.0)
    assert block.new_ms == 1_000.0
    assert block.stages == COUNT + 1, "the way out comes last"
    assert block.slowed in (6, 7)
    assert [round(stage.took_ms) for stage in block.worst] == [1_000, 79, 75, 75, 70, 60]
    assert [stage.runs for stage in block.worst] == [0, runs, runs, runs, runs, runs]
    assert [round(stage.usual_ms) for stage in block.worst] == [0, 10, 10, 10, 10, 10]
    assert block.worst[0].name == block.worst[0].group == "limiter at the end"
    assert block.worst[2].group == "strips"
    assert block.worst[2].name == stages.name_of(stages.STRIPS + 7) != block.worst[3].name
    assert "limiter at the end 1000.000 of 0.000 (run 0)" in str(block)


@linux
def test_late_blocks_are_told_once_in_order_and_not_before_they_are_decided() -> None:
    bench = Bench()
    bench.block(dict.fromkeys(range(COUNT), 80 * MS - 1))
    bench.block(LEAP)
    ring, count = bench.deck.late_ring, bench.deck.word(words.LATE)
    assert count == 2
    first, since = late.read(ring, count, 0)
    assert [block.why for block in first] == ["computed"]
    bench.block()
    rest, since = late.read(ring, count, since)
    assert [block.why for block in rest] == ["leapt"]
    assert late.read(ring, count, since) == ([], 2)
    for _ in range(late.RING + 3):
        bench.block(dict.fromkeys(range(COUNT), 80 * MS - 1))
        bench.block()
    assert len(late.read(ring, bench.deck.word(words.LATE), since)[0]) == late.RING


def test_classes_keep_their_time() -> None:
    record = np.zeros(watch.WATCH_WORDS, dtype=np.int64)
    at = address_of_array(record)
    for took in (*(20_000,) * 8, 900_000, 5 * MS):
        watch.begin(at, 0)
        watch.passed(at, stages.SWAP, took)
        watch.passed(at, stages.strips_kind(stages=5, compressor=True, buses=True, alone=False), 30_000)
    rows = record[watch.V_CLASSES : watch.V_TABLE]
    assert rows[stages.SWAP] == 160_000 + 900_000 + 5 * MS
    assert rows[stages.CLASS_STRIPS + 1] == 300_000
    assert stages.class_name(stages.CLASS_STRIPS + 1) == "buses"
    assert stages.class_name(stages.SWAP) == "exchange"


def test_every_kind_of_stage_has_a_name_and_a_class_that_has_one() -> None:
    from engine.dsp.effects.dispatch import NUMBERS

    kinds = [*range(stages.ENTRY, stages.OUTPUT + 1), stages.FADES, stages.FADES + 1]
    kinds += [stages.EFFECTS + number for number in NUMBERS.values()]
    names = [stages.name_of(kind) for kind in kinds]
    assert len(set(names)) == len(kinds)
    assert all(names)
    assert names[-len(NUMBERS) :] == list(NUMBERS)
    for kind in kinds:
        assert stages.class_name(stages.class_of(kind)) == stages.name_of(kind)
    strips = {
        stages.strips_kind(stages=(1 << filters) - 1, compressor=compressor, buses=buses, alone=alone)
        for filters in range(6)
        for compressor in (False, True)
        for buses in (False, True)
        for alone in (False, True)
    }
    assert len(strips) == 48
    assert stages.STRIPS <= min(strips) <= max(strips) < stages.KINDS
