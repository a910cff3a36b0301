"""The mapping between time and pixels, and what of bars and beats is worth drawing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from studio.project.model import Clip, Project, TempoPoint
from studio.project.tempo import TICKS, Division, TempoMap

ZOOM_STEPS_PER_OCTAVE = 4
MIN_LEVEL, MAX_LEVEL = -8, 44
"""Zoom levels: pixels a second are 2 ** (level / 4), from 0.25 to 2048."""


class GridLine(NamedTuple):
    """A line of the grid: where, which bar and beat (from 1), and whether it starts a bar."""

    at_s: float
    bar: int
    beat: int


class BarGrid:
    """Bars and beats of a project, over its tempo map."""

    def __init__(self, project: Project):
        self.beats_per_bar = max(project.beats_per_bar, 1)
        self._map = TempoMap.of(project)

    def beats(self, at_s: float) -> float:
        """Beats from the start at a time."""
        return self._map.beats(at_s)

    def seconds(self, beats: float) -> float:
        """Time of a number of beats from the start."""
        return self._map.seconds(beats)

    def bpm_at(self, at_s: float) -> float:
        """Tempo at a time."""
        return self._map.bpm_at(at_s)

    def position(self, at_s: float) -> str:
        """``17.3.220``: bar, beat (both from 1) and ticks of 960."""
        bar, beat, tick = self._map.position(at_s)
        return f"{bar}.{beat}.{tick:03d}"

    def parse_position(self, text: str) -> float | None:
        """Seconds of a typed ``17.3.220``, ``17.3`` or ``17``; None where it is none."""
        parts = text.strip().split(".")
        if not 1 <= len(parts) <= 3 or not all(part.isdigit() for part in parts):
            return None
        numbers = [int(part) for part in parts]
        bar = numbers[0]
        beat = numbers[1] if len(numbers) > 1 else 1
        tick = numbers[2] if len(numbers) > 2 else 0
        if bar < 1 or beat < 1:
            return None
        return self.seconds((bar - 1) * self.beats_per_bar + beat - 1 + tick / TICKS)

    def snap(self, at_s: float, division: Division) -> float:
        """The nearest place of the grid, never below 0."""
        return self._map.snap(at_s, division)

    def tempo_point_at(self, project: Project, at_s: float) -> TempoPoint | None:
        """The change of tempo that begins in the bar at a time, or None."""
        bar = math.floor(max(self.beats(at_s), 0.0) / self.beats_per_bar + 1e-6) * self.beats_per_bar
        return next((p for p in project.tempo if bar <= p.at_beats + 1e-6 < bar + self.beats_per_bar), None)

    def step_beats(self, division: Division) -> float:
        """Length of a step of the grid in beats."""
        return self._map.division_beats(division)

    def lines(self, start_s: float, end_s: float, px_per_s: float) -> Iterator[GridLine]:
        """Lines between two times, as dense as can be told apart (bars thin out to 4, 16 ... at small zooms)."""
        beat_px = px_per_s * 60.0 / self.bpm_at(start_s)
        step = 1.0
        while step * beat_px < 14.0:
            step *= self.beats_per_bar if step == 1.0 else 4
        beat = math.floor(max(self.beats(start_s), 0.0) / step) * step
        while True:
            at_s = self.seconds(beat)
            if at_s > end_s:
                return
            if at_s >= start_s - 1.0 / max(px_per_s, 1e-6):
                whole = round(beat)
                yield GridLine(at_s=at_s, bar=whole // self.beats_per_bar + 1, beat=whole % self.beats_per_bar + 1)
            beat += step

    def label_step(self, px_per_s: float, *, room_px: float = 56.0) -> int:
        """How many bars lie between two numbers of the ruler: 1, 2, 4, 8 ..."""
        bar_px = px_per_s * 60.0 / self.bpm_at(0.0) * self.beats_per_bar
        step = 1
        while step * bar_px < room_px:
            step *= 2
        return step


@dataclass
class Viewport:
    """Which part of the arrangement is in sight."""

    level: int = 14
    origin_px: float = 0.0
    scroll_y: float = 0.0
    width: int = 640
    height: int = 480
    _views: list[tuple[int, float]] = field(default_factory=list)

    @property
    def px_per_s(self) -> float:
        """Pixels a second."""
        return 2.0 ** (self.level / ZOOM_STEPS_PER_OCTAVE)

    def x_of(self, at_s: float) -> float:
        """Pixel from the left edge of a time."""
        return at_s * self.px_per_s - self.origin_px

    def s_of(self, x: float) -> float:
        """Time of a pixel, at least 0."""
        return max((x + self.origin_px) / self.px_per_s, 0.0)

    @property
    def start_s(self) -> float:
        """Time at the left edge."""
        return self.origin_px / self.px_per_s

    @property
    def end_s(self) -> float:
        """Time at the right edge."""
        return (self.origin_px + self.width) / self.px_per_s

    def zoom(self, notches: int, x: float) -> bool:
        """Zoom by `notches` of 2^(1/4), keeping the time under `x` where it is; False at the limits."""
        level = min(max(self.level + notches, MIN_LEVEL), MAX_LEVEL)
        if level == self.level:
            return False
        at_s = (x + self.origin_px) / self.px_per_s
        self.level = level
        self.origin_px = max(at_s * self.px_per_s - x, 0.0)
        return True

    def scroll(self, dx: float) -> None:
        """Pan sideways."""
        self.origin_px = max(self.origin_px + dx, 0.0)

    def fit(self, start_s: float, end_s: float, *, margin: float = 0.06) -> None:
        """Choose the zoom at which the span just fits and show it."""
        span = max(end_s - start_s, 0.01) * (1 + margin)
        level = math.floor(math.log2(max(self.width, 64) / span) * ZOOM_STEPS_PER_OCTAVE)
        self.level = min(max(level, MIN_LEVEL), MAX_LEVEL)
        self.origin_px = max(start_s * self.px_per_s, 0.0)

    def remember(self) -> None:
        """Keep what is in sight for `back`."""
        here = (self.level, self.origin_px)
        if not self._views or self._views[-1] != here:
            self._views = [*self._views[-15:], here]

    def back(self) -> bool:
        """Show again what `remember` kept last; False when there is nothing."""
        while self._views:
            level, origin_px = self._views.pop()
            if (level, origin_px) != (self.level, self.origin_px):
                self.level, self.origin_px = level, origin_px
                return True
        return False

    def follow(self, at_s: float) -> bool:
        """Turn the page when the play-head leaves it; True when it did."""
        x = self.x_of(at_s)
        if 0 <= x < self.width:
            return False
        self.origin_px = max(at_s * self.px_per_s - self.width * 0.1, 0.0)
        return True


def drag_words(zone: str, clip: Clip, grid: BarGrid) -> str:
    """Where a drag has come to, in few words: ``17.1.000``, ``fade 0.52 s``."""
    if zone == "fade_in":
        return f"fade in {clip.fade_in_s:.2f} s"
    if zone == "fade_out":
        return f"fade out {clip.fade_out_s:.2f} s"
    if zone == "end":
        return f"{grid.position(clip.end_s)}  ·  {clip.length_s:.2f} s"
    if zone == "slip":
        return f"from {clip.source_start_s:.2f} s"
    return grid.position(clip.start_s)
