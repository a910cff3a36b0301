"""Labels that cut long text with an ellipsis, and lines of an icon with text."""

from __future__ import annotations

from typing import Self

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from ui.theme import Theme
from ui.widgets.paint import elided


def label(text: str = "", role: str = "", *, wrap: bool = False) -> QLabel:
    """A QLabel styled by `role` of the style sheet, never interpreting its text as HTML."""
    widget = QLabel(text)
    widget.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        widget.setProperty("role", role)
    widget.setWordWrap(wrap)
    return widget


class Text(QWidget):
    """One line of text, cut where the room ends and whole in the tooltip; with an icon before it where one is given."""

    def __init__(
        self,
        theme: Theme,
        text: str = "",
        *,
        token: str = "text",
        weight: str = "regular",
        px: str | int = "body",
        icon: str | None = None,
        icon_token: str | None = None,
        align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
        fixed: bool = False,
    ):
        super().__init__()
        self.theme = theme
        self._text, self._token, self._weight, self._px = text, token, weight, px
        self._icon, self._icon_token, self._align = icon, icon_token, align
        policy = QSizePolicy.Policy.Fixed if fixed else QSizePolicy.Policy.Preferred
        self.setSizePolicy(policy, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text)
        self._reserve = ""

    def text(self) -> str:
        """The whole text."""
        return self._text

    def reserve(self, sample: str) -> Self:
        """Keep room for `sample`, so that neighbours stand still while a number changes."""
        self._reserve = sample
        return self

    def set_text(self, text: str, token: str | None = None) -> None:
        """Change text and, where given, its token."""
        if text == self._text and (token is None or token == self._token):
            return
        resize = not self._reserve and len(text) != len(self._text)
        self._text = text
        if token is not None:
            self._token = token
        self.setAccessibleName(text)
        if resize:
            self.updateGeometry()
        self.update()

    def set_icon(self, icon: str | None, token: str | None = None) -> None:
        """Change the icon before the text."""
        if (icon, token) == (self._icon, self._icon_token):
            return
        self._icon, self._icon_token = icon, token
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.theme.font(self._px, self._weight))
        width = max(metrics.horizontalAdvance(self._text), metrics.horizontalAdvance(self._reserve)) + 2
        return QSize(width + (24 if self._icon else 0), max(metrics.height() + 2, 18 if self._icon else 0))

    def minimumSizeHint(self) -> QSize:
        hint = self.sizeHint()
        return QSize(min(hint.width(), 24), hint.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rect = QRectF(self.rect())
        if self._icon:
            where = QRectF(0, (rect.height() - 16) / 2, 16, 16)
            self.theme.paint_icon(painter, self._icon, self._icon_token or self._token, where)
            rect = rect.adjusted(24, 0, 0, 0)
        painter.setFont(self.theme.font(self._px, self._weight))
        painter.setPen(self.theme.color(self._token if self.isEnabled() else "text.faint"))
        cut = elided(painter, rect, self._text, self._align)
        painter.end()
        tip = self._text if cut else ""
        if self.toolTip() in ("", self._text) and self.toolTip() != tip:
            self.setToolTip(tip)


def separator(theme: Theme, *, vertical: bool = False, token: str = "line") -> QWidget:
    """A 1 px line."""
    return _Line(theme, vertical=vertical, token=token)


class _Line(QWidget):
    def __init__(self, theme: Theme, *, vertical: bool, token: str):
        super().__init__()
        self.theme, self._token = theme, token
        if vertical:
            self.setFixedWidth(1)
        else:
            self.setFixedHeight(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.theme.color(self._token))
        painter.end()
