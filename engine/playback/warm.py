"""Compile, or load from the cache, every kernel that play-back can need: nothing that plays may wait for a compiler."""

from __future__ import annotations

import numpy as np

from engine.dsp.loudness import LoudnessMeter, TruePeakMeter
from engine.plan import MixPlan, lost_pages
from engine.plan.flat.compile import compile_plan
from engine.plan.flat.session import Session
from engine.plan.sources import SourcePool
from engine.playback import callback, deck
from engine.playback.deck import Deck
from engine.playback.transport import ENTRY
from engine.types import Cancelled, Progress

FRAMES = 64


def warm(*, rate: int = 48_000) -> None:
    """Run each kernel once on silence, with the argument types of the real thing."""
    lost_pages.guard()
    session = Session(rate=rate)
    flat = compile_plan(MixPlan(rate=rate, length_frames=rate), pool=SourcePool())
    session.publish(flat)
    tape = Deck()
    session.watch(tape.watch)
    tape.connect(ENTRY, session.address)
    tape.put(deck.OPEN, 1)
    out = np.zeros(2 * FRAMES, dtype=np.float32)
    callback.run(tape.memory, out, out, FRAMES, 0)
    silence = np.zeros((2, FRAMES), dtype=np.float32)
    LoudnessMeter(2, rate=rate).process(silence)
    TruePeakMeter(2).process(silence)


def warm_task(*, progress: Progress | None = None, cancelled: Cancelled | None = None) -> None:
    """`warm` as a worker task, for set-up."""
    del cancelled
    warm()
    if progress is not None:
        progress(1.0, "The sound engine is ready")
