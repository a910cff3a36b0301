"""Waveforms in pixmap tiles of fixed width, made once for each zoom and colour."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtGui import QColor, QPixmap

from ui.widgets.wave import DETAIL, wave_image

TILE_PX = 256
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
        frames_per_s = pyramid.frames / max(duration_s, 1e-9)
        width = round(TILE_PX * key.ratio)
        count = width * DETAIL
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
        pixmap = QPixmap.fromImage(wave_image(low, high, round(key.height * key.ratio), color, key.gain))
        pixmap.setDevicePixelRatio(key.ratio)
        self._tiles[key] = pixmap
        while len(self._tiles) > LIMIT:
            self._tiles.popitem(last=False)
        return pixmap
