"""A way round the window in five steps, each told beside the place that it is about."""

from __future__ import annotations

from typing import Any

import shiboken6
from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui.widgets.button import Button
from ui.widgets.label import Text, label
from ui.widgets.paint import rounded

CARD_PX = 320
GAP_PX = 14

STEPS: tuple[tuple[str, str, str], ...] = (
    ("browser", "Find a song", "Songs that you may remix. The badge says how; a drag or Enter adds one, and it plays."),
    ("split", "Take it apart", "Split gives you vocals, drums, bass and other, each on its own track."),
    ("styles", "Give it another style", "A press makes a take. Keys 1 to 9 switch between takes at the beat."),
    ("rights", "See what you may do", "The licence in plain words, and who is paid, live while you mix."),
    (
        "review",
        "Export with its papers",
        "One review, one press: the file carries licence, parts and shares.",
    ),
)
"""Place, title and words of each step."""


class Tour(QWidget):
    """Lies over the window; Enter or a press goes on, Esc ends it."""

    ended = Signal()

    def __init__(self, window: Any):
        super().__init__(window.centralWidget())
        self._window, self.theme = window, window.theme
        self.step = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("A way round the window")
        self._card = QWidget(self)
        column = QVBoxLayout(self._card)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        self._title = Text(self.theme, px="title", weight="semibold")
        self._words = label("", "muted", wrap=True)
        column.addWidget(self._title)
        column.addWidget(self._words)
        row = QHBoxLayout()
        self._count = Text(self.theme, token="text.faint", px="caption")
        row.addWidget(self._count, 1)
        self.skip = Button(self.theme, "End", kind="ghost", height=26)
        self.skip.clicked.connect(self.end)
        self.next = Button(self.theme, "Next", kind="primary", height=26)
        self.next.clicked.connect(self.advance)
        row.addWidget(self.skip)
        row.addWidget(self.next)
        column.addLayout(row)
        window.centralWidget().installEventFilter(self)

    def start(self) -> None:
        """Show the first step."""
        self.show_step(0)
        self.show()
        self.raise_()
        self.next.setFocus()

    def advance(self) -> None:
        """The next step, or the end."""
        if self.step + 1 >= len(STEPS):
            self.end()
        else:
            self.show_step(self.step + 1)

    def end(self) -> None:
        """Go away."""
        self.hide()
        self.ended.emit()
        self.deleteLater()

    def show_step(self, step: int) -> None:
        """Tell one step."""
        self.step = step
        _, title, words = STEPS[step]
        self._title.set_text(title)
        self._words.setText(words)
        self._count.set_text(f"{step + 1} of {len(STEPS)}")
        self.next.setText("Done" if step + 1 == len(STEPS) else "Next")
        self._place()

    def place(self) -> QRectF:
        """Where what the step is about lies."""
        window, name = self._window, STEPS[self.step][0]
        inspector = window.inspector
        target = {
            "browser": window.browser,
            "split": inspector.track.split,
            "styles": inspector.track,
            "rights": inspector,
            "review": inspector.review,
        }[name]
        # Before a song is in the project there is no inspector to point at: the start page has the way in.
        seen = target if target.isVisible() else inspector if inspector.isVisible() else window.first_run
        corner = seen.mapTo(self._window.centralWidget(), QPoint(0, 0))
        return QRectF(corner.x(), corner.y(), seen.width(), seen.height())

    def _place(self) -> None:
        host = self.parentWidget()
        if host is None:
            return
        self.setGeometry(host.rect())
        self._card.setFixedWidth(CARD_PX)
        self._card.adjustSize()
        where = self.place()
        right = where.right() + GAP_PX + CARD_PX < self.width()
        x = where.right() + GAP_PX if right else where.left() - GAP_PX - CARD_PX
        y = min(max(where.center().y() - self._card.height() / 2, 12), self.height() - self._card.height() - 12)
        self._card.move(round(min(max(x, 12), self.width() - CARD_PX - 12)), round(y))
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and shiboken6.isValid(self):
            self._place()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.end()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Right, Qt.Key.Key_Space):
            self.advance()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def focusNextPrevChild(self, next: bool) -> bool:
        # The window behind cannot be worked meanwhile.
        (self.skip if self.next.hasFocus() else self.next).setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, where = self.theme, self.place()
        shade = theme.color("bg.window", 0.72)
        for part in (
            QRectF(0, 0, self.width(), where.top()),
            QRectF(0, where.bottom(), self.width(), self.height() - where.bottom()),
            QRectF(0, where.top(), where.left(), where.height()),
            QRectF(where.right(), where.top(), self.width() - where.right(), where.height()),
        ):
            painter.fillRect(part, shade)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(theme.color(theme.accent_ink), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(where.adjusted(1, 1, -1, -1), 4, 4)
        rounded(painter, QRectF(self._card.geometry()), 8, theme.color("bg.panel"), theme.color("line.strong"))
        painter.end()
