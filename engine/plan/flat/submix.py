"""What plays into a bus, rendered ahead of the clock, so that heavy effects can stand on buses and the master.

The callback goes on mixing the bus from its tracks: that is the dry sound, and what is heard while the stream is late.
Ahead of it a session of its own renders the same tracks once more. Its ticks are those of the bus's input, and its
timeline is a copy of that of the session which plays, so that both have the same samples at the same tick.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.errors import EngineError
from engine.plan.flat.graph import MASTER
from engine.plan.flat.plan import StreamMemory
from engine.plan.flat.session import Session
from engine.plan.flat.words import address, zeroed
from engine.plan.kernel import layout as L
from engine.plan.kernel import render
from engine.plan.model import MixPlan, StripPlan, TrackPlan
from engine.plan.sources import SourcePool
from engine.types import Audio

if TYPE_CHECKING:
    from engine.plan.flat.feeder import HeavyTrack

NOWHERE = "\0nowhere"
"""Id of the silent bus into which goes what does not play into the bus in question."""
TRIES = 64


def feeding(plan: MixPlan, bus: str) -> MixPlan:
    """The part of a mix that plays into a bus, directly or through others, as a mix whose output is the bus's input.

    Args:
        bus: id of a bus; "" is the master.
    """
    plain = msgspec.structs.replace(plan, master=StripPlan(), master_automation=(), loop=None)
    if bus == MASTER:
        return plain
    inside = {bus}
    while True:
        more = {
            track.id
            for track in plan.tracks
            if track.id not in inside and (track.output in inside or any(send.bus in inside for send in track.sends))
        }
        if not more:
            break
        inside |= more
    tracks = [
        msgspec.structs.replace(
            track,
            output=track.output if track.output in inside else NOWHERE,
            sends=tuple(send for send in track.sends if send.bus in inside),
        )
        for track in plan.tracks
        if track.id in inside and track.id != bus
    ]
    ends = (TrackPlan(id=bus, kind="bus"), TrackPlan(id=NOWHERE, kind="bus", audible=False))
    return msgspec.structs.replace(plain, tracks=(*tracks, *ends))


class SubMix:
    """The input of a bus from any tick on.

    `follow` belongs to the thread that compiles plans, the rest to the one that renders ahead.

    Args:
        pool: open sources, shared with the mix that plays.
        rate: Hz.
    """

    def __init__(self, pool: SourcePool, *, rate: int):
        self._pool = pool
        self._session = Session(rate, taps=False)
        self._wanted: tuple[MixPlan, dict[str, HeavyTrack]] | None = None
        self._plan: MixPlan | None = None
        self._readers: dict[str, tuple[HeavyTrack, StreamMemory]] = {}
        self.upstream: tuple[str, ...] = ()
        """Ids of the tracks and buses with heavy effects of their own that play into it."""

    def follow(self, plan: MixPlan, streams: Mapping[str, HeavyTrack]) -> None:
        """Render this from now on: a mix of `feeding`, with the streams of its nodes by their ids."""
        known = {track.id: streams[track.id] for track in plan.tracks if track.id in streams}
        self.upstream = tuple(known)
        self._wanted = plan, known

    def _take(self) -> None:
        """Go over to the plan that is wanted, as soon as the one before is in use."""
        # Imported late: the compiler knows the feeder, which knows this.
        from engine.plan.flat.compile import compile_plan

        wanted = self._wanted
        if wanted is None or self._session.pending:
            return
        self._wanted = None
        plan, streams = wanted
        same = {
            name: (stream, memory) for name, (stream, memory) in self._readers.items() if streams.get(name) is stream
        }
        if plan == self._plan and len(same) == len(streams) == len(self._readers):
            return
        readers = {name: same.get(name) or (stream, stream.reader()) for name, stream in streams.items()}
        try:
            flat = compile_plan(
                plan,
                pool=self._pool,
                previous=self._session.newest,
                limit=False,
                master=False,
                streams={name: memory for name, (_, memory) in readers.items()},
            )
        except EngineError:
            # The whole mix was compiled from the same parts; what is gone since then is told there.
            return
        self._session.publish(flat)
        self._plan, self._readers = plan, readers

    def settle(self) -> None:
        """Hear the streams of other nodes at once, for a render that waits for them."""
        self._take()
        for _, memory in self._readers.values():
            memory[0].view(np.float64)[L.H_WET] = 1.0

    def render(self, session: Session, tick: int, out: Audio) -> None:
        """The next frames into `out` ``(2, frames) float32``, C order, from `tick` of the sources on; after a jump all
        effects are silent.

        Args:
            session: the one that plays, whose timeline counts.
        """
        self._take()
        own = self._session
        if own.tick != tick:
            own.current  # noqa: B018 - looks which plan has been taken
            own.clear()
            own.words[L.S_TICK] = tick
        self._copy_timeline(session)
        at, frames = address(out), out.shape[1]
        render.RENDER.ctypes(own.address, at, at + 4 * frames, 1, frames)

    def _copy_timeline(self, session: Session) -> None:
        first, last = L.S_FIRST_SEGMENT, L.SESSION_WORDS
        heads = [L.S_SEGMENTS, L.S_EPOCH]
        before = zeroed(0)
        for _ in range(TRIES):
            seen = session.words[[*heads, *range(first, last)]]
            # The callback may be at work on it: two looks must agree.
            if seen.size == before.size and bool((seen == before).all()):
                break
            before = seen
        self._session.words[heads] = before[: len(heads)]
        self._session.words[first:last] = before[len(heads) :]
