"""Waveforms in pixmap tiles of fixed width, made once for each zoom and colour."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtGui import QColor, QPixmap

from studio.project.model import WarpMarker
from studio.project.warp import WarpMap
from ui.widgets.wave import DETAIL, wave_image

TILE_PX = 256
PIECE_PX = 8
"""Over so many pixels a warped clip counts as even."""
LIMIT = 768


@dataclass(frozen=True, kw_only=True)
class TileKey:
    """Everything that a tile's pixels depend on."""

    source: str
    seconds_per_px: float
    index: int
    height: int
    color: int
    gain: float
    ratio: float
    warp: tuple[WarpMarker, ...] = ()
    """Of a warped clip: its tiles count from the clip's start, in pixels of the timeline."""


class TileCache:
    """Least recently used tiles go first; `forget` drops those of one source."""

    def __init__(self) -> None:
        self._tiles: OrderedDict[TileKey, QPixmap] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tiles)

    def forget(self, source: str) -> None:
        """Drop a source's tiles, whose peaks have changed."""
        for key in [key for key in self._tiles if key.source == source]:
            del self._tiles[key]

    def tile(self, pyramid: Any, duration_s: float, key: TileKey, color: QColor) -> QPixmap:
        """The pixmap of ``[index, index + 1) * TILE_PX`` pixels of the source."""
        found = self._tiles.get(key)
        if found is not None:
            self._tiles.move_to_end(key)
            return found
        low, high = _warped(pyramid, duration_s, key) if key.warp else _even(pyramid, duration_s, key)
        pixmap = QPixmap.fromImage(wave_image(low, high, round(key.height * key.ratio), color, key.gain))
        pixmap.setDevicePixelRatio(key.ratio)
        self._tiles[key] = pixmap
        while len(self._tiles) > LIMIT:
            self._tiles.popitem(last=False)
        return pixmap


def _even(pyramid: Any, duration_s: float, key: TileKey) -> tuple[Any, Any]:
    """Minima and maxima of the columns of a tile in a source that plays evenly."""
    frames_per_s = pyramid.frames / max(duration_s, 1e-9)
    count = round(TILE_PX * key.ratio) * DETAIL
    frames_per_column = key.seconds_per_px * frames_per_s * TILE_PX / count
    first = key.index * count * frames_per_column
    columns = min(count, max(int(np.ceil((pyramid.frames - first) / frames_per_column)), 0))
    low = np.zeros((1, count), dtype=np.float32)
    high = np.zeros((1, count), dtype=np.float32)
    if columns > 0:
        last = min(round(first + columns * frames_per_column), pyramid.frames)
        start = round(first)
        if last > start:
            minima, maxima = pyramid.columns(start, last, columns)
            low[0, :columns] = np.asarray(minima).min(axis=0)
            high[0, :columns] = np.asarray(maxima).max(axis=0)
    return low, high


def _warped(pyramid: Any, duration_s: float, key: TileKey) -> tuple[Any, Any]:
    """The same for a warped clip, whose time runs evenly within a few pixels."""
    frames_per_s = pyramid.frames / max(duration_s, 1e-9)
    count = round(TILE_PX * key.ratio) * DETAIL
    piece = PIECE_PX * DETAIL
    track = WarpMap(key.warp)
    low = np.zeros((1, count), dtype=np.float32)
    high = np.zeros((1, count), dtype=np.float32)
    step_s = key.seconds_per_px * TILE_PX / count
    begin_s = key.index * TILE_PX * key.seconds_per_px
    for first in range(0, count, piece):
        last = min(first + piece, count)
        start = track.source_at(begin_s + first * step_s) * frames_per_s
        stop = track.source_at(begin_s + last * step_s) * frames_per_s
        minima, maxima = pyramid.columns(start, stop, last - first)
        low[0, first:last] = np.asarray(minima).min(axis=0)
        high[0, first:last] = np.asarray(maxima).max(axis=0)
    return low, high
