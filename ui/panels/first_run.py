"""What stands in the middle while there is nothing to arrange: three ways to begin, and what was worked on last."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ui.theme import Theme
from ui.viewmodels import words
from ui.viewmodels.workspace import Workspace
from ui.widgets.label import Text, label
from ui.widgets.paint import rounded
from ui.widgets.surface import Surface

WIDTH = 732


class _Pressable(QWidget):
    """A card or row that is pressed as a whole, by mouse or keys."""

    clicked = Signal()

    def __init__(self, theme: Theme, *, name: str, height: int):
        super().__init__()
        self.theme = theme
        self._hover = False
        self.setFixedHeight(height)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def enterEvent(self, event) -> None:
        self._hover = True
        self.update()

    def leaveEvent(self, event) -> None:
        self._hover = False
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)


class StartCard(_Pressable):
    """One way to begin."""

    def __init__(self, theme: Theme, *, icon: str, title: str, text: str, key: str, first: bool = False):
        super().__init__(theme, name=title, height=148)
        self._icon, self._key, self._first = icon, key, first
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleDescription(text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(17, 44, 17, 46)
        layout.setSpacing(3)
        layout.addWidget(label(title, "title"))
        self.text = label(text, "muted", wrap=True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.text, 1)

    def sizeHint(self) -> QSize:
        return QSize(236, 148)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, rect = self.theme, QRectF(self.rect())
        on = self.hasFocus() or (self._first and not self._other_focus())
        fill = theme.color("bg.hover" if self._hover else "bg.raised")
        rounded(painter, rect, 8, fill, theme.color("accent" if on else "line"))
        token = theme.accent_ink if self._first else "text.muted"
        theme.paint_icon(painter, self._icon, token, QRectF(17, 18, 17, 17))
        painter.setFont(theme.font("caption", "medium"))
        cap_w = painter.fontMetrics().horizontalAdvance(self._key) + 12 if self._key != "Enter" else 23
        cap = QRectF(17, rect.height() - 37, cap_w, 18)
        rounded(painter, cap, 4, None, theme.color("line.strong"))
        if self._key == "Enter":
            theme.paint_icon(painter, "corner-down-left", "text.muted", cap.adjusted(6, 3.5, -6, -3.5))
        else:
            painter.setPen(theme.color("text.muted"))
            painter.drawText(cap, int(Qt.AlignmentFlag.AlignCenter), self._key)
        painter.end()

    def _other_focus(self) -> bool:
        parent = self.parentWidget()
        return parent is not None and any(card.hasFocus() for card in parent.findChildren(StartCard))

    def focusInEvent(self, event) -> None:
        self._update_all()
        super().focusInEvent(event)

    def focusOutEvent(self, event) -> None:
        self._update_all()
        super().focusOutEvent(event)

    def _update_all(self) -> None:
        parent = self.parentWidget()
        for card in parent.findChildren(StartCard) if parent is not None else []:
            card.update()


class _RecentRow(_Pressable):
    def __init__(self, theme: Theme, title: str, when: str, length: str, note: str = ""):
        super().__init__(theme, name=f"Open {title}", height=36)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 14, 0)
        row.setSpacing(12)
        row.addWidget(Text(theme, title, weight="medium", icon="music-4", icon_token="text.muted"), 1)
        if note:
            row.addWidget(Text(theme, note, token="warn", fixed=True))
        row.addWidget(Text(theme, when, token="text.faint", fixed=True))
        row.addWidget(Text(theme, length, token="text.muted", fixed=True))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._hover or self.hasFocus():
            rounded(
                painter,
                QRectF(self.rect()),
                5,
                self.theme.color("bg.raised"),
                self.theme.color("focus") if self.hasFocus() else None,
            )
        painter.end()


class _Nothing(QWidget):
    """The dashed place where projects will be."""

    def __init__(self, theme: Theme, text: str):
        super().__init__()
        self.theme, self._text = theme, text
        self.setFixedHeight(64)
        self.setAccessibleName(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        pen = QPen(self.theme.color("line.strong"), 1)
        pen.setDashPattern([4, 4])
        painter.setPen(pen)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.setPen(self.theme.color("text.faint"))
        painter.setFont(self.theme.font("body"))
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), self._text)
        painter.end()


class FirstRunPanel(Surface):
    """Start with a song."""

    demo_asked = Signal()
    browse_asked = Signal()
    file_asked = Signal()
    project_asked = Signal(object)
    recover_asked = Signal(object)

    def __init__(self, ws: Workspace):
        super().__init__(ws.theme, "bg.window")
        theme = ws.theme
        self.ws = ws
        self.demo = StartCard(
            theme,
            icon="play",
            title="Open the demo song",
            text="A licensed song, with stems and a style to try",
            key="Enter",
            first=True,
        )
        self.browse = StartCard(
            theme,
            icon="library",
            title="Browse the catalogue",
            text="Search by artist, key, tempo or what may be done",
            key="Ctrl F",
        )
        self.file = StartCard(
            theme,
            icon="file-music",
            title="Use a file of mine",
            text="WAV, FLAC, MP3, Ogg, Opus or AIFF; drop it anywhere",
            key="Ctrl I",
        )
        self.demo.clicked.connect(self.demo_asked)
        self.browse.clicked.connect(self.browse_asked)
        self.file.clicked.connect(self.file_asked)
        column = QWidget()
        column.setMaximumWidth(WIDTH)
        self._column = QVBoxLayout(column)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        title = label("Start with a song", "dialogtitle")
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        hint = label("Licensed songs come with their rights. Your own files stay yours.", "muted")
        hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._column.addWidget(title)
        self._column.addSpacing(6)
        self._column.addWidget(hint)
        self._column.addSpacing(24)
        cards = QHBoxLayout()
        cards.setSpacing(12)
        for card in (self.demo, self.browse, self.file):
            cards.addWidget(card, 1)
        self._column.addLayout(cards)
        self._column.addSpacing(24)
        head = QHBoxLayout()
        head.addWidget(label("Recent", "strong"))
        head.addStretch(1)
        head.addWidget(label("nothing is ever only in memory: unsaved work waits here too", "faint"))
        self._column.addLayout(head)
        self._column.addSpacing(8)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(2)
        self._column.addLayout(self._recent)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 0, 24, 0)
        outer.addStretch(1)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(column, 100)
        middle.addStretch(1)
        outer.addLayout(middle)
        outer.addStretch(1)
        self.setFocusProxy(self.demo)
        self.refresh()

    def refresh(self) -> None:
        """List what was worked on last."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        session = self.ws.session
        rows: list[tuple[_RecentRow, Any, bool]] = []
        for recoverable in session.recoverable()[:3]:
            row = _RecentRow(
                self.theme, recoverable.title, words.moment(recoverable.when), _length(recoverable), "not saved"
            )
            rows.append((row, recoverable, True))
        rows.extend(
            (_RecentRow(self.theme, recent.title, words.moment(recent.when), _length(recent)), recent, False)
            for recent in [each for each in session.recent_projects() if each.exists][:5]
        )
        for row, item, lost in rows[:6]:
            signal = self.recover_asked if lost else self.project_asked
            row.clicked.connect(lambda signal=signal, item=item: signal.emit(item))
            self._recent.addWidget(row)
        if not rows:
            self._recent.addWidget(_Nothing(self.theme, "Your projects will be here"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.demo_asked.emit()
        else:
            super().keyPressEvent(event)


def _length(item: Any) -> str:
    seconds = getattr(item, "length_s", None)
    return words.clock(seconds, hundredths=False) if seconds else ""
