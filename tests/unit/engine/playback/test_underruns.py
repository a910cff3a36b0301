"""Whose underrun a late block is: our own when we computed or waited for too long, else the system's."""

from __future__ import annotations

import ctypes
import mmap
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numba import carray, cfunc, types

from engine.dsp.memory import address_of_array, get_int, set_int
from engine.plan import CompressorPlan, InsertPlan, MixPlan, StripPlan, TrackPlan
from engine.plan.flat.compile import compile_plan
from engine.plan.flat.session import Session
from engine.plan.kernel import layout, stages, watch
from engine.plan.sources import SourcePool
from engine.playback import deck as words
from engine.playback import native
from engine.playback.callback import run
from engine.playback.deck import Deck
from engine.playback.transport import ENTRY

FRAMES = 128
MS = 1_000_000
STAGES = 16
USUAL = 50_000
"""ns that a stage takes."""
LEAP = 30 * MS
"""ns of a leap: longer than other programs take the processor for."""
linux = pytest.mark.skipif(not native.LINUX, reason="whether a thread has waited is known on Linux only")

WATCH, EACH, BURST, LONG, SLEEP, PAGE, STATE = range(7)
"""Words of what `STAGED` works on: where it notes its stages, ns of each, the stage that takes `LONG` ns instead (-1:
none), µs that it sleeps, an address that it writes to, its own scratch."""

_usleep = types.ExternalFunction("usleep", types.int32(types.uint32))


@cfunc(types.int64(*(types.int64,) * 5))
def STAGED(session: Any, left: Any, right: Any, stride: Any, frames: Any) -> int:
    """Stages that compute for a given time, by the thread's own clock."""
    scratch = carray(native.doubles(session + 8 * STATE), (native.SCRATCH_WORDS,)).view(np.int64)
    for k in range(STAGES):
        ends = native.thread_ns(scratch) + get_int(session, LONG if k == get_int(session, BURST) else EACH)
        while native.thread_ns(scratch) < ends:
            pass
        if k == 0 and get_int(session, SLEEP) > 0:
            _usleep(get_int(session, SLEEP))
        if k == 0 and get_int(session, PAGE) != 0:
            set_int(get_int(session, PAGE), 0, 1)
        watch.mark(get_int(session, WATCH), stages.STRIPS + k)
    return 0


class Bench:
    """A deck with the renderer above; its history is there."""

    def __init__(self, *, known: bool = True):
        self.deck = Deck()
        self.deck.open(rate=48_000, channels=2)
        self.state = np.zeros(STATE + native.SCRATCH_WORDS, dtype=np.int64)
        self.state[[WATCH, EACH, BURST]] = self.deck.watch, USUAL, -1
        self.deck.connect(STAGED.address, self.state.ctypes.data)
        self.deck.put(words.OPEN, 1)
        self._out = np.zeros(2 * FRAMES, dtype=np.float32)
        self._nothing = np.zeros(1, dtype=np.float32)
        if known:
            for _ in range(20):
                self.take()
            self.before = self.found()
        else:
            self.before = (0, 0, 0, 0)

    def take(self, **state: int) -> None:
        """One block; `state` names what is different in it."""
        kept = self.state.copy()
        for name, value in state.items():
            self.state[{"burst": BURST, "long": LONG, "each": EACH, "sleep": SLEEP, "page": PAGE}[name]] = value
        run(self.deck.memory, self._out, self._nothing, FRAMES, 0)
        self.state[:STATE] = kept[:STATE]

    def found(self) -> tuple[int, int, int, int]:
        """Own underruns, those of them that waited, the system's, those of them that were leaps."""
        slots = (words.XRUNS_OWN, words.WAITED_OWN, words.XRUNS_SYSTEM, words.XRUNS_HOST)
        own, waited, system, host = (self.deck.word(slot) for slot in slots)
        return own, waited, system, host

    @property
    def own(self) -> int:
        return self.found()[0] - self.before[0]

    @property
    def waited(self) -> int:
        return self.found()[1] - self.before[1]

    @property
    def host(self) -> int:
        return self.found()[3] - self.before[3]


@pytest.fixture(autouse=True, scope="module")
def _warm() -> None:
    """What a late block runs is in memory: a page of code that is read for the first time is a fault, and our own."""
    bench = Bench()
    for _ in range(4):
        bench.take(burst=5, long=LEAP, sleep=100)
        bench.take(burst=5, long=LEAP)
    bench.take()


def leaping(*stages: int) -> Bench:
    """After blocks in which these stages leap; a busy system takes pages and the processor away, so not at once."""
    for _ in range(10):
        bench = Bench()
        for stage in stages:
            bench.take(burst=stage, long=LEAP)
        if bench.own == 0:
            break
    return bench


