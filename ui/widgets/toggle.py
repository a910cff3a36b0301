"""A switch: on or off, said by its place as well as by its colour."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import Theme
from ui.widgets.paint import focus_ring, rounded


class Toggle(QWidget):
    """A press, Enter or Space turns it; `toggled` is given the new state."""

    toggled = Signal(bool)

    def __init__(self, theme: Theme, *, name: str, on: bool = False):
        super().__init__()
        self.theme, self._on = theme, on
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(name)
        self._describe()

    @property
    def on(self) -> bool:
        """Whether it is on."""
        return self._on

    def set_on(self, on: bool) -> None:
        """Show a state without a signal."""
        if on != self._on:
            self._on = on
            self._describe()
            self.update()

    def _describe(self) -> None:
        self.setAccessibleDescription("on" if self._on else "off")

    def sizeHint(self) -> QSize:
        return QSize(28, 16)

    def turn(self) -> None:
        """Turn it, as a press does."""
        self.set_on(not self._on)
        self.toggled.emit(self._on)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.isEnabled():
            self.turn()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.turn()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, rect = self.theme, QRectF(self.rect())
        enabled = self.isEnabled()
        rounded(painter, rect, 8, theme.color("accent" if self._on and enabled else "bg.pressed"), None)
        x = rect.right() - 7.5 if self._on else rect.left() + 8
        painter.setPen(Qt.PenStyle.NoPen)
        dot = (
            "text.on_accent"
            if self._on and theme.mode == "dark"
            else "bg.raised"
            if theme.mode == "light"
            else "text.muted"
        )
        painter.setBrush(theme.color(dot if enabled else "text.faint"))
        painter.drawEllipse(QPointF(x, 8), 5.5, 5.5)
        if self.hasFocus():
            focus_ring(painter, rect, 8, theme.color("focus"))
        painter.end()
