"""An effect on a strip: its lamp switches it off and on, its name opens it, and it is dragged to another place."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import Theme
from ui.widgets.paint import elided, focus_ring, rounded

CHIP_PX = 18
CHIP_GAP = 3
LAMP_PX = 14
DRAG_PX = 6


class InsertChip(QWidget):
    """One line of a mixer strip's effects; `problem` is a word such as “Stopped” for one that is not well."""

    toggled = Signal()
    opened = Signal()
    moved = Signal(int)
    """By so many places, down is positive."""
    removed = Signal()
    menu_asked = Signal(QPointF)

    def __init__(self, theme: Theme, title: str, *, on: bool, name: str, problem: str = "", tip: str = ""):
        super().__init__()
        self.theme, self._title, self._on, self._problem = theme, title, on, problem
        self._press: QPointF | None = None
        self._steps = 0
        self.setFixedHeight(CHIP_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(f"{title} on {name}")
        state = problem or ("on" if on else "off")
        self.setAccessibleDescription(state)
        self.setToolTip(f"{tip or title}: {state}")

    @property
    def title(self) -> str:
        """What is written on it."""
        return self._title

    def sizeHint(self) -> QSize:
        return QSize(70, CHIP_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, rect = self.theme, QRectF(self.rect())
        if self._steps:
            painter.setOpacity(0.6)
        rounded(painter, rect, 4, theme.color("bg.field"), theme.color("warn" if self._problem else "line.soft"))
        painter.setPen(Qt.PenStyle.NoPen)
        lamp = theme.accent_ink
        painter.setBrush(theme.color("warn" if self._problem else lamp if self._on else "line.strong"))
        painter.drawEllipse(QPointF(7, rect.center().y()), 2.25, 2.25)
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("text" if self._on else "text.faint"))
        elided(painter, rect.adjusted(13, 0, -1, 0), self._title, Qt.AlignmentFlag.AlignLeft)
        if self.hasFocus():
            focus_ring(painter, rect, 4, theme.color("focus"))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press, self._steps = event.position(), 0

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None:
            return
        way = event.position().y() - self._press.y()
        steps = round(way / (CHIP_PX + CHIP_GAP)) if abs(way) > DRAG_PX else 0
        if steps != self._steps:
            self._steps = steps
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        press, steps = self._press, self._steps
        self._press, self._steps = None, 0
        self.unsetCursor()
        if press is None:
            return
        if steps:
            self.moved.emit(steps)
        elif self.rect().contains(event.position().toPoint()):
            (self.toggled if press.x() < LAMP_PX else self.opened).emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.moved.emit(-1 if key == Qt.Key.Key_Up else 1)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(QPointF(event.globalPos()))
