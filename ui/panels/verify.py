"""Verify: what a file is made of, who signed, what was changed since."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from ui.panels.inspector.rights_section import clear
from ui.theme import Theme
from ui.viewmodels import words
from ui.viewmodels.rights import segments
from ui.viewmodels.verify import cards, headline, source_cards, subtitle
from ui.viewmodels.workspace import Workspace
from ui.widgets.bars import ShareBar
from ui.widgets.button import Button
from ui.widgets.label import Text, label
from ui.widgets.scroller import scroller
from ui.widgets.sheet import Sheet
from ui.widgets.surface import Card

CARD_CHARACTERS = 90
"""Of the words about a source; the tooltip has the rest."""


class VerifySheet(Sheet):
    """Asks the session and shows facts; a claim is called one."""

    another_asked = Signal()

    def __init__(self, ws: Workspace, host: QWidget, path: Path):
        super().__init__(
            ws.theme,
            host,
            title="Looking at the file …",
            subtitle=path.name,
            size=QSize(860, 700),
            icon=("scan-search", "text.muted"),
        )
        self.ws, self.path = ws, path
        self.verification: Any | None = None
        theme = ws.theme
        content = self._page = QWidget()
        self._content = QVBoxLayout(content)
        self._content.setContentsMargins(24, 16, 24, 16)
        self._content.setSpacing(0)
        self._cards = QGridLayout()
        self._cards.setSpacing(12)
        self._content.addLayout(self._cards)
        self._made = QWidget()
        made = QVBoxLayout(self._made)
        made.setContentsMargins(0, 20, 0, 0)
        made.setSpacing(10)
        made.addWidget(label("What it is made of", "strong"))
        columns = QHBoxLayout()
        columns.setSpacing(20)
        self._sources = QVBoxLayout()
        self._sources.setSpacing(8)
        left = QWidget()
        left.setFixedWidth(200)
        left.setLayout(self._sources)
        self._sources.setContentsMargins(0, 0, 0, 0)
        columns.addWidget(left)
        right = QVBoxLayout()
        right.setSpacing(0)
        self._steps = QVBoxLayout()
        self._steps.setSpacing(0)
        right.addLayout(self._steps)
        right.addStretch(1)
        columns.addLayout(right, 1)
        made.addLayout(columns)
        self._shares = QWidget()
        bars = QGridLayout(self._shares)
        bars.setContentsMargins(24, 12, 24, 14)
        bars.setHorizontalSpacing(12)
        bars.setVerticalSpacing(8)
        bars.setColumnMinimumWidth(0, 72)
        bars.setColumnStretch(1, 1)
        self.recording = ShareBar(theme, name="Who is paid: recording", height=22, labels=True)
        self.song = ShareBar(theme, name="Who is paid: song", height=22, labels=True)
        for row, (title, bar) in enumerate((("Recording", self.recording), ("Song", self.song))):
            bars.addWidget(Text(theme, title, token="text.muted"), row, 0)
            bars.addWidget(bar, row, 1)
        self._content.addWidget(self._made)
        self._content.addStretch(1)
        self._made.hide()
        self._scroll = scroller(content)
        self._scroll.verticalScrollBar().rangeChanged.connect(self._align)
        self._report = QPlainTextEdit()
        self._report.setReadOnly(True)
        self._report.setAccessibleName("Full report")
        self._report.setFrameShape(QFrame.Shape.NoFrame)
        self._report.hide()
        self.body.addWidget(self._scroll, 1)
        self.body.addWidget(self._report, 1)
        self._shares.hide()
        self.body.addWidget(self._shares)
        self.report = Button(theme, "Full report", icon="braces", kind="ghost", height=32)
        self.report.setEnabled(False)
        self.report.clicked.connect(self._toggle_report)
        self.copy = Button(theme, "Copy", icon="copy", kind="ghost", height=32)
        self.copy.hide()
        self.copy.clicked.connect(self._copy)
        self.another = Button(theme, "Another file", icon="file-search", height=32)
        self.done = Button(theme, "Done", kind="primary", height=32)
        self.foot.addWidget(self.report)
        self.foot.addWidget(self.copy)
        self.foot.addStretch(1)
        self.foot.addWidget(self.another)
        self.foot.addWidget(self.done)
        self.another.clicked.connect(self.another_asked)
        self.done.clicked.connect(self.dismiss)
        ws.run(lambda: ws.session.verify(path), self._show, self._fail)

    def _fail(self, error: Any) -> None:
        self.title_label.setText("This file cannot be looked at")
        if self.icon_view is not None:
            self.icon_view.set_icon("circle-x", "block")
        self._cards.addWidget(_fact(self.theme, "triangle-alert", "block", error.message, error.remedy), 0, 0)

    def _show(self, verification: Any) -> None:
        self.verification = verification
        theme = self.theme
        head = headline(verification)
        self.title_label.setText(head.title)
        self.subtitle_text.set_text(subtitle(verification))
        if self.icon_view is not None:
            self.icon_view.set_icon(head.icon, head.token)
        clear(self._cards)
        facts_known = cards(verification)
        for index, card in enumerate(facts_known):
            wide = 2 if index == len(facts_known) - 1 and index % 2 == 0 else 1
            shown = _fact(theme, card.icon, card.token, card.title, card.text)
            self._cards.addWidget(shown, index // 2, index % 2, 1, wide)
        self._cards.setColumnStretch(0, 1)
        self._cards.setColumnStretch(1, 1)
        facts = verification.facts
        sources = source_cards(verification)
        self._made.setVisible(bool(sources or facts.steps))
        clear(self._sources)
        for title, text, token in sources:
            card = Card(theme, edge=token)
            column = QVBoxLayout(card)
            column.setContentsMargins(13, 7, 8, 7)
            column.setSpacing(0)
            column.addWidget(label(title, "strong", wrap=True))
            short = label(textwrap.shorten(text, CARD_CHARACTERS, placeholder=" …"), "caption", wrap=True)
            short.setToolTip(text if len(text) > CARD_CHARACTERS else "")
            column.addWidget(short)
            self._sources.addWidget(card)
        self._sources.addStretch(1)
        clear(self._steps)
        for index, step in enumerate(facts.steps):
            self._steps.addWidget(_Step(theme, step, last=index == len(facts.steps) - 1))
        self.recording.set_segments(segments(facts.master))
        self.song.set_segments(segments(facts.publishing))
        self._shares.setVisible(bool(facts.master))
        self.report.setEnabled(True)
        # After the event loop has polished the new widgets, or their heights are not known.
        QTimer.singleShot(0, self, self._fit)

    def _fit(self) -> None:
        """As tall as its content, within the window."""
        shares = self._shares.sizeHint().height() if not self._shares.isHidden() else 0
        self.fit(self._page, least_px=240, most_px=820, beside_px=shares)

    def _align(self, _low: int, high: int) -> None:
        """Cards end where the bars below them do, whether there is something to scroll or not."""
        bar = self._scroll.verticalScrollBar().sizeHint().width() if high > 0 else 0
        self._content.setContentsMargins(24, 16, 24 - bar, 16)

    def _toggle_report(self) -> None:
        showing = not self._report.isVisible()
        if showing and self.verification is not None:
            text = msgspec.json.format(msgspec.json.encode(self.verification), indent=2).decode()
            self._report.setPlainText(text)
        self._report.setVisible(showing)
        self._scroll.setVisible(not showing)
        self.copy.setVisible(showing)
        self.report.setText("Summary" if showing else "Full report")

    def _copy(self) -> None:
        QApplication.clipboard().setText(self._report.toPlainText())


def _fact(theme: Theme, icon: str, token: str, title: str, text: str) -> Card:
    card = Card(theme)
    card.setAccessibleName(f"{title}. {text}")
    row = QHBoxLayout(card)
    row.setContentsMargins(12, 9, 12, 10)
    row.setSpacing(12)
    row.addWidget(Text(theme, "", icon=icon, icon_token=token, fixed=True), 0, Qt.AlignmentFlag.AlignTop)
    column = QVBoxLayout()
    column.setSpacing(1)
    column.addWidget(label(title, "strong", wrap=True))
    if text:
        column.addWidget(label(text, "muted", wrap=True))
    row.addLayout(column, 1)
    return card


class _Step(QWidget):
    """A step on a line of steps."""

    def __init__(self, theme: Theme, text: str, *, last: bool):
        super().__init__()
        self.theme, self._last = theme, last
        layout = QHBoxLayout(self)
        layout.setContentsMargins(24, 0, 0, 9)
        layout.addWidget(label(words.together(text), wrap=True))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        if not self._last:
            painter.fillRect(QRectF(6.5, 12, 1, self.height()), self.theme.color("line.strong"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.color("text.muted"))
        painter.drawEllipse(QPointF(7, 8), 3.5, 3.5)
        painter.end()
