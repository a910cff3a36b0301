"""From a mix to a flat plan."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from engine.plan.flat import edges, inserts, strip
from engine.plan.flat.automation import fader_lanes, write_automation
from engine.plan.flat.clips import write_clips
from engine.plan.flat.feeder import Feeder
from engine.plan.flat.graph import MASTER, Graph
from engine.plan.flat.inserts import swap_frames
from engine.plan.flat.leaving import arrange_with_leavers
from engine.plan.flat.moves import Move, whole_groups
from engine.plan.flat.plan import FlatPlan, InsertState, Node, StreamMemory, number_of
from engine.plan.flat.remains import compresses, still_used
from engine.plan.flat.words import Keeper, Words, address, aligned, as_floats, zeroed
from engine.plan.heavy import HeavyFactory
from engine.plan.kernel import layout as L
from engine.plan.kernel.group import GROUP
from engine.plan.kernel.lanes import set_lane
from engine.plan.kernel.stages import strips_kind
from engine.plan.model import InsertPlan, MixPlan, StripPlan, TrackPlan
from engine.plan.sources import SourcePool

GLIDE_HZ = 25.0
"""Corner of the one-pole filter that smooths gains."""
FILTER_GLIDE_S = 0.008
"""Time constant with which filters follow their settings."""
MEAN_S = 0.3
"""Time constant of the meters' mean squares."""
STEP_S = 0.002
"""A step of an automated gain is a ramp of this length."""


def compile_plan(
    plan: MixPlan,
    *,
    pool: SourcePool,
    previous: FlatPlan | None = None,
    limit: bool = True,
    master: bool = True,
    taps: bool = False,
    capacity: int = L.CAPACITY,
    threads: int = 1,
    heavy: HeavyFactory | None = None,
    streams: Mapping[str, StreamMemory] | None = None,
) -> FlatPlan:
    """Make the flat plan of a mix.

    Args:
        plan: the mix; its loop is the session's business.
        pool: open sources, shared by the plans that follow each other.
        previous: the plan that plays, or will have before this one does; memory of what both have is shared.
        limit: False leaves out the limiter at the end.
        master: False leaves out the master strip and the limiter.
        taps: keep the sound of each node after its fader in `FlatPlan.taps`.
        capacity: longest internal block in frames.
        threads: group ``n`` may run beside all groups but those whose number differs by a multiple of this.
        heavy: makes the processors of heavy effects, which are left out without it.
        streams: instead, streams of heavy effects that others render, by node.

    Raises:
        EngineError: codes source-missing, source-rate, effect-unknown, effect-parameter, strip-bands, route-unknown,
            route-circle.
    """
    return _Compiler(plan, pool, previous, limit, master, taps, capacity, threads, heavy, streams or {}).run()


