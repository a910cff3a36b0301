"""Renders tracks and buses with heavy effects ahead of the clock, into the streams that the callback reads."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.errors import EngineError
from engine.plan.flat import strip
from engine.plan.flat.graph import MASTER
from engine.plan.flat.plan import StreamMemory
from engine.plan.flat.session import Session
from engine.plan.flat.submix import SubMix, feeding
from engine.plan.flat.words import Words, address, aligned, as_floats
from engine.plan.heavy import HeavyFactory, HeavyProcessor
from engine.plan.kernel import ahead
from engine.plan.kernel import layout as L
from engine.plan.model import HEAVY_KINDS, AutomationPlan, InsertPlan, MixPlan, TrackPlan
from engine.plan.sources import SourcePool

BLOCK = 512
"""Frames that a chain of heavy effects gets at once."""
MARGIN = 512
"""After a jump the stream begins anew this far ahead of the clock."""
REST_S = 2.0
"""A chain that has had nothing to do for this long is not called until there is sound again."""


def heavy_of(track: TrackPlan) -> tuple[InsertPlan, ...]:
    """The effects of a track that run ahead."""
    return tuple(insert for insert in track.strip.inserts if insert.kind in HEAVY_KINDS)


class _Lane(NamedTuple):
    insert: int
    parameter: str
    frames: np.ndarray[tuple[int], np.dtype[np.int64]]
    values: np.ndarray[tuple[int], np.dtype[np.float64]]


class HeavyTrack:
    """One chain of heavy effects with its stream. It goes from plan to plan as long as its effects stay the same.

    Args:
        mix: what plays into a bus; None for a track, which reads its clips.
    """

    def __init__(self, track: TrackPlan, *, rate: int, factory: HeavyFactory, mix: SubMix | None = None):
        self.mix = mix
        self.key = self.key_of(track)
        self.rate = rate
        self.processors: list[tuple[str, HeavyProcessor]] = []
        self.failures: dict[str, EngineError] = {}
        for insert in heavy_of(track):
            try:
                self.processors.append((insert.id, factory(insert, rate)))
            except EngineError as error:
                self.failures[insert.id] = error
        self._told = [f"{error.message} {error.remedy}" for error in self.failures.values()]
        self._data = aligned(L.STREAM_CELLS * 2 * L.STREAM_CELL).reshape(L.STREAM_CELLS, 2, L.STREAM_CELL)
        self._tags: Words = np.full(L.STREAM_CELLS, -1, dtype=np.int64)
        self.memory = self.reader()
        self.words: Words = self.memory[0]
        self._scratch = aligned(L.BENCH_ROWS * L.ROW)
        self._read: Words = np.full(L.STREAM_CELLS, -1, dtype=np.int64)
        self._begun = False
        self._fed = self._first = self._late = self._idle = 0

    @staticmethod
    def key_of(track: TrackPlan) -> tuple[object, ...]:
        """Tracks with the same key share a chain."""
        return (track.id, *((insert.id, insert.kind, insert.plugin) for insert in heavy_of(track)))

    def reader(self) -> StreamMemory:
        """The stream for somebody who reads it: each reader has a record of its own."""
        words: Words = np.zeros(L.STREAM_WORDS, dtype=np.int64)
        words[L.H_DATA_AT], words[L.H_TAGS_AT] = address(self._data), address(self._tags)
        return words, self._data, self._tags

    @property
    def latency_frames(self) -> int:
        """Frames that go in before the first comes out."""
        return sum(processor.latency_frames for _, processor in self.processors)

    @property
    def _made(self) -> int:
        """The tick of the sources up to which the stream is there."""
        return self._fed - self._late

    def _restart(self, cell: int) -> None:
        """Begin anew with `cell`; what comes out before it is thrown away."""
        for _, processor in self.processors:
            processor.reset()
        self._late = self.latency_frames
        self._first = cell
        self._fed = cell * L.STREAM_CELL
        self._begun = True
        self._idle = 0

    def fill(self, session: Session, node: Words, lanes: tuple[_Lane, ...], until: int, *, margin: int) -> None:
        """Render up to tick `until` of the sources."""
        now = session.tick + session.anchor + int(node[L.N_AHEAD])
        soonest = -(-(now + margin) // L.STREAM_CELL) if margin else now // L.STREAM_CELL
        if not self._begun or self._made + BLOCK < min(now, self._first * L.STREAM_CELL):
            self._restart(soonest)
        elif self._made < now and self._first * L.STREAM_CELL <= now:
            # The clock has overtaken the stream.
            self._restart(soonest)
        else:
            for cell in range(max(now // L.STREAM_CELL, self._first), -(-self._fed // L.STREAM_CELL)):
                if self._read[cell % L.STREAM_CELLS] != ahead.tag_of(session.address, cell):
                    # The transport jumps there: what was read beyond is of no use.
                    self._restart(max(cell, soonest))
                    break
        until = min(until, now + L.STREAM_CELL * L.STREAM_CELLS - 4 * BLOCK)
        while self._made < until:
            self._step(session, node, lanes)

    def _step(self, session: Session, node: Words, lanes: tuple[_Lane, ...]) -> None:
        # Results are written in whole cells.
        count = -self._made % L.STREAM_CELL or BLOCK
        block = np.empty((2, count), dtype=np.float32)
        at = address(block)
        self._note_read(session, count)
        if self.mix is None:
            bench = address(self._scratch)
            ahead.read_ahead(session.address, address(node), self._fed, count, bench, at, at + 4 * count)
        else:
            self.mix.render(session, self._fed, block)
        silent = not block.any()
        if not silent or self._idle < REST_S * self.rate:
            self._set_parameters(lanes, session.frame_at(self._fed))
            for _, processor in self.processors:
                processor.process(block)
            self._idle = self._idle + count if silent and not block.any() else 0
        if self._made % L.STREAM_CELL == 0:
            self._write(block)
        self._fed += count

    def _note_read(self, session: Session, count: int) -> None:
        """Note of which state of the timeline the input of each cell is."""
        for cell in range(self._fed // L.STREAM_CELL, -(-(self._fed + count) // L.STREAM_CELL)):
            tag = ahead.tag_of(session.address, cell)
            slot = cell % L.STREAM_CELLS
            begun = cell * L.STREAM_CELL < self._fed and cell > self._first
            self._read[slot] = -2 if begun and self._read[slot] != tag else tag

    def _write(self, block: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
        first = self._made // L.STREAM_CELL
        for k in range(block.shape[1] // L.STREAM_CELL):
            if first + k < self._first:
                continue
            slot = (first + k) % L.STREAM_CELLS
            self._tags[slot] = -1
            self._data[slot] = block[:, k * L.STREAM_CELL : (k + 1) * L.STREAM_CELL]
            # Last: the callback reads nothing of the slot before.
            self._tags[slot] = self._read[slot]

    def _set_parameters(self, lanes: tuple[_Lane, ...], frame: int) -> None:
        moved: dict[int, dict[str, float]] = {}
        for lane in lanes:
            moved.setdefault(lane.insert, {})[lane.parameter] = float(np.interp(frame, lane.frames, lane.values))
        for index, values in moved.items():
            self.processors[index][1].set_parameters(values)

    def take_settings(self, track: TrackPlan) -> None:
        """Hand the parameters of a plan to the effects."""
        inserts = {insert.id: insert for insert in heavy_of(track)}
        for name, processor in self.processors:
            processor.set_parameters(inserts[name].parameters)

    def lanes_of(self, track: TrackPlan) -> tuple[_Lane, ...]:
        """The automation of the track's heavy effects."""
        index = {name: k for k, (name, _) in enumerate(self.processors)}
        found: list[_Lane] = []
        for lane in track.automation:
            parts = lane.target.split(".", 2)
            if parts[0] == "insert" and len(parts) == 3 and parts[1] in index and lane.frames:
                found.append(_Lane(index[parts[1]], parts[2], *_points(lane)))
        return tuple(found)

    def settle(self) -> None:
        """Begin wet at once, for a render that does not wait for its stream."""
        as_floats(self.words)[L.H_WET] = 1.0
        self._begun = False
        if self.mix is not None:
            self.mix.settle()

    def notices(self) -> list[str]:
        """Sentences for the person since the last call."""
        told, self._told = self._told, []
        for _, processor in self.processors:
            told += processor.notices()
        return told

    def badges(self) -> dict[str, str]:
        """What each effect's slot says, by its id, where it says anything."""
        said = {name: processor.badge for name, processor in self.processors if processor.badge}
        return said | dict.fromkeys(self.failures, "Not loaded")

    def close(self) -> None:
        """Let go of all effects."""
        for _, processor in self.processors:
            processor.close()


