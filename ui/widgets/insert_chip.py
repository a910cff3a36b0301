"""An effect on a strip: its name and a lamp; a press switches it off and on."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import Theme
from ui.widgets.paint import elided, rounded


class InsertChip(QWidget):
    """One line of a mixer strip's effects."""

    toggled = Signal()

    def __init__(self, theme: Theme, title: str, *, on: bool, name: str):
        super().__init__()
        self.theme, self._title, self._on = theme, title, on
        self.setFixedHeight(18)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"{title} on {name}")
        self.setAccessibleDescription("on" if on else "off")
        self.setToolTip(f"{title}: {'on' if on else 'off'}")

    def sizeHint(self) -> QSize:
        return QSize(70, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, rect = self.theme, QRectF(self.rect())
        rounded(painter, rect, 4, theme.color("bg.field"), theme.color("line.soft"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent" if self._on else "line.strong"))
        painter.drawEllipse(QPointF(7, rect.center().y()), 2.25, 2.25)
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("text" if self._on else "text.faint"))
        elided(painter, rect.adjusted(13, 0, -1, 0), self._title, Qt.AlignmentFlag.AlignLeft)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.toggled.emit()
