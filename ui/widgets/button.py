"""The button in all its kinds, painted from tokens."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QEnterEvent, QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from ui.theme import Theme
from ui.widgets.paint import elided, focus_ring, rounded

Kind = Literal["plain", "primary", "ghost", "link", "chip", "toggle", "mute", "solo", "record"]


_PADDING = {"chip": 18, "toggle": 14, "link": 10}


class Button(QAbstractButton):
    """Text, icon or both. `kind` chooses the look; a checkable `chip` shows a cross while it is on."""

    def __init__(
        self,
        theme: Theme,
        text: str = "",
        *,
        icon: str | None = None,
        kind: Kind = "plain",
        height: int | None = None,
        name: str = "",
        tip: str = "",
        icon_size: int = 16,
        parent: QWidget | None = None,
    ):
        super().__init__(parent)
        self.theme = theme
        self.kind = kind
        self.icon_name = icon
        self.icon_on: str | None = None
        self.icon_size = icon_size
        self.icon_token: str | None = None
        self._height = height or (22 if kind == "chip" else 28 if text else 24)
        self.closes = kind == "chip"
        """Whether a cross is shown while it is on."""
        self._hover = False
        self._align_left = False
        self._pad = 12.0
        self.setText(text)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCheckable(kind in ("chip", "toggle", "mute", "solo", "record"))
        self.setAccessibleName(name or text or tip)
        self.setToolTip(tip)
        self.setSizePolicy(
            QSizePolicy.Policy.Fixed if not text else QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed
        )
        self.setCursor(Qt.CursorShape.ArrowCursor)

    def align_left(self, pad: float = 12.0) -> Button:
        """Put icon and text `pad` px from the left edge, as in a list of choices."""
        self._align_left, self._pad = True, pad
        return self

    def set_icon(self, name: str | None, token: str | None = None) -> None:
        """Change the icon, and its token where it should not follow the kind."""
        if (name, token) == (self.icon_name, self.icon_token):
            return
        self.icon_name, self.icon_token = name, token
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        width = 0
        if self.text():
            metrics = QFontMetrics(self._font())
            width = metrics.horizontalAdvance(self.text()) + _PADDING.get(self.kind, 24)
            if self.icon_name:
                width += self.icon_size + 7
            if self.closes and self.isChecked():
                width += 18
        elif self.kind in ("mute", "solo", "record"):
            width = 20
        else:
            width = self._height
        return QSize(width, self._height)

    def minimumSizeHint(self) -> QSize:
        hint = self.sizeHint()
        if self.text() and self.kind not in ("mute", "solo", "record", "chip"):
            return QSize(min(hint.width(), 40), hint.height())
        return hint

    def nextCheckState(self) -> None:
        super().nextCheckState()
        self.updateGeometry()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Space belongs to the transport, so Enter presses too.
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._hover = True
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = False
        self.update()
        super().leaveEvent(event)

    def _font(self):
        weight = "semibold" if self.kind in ("primary", "mute", "solo", "record") else "medium"
        if self.kind == "chip":
            weight = "regular"
        small = self.kind in ("mute", "solo", "record") or (self.kind == "toggle" and self._height <= 22)
        return self.theme.font("caption" if small else "control", weight)

    def _colors(self) -> tuple[QColor | None, QColor | None, str]:
        """Fill, line and the token of the text."""
        theme, on, down = self.theme, self.isChecked(), self.isDown()
        if self.kind == "primary":
            if not self.isEnabled():
                return theme.color("accent.dim"), None, "text.faint"
            fill = theme.color("accent")
            if down or self._hover:
                fill = fill.darker(112 if down else 105)
            return fill, None, "text.on_accent"
        if self.kind == "chip":
            if on:
                return theme.color("accent.dim"), None, "text"
            return (theme.color("bg.hover") if self._hover else None), theme.color("line"), "text.muted"
        if self.kind in ("mute", "solo", "record"):
            if on:
                return theme.color(self.kind), None, "bg.window" if theme.mode == "dark" else "bg.raised"
            # On a chosen track the ground is as light as the button: a line tells where it is.
            return theme.color("bg.hover" if self._hover else "bg.raised"), theme.color("line"), "text.muted"
        token = "text" if self.isEnabled() else "text.faint"
        if self.kind == "link":
            return None, None, "text" if self._hover else "text.muted"
        if self.kind in ("ghost", "toggle"):
            if on and self.kind == "toggle":
                return theme.color("bg.pressed"), None, token
            fill = theme.color("bg.pressed") if down else theme.color("bg.hover") if self._hover else None
            # A word alone would not look like something to press; a list of choices does.
            line = theme.color("line") if self.kind == "toggle" and self.text() and not self._align_left else None
            return (fill if self.isEnabled() else None), line, token if self.text() else "text.muted"
        fill = theme.color("bg.pressed" if down else "bg.hover" if self._hover and self.isEnabled() else "bg.raised")
        return fill, theme.color("line"), token

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        fill, line, token = self._colors()
        rect = QRectF(self.rect())
        radius = rect.height() / 2 if self.kind == "chip" else 4 if self.kind in ("mute", "solo", "record") else 5
        rounded(painter, rect, radius, fill, line)
        if self.hasFocus():
            ring = self.theme.color("text" if self.kind == "primary" else "focus")
            focus_ring(painter, rect, radius, ring)
        icon = (self.icon_on if self.isChecked() and self.icon_on else None) or self.icon_name
        color = self.theme.color(token)
        painter.setFont(self._font())
        painter.setPen(color)
        metrics = QFontMetrics(painter.font())
        text_width = metrics.horizontalAdvance(self.text()) if self.text() else 0
        icon_width = self.icon_size if icon else 0
        gap = 7 if icon and self.text() else 0
        cross = 18 if self.closes and self.isChecked() else 0
        total = text_width + icon_width + gap + cross
        pad = 10.0 if self.kind == "chip" else 0.0 if self.kind == "link" else self._pad
        left = (
            pad if (self._align_left and self.text()) or self.kind == "link" else max((rect.width() - total) / 2, 4.0)
        )
        if icon:
            icon_token = self.icon_token or (token if self.text() or self.kind == "primary" else self._icon_token())
            if not self.isEnabled() and self.kind != "primary":
                icon_token = "text.faint" if self.text() else "line.strong"
            where = QRectF(left, (rect.height() - self.icon_size) / 2, self.icon_size, self.icon_size)
            self.theme.paint_icon(painter, icon, icon_token, where)
            left += icon_width + gap
        if self.text():
            room = rect.width() - left - (cross or 4)
            elided(painter, QRectF(left, 0, max(room, 0), rect.height()), self.text(), Qt.AlignmentFlag.AlignLeft)
        if cross:
            where = QRectF(rect.right() - 20, (rect.height() - 12) / 2, 12, 12)
            self.theme.paint_icon(painter, "x", "text", where)
        painter.end()

    def _icon_token(self) -> str:
        if self.isChecked():
            return self.theme.accent_ink if self.kind == "toggle" else "text"
        return "text" if self._hover else "text.muted"
