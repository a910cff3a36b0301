"""A spectrogram as pixels: levels by time and pitch become an image by numpy, in the colours of a glowing body."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor, QImage

from studio.project.model import Clip
from ui.theme import Theme
from ui.viewmodels.clip_editor import source_time

_STOPS = ("#16181D", "#2A1A30", "#521E3E", "#84284A", "#B53E49", "#DD6139", "#F59129", "#FBC94F", "#FFF6C8")
"""From silence to full scale; each is lighter than the one before, so that it reads without colour too."""


def ramp(theme: Theme) -> npt.NDArray[np.uint8]:
    """256 colours in the byte order of a little-endian ARGB32, ``(256, 4)``; silence is the lane's own colour."""
    stops = [theme.color("bg.lane"), *(QColor(each) for each in _STOPS[1:])]
    if theme.mode == "light":
        stops = [theme.color("bg.lane"), *(QColor(each) for each in reversed(_STOPS[:-1]))]
    table = np.array([(each.blue(), each.green(), each.red(), 255) for each in stops], dtype=np.float64)
    places = np.linspace(0, len(stops) - 1, 256)
    below = np.minimum(places.astype(int), len(stops) - 2)
    share = (places - below)[:, None]
    return (table[below] * (1 - share) + table[below + 1] * share + 0.5).astype(np.uint8)


def spectrum_image(spectrum: Any, clip: Clip, *, start_s: float, end_s: float, width: int, colors: Any) -> QImage:
    """The spectrum under a clip between two of its times, `width` pixels wide and a band a pixel high.

    `spectrum` is an `engine.io.spectrogram.Spectrogram` of the clip's source, `colors` a `ramp`.
    """
    levels = spectrum.levels
    edges = np.linspace(start_s, end_s, max(width // 8, 1) + 1)
    knots = np.array([source_time(clip, float(each)) for each in edges])
    times = np.interp(np.linspace(start_s, end_s, width, endpoint=False), edges, knots)
    columns = np.floor(times / spectrum.hop_s).astype(np.int64)
    inside = (columns >= 0) & (columns < levels.shape[1])
    picked = levels[:, np.clip(columns, 0, levels.shape[1] - 1)] * inside
    pixels = np.ascontiguousarray(colors[picked[::-1]])
    height = pixels.shape[0]
    return QImage(pixels.data, width, height, width * 4, QImage.Format.Format_RGB32).copy()
