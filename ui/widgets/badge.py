"""The licence badge: a word and an icon, never colour alone."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import Theme
from ui.widgets.paint import rounded

BADGES: dict[str, tuple[str, str, str]] = {
    "open": ("Open", "check", "ok"),
    "conditions": ("Conditions", "sliders-horizontal", "warn"),
    "listen": ("Listen", "lock", "block"),
    "blocked": ("Blocked", "ban", "block"),
    "mine": ("Mine", "user", "text.muted"),
}
"""Badge id -> word, icon, token."""


def badge_width(theme: Theme, text: str) -> int:
    """Width in pixels of a badge with this word."""
    return QFontMetrics(theme.font("caption")).horizontalAdvance(text) + 29


def paint_badge(painter: QPainter, theme: Theme, rect: QRectF, badge: str, text: str | None = None) -> None:
    """Draw a badge filling `rect`."""
    word, icon, token = BADGES.get(badge, BADGES["mine"])
    color = theme.color(token)
    rounded(painter, rect, rect.height() / 2, theme.color(token, 0.16))
    theme.paint_icon(painter, icon, token, QRectF(rect.left() + 7, rect.center().y() - 6, 12, 12))
    painter.setFont(theme.font("caption"))
    painter.setPen(color)
    where = rect.adjusted(22, 0, -6, 0)
    painter.drawText(where, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), text or word)


class Badge(QWidget):
    """A badge as a widget; a click asks for the grant in plain words."""

    clicked = Signal()

    def __init__(self, theme: Theme, badge: str = "mine", text: str | None = None):
        super().__init__()
        self.theme = theme
        self._badge, self._text = badge, text
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._describe()

    def set_badge(self, badge: str, text: str | None = None) -> None:
        """Show another badge."""
        if (badge, text) != (self._badge, self._text):
            self._badge, self._text = badge, text
            self._describe()
            self.updateGeometry()
            self.update()

    def _word(self) -> str:
        return self._text or BADGES.get(self._badge, BADGES["mine"])[0]

    def _describe(self) -> None:
        self.setAccessibleName(f"Licence: {self._word()}")

    def sizeHint(self) -> QSize:
        return QSize(badge_width(self.theme, self._word()), 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_badge(painter, self.theme, QRectF(self.rect()), self._badge, self._text)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()
