"""Stacked bars of shares, and a bar of progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ui.theme import Theme
from ui.widgets.paint import ink_on, rounded


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One share of a bar: who, how much of a million, and its token (`dim` for the second of one source)."""

    label: str
    ppm: int
    token: str
    dim: bool = False


class ShareBar(QWidget):
    """Who is paid, as one bar. With `labels` the names stand in it."""

    def __init__(self, theme: Theme, *, name: str, height: int = 10, labels: bool = False):
        super().__init__()
        self.theme = theme
        self._labels = labels
        self._segments: tuple[Segment, ...] = ()
        self._title = name
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)

    def set_segments(self, segments: Sequence[Segment]) -> None:
        """Show these shares; an empty bar while there are none."""
        self._segments = tuple(segments)
        self.setAccessibleDescription(", ".join(f"{s.label} {s.ppm / 10_000:.1f} %" for s in self._segments))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, self.height())

    def color_of(self, segment: Segment) -> QColor:
        """The colour a segment has."""
        if segment.dim:
            return self.theme.mix(segment.token, "bg.panel", 0.58)
        return self.theme.color(segment.token)

    def _spans(self) -> list[tuple[Segment, QRectF]]:
        total = sum(s.ppm for s in self._segments) or 1
        spans, x = [], 0.0
        for segment in self._segments:
            width = self.width() * segment.ppm / total
            spans.append((segment, QRectF(x, 0, width, self.height())))
            x += width
        return spans

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        radius = 4 if self._labels else 2
        path = QPainterPath()
        path.addRoundedRect(QRectF(self.rect()), radius, radius)
        painter.setClipPath(path)
        painter.fillRect(self.rect(), self.theme.color("bg.pressed"))
        font = self.theme.font("caption", "medium")
        painter.setFont(font)
        metrics = QFontMetrics(font)
        spans = self._spans()
        for index, (segment, rect) in enumerate(spans):
            last = index == len(spans) - 1
            fill = self.color_of(segment)
            painter.fillRect(rect.adjusted(0, 0, 0 if last else -1, 0), fill)
            if not last:
                painter.fillRect(QRectF(rect.right() - 1, 0, 1, rect.height()), self.theme.color("bg.panel"))
            if self._labels:
                text = f"{segment.label} {segment.ppm / 10_000:.1f}"
                room = rect.width() - 12
                if metrics.horizontalAdvance(text) > room:
                    text = f"{segment.ppm / 10_000:.1f}" if room > 24 else ""
                painter.setPen(ink_on(fill))
                painter.drawText(rect.adjusted(7, 0, 0, 0), int(Qt.AlignmentFlag.AlignVCenter), text)
        painter.end()

    def event(self, event) -> bool:
        if isinstance(event, QHelpEvent):
            for segment, rect in self._spans():
                if rect.contains(QPointF(event.pos())):
                    QToolTip.showText(event.globalPos(), f"{segment.label}: {segment.ppm / 10_000:.4f} %", self)
                    return True
        return super().event(event)


class ProgressBar(QWidget):
    """A 4 px bar; with no fraction (None) it is empty."""

    def __init__(self, theme: Theme, *, name: str, token: str = "accent", height: int = 4):
        super().__init__()
        self.theme, self._token = theme, token
        self._fraction = 0.0
        self.setFixedHeight(height)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(120, self.height())

    def set_fraction(self, fraction: float | None) -> None:
        """Show `fraction` 0..1."""
        value = min(max(fraction or 0.0, 0.0), 1.0)
        if value != self._fraction:
            self._fraction = value
            self.setAccessibleDescription(f"{value:.0%}")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rect = QRectF(self.rect())
        rounded(painter, rect, rect.height() / 2, self.theme.color("bg.pressed"))
        if self._fraction > 0:
            width = max(rect.width() * self._fraction, rect.height())
            rounded(painter, QRectF(0, 0, width, rect.height()), rect.height() / 2, self.theme.color(self._token))
        painter.end()