def test_work_that_is_too_much_for_every_block_is_our_own() -> None:
    bench = Bench()
    for _ in range(10):
        bench.take(each=4 * USUAL)
    assert (bench.own, bench.host) == (10, 0)


@linux
def test_one_leap_of_a_stage_that_is_quick_before_and_after_is_not_ours() -> None:
    bench = leaping(5)
    assert bench.own == bench.host == 0, "not known before the next block"
    bench.take()
    assert (bench.own, bench.host) == (0, 1)
    assert bench.deck.xruns_system >= bench.deck.xruns_host


@linux
def test_a_stage_that_stays_slow_is_our_own_every_time() -> None:
    bench = Bench()
    for _ in range(8):
        bench.take(burst=5, long=LEAP)
    bench.take()
    assert (bench.own, bench.host) == (8, 0)


def test_a_leap_in_work_without_a_history_is_our_own() -> None:
    bench = Bench(known=False)
    bench.take(burst=3, long=LEAP)
    bench.take()
    assert (bench.own, bench.host) == (1, 0)


@linux
def test_a_leap_in_a_block_that_had_to_be_given_a_page_is_our_own() -> None:
    bench = Bench()
    with mmap.mmap(-1, 1 << 22) as fresh:
        view = np.frombuffer(fresh, dtype=np.int64)
        bench.take(burst=5, long=LEAP, page=address_of_array(view))
        del view
    bench.take()
    assert (bench.own, bench.host) == (1, 0)


@linux
def test_a_block_that_waited_is_our_own() -> None:
    bench = Bench()
    bench.take(sleep=5_000)
    bench.take()
    assert (bench.own, bench.waited, bench.host) == (1, 1, 0)


@linux
def test_time_that_others_compute_on_our_processor_is_not_ours() -> None:
    """Another process that never rests, on the one processor that both may use."""
    allowed = os.sched_getaffinity(0)
    one = min(allowed)
    bench = Bench()
    try:
        os.sched_setaffinity(0, {one})
        code = f"import os; os.sched_setaffinity(0, {{{one}}}); print(flush=True)\nwhile True: pass"
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as hog:
            assert hog.stdout is not None
            hog.stdout.readline()
            try:
                for _ in range(3_000):
                    bench.take()
                    if bench.found()[2] - bench.before[2] >= 3:
                        break
            finally:
                hog.kill()
    finally:
        os.sched_setaffinity(0, allowed)
    assert bench.found()[2] - bench.before[2] >= 3
    assert bench.own == 0


def test_a_plan_that_computes_for_longer_than_its_blocks_last_is_our_own() -> None:
    """The real thing, asked for one frame at a time: 21 µs for 160 tracks with a hall each."""
    strip = StripPlan(inserts=(InsertPlan(id="hall", kind="reverb"),))
    tracks = tuple(TrackPlan(id=f"t{k}", strip=strip) for k in range(160))
    session = Session(rate=48_000)
    session.publish(compile_plan(MixPlan(rate=48_000, length_frames=48_000, tracks=tracks), pool=SourcePool()))
    deck = Deck()
    deck.open(rate=48_000, channels=2)
    session.watch(deck.watch)
    deck.connect(ENTRY, session.address)
    out, nothing = np.zeros(2, dtype=np.float32), np.zeros(1, dtype=np.float32)
    for _ in range(20):
        run(deck.memory, out, nothing, 1, 0)
    assert deck.xruns_own == 20
    assert deck.xruns_system == 0


def _watch(kind: int, *took: int) -> tuple[int, int]:
    """What a new record says after stages of these lengths: time leapt, and whether a stage is named."""
    record = np.zeros(watch.WATCH_WORDS, dtype=np.int64)
    at = address_of_array(record)
    for each in took:
        watch.begin(at, 0)
        watch.passed(at, kind, each)
    return int(record[watch.V_LEAPT]), int(record[watch.V_STAGE])


@pytest.mark.parametrize(
    ("took", "leapt"),
    [
        ((20_000,) * watch.KNOWN + (5 * MS,), 5 * MS - 20_000),
        ((20_000,) * (watch.KNOWN - 1) + (5 * MS,), 0),
        ((20_000,) * 8 + (watch.LEAP_NS - 1,), 0),
        ((200_000,) * 8 + (8 * 200_000,), 8 * 200_000 - 200_000),
        ((200_000,) * 8 + (8 * 200_000 - 1,), 0),
        # What was slow when it was new takes a while to be quick again.
        ((4 * MS,) + (20_000,) * 8 + (6 * MS,), 0),
        ((20_000,) * 8 + (4 * MS,) + (20_000,) * 2 + (6 * MS,), 6 * MS - 21_802),
    ],
    ids=["leap", "no history", "short", "ratio", "below the ratio", "slow when new", "slow before"],
)
def test_what_a_leap_is(took: tuple[int, ...], leapt: int) -> None:
    found, stage = _watch(stages.STRIPS + 7, *took)
    assert found == leapt
    assert (stage != 0) == (leapt > 0)


