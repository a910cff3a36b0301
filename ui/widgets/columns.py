"""Stacked columns over days."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import Theme
from ui.widgets.paint import rounded


class Columns(QWidget):
    """Each column is the sum of its parts, from the bottom in the order of `tokens`."""

    def __init__(self, theme: Theme, tokens: tuple[str, ...], *, name: str):
        super().__init__()
        self.theme, self._tokens = theme, tokens
        self._columns: tuple[tuple[int, ...], ...] = ()
        self.setMinimumHeight(90)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(name)

    def set_columns(self, columns: Sequence[tuple[int, ...]], description: str) -> None:
        """Show these; `description` says them in words."""
        self._columns = tuple(columns)
        self.setAccessibleDescription(description)
        self.setToolTip(description)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, 120)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, height = self.theme, float(self.height())
        for line in (0.0, 0.33, 0.66, 1.0):
            painter.fillRect(QRectF(0, min(height * line, height - 1), self.width(), 1), theme.color("line.soft"))
        most = max((sum(column) for column in self._columns), default=0)
        if most > 0:
            step = self.width() / len(self._columns)
            for index, column in enumerate(self._columns):
                y = height
                for part, token in zip(column, self._tokens, strict=True):
                    tall = part / most * (height - 6)
                    if tall > 0:
                        rounded(
                            painter, QRectF(index * step + 1, y - tall, max(step - 3, 1.5), tall), 2, theme.color(token)
                        )
                    y -= tall
        painter.end()
