"""From the steady clock of the renderer to frames on the timeline, loops included.

Tracks with latent effects read ahead of the sound that leaves, each by its own latency. They all follow one list of
segments, so that a loop wraps at the same frame of sound for all of them, and a loop that is changed while playing
takes effect beyond what has been read.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.plan.model import LoopPlan


class Piece(NamedTuple):
    """A stretch to read: `length` frames from `frame` on, into the block at `offset`.

    When the segment that holds it ends in a jump to `jump_to`, `tail` counts the frames that are left of it from the
    piece's start on, and `fade` is how many of the last ones fade over; `tail` is -1 when it does not.
    """

    frame: int
    length: int
    offset: int
    tail: int
    jump_to: int
    fade: int


class _Segment(NamedTuple):
    tick: int
    frame: int
    length: int
    """-1: without end."""
    jump_to: int


class Timeline:
    """Maps ticks, which count up from 0 since the last seek, to frames.

    Args:
        frame: the frame of tick 0.
        loop: wrap, when `frame` lies before its end.
        guard_frames: length of the fade into a jump; a changed loop also leaves this many frames after the last read
            ones alone.
    """

    def __init__(self, frame: int, loop: LoopPlan | None, *, guard_frames: int = 0):
        self.loop = loop
        self._guard = guard_frames
        self._segments: list[_Segment] = []
        self._horizon = 0
        self._append(0, frame)

    def _append(self, tick: int, frame: int) -> None:
        loop = self.loop
        if loop is None or loop.end_frame <= loop.start_frame or frame >= loop.end_frame:
            self._segments.append(_Segment(tick, frame, -1, frame))
        else:
            self._segments.append(_Segment(tick, frame, loop.end_frame - frame, loop.start_frame))

    def _extend(self, tick: int) -> None:
        while (last := self._segments[-1]).length >= 0 and last.tick + last.length <= tick:
            self._append(last.tick + last.length, last.jump_to)

    def frame_at(self, tick: int) -> int:
        """The frame that sounds at `tick`."""
        self._extend(tick)
        for segment in reversed(self._segments):
            if segment.tick <= tick:
                return segment.frame + tick - segment.tick
        return self._segments[0].frame

    def pieces(self, tick: int, count: int) -> list[Piece]:
        """The stretches of the ticks ``[tick, tick + count)``, in order."""
        self._extend(tick + count)
        self._horizon = max(self._horizon, tick + count)
        found: list[Piece] = []
        for segment in self._segments:
            start = max(tick, segment.tick)
            end = tick + count if segment.length < 0 else min(tick + count, segment.tick + segment.length)
            if end > start:
                inside = start - segment.tick
                tail = -1 if segment.length < 0 or segment.jump_to < 0 else segment.length - inside
                found.append(
                    Piece(
                        segment.frame + inside,
                        end - start,
                        start - tick,
                        tail,
                        segment.jump_to,
                        min(self._guard, segment.length),
                    )
                )
        return found

    def forget(self, tick: int) -> None:
        """Drop what lies wholly before `tick`."""
        while len(self._segments) > 1 and self._segments[1].tick <= tick:
            del self._segments[0]

    def set_loop(self, loop: LoopPlan | None) -> None:
        """Follow another loop from the first tick on that nobody has read."""
        if loop == self.loop:
            return
        at = self._horizon + self._guard
        frame = self.frame_at(at)
        holder = next(segment for segment in reversed(self._segments) if segment.tick <= at)
        end = holder.tick + holder.length
        if holder.jump_to >= 0 and holder.length >= 0 and end - at < self._guard:
            # The fade into this jump may have begun: let the jump happen.
            at, frame = end, holder.jump_to
        kept = [segment for segment in self._segments if segment.tick < at]
        if kept and (kept[-1].length < 0 or kept[-1].tick + kept[-1].length > at):
            # The cut is no jump: the sound goes on, and only what comes later is planned anew.
            kept[-1] = _Segment(kept[-1].tick, kept[-1].frame, at - kept[-1].tick, -1)
        self.loop = loop
        self._segments = kept
        self._append(at, frame)

    def copy(self) -> Timeline:
        """An independent timeline in the same state."""
        twin = Timeline(0, self.loop, guard_frames=self._guard)
        twin._segments = list(self._segments)
        twin._horizon = self._horizon
        return twin
