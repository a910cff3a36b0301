"""Compile, or load from the cache, every kernel that play-back can need: nothing that plays may wait for a compiler."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from engine.dsp.effects import EFFECTS
from engine.dsp.loudness import LoudnessMeter, TruePeakMeter
from engine.plan import (
    CompressorPlan,
    EqPlan,
    InsertPlan,
    MixPlan,
    SendPlan,
    StripPlan,
    TrackPlan,
    lost_pages,
)
from engine.plan.flat.compile import compile_plan
from engine.plan.flat.session import Session
from engine.plan.sources import SourcePool
from engine.playback import callback, deck
from engine.playback.deck import Deck
from engine.playback.transport import ENTRY
from engine.types import Cancelled, Progress

FRAMES = 64
ROUNDS = 6
"""Exchanges that are rehearsed; a round is longer than the fades of the one before."""
BLOCKS = 16


def _desk(tracks: int, rate: int, *, wet: bool) -> MixPlan:
    """A mix of silent tracks with sends and a hall, and while `wet` with every effect that the mixer runs."""
    strip = StripPlan(high_pass_hz=40.0, eq=(EqPlan(gain_db=1.0),), compressor=CompressorPlan(ratio=2.0))
    effects = [InsertPlan(id=kind, kind=kind) for kind in EFFECTS] if wet else []
    full = msgspec.structs.replace(strip, inserts=tuple(effects))
    hall = TrackPlan(id="hall", kind="bus", strip=StripPlan(inserts=(InsertPlan(id="hall", kind="reverb"),)))
    sends = (SendPlan(bus="hall"),)
    rows = (TrackPlan(id=f"t{k}", strip=strip if k else full, sends=() if k else sends) for k in range(tracks))
    return MixPlan(rate=rate, length_frames=rate, tracks=(*rows, hall))


def warm(*, rate: int = 48_000) -> npt.NDArray[np.int64]:
    """Run each kernel on silence, with the argument types of the real thing: every effect, and plans of which some
    lanes come, some go, and others stay.

    Returns:
        What stages usually take, for `Deck.learn`.
    """
    lost_pages.guard()
    session = Session(rate=rate)
    tape = Deck()
    session.watch(tape.watch)
    tape.connect(ENTRY, session.address)
    tape.put(deck.OPEN, 1)
    pool = SourcePool()
    out = np.zeros(2 * FRAMES, dtype=np.float32)
    for k in range(ROUNDS):
        plan = _desk(8 + k % 3, rate, wet=k % 2 == 0)
        session.publish(compile_plan(plan, pool=pool, previous=session.newest))
        if k == 0:
            session.play(0)
        for _ in range(BLOCKS):
            callback.run(tape.memory, out, out, FRAMES, 0)
        session.collect()
    silence = np.zeros((2, FRAMES), dtype=np.float32)
    LoudnessMeter(2, rate=rate).process(silence)
    TruePeakMeter(2).process(silence)
    return tape.usual.copy()


def warm_task(*, progress: Progress | None = None, cancelled: Cancelled | None = None) -> None:
    """`warm` as a worker task, for set-up."""
    del cancelled
    warm()
    if progress is not None:
        progress(1.0, "The sound engine is ready")