def _points(
    lane: AutomationPlan,
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return strip.points_of(lane, low=-1e12, high=1e12, log=False, ramp=1)


class Feeder:
    """The tracks and buses of a plan with heavy effects.

    Args:
        factory: makes processors.
        plan: the mix.
        pool: its open sources.
        previous: of the plan before; chains that stay go on.
    """

    def __init__(self, factory: HeavyFactory, plan: MixPlan, pool: SourcePool, previous: Feeder | None):
        self._factory = factory
        self._plan, self._pool = plan, pool
        self._before = dict(previous.tracks) if previous is not None else {}
        self.tracks: dict[str, HeavyTrack] = {}
        self._nodes: dict[str, tuple[Words, tuple[_Lane, ...]]] = {}

    def stream_of(self, track: TrackPlan) -> StreamMemory:
        """The stream of a track or bus; empty when it has no heavy effects.

        Asked in the order of the signal: what plays into a bus comes before it.
        """
        if not heavy_of(track):
            return ()
        rate = self._plan.rate
        old = self._before.get(track.id)
        if old is None or old.key != HeavyTrack.key_of(track):
            mix = SubMix(self._pool, rate=rate) if track.kind == "bus" else None
            old = HeavyTrack(track, rate=rate, factory=self._factory, mix=mix)
        else:
            old.take_settings(track)
        # A bus that fades out is in the plan no more, and goes on with what played into it.
        if old.mix is not None and (track.id == MASTER or any(each.id == track.id for each in self._plan.tracks)):
            old.mix.follow(feeding(self._plan, track.id), self.tracks)
        self.tracks[track.id] = old
        return old.memory

    def attach(self, track: TrackPlan, node: Words) -> None:
        """Tell where the node of a track is, once it is complete."""
        if track.id in self.tracks:
            self._nodes[track.id] = node, self.tracks[track.id].lanes_of(track)

    def fill(self, session: Session, ahead_frames: int, *, margin: int = MARGIN) -> None:
        """Render all heavy tracks up to `ahead_frames` ahead of the clock; to be called by one thread only.

        Args:
            margin: where a stream begins anew after a jump; 0 waits for no clock.
        """
        more = dict.fromkeys(self.tracks, 0)
        for name, track in reversed(self.tracks.items()):
            # What plays into a bus with a stream of its own is read that much earlier.
            for above in track.mix.upstream if track.mix is not None else ():
                if above in more:
                    more[above] = max(more[above], more[name] + track.latency_frames + 2 * BLOCK)
        for name, track in self.tracks.items():
            node, lanes = self._nodes[name]
            until = session.tick + session.anchor + int(node[L.N_AHEAD]) + ahead_frames + more[name]
            track.fill(session, node, lanes, until, margin=margin)

    def settle(self) -> None:
        """Before an off-line render: begin wet at once."""
        for track in self.tracks.values():
            track.settle()

    def release(self, successor: Feeder | None) -> None:
        """Close the chains that the next plan does not go on with."""
        kept = set(map(id, successor.tracks.values())) if successor is not None else set[int]()
        for track in self.tracks.values():
            if id(track) not in kept:
                track.close()

    def notices(self) -> list[str]:
        """Sentences for the person since the last call."""
        return [notice for track in self.tracks.values() for notice in track.notices()]

    def badges(self) -> dict[str, str]:
        """What the slots of heavy effects say, by insert id, where they say anything."""
        return {name: said for track in self.tracks.values() for name, said in track.badges().items()}