class _Compiler:
    def __init__(
        self,
        plan: MixPlan,
        pool: SourcePool,
        previous: FlatPlan | None,
        limit: bool,
        master: bool,
        taps: bool,
        capacity: int,
        threads: int,
        heavy: HeavyFactory | None,
        streams: Mapping[str, StreamMemory],
    ):
        self.plan = plan
        self.pool = pool
        self.previous = previous if previous is not None and previous.rate == plan.rate else None
        self.limit = limit and master
        self.master = master
        self.want_taps = taps
        self.capacity = capacity
        before = self.previous.feeder if self.previous is not None else None
        self.feeder = Feeder(heavy, plan, pool, before) if heavy is not None else None
        self.streams = streams
        self.keeper = Keeper()
        self.nodes: dict[str, Node] = {}
        self.route_states: dict[tuple[str, str, str, bool, int], Words] = {}
        self.taps: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = {}
        self.moves: list[Move] = []
        self.anchor = 0
        self.benches = [self.keeper.hold(aligned(L.BENCH_ROWS * L.ROW)) for _ in range(threads)]
        self.step = max(round(STEP_S * plan.rate), 1)

    def run(self) -> FlatPlan:
        plan = self.plan
        master = TrackPlan(
            id=MASTER, kind="bus", strip=plan.master if self.master else StripPlan(), automation=plan.master_automation
        )
        limiter = self._limiter()
        after = inserts.latency_of(master.strip, plan.rate) if self.master else 0
        if limiter is not None:
            after += inserts.dispatch.latency("limiter", rate=plan.rate)
        self.anchor = after
        tracks, leaving, graph = arrange_with_leavers(plan, self.previous, after=after)
        by_id = {track.id: track for track in tracks}
        parts: dict[str, list[int]] = {track.id: [] for track in tracks if track.kind == "bus"}
        parts[MASTER] = []
        inputs = {name: self.keeper.buffer(self.capacity) for name in parts}
        words = self.keeper.words(L.PLAN_WORDS)
        levels = [[by_id[name] for name in level] for level in graph.levels]
        packs = [[level[k : k + L.LANES] for k in range(0, len(level), L.LANES)] for level in levels]
        groups = self.keeper.words(L.GROUP_WORDS * max(sum(map(len, packs)), 1))
        at = 0
        for pack in packs:
            for members in pack:
                record = groups[L.GROUP_WORDS * at : L.GROUP_WORDS * (at + 1)]
                self._group(record, at, members, graph, parts, inputs, leaving)
                at += 1
        if self.master:
            self._master(words, master, after, limiter, parts, inputs)
        else:
            words[L.P_MIX_AT] = self.keeper.buffer(self.capacity)
            words[L.P_MIX_PARTS_AT] = self.keeper.hold(np.array(parts[MASTER], dtype=np.int64))
            words[L.P_MIX_PARTS] = len(parts[MASTER])
        self._head(words, groups, packs, graph, after)
        return FlatPlan(
            plan=plan,
            words=words,
            keeper=self.keeper,
            nodes=self.nodes,
            graph=graph,
            routes=self.route_states,
            groups=[len(pack) for pack in packs],
            taps=self.taps,
            limiter=limiter,
            previous=self.previous,
            feeder=self.feeder if self.feeder is not None and self.feeder.tracks else None,
        )

    # -- what there is -----------------------------------------------------------------------------------------------

    def _limiter(self) -> InsertState | None:
        if not self.limit:
            return None
        ceiling = min(max(self.plan.ceiling_dbtp, -24.0), 0.0)
        settings = InsertPlan(id="", kind="limiter", parameters={"ceiling_dbtp": ceiling})
        if self.previous is not None and self.previous.limiter is not None:
            return inserts.continued(settings, self.previous.limiter, rate=self.plan.rate)
        return inserts.new_state(settings, rate=self.plan.rate, heard=True)

    # -- nodes -------------------------------------------------------------------------------------------------------

    def _node(
        self, track: TrackPlan, lanes: np.ndarray[tuple[int], np.dtype[np.float32]], lane: int, ahead: int, fader: int
    ) -> tuple[Node, Words, int, bool]:
        """The record of a node; returns it with its words, its filter stages, and whether it needs care by itself."""
        rate = self.plan.rate
        old = self.previous.nodes.get(track.id) if self.previous is not None else None
        words = self.keeper.words(L.NODE_WORDS)
        states, order, leaving = inserts.chain(track.strip, old, rate=rate, live=self.previous is not None)
        owners = {lane.target.split(".")[1] for lane in track.automation if lane.target.startswith("insert.")}
        inserts_at, where = inserts.write_records(self.keeper, states, order, leaving, owners)
        raw = strip.raw_settings(track.strip)
        words[L.N_RAW_AT] = self.keeper.hold(raw)
        moved = write_automation(self.keeper, words, track, states, where, ramp=self.step)
        if old is not None:
            meter = old.meter
            # A fader that was automated once goes on as one, since its last lane may still be dying away.
            words[L.N_FADER_AUTOMATED] |= old.words[L.N_FADER_AUTOMATED]
            words[L.N_FADER_CHANGED] = int(fader_lanes(track) != fader_lanes(old.track))
        else:
            meter = as_floats(zeroed(L.METER_WORDS))
            meter[L.METER_RIDE : L.METER_RIDE + 2] = 1.0
        before = int(self.previous.words[L.P_ANCHOR]) if self.previous is not None else 0
        clips, sources = write_clips(
            words, track, self.pool, self.keeper, old, ahead=ahead - self.anchor, moved=before - self.anchor, rate=rate
        )
        words[L.N_NUMBER] = number_of(track.id)
        words[L.N_AHEAD] = ahead - self.anchor
        words[L.N_FADER_AHEAD] = fader - self.anchor
        words[L.N_INSERTS_AT] = inserts_at
        words[L.N_INSERTS] = len(order)
        words[L.N_LANE] = lane
        words[L.N_METER_AT] = self.keeper.hold(meter)
        stream, old_stream = self._streams(track, words, old)
        if self.want_taps:
            tap = aligned(2 * self.capacity)
            self.taps[track.id] = tap.reshape(2, self.capacity)
            words[L.N_TAP_AT] = self.keeper.hold(tap)
        set_lane(address(lanes), lane, address(raw), float(rate))
        node = Node(
            track, words, meter, lanes, lane, clips, sources, states, order, stream=stream, old_stream=old_stream
        )
        special = bool(order) or bool(words[L.N_FADER_AUTOMATED]) or self.want_taps
        return node, words, strip.stages_of(raw, moved), special

    def _streams(self, track: TrackPlan, words: Words, old: Node | None) -> tuple[StreamMemory, StreamMemory]:
        """The stream of heavy effects that a node plays from now on, and the one that fades out."""
        stream = self.feeder.stream_of(track) if self.feeder is not None else self.streams.get(track.id, ())
        if self.feeder is not None:
            self.feeder.attach(track, words)
        before: StreamMemory = ()
        if old is not None:
            gone = old.stream and (not stream or old.stream[0] is not stream[0])
            before = old.stream if gone else old.old_stream
        for word, memory in ((L.N_STREAM_AT, stream), (L.N_OLD_STREAM_AT, before)):
            words[word] = address(memory[0]) if memory else 0
        return stream, before

    def _fader(self, node: Node, *, direct: float) -> None:
        """Where the fader of a node goes, and, of one that is new, where it stands."""
        track = node.track
        rows = node.lanes.reshape(-1, L.ROW)
        targets = {lane.target for lane in track.automation}
        level = strip.linear_gain(track.strip.gain) if "gain_db" not in targets else 1.0
        level *= (-1.0 if track.strip.polarity else 1.0) * float(track.audible)
        pan = strip.held("pan", track.strip.pan) if "pan" not in targets else 0.0
        for side, share in ((node.lane, min(1.0, 1.0 - pan)), (node.lane + L.LANES, min(1.0, 1.0 + pan))):
            rows[L.R_FADER_TARGET, side] = level * share
            rows[[L.R_DIRECT, L.R_DIRECT_TARGET], side] = direct
            # In a mix that already plays, what is new fades in.
            rows[L.R_FADER, side] = level * share if self.previous is None else 0.0
        old = self.previous.nodes.get(track.id) if self.previous is not None else None
        if old is not None:
            self.moves.append(Move(address(old.lanes), old.lane, address(node.lanes), node.lane))

    def _lanes(self, group: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        """Memory for the lanes of a group, with the bench of its thread."""
        lanes = aligned(L.LANE_ROWS * L.ROW)
        lanes[L.R_BENCH * L.ROW :].view(np.int64)[0] = self.benches[group % len(self.benches)]
        return lanes

    def _group(
        self,
        record: Words,
        number: int,
        members: Sequence[TrackPlan],
        graph: Graph,
        parts: dict[str, list[int]],
        inputs: dict[str, int],
        leaving: set[str],
    ) -> None:
        lanes = self._lanes(number)
        record[L.G_LANES_AT] = self.keeper.hold(lanes)
        buffers: dict[str, int] = {}
        stages = special = 0
        compressor = False
        for lane, track in enumerate(members):
            node, words, used, needs = self._node(
                track, lanes, lane, graph.ahead[track.id], graph.fader_ahead[track.id]
            )
            node.leaving = track.id in leaving
            self.nodes[track.id] = node
            record[L.G_NODES + lane] = address(words)
            stages |= used
            compressor = compressor or compresses(node)
            if track.kind == "bus":
                record[L.G_INPUTS_AT] = 1
                words[L.N_INPUT_AT] = inputs[track.id]
                words[L.N_INPUT_PARTS_AT] = self.keeper.hold(np.array(parts[track.id], dtype=np.int64))
                words[L.N_INPUT_PARTS] = len(parts[track.id])
            routes = graph.routes[track.id]
            self._fader(node, direct=graph.direct[track.id])
            old_stages, old_compressor, old_direct = still_used(track.id, self.previous)
            stages |= old_stages
            compressor = compressor or old_compressor
            if (graph.direct[track.id] > 0.0 or old_direct) and MASTER not in buffers:
                buffers[MASTER] = self.keeper.buffer(self.capacity)
            for route in routes:
                if route.target not in buffers:
                    buffers[route.target] = self.keeper.buffer(self.capacity)
            if routes:
                edges.write(self.keeper, node, words, routes, buffers, self.previous, self.route_states, ramp=self.step)
            if needs or routes:
                special |= 1 << lane
        record[L.G_STAGES] = stages
        record[L.G_COMPRESSOR] = int(compressor)
        record[L.G_SPECIAL] = special
        # The direct buffer is shared with routes that wait on their way to the master.
        if MASTER in buffers:
            record[L.G_DIRECT_AT] = buffers[MASTER]
        record[L.G_PARTS_AT] = self.keeper.hold(np.array(list(buffers.values()), dtype=np.int64))
        record[L.G_PARTS] = len(buffers)
        record[L.G_KIND] = _kind_of(record)
        for target, buffer in buffers.items():
            parts[target].append(buffer)

    def _master(
        self,
        words: Words,
        track: TrackPlan,
        after: int,
        limiter: InsertState | None,
        parts: dict[str, list[int]],
        inputs: dict[str, int],
    ) -> None:
        fader = after - inserts.latency_of(track.strip, self.plan.rate)
        record = self.keeper.words(L.GROUP_WORDS)
        lanes = self._lanes(0)
        node, node_words, stages, special = self._node(track, lanes, 0, after, fader)
        self.nodes[MASTER] = node
        node_words[L.N_INPUT_AT] = inputs[MASTER]
        node_words[L.N_INPUT_PARTS_AT] = self.keeper.hold(np.array(parts[MASTER], dtype=np.int64))
        node_words[L.N_INPUT_PARTS] = len(parts[MASTER])
        self._fader(node, direct=1.0)
        out = self.keeper.buffer(self.capacity)
        record[L.G_LANES_AT] = self.keeper.hold(lanes)
        record[L.G_NODES] = address(node_words)
        old_stages, old_compressor, _ = still_used(track.id, self.previous)
        record[L.G_STAGES] = stages | old_stages
        record[L.G_COMPRESSOR] = int(compresses(node) or old_compressor)
        record[L.G_SPECIAL] = int(special)
        record[L.G_DIRECT_AT] = out
        record[L.G_PARTS_AT] = self.keeper.hold(np.array([out], dtype=np.int64))
        record[L.G_PARTS] = 1
        record[L.G_INPUTS_AT] = 1
        record[L.G_KIND] = _kind_of(record)
        words[L.P_MASTER_AT] = address(record)
        words[L.P_MIX_AT] = out
        if limiter is not None:
            insert = self.keeper.words(L.INSERT_WORDS)
            inserts.fill_record(insert, self.keeper, limiter, amount=1.0, automated=False)
            words[L.P_LIMITER_AT] = address(insert)

    def _head(self, words: Words, groups: Words, packs: Sequence[Sequence[object]], graph: Graph, after: int) -> None:
        rate = self.plan.rate
        floats = as_floats(words)
        words[L.P_RATE] = rate
        words[L.P_ANCHOR] = after
        words[L.P_GROUP_KERNEL] = GROUP.address
        words[L.P_FADE] = swap_frames(rate)
        words[L.P_LATENCY] = max([after, *graph.ahead.values()])
        words[L.P_CAPACITY] = self.capacity
        words[L.P_GROUPS_AT] = address(groups)
        words[L.P_GROUPS] = sum(map(len, packs))
        words[L.P_FIRST_LEVEL] = len(packs[0]) if packs else 0
        tempo = [
            (float(t.start_frame), max(float(t.frames_per_beat), 1.0), float(t.beat), float(max(t.beats_per_bar, 1)))
            for t in sorted(self.plan.tempo, key=lambda t: t.start_frame)
        ]
        words[L.P_TEMPO_AT] = self.keeper.floats(value for row in tempo for value in row)
        words[L.P_TEMPOS] = len(tempo)
        before = self.previous.nodes.values() if self.previous is not None else ()
        moves = whole_groups(self.moves, before, self.nodes.values())
        words[L.P_MOVES_AT] = self.keeper.hold(np.array(moves, dtype=np.int64))
        words[L.P_MOVES] = len(moves)
        floats[L.P_GLIDE] = math.exp(-2.0 * math.pi * GLIDE_HZ / rate)
        floats[L.P_GLIDE_CELL] = math.exp(-L.GLIDE_CELL / (FILTER_GLIDE_S * rate))
        floats[L.P_MEAN] = math.exp(-L.CHUNK / (MEAN_S * rate))


def _kind_of(group: Words) -> int:
    """Of a group's record that is complete but for this."""
    return strips_kind(
        stages=int(group[L.G_STAGES]),
        compressor=bool(group[L.G_COMPRESSOR]),
        buses=bool(group[L.G_INPUTS_AT]),
        alone=not group[L.G_SPECIAL],
    )