def test_work_that_has_become_more_is_no_leap_for_long() -> None:
    leaps = [_watch(3, *(20_000,) * 8, *(3 * MS,) * count)[0] > 0 for count in range(1, 40)]
    assert leaps[0]
    assert not leaps[-1]
    assert leaps == sorted(leaps, reverse=True)


def test_groups_that_do_the_same_work_are_of_one_kind() -> None:
    def kinds(*strips: StripPlan) -> list[int]:
        tracks = tuple(TrackPlan(id=f"t{k}", strip=strip) for k, strip in enumerate(strips))
        flat = compile_plan(MixPlan(rate=48_000, length_frames=100, tracks=tracks), pool=SourcePool())
        at, count = int(flat.words[layout.P_GROUPS_AT]), int(flat.words[layout.P_GROUPS])
        groups = np.ctypeslib.as_array((ctypes.c_int64 * (count * layout.GROUP_WORDS)).from_address(at))
        return groups.reshape(count, -1)[:, layout.G_KIND].tolist()

    plain, cut = StripPlan(), StripPlan(high_pass_hz=40.0)
    wet = StripPlan(inserts=(InsertPlan(id="d", kind="delay"),))
    assert kinds(*[cut] * 8, cut) == [stages.strips_kind(stages=1, compressor=False, buses=False, alone=True)] * 2
    assert (
        kinds(plain, wet)
        == kinds(wet, plain)
        == [stages.strips_kind(stages=0, compressor=False, buses=False, alone=False)]
    )
    pressed = StripPlan(compressor=CompressorPlan(ratio=2.0))
    assert kinds(pressed) == [stages.strips_kind(stages=0, compressor=True, buses=False, alone=True)]


def test_a_block_on_the_grid_is_a_row_of_stages_none_of_them_twice() -> None:
    strip = StripPlan(inserts=(InsertPlan(id="d", kind="delay"), InsertPlan(id="r", kind="reverb")))
    hall = TrackPlan(id="hall", kind="bus")
    session = Session(rate=48_000)
    plan = MixPlan(rate=48_000, length_frames=48_000, tracks=(TrackPlan(id="t", strip=strip), hall))
    session.publish(compile_plan(plan, pool=SourcePool()))
    deck = Deck()
    session.watch(deck.watch)
    deck.connect(ENTRY, session.address)
    out, nothing = np.zeros(2 * 64, dtype=np.float32), np.zeros(1, dtype=np.float32)
    run(deck.memory, out, nothing, 64, 0)
    log = deck.memory[words.WATCH_AT + watch.V_LOG :][: 4 * deck.word(words.WATCH_AT + watch.V_COUNT)].reshape(-1, 4)
    assert [stages.name_of(kind) for kind in log[:, 0].tolist()] == [
        "entry", "requests", "exchange", "requests", "strips 0 filters", "delay", "reverb", "fades",
        "buses 0 filters", "buses 0 filters", "limiter at the end", "leave", "rate", "output",
    ]  # fmt: skip


def test_an_exchange_is_a_stage_for_every_eight_lanes_or_groups() -> None:
    def exchanged(before: int, after: int) -> int:
        session = Session(rate=48_000)
        deck = Deck()
        session.watch(deck.watch)
        deck.connect(ENTRY, session.address)
        out, nothing = np.zeros(2 * 64, dtype=np.float32), np.zeros(1, dtype=np.float32)
        # One more plan between them: the first fades the effects of nothing.
        for count in (before, before, after):
            tracks = tuple(TrackPlan(id=f"t{k}") for k in range(count))
            plan = MixPlan(rate=48_000, length_frames=48_000, tracks=tracks)
            assert session.publish(compile_plan(plan, pool=SourcePool(), previous=session.newest))
            for _ in range(20):
                run(deck.memory, out, nothing, 64, 0)
                if not session.pending:
                    break
        log = deck.memory[words.WATCH_AT + watch.V_LOG :][: 4 * deck.word(words.WATCH_AT + watch.V_COUNT)]
        return log.reshape(-1, 4)[:, 0].tolist().count(stages.SWAP)

    # The last stage is what is left, which may be nothing.
    assert exchanged(40, 40) == 1
    assert exchanged(64, 64) == 2
    assert exchanged(40, 41) == 1
    assert exchanged(39, 40) == 2
