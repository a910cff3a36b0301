"""Areas and cards: a flat fill, and a line where one is asked for."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ui.theme import Theme
from ui.widgets.paint import rounded


class Surface(QWidget):
    """A flat area in the colour of `token`, with lines at the edges named in `lines` (any of ``lrtb``)."""

    def __init__(self, theme: Theme, token: str = "bg.panel", *, lines: str = "", parent: QWidget | None = None):
        super().__init__(parent)
        self.theme, self._token, self._lines = theme, token, lines

    def set_token(self, token: str) -> None:
        """Another colour."""
        if token != self._token:
            self._token = token
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.theme.color(self._token))
        line = self.theme.color("line")
        w, h = self.width(), self.height()
        if "l" in self._lines:
            painter.fillRect(0, 0, 1, h, line)
        if "r" in self._lines:
            painter.fillRect(w - 1, 0, 1, h, line)
        if "t" in self._lines:
            painter.fillRect(0, 0, w, 1, line)
        if "b" in self._lines:
            painter.fillRect(0, h - 1, w, 1, line)
        painter.end()


class Card(QWidget):
    """A rounded area; `edge` colours its left side, `tint` its fill and line."""

    def __init__(
        self,
        theme: Theme,
        *,
        token: str = "bg.raised",
        edge: str | None = None,
        tint: str | None = None,
        line: bool = True,
    ):
        super().__init__()
        self.theme = theme
        self._token, self._edge, self._tint, self._line = token, edge, tint, line

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, rect = self.theme, QRectF(self.rect())
        if self._tint:
            rounded(painter, rect, 8, theme.mix(self._tint, "bg.panel", 0.12), theme.color(self._tint, 0.75))
        else:
            rounded(painter, rect, 8, theme.color(self._token), theme.color("line") if self._line else None)
        if self._edge:
            painter.save()
            painter.setClipRect(QRectF(0, 0, 3, rect.height()))
            rounded(painter, rect, 8, theme.color(self._edge))
            painter.restore()
        painter.end()
