"""Sounds that a project names and that are not there: find their files, one by one or in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from studio.project.model import Source
from ui.panels.files import AUDIO_FILTER
from ui.viewmodels import words
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.label import Text
from ui.widgets.scroller import scroller
from ui.widgets.sheet import Sheet


class MissingSheet(Sheet):
    """A row for each sound; what was found is ticked."""

    def __init__(self, ws: Workspace, host: QWidget, sources: tuple[Source, ...]):
        super().__init__(
            ws.theme,
            host,
            title=f"{words.plural(len(sources), 'sound is', 'sounds are')} not there",
            subtitle="The project is open; clips that play them are silent until they are found.",
            size=QSize(620, 440),
            icon=("file-search", "warn"),
        )
        self.ws = ws
        self.rows: dict[str, _Row] = {}
        content = self._content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(24, 12, 24, 12)
        column.setSpacing(4)
        for source in sources:
            row = _Row(ws, source)
            row.choose.clicked.connect(lambda _on=False, source=source: self._ask_file(source))
            self.rows[source.id] = row
            column.addWidget(row)
        column.addStretch(1)
        scroll = scroller(content)
        self.body.addWidget(scroll, 1)
        self.look = Button(ws.theme, "Look in a folder …", icon="folder-open", height=32)
        self.look.setEnabled(any(row.own for row in self.rows.values()))
        self.done = Button(ws.theme, "Go on", kind="primary", height=32)
        self.foot.addWidget(self.look)
        self.foot.addStretch(1)
        self.foot.addWidget(self.done)
        self.look.clicked.connect(self._ask_folder)
        self.done.clicked.connect(self.dismiss)

    def open(self) -> None:
        self.fit(self._content, least_px=260, most_px=440)
        super().open()
        (self.look if self.look.isEnabled() else self.done).setFocus()

    def _ask_file(self, source: Source) -> None:
        path, _ = QFileDialog.getOpenFileName(self, f"Where is “{source.title}”?", "", AUDIO_FILTER)
        if path:
            self.take(source.id, Path(path))

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Look for the missing sounds in")
        if folder:
            self.look_in(Path(folder))

    def look_in(self, folder: Path) -> None:
        """Take every file of the folder that is called like a missing sound."""
        self.ws.run(lambda: self.ws.session.look_for_sounds(folder), self._take_all)

    def _take_all(self, found: dict[str, Path]) -> None:
        for source_id, path in found.items():
            if not self.rows[source_id].found:
                self.take(source_id, path)
        if not found:
            self.ws.say("No file there is called like a missing sound.", "Choose another folder.", "warning")

    def take(self, source_id: str, path: Path) -> None:
        """Take a file for a sound."""
        row = self.rows[source_id]
        row.show_state("reading …", "text.muted")
        self.ws.run(
            lambda: self.ws.session.relink(source_id, path),
            lambda made: row.show_found("found" if made.same else "replaced"),
            lambda problem: self._failed(row, problem),
        )

    def _failed(self, row: _Row, problem: Any) -> None:
        row.show_state("not this one", "block")
        self.ws.fail(problem)


class _Row(QWidget):
    def __init__(self, ws: Workspace, source: Source):
        super().__init__()
        self.own = source.origin == "own" and not source.parents
        self.found = False
        self.setFixedHeight(36)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(Text(ws.theme, source.title, icon="file-music"), 1)
        row.addWidget(Text(ws.theme, words.clock(source.duration_s, hundredths=False), token="text.faint", fixed=True))
        self._state = Text(ws.theme, "", token="text.muted", fixed=True)
        row.addWidget(self._state)
        self.choose = Button(ws.theme, "Choose …", height=26, name=f"Choose the file of {source.title}")
        self.choose.setVisible(self.own)
        row.addWidget(self.choose)
        if not self.own:
            made = source.origin == "generated" or bool(source.parents)
            self._state.set_text("split or restyle again" if made else "add it again from the catalogue")

    def show_state(self, text: str, token: str) -> None:
        self._state.set_text(text, token)

    def show_found(self, text: str) -> None:
        self.found = True
        self._state.set_icon("check", "ok")
        self._state.set_text(text, "ok")
        self.choose.setVisible(False)
