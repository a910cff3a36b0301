"""After a crash: what was not saved, how it differs from the last save, and what to do with it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.viewmodels import words
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.label import Text, label
from ui.widgets.scroller import scroller
from ui.widgets.sheet import Sheet


class RecoverySheet(Sheet):
    """One project that a crash left behind; `recover_asked` carries it."""

    recover_asked = Signal(object)
    discarded = Signal()

    def __init__(self, ws: Workspace, host: QWidget, item: Any):
        when = words.moment(item.when) or "an unknown time"
        super().__init__(
            ws.theme,
            host,
            title=f"“{item.title[:60]}” was not saved",
            subtitle=f"{words.plural(item.edits, 'edit')}, the last one on {when}",
            size=QSize(520, 460),
            icon=("history", "warn"),
        )
        self.ws, self._item = ws, item
        content = self._content = QWidget()
        rows = QVBoxLayout(content)
        rows.setContentsMargins(24, 16, 24, 16)
        rows.setSpacing(6)
        self.changes = ws.attempt(lambda: ws.session.recovered_changes(item)) or ()
        before = "a new project" if item.never_saved else "the last save"
        if self.changes:
            rows.addWidget(Text(ws.theme, f"Compared with {before}", weight="semibold"))
            for line in self.changes:
                rows.addWidget(label(line, wrap=True))
            rows.addSpacing(10)
        rows.addWidget(Text(ws.theme, "The last edits", weight="semibold"))
        for each in reversed(item.labels[-12:]):
            rows.addWidget(Text(ws.theme, each, token="text.muted"))
        if not item.labels:
            rows.addWidget(label("Their names could not be read, but their result can be opened.", "muted", wrap=True))
        rows.addStretch(1)
        scroll = scroller(content)
        self.body.addWidget(scroll, 1)
        self.discard = Button(ws.theme, "Throw away", height=32)
        self.discard.setVisible(item.never_saved)
        self.later = Button(ws.theme, "Not now", height=32)
        self.recover = Button(ws.theme, "Open with all edits", kind="primary", height=32)
        self.foot.addWidget(self.discard)
        self.foot.addStretch(1)
        self.foot.addWidget(self.later)
        self.foot.addWidget(self.recover)
        self.later.clicked.connect(self.dismiss)
        self.recover.clicked.connect(self._recover)
        self.discard.clicked.connect(self._discard)

    def open(self) -> None:
        self.fit(self._content, least_px=260, most_px=460)
        super().open()
        self.recover.setFocus()

    def _recover(self) -> None:
        self.dismiss()
        self.recover_asked.emit(self._item)

    def _discard(self) -> None:
        if self.discard.text() == "Throw away":
            # Twice, because it cannot be undone.
            self.discard.setText("Really throw away")
            self.discard.updateGeometry()
            return
        self.ws.attempt(lambda: self.ws.session.discard_recoverable(self._item))
        self.dismiss()
        self.discarded.emit()
