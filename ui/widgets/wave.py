"""Waveforms as pixels: columns of minimum and maximum become an image by numpy, never a line a column."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import Theme

DETAIL = 6
"""Sub-columns a pixel, of which the mean makes the darker core: where the sound is, not only its extremes."""


Floats: TypeAlias = npt.NDArray[np.floating]


class Columns(Protocol):
    """What draws itself: `engine.io.pyramid.Pyramid`."""

    def columns(self, start_frame: int, end_frame: int, count: int) -> tuple[Floats, Floats]: ...


def wave_image(low: Floats, high: Floats, height: int, color: QColor, gain: float = 1.0) -> QImage:
    """Paint a waveform into a new image.

    Args:
        low, high: ``(channels, width * DETAIL)`` float32 in -1..1.
        height: pixels.
        color: of the wave; its extremes are drawn lighter than its core.
        gain: linear.

    Returns:
        An ARGB image, ``width`` by `height`.
    """
    bottom = np.clip(low.min(axis=0) * gain, -1.0, 0.0).reshape(-1, DETAIL)
    top = np.clip(high.max(axis=0) * gain, 0.0, 1.0).reshape(-1, DETAIL)
    width = bottom.shape[0]
    middle = height / 2.0
    reach = middle - 0.5
    # Rows are pixel centres; coverage is clipped to 0..1, which anti-aliases both edges of each column.
    rows = np.arange(height, dtype=np.float32)[:, None] + 0.5

    def coverage(up: Floats, down: Floats) -> Floats:
        upper = middle - np.maximum(up * reach, 0.5)
        lower = middle - np.minimum(down * reach, -0.5)
        return np.clip(rows - upper[None, :] + 0.5, 0, 1) * np.clip(lower[None, :] - rows + 0.5, 0, 1)

    outer = coverage(top.max(axis=1), bottom.min(axis=1))
    inner = coverage(top.mean(axis=1) * 0.72, bottom.mean(axis=1) * 0.72)
    alpha = np.maximum(outer * 0.62, inner) * color.alphaF()
    pixels = np.empty((height, width, 4), dtype=np.uint8)
    # Premultiplied, in the byte order of a little-endian ARGB32: blue, green, red, alpha.
    for channel, value in enumerate((color.blue(), color.green(), color.red())):
        pixels[..., channel] = (alpha * value + 0.5).astype(np.uint8)
    pixels[..., 3] = (alpha * 255 + 0.5).astype(np.uint8)
    image = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_ARGB32_Premultiplied)
    return image.copy()


class WaveView(QWidget):
    """A whole sound at a glance, as on the preview card and in the dialogues."""

    def __init__(self, theme: Theme, *, name: str, token: str = "text.muted", height: int = 40):
        super().__init__()
        self.theme, self._token = theme, token
        self._columns: Columns | None = None
        self._frames = 0
        self._cache: tuple[tuple[int, int, str, str], QPixmap] | None = None
        self._marker: float | None = None
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)

    def set_sound(self, columns: Columns | None, frames: int = 0) -> None:
        """Show a pyramid of `frames` frames, or nothing."""
        if columns is self._columns and frames == self._frames:
            return
        self._columns, self._frames, self._cache = columns, frames, None
        self.update()

    def set_token(self, token: str) -> None:
        """Colour the wave with another token."""
        self._token = token
        self.update()

    def set_marker(self, fraction: float | None) -> None:
        """Draw a line at `fraction` of the length, or none."""
        if fraction != self._marker:
            self._marker = fraction
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        width, height = round(self.width() * ratio), round(self.height() * ratio)
        color = self.theme.color(self._token)
        if self._columns is None or self._frames <= 0 or width < 2:
            painter.fillRect(QRectF(0, self.height() / 2 - 0.5, self.width(), 1), self.theme.color("line.strong"))
        else:
            key = (width, height, self._token, self.theme.mode)
            if self._cache is None or self._cache[0] != key:
                low, high = self._columns.columns(0, self._frames, width * DETAIL)
                peak = max(float(np.abs(low).max(initial=0.0)), float(np.abs(high).max(initial=0.0)), 1e-4)
                pixmap = QPixmap.fromImage(wave_image(low, high, height, color, 0.95 / peak))
                pixmap.setDevicePixelRatio(ratio)
                self._cache = (key, pixmap)
            painter.drawPixmap(0, 0, self._cache[1])
        if self._marker is not None:
            painter.fillRect(QRectF(self._marker * self.width(), 0, 1.5, self.height()), self.theme.color("playhead"))
        painter.end()
