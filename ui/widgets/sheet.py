"""Dialogues that lie over the window, and short messages at its foot."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ui.theme import Theme
from ui.widgets.button import Button
from ui.widgets.label import Text, label
from ui.widgets.paint import rounded
from ui.widgets.surface import Surface

FRAME_PX = 134
"""Head and foot of a sheet."""


class Sheet(QWidget):
    """A card over a dimmed window. Esc and a press beside it close it; the keyboard stays inside.

    `body` is the layout to fill; `foot` a row at the bottom.
    """

    closed = Signal()

    def __init__(
        self,
        theme: Theme,
        host: QWidget,
        *,
        title: str,
        subtitle: str = "",
        size: QSize,
        icon: tuple[str, str] | None = None,
        head: bool = True,
        foot: bool = True,
        between_px: tuple[int, int] | None = None,
    ):
        """`between_px` fills the host but for so much at its top and foot, instead of a card of `size` over it."""
        super().__init__(host)
        self.theme = theme
        self._size = size
        self._between = between_px
        self._focus_before = QApplication.focusWidget()
        self.setAccessibleName(title)
        self.card = QWidget(self)
        outer = QVBoxLayout(self.card)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.setSpacing(0)
        self.title_label = label(title, "dialogtitle")
        self.subtitle_text = Text(theme, subtitle, token="text.muted")
        self.icon_view = _RoundIcon(theme, icon) if icon else None
        if head:
            row = QWidget()
            row_layout = QHBoxLayout(row)
            row_layout.setContentsMargins(24, 14, 16, 14)
            row_layout.setSpacing(14)
            if self.icon_view is not None:
                row_layout.addWidget(self.icon_view)
            words = QVBoxLayout()
            words.setSpacing(2)
            words.addWidget(self.title_label)
            words.addWidget(self.subtitle_text)
            row_layout.addLayout(words, 1)
            self.close_button = Button(theme, icon="x", kind="ghost", height=28, name="Close", tip="Close (Esc)")
            self.close_button.clicked.connect(self.dismiss)
            row_layout.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignVCenter)
            row.setFixedHeight(72)
            outer.addWidget(row)
            outer.addWidget(_rule(theme))
        self.body = QVBoxLayout()
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)
        outer.addLayout(self.body, 1)
        self.foot = QHBoxLayout()
        self.foot.setContentsMargins(24, 12, 24, 12)
        self.foot.setSpacing(8)
        if foot:
            outer.addWidget(_rule(theme))
            outer.addLayout(self.foot)
        host.installEventFilter(self)

    def open(self) -> None:
        """Show over the host and take the keyboard."""
        self._place()
        self.show()
        self.raise_()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocus()

    def may_close(self) -> bool:
        """Whether nothing is lost when it closes now; one that has something to lose asks and says no."""
        return True

    def dismiss(self) -> None:
        """Close, give the keyboard back and be deleted."""
        if self.isHidden() and not self.parent():
            return
        self.hide()
        before = self._focus_before
        if before is not None and shiboken6.isValid(before) and before.isVisible():
            before.setFocus()
        self.closed.emit()
        self.deleteLater()

    def set_height(self, height: int) -> None:
        """Another height of the card."""
        self._size = QSize(self._size.width(), height)
        self._place()

    def fit(self, content: QWidget, *, least_px: int, most_px: int, beside_px: int = 0) -> None:
        """As tall as `content` and `beside_px` more of the body want to be, within bounds."""
        layout = content.layout()
        if layout is None:
            return
        layout.activate()
        width = self._size.width() - 2
        wanted = layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.totalSizeHint().height()
        self.set_height(min(max(wanted + beside_px + FRAME_PX, least_px), most_px))

    def _place(self) -> None:
        host = self.parentWidget()
        if host is None:
            return
        if self._between is not None:
            top, bottom = self._between
            self.setGeometry(0, top, host.width(), max(host.height() - top - bottom, 0))
            self.card.setGeometry(self.rect())
            return
        self.setGeometry(host.rect())
        width = min(self._size.width(), host.width() - 32)
        height = min(self._size.height(), host.height() - 32)
        self.card.setGeometry((host.width() - width) // 2, max((host.height() - height) // 2 - 6, 8), width, height)
        # Its shadow lies outside of what Qt knows to have changed.
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self.parentWidget() and self.isVisible():
            self._place()
        return False

    def focusNextPrevChild(self, next: bool) -> bool:
        # Keeps Tab inside the sheet: the window behind it cannot be worked.
        widgets = [w for w in self.card.findChildren(QWidget) if w.isVisible() and w.isEnabled()]
        chain = [w for w in widgets if w.focusPolicy() & Qt.FocusPolicy.TabFocus]
        if not chain:
            return True
        focus = QApplication.focusWidget()
        index = chain.index(focus) if focus in chain else (-1 if next else 0)
        chain[(index + (1 if next else -1)) % len(chain)].setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.card.geometry().contains(event.position().toPoint()):
            self.dismiss()
        event.accept()

    def wheelEvent(self, event) -> None:
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._between is not None:
            painter.fillRect(self.rect(), self.theme.color("bg.panel"))
            painter.end()
            return
        painter.fillRect(self.rect(), QColor(0, 0, 0, 150 if self.theme.mode == "dark" else 90))
        rect = QRectF(self.card.geometry())
        # Many faint steps, or they would be seen as such.
        for spread in range(24, 0, -1):
            shade = QColor(0, 0, 0, 1 + (24 - spread) // 8)
            rounded(painter, rect.adjusted(-spread, -spread + 6, spread, spread + 6), 8 + spread, shade)
        rounded(painter, rect, 8, self.theme.color("bg.panel"), self.theme.color("line.strong"))
        painter.end()


class _RoundIcon(QWidget):
    def __init__(self, theme: Theme, icon: tuple[str, str]):
        super().__init__()
        self.theme, self._icon = theme, icon
        self.setFixedSize(40, 40)

    def set_icon(self, icon: str, token: str) -> None:
        self._icon = (icon, token)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        name, token = self._icon
        rounded(painter, QRectF(self.rect()), 20, self.theme.mix(token, "bg.panel", 0.22))
        ink = self.theme.accent_ink if token == "accent" else token
        self.theme.paint_icon(painter, name, ink, QRectF(11, 11, 18, 18))
        painter.end()


def _rule(theme: Theme) -> Surface:
    line = Surface(theme, "line")
    line.setFixedHeight(1)
    return line


class Toast(QWidget):
    """What happened and what to do about it, at the foot of the window, until it is closed or its time is over."""

    STAY_MS = 9000

    def __init__(self, theme: Theme, host: QWidget, *, text: str, remedy: str = "", level: str = "info"):
        super().__init__(host)
        self.theme = theme
        self.level = level
        self.text, self.remedy = text, remedy
        self.setAccessibleName(f"{text} {remedy}".strip())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(44, 10, 8, 10)
        layout.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(2)
        head = label(text, "strong", wrap=True)
        words.addWidget(head)
        if remedy:
            words.addWidget(label(remedy, "muted", wrap=True))
        layout.addLayout(words, 1)
        close = Button(theme, icon="x", kind="ghost", height=24, name="Dismiss")
        close.clicked.connect(self.dismiss)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Minimum)
        self.setFixedWidth(420)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.dismiss)
        if level != "error":
            self._timer.start(self.STAY_MS)

    def dismiss(self) -> None:
        """Go away."""
        self.hide()
        self.deleteLater()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        icon, token = {
            "error": ("circle-alert", "block"),
            "warning": ("triangle-alert", "warn"),
            "ok": ("circle-check", "ok"),
        }.get(self.level, ("info", "text.muted"))
        rounded(painter, QRectF(self.rect()), 8, self.theme.color("bg.raised"), self.theme.color("line.strong"))
        self.theme.paint_icon(painter, icon, token, QRectF(16, 13, 16, 16))
        painter.end()
