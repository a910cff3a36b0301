"""The whole mix at a glance, from the peaks of what is heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from studio.project.audibility import audible_clips
from studio.project.model import Project, Source

RATE = 1000
"""Frames a second of the overview's own time."""


class MixOverview:
    """Peaks of all audible clips with their gains and fades, added as energies: no render, but the shape of one."""

    def __init__(self, project: Project, peaks: Callable[[Source], Any | None]):
        self._parts: list[tuple[Any, Source, Any, float]] = []
        for track, clip in audible_clips(project):
            source = project.sources.get(clip.source)
            pyramid = peaks(source) if source is not None else None
            if source is not None and pyramid is not None:
                self._parts.append((clip, source, pyramid, 10 ** ((clip.gain_db + track.strip.gain_db) / 20)))
        self.frames = round(project.length_s * RATE) if self._parts else 0

    def columns(
        self, start_frame: float, end_frame: float, count: int
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """``(1, count)`` minimum and maximum between two frames of `RATE`."""
        start_s, end_s = start_frame / RATE, end_frame / RATE
        step_s = (end_s - start_s) / count
        energy = np.zeros((2, count))
        for clip, source, pyramid, gain in self._parts:
            first = max(int(np.ceil((clip.start_s - start_s) / step_s)), 0)
            last = min(int((clip.end_s - start_s) / step_s), count)
            if last <= first:
                continue
            at_s = start_s + first * step_s - clip.start_s
            span_s = (last - first) * step_s
            frames_per_s = pyramid.frames / max(source.duration_s, 1e-9)
            begin = (clip.source_start_s + at_s * clip.tempo_ratio) * frames_per_s
            end = min(begin + span_s * clip.tempo_ratio * frames_per_s, pyramid.frames)
            if end - begin < 1:
                continue
            low, high = pyramid.columns(begin, end, last - first)
            times = at_s + np.arange(last - first) * step_s
            fade = np.ones(last - first)
            if clip.fade_in_s > 0:
                fade = np.minimum(fade, times / clip.fade_in_s)
            if clip.fade_out_s > 0:
                fade = np.minimum(fade, (clip.length_s - times) / clip.fade_out_s)
            fade = np.clip(fade, 0, 1) * gain
            energy[0, first:last] += (np.asarray(low).min(axis=0) * fade) ** 2
            energy[1, first:last] += (np.asarray(high).max(axis=0) * fade) ** 2
        peaks = np.sqrt(energy).astype(np.float32)
        return -peaks[:1], peaks[1:]
