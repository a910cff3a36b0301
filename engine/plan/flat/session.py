"""A session: the clock, the transport, and the plan of the moment, as words that kernels read."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from engine.dsp.effects import dispatch
from engine.plan.flat.plan import FlatPlan, number_of
from engine.plan.flat.words import Words, address, aligned, as_floats
from engine.plan.kernel import layout as L
from engine.plan.kernel import render
from engine.plan.model import LoopPlan
from engine.types import Audio

JUMP_S = 0.005
"""Before a seek, a stop or the end of a loop the sound fades over for this long."""


class Meter(NamedTuple):
    """Levels of a node after its fader: linear peaks and mean squares, and the compressor's reduction in dB."""

    peak_left: float
    peak_right: float
    mean_left: float
    mean_right: float
    reduction_db: float


class Session:
    """What lives as long as a stream of sound.

    The methods may be called from one control thread while `engine.plan.kernel.render.render` runs on another; they
    write words, and the kernel sees them at its next block.

    Args:
        rate: Hz.
        taps: keep what leaves, and one node's sound, for `read_tap`.
    """

    def __init__(self, rate: int, *, taps: bool = True):
        self.rate = rate
        self.words: Words = np.zeros(L.SESSION_WORDS, dtype=np.int64)
        self._floats = as_floats(self.words)
        self.words[L.S_RATE] = rate
        self.words[L.S_FADE] = max(round(JUMP_S * rate), 1)
        self.words[L.S_SWAP_TICK] = -1
        self.words[L.S_TAP_NODE] = -1
        self._taps = [aligned(2 * L.RING).reshape(L.RING, 2) for _ in range(2)] if taps else []
        if taps:
            self.words[L.S_MASTER_TAP_AT], self.words[L.S_NODE_TAP_AT] = (address(tap) for tap in self._taps)
        self.newest: FlatPlan | None = None
        """The plan that was published last."""
        self._current: FlatPlan | None = None
        self._published = 0
        # The grid of control is anchored to what the master gets, before the limiter: from this tick on, the blocks of
        # a device begin on it, and are not cut in two.
        first = -dispatch.latency("limiter", rate=rate) % L.CHUNK
        self.words[L.S_TICK] = first
        render.begin(self.address, first, 0, 0, 0, L.STOPPED)

    def watch(self, address: int) -> None:
        """Note the stages of each block in the record of `engine.plan.kernel.watch` there, 0 for nowhere; only while no
        kernel runs the session."""
        self.words[L.S_WATCH_AT] = address

    @property
    def address(self) -> int:
        """The one pointer."""
        return address(self.words)

    # -- plans -------------------------------------------------------------------------------------------------------

    def publish(self, flat: FlatPlan, *, at_tick: int | None = None) -> bool:
        """Let the kernel go over to a plan that was compiled against `newest`.

        Args:
            at_tick: not before this tick; None is as soon as possible.

        Returns:
            False while another plan is still waiting to be taken: try again a little later.
        """
        if self.words[L.S_PENDING_AT] != 0:
            return False
        self.collect()
        self.words[L.S_SWAP_TICK] = -1 if at_tick is None else at_tick
        self.newest = flat
        self._published += 1
        self.words[L.S_PENDING_AT] = flat.address
        return True

    def collect(self) -> bool:
        """Forget plans that the kernel has left; True when it plays the newest one."""
        if self.newest is None or self.words[L.S_SWAPS] < self._published:
            return self.newest is None
        left = self._current
        self._current = self.newest
        self._current.previous = None
        if left is not None and left is not self._current and left.feeder is not None:
            left.feeder.release(self._current.feeder)
        return True

    @property
    def current(self) -> FlatPlan | None:
        """The plan that plays."""
        self.collect()
        return self._current

    @property
    def pending(self) -> bool:
        """True while a plan waits to be taken."""
        return bool(self.words[L.S_PENDING_AT] != 0)

    @property
    def swaps(self) -> int:
        """How many plans have been taken."""
        return int(self.words[L.S_SWAPS])

    # -- transport ---------------------------------------------------------------------------------------------------

    def _request(self, mode: int, frame: int | None, count_in_frames: int = 0) -> None:
        self.words[L.S_REQUEST_MODE] = mode
        self.words[L.S_REQUEST_FRAME] = -1 if frame is None else max(frame, 0)
        self.words[L.S_REQUEST_COUNT_IN] = count_in_frames
        # Last: the kernel looks at nothing else before this has changed.
        self.words[L.S_REQUEST] += 1

    def play(self, frame: int | None = None, *, count_in_frames: int = 0) -> None:
        """Run from `frame`, or from where it stands; `count_in_frames` before it only the metronome sounds."""
        self._request(L.RUNNING, frame, count_in_frames)

    def stop(self) -> None:
        """Stand still; effects ring out."""
        self._request(L.STOPPED, None)

    def seek(self, frame: int) -> None:
        """Go on, or stand, at `frame`."""
        self._request(L.RUNNING if self.playing else L.STOPPED, frame)

    def set_loop(self, loop: LoopPlan | None) -> None:
        """Wrap here from what no track has read yet, or nowhere."""
        on = loop is not None and loop.end_frame > loop.start_frame
        self.words[L.S_LOOP_START] = max(loop.start_frame, 0) if loop is not None and on else 0
        self.words[L.S_LOOP_END] = loop.end_frame if loop is not None and on else 0
        self.words[L.S_LOOP] += 1

    def set_metronome(self, enabled: bool, gain_db: float = -12.0) -> None:
        """Click on the beats of the plan's tempo."""
        self._floats[L.S_METRONOME] = 10.0 ** (min(max(gain_db, -80.0), 6.0) / 20.0) if enabled else 0.0

    def begin(self, frame: int = 0, *, early: int = 0, playing: bool = True, loop: LoopPlan | None = None) -> None:
        """Start the clock afresh at `frame`, without a fade; `early` frames of silence come before it.

        Only while no kernel runs the session.
        """
        self.words[L.S_REQUEST_DONE] = self.words[L.S_REQUEST]
        if loop is not None:
            self.set_loop(loop)
        self.words[L.S_LOOP_DONE] = self.words[L.S_LOOP]
        self.words[L.S_TICK] = frame - early
        start, end = int(self.words[L.S_LOOP_START]), int(self.words[L.S_LOOP_END])
        render.begin(self.address, frame, frame, start, end, L.RUNNING if playing else L.STOPPED)

    @property
    def playing(self) -> bool:
        """What was asked for last."""
        if self.words[L.S_REQUEST] != self.words[L.S_REQUEST_DONE]:
            return bool(self.words[L.S_REQUEST_MODE] == L.RUNNING)
        count = int(self.words[L.S_SEGMENTS])
        return bool(self.words[L.S_FIRST_SEGMENT + L.SEGMENT_WORDS * (count - 1) + L.T_MODE] == L.RUNNING)

    @property
    def mode(self) -> Literal["stopped", "running", "counting"]:
        """What sounds now."""
        return ("stopped", "running", "counting")[int(self.words[L.S_MODE])]

    @property
    def position(self) -> int:
        """The timeline frame of the next sample to leave."""
        return int(self.words[L.S_FRAME])

    @property
    def tick(self) -> int:
        """Frames rendered so far."""
        return int(self.words[L.S_TICK])

    @property
    def anchor(self) -> int:
        """Frames by which the master of the plan is late; nodes count their own lead from there."""
        flat = self._current or self.newest
        return int(flat.words[L.P_ANCHOR]) if flat is not None else 0

    def frame_at(self, tick: int) -> int:
        """The timeline frame that sounds at `tick`, as far as the transport's requests are known."""
        return render.frame_at(self.address, tick)

    # -- what is heard -----------------------------------------------------------------------------------------------

    def meters(self) -> dict[str, Meter]:
        """Levels by id; "" is the master."""
        flat = self.current
        if flat is None:
            return {}
        return {
            name: Meter(*node.meter[: L.METER_REDUCTION + 1].tolist())
            for name, node in flat.nodes.items()
            if not node.leaving
        }

    def bad(self) -> dict[str, int]:
        """How many samples of each node were not finite, and silenced, by id; nodes without any are left out."""
        flat = self.current
        if flat is None:
            return {}
        return {
            name: int(node.meter[L.METER_BAD]) for name, node in flat.nodes.items() if node.meter[L.METER_BAD] > 0.0
        }

    def set_tap(self, node_id: str | None) -> None:
        """Choose the node whose sound after the fader `read_tap` gives; "" is the master, before the limiter."""
        self.words[L.S_TAP_NODE] = -1 if node_id is None else number_of(node_id)

    def read_tap(self, kind: Literal["master", "node"] = "master", since: int = 0) -> tuple[Audio, int]:
        """What has passed a tap since the count that the last call returned, ``(2, frames)``, at most a second."""
        which = 0 if kind == "master" else 1
        written = int(self.words[L.S_NODE_TAPPED if which else L.S_MASTER_TAPPED])
        # The writer may be at work just behind the newest frame.
        first = max(since, written - L.RING + 2 * L.CAPACITY)
        if not self._taps or first >= written:
            return np.zeros((2, 0), dtype=np.float32), written
        index = np.arange(first, written) % L.RING
        return np.ascontiguousarray(self._taps[which][index].T), written

    def clear(self) -> None:
        """Silence all effects; only while no kernel runs the session."""
        if self._current is not None:
            self._current.clear()
