"""Musical time: seconds to beats and back through the tempo map, positions as text, the grid, and snapping to it."""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from studio.base.errors import ProjectError
from studio.project.model import Project, TempoPoint

TICKS = 960
"""Ticks in a beat."""

Division = Literal["bar", "beat", "1/2", "1/4", "1/8", "1/16", "1/32", "1/4t", "1/8t", "1/16t"]
DIVISIONS: tuple[Division, ...] = ("bar", "beat", "1/2", "1/4", "1/8", "1/16", "1/32", "1/4t", "1/8t", "1/16t")

Level = Literal["bar", "beat", "division"]

_POSITION = re.compile(r"\s*(\d{1,7})(?:\s*[.:|\s]\s*(\d{1,3}))?(?:\s*[.:|\s]\s*(\d{1,4}))?\s*")


class GridLine(msgspec.Struct, frozen=True):
    """A line of the grid at `at_s` seconds, and what begins there."""

    at_s: float
    level: Level
    bar: int
    """From 1."""
    beat: int
    """From 1, within the bar."""


class TempoMap:
    """Tempo points as a function between seconds and beats. A beat is one `beat_unit` of the time signature.

    The tempo of a point counts these beats; positions before 0 follow the first tempo.
    """

    def __init__(self, points: Sequence[TempoPoint], *, beats_per_bar: int = 4, beat_unit: int = 4) -> None:
        """`points` are sorted by `at_beats`; the first is taken to begin at 0."""
        ordered = sorted(points, key=lambda point: point.at_beats) or [TempoPoint()]
        self.points = tuple(ordered)
        self.beats_per_bar = beats_per_bar
        self.beat_unit = beat_unit
        self._beats = [0.0, *(point.at_beats for point in ordered[1:])]
        self._spb = [60.0 / point.bpm for point in ordered]
        self._seconds = [0.0]
        for index in range(1, len(ordered)):
            span_beats = self._beats[index] - self._beats[index - 1]
            self._seconds.append(self._seconds[-1] + span_beats * self._spb[index - 1])

    @classmethod
    def of(cls, project: Project) -> TempoMap:
        """The map of a project."""
        return cls(project.tempo, beats_per_bar=project.beats_per_bar, beat_unit=project.beat_unit)

    def beats(self, seconds: float) -> float:
        """Beats from the start at a time in seconds."""
        index = max(bisect.bisect_right(self._seconds, seconds) - 1, 0)
        return self._beats[index] + (seconds - self._seconds[index]) / self._spb[index]

    def seconds(self, beats: float) -> float:
        """Seconds from the start at a number of beats."""
        index = max(bisect.bisect_right(self._beats, beats) - 1, 0)
        return self._seconds[index] + (beats - self._beats[index]) * self._spb[index]

    def bpm_at(self, seconds: float) -> float:
        """The tempo at a time in seconds, in beats a minute."""
        return 60.0 / self._spb[max(bisect.bisect_right(self._seconds, seconds) - 1, 0)]

    def position(self, seconds: float) -> tuple[int, int, int]:
        """``(bar, beat, tick)`` at a time, bars and beats from 1, ticks in [0, 960); before 0 it is 1.1.0."""
        ticks = max(round(self.beats(seconds) * TICKS), 0)
        beats, tick = divmod(ticks, TICKS)
        bar, beat = divmod(beats, self.beats_per_bar)
        return bar + 1, beat + 1, tick

    def text(self, seconds: float) -> str:
        """The position as it is shown, ``1.1.000``."""
        bar, beat, tick = self.position(seconds)
        return f"{bar}.{beat}.{tick:03d}"

    def parse(self, text: str) -> float:
        """Seconds of a position as a person types it: ``5``, ``5.3``, ``5.3.480``.

        Raises:
            ProjectError: edit-invalid for anything else, or a bar, beat or tick that does not exist.
        """
        found = _POSITION.fullmatch(text)
        bar, beat, tick = (int(each) if each else None for each in found.groups()) if found else (0, None, None)
        beat, tick = (1 if beat is None else beat), (0 if tick is None else tick)
        if not bar or not 1 <= beat <= self.beats_per_bar or not 0 <= tick < TICKS:
            raise ProjectError(
                f"“{text.strip()[:40]}” is no place in this project.",
                remedy=f"Type bar.beat.tick, such as 5.1.000: beats run from 1 to {self.beats_per_bar}, ticks to 959.",
                code="edit-invalid",
            )
        return self.seconds((bar - 1) * self.beats_per_bar + (beat - 1) + tick / TICKS)

    def division_beats(self, division: Division) -> float:
        """Length of a grid step in beats."""
        if division == "bar":
            return float(self.beats_per_bar)
        if division == "beat":
            return 1.0
        note = 1.0 / int(division.removesuffix("t").split("/")[1])
        return note * self.beat_unit * (2.0 / 3.0 if division.endswith("t") else 1.0)

    def snap(self, seconds: float, division: Division) -> float:
        """The nearest place of the grid, at least 0; half-way goes to the later one. Each bar begins a grid of its
        own."""
        beats = max(self.beats(seconds), 0.0)
        bar = math.floor(beats / self.beats_per_bar + 1e-9) * self.beats_per_bar
        step = self.division_beats(division)
        within = max(beats - bar, 0.0)
        lower = math.floor(within / step + 1e-9) * step
        upper = min(lower + step, float(self.beats_per_bar))
        return self.seconds(bar + (lower if within - lower < upper - within else upper))

    def grid(self, start_s: float, end_s: float, division: Division = "beat") -> Iterator[GridLine]:
        """The lines with ``start_s <= at_s <= end_s``, in order; a line is a bar, a beat or a division, by what begins
        there.

        Ask for "bar" where lines would stand too close: the caller knows the zoom.
        """
        step = self.division_beats(division)
        first_bar = max(math.floor(self.beats(max(start_s, 0.0)) / self.beats_per_bar + 1e-9), 0)
        per_bar = max(math.ceil(self.beats_per_bar / step - 1e-9), 1)
        bar = first_bar
        while True:
            for index in range(per_bar):
                within = index * step
                at_s = self.seconds(bar * self.beats_per_bar + within)
                if at_s > end_s + 1e-9:
                    return
                if at_s >= start_s - 1e-9:
                    yield GridLine(at_s, _level(within), bar + 1, int(within + 1e-6) + 1)
            bar += 1


def _level(within_beats: float) -> Level:
    if within_beats == 0.0:
        return "bar"
    return "beat" if abs(within_beats - round(within_beats)) < 1e-6 else "division"
