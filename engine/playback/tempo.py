"""Beats and bars of a plan's tempo, in frames."""

from __future__ import annotations

import math

from engine.plan import TempoPlan

NEAR = 1e-6


def tempo_at(tempo: tuple[TempoPlan, ...], frame: float) -> TempoPlan:
    """The stretch of the tempo that holds `frame`."""
    found = tempo[0] if tempo else TempoPlan()
    for each in tempo:
        if each.start_frame <= frame:
            found = each
    return found


def next_beat(tempo: tuple[TempoPlan, ...], frame: float, *, bar: bool = False) -> int:
    """The frame of the first beat, or the first bar line, at or after `frame`."""
    at = frame
    for _ in range(len(tempo) + 2):
        here = tempo_at(tempo, at)
        step = float(max(here.beats_per_bar, 1) if bar else 1)
        beat = here.beat + (at - here.start_frame) / max(here.frames_per_beat, 1.0)
        found = here.start_frame + (math.ceil(beat / step - NEAR) * step - here.beat) * here.frames_per_beat
        after = next((each.start_frame for each in tempo if each.start_frame > at), math.inf)
        if found < after:
            return max(round(found), 0)
        at = after
    return round(at)


def count_in_frames(tempo: tuple[TempoPlan, ...], frame: float, bars: int) -> int:
    """How long `bars` bars last at the tempo that holds `frame`."""
    here = tempo_at(tempo, frame)
    return round(max(bars, 0) * max(here.beats_per_bar, 1) * here.frames_per_beat)
