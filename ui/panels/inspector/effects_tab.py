"""The strip in focus in detail: equaliser, compressor, effects, sends."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.project import edits
from ui.panels.inspector.dynamics import Dynamics
from ui.panels.inspector.effects_list import EffectsList
from ui.panels.inspector.equaliser import Equaliser
from ui.panels.inspector.routing import Routing
from ui.viewmodels.lanes import track_token
from ui.viewmodels.workspace import Workspace
from ui.widgets.label import Text, label, separator
from ui.widgets.surface import Surface


class EffectsTab(QWidget):
    """Follows the selection; a press on the master's strip brings the master here."""

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws = ws
        theme = ws.theme
        self._dot = Surface(theme, "stem.mix")
        self._dot.setFixedSize(9, 9)
        self._name = Text(theme, weight="semibold")
        self.equaliser = Equaliser(ws)
        self.dynamics = Dynamics(ws)
        self.effects = EffectsList(ws)
        self.routing = Routing(ws)
        self._empty = label("Add a song, and its equaliser and effects are here.", "muted", wrap=True)
        self._empty.setContentsMargins(12, 16, 12, 16)
        head = QHBoxLayout()
        head.setContentsMargins(12, 10, 12, 0)
        head.setSpacing(8)
        head.addWidget(self._dot)
        head.addWidget(self._name, 1)
        self._body = QWidget()
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addLayout(head)
        for section in (self.equaliser, self.dynamics, self.effects, self.routing):
            body.addWidget(section)
            if section is not self.routing:
                body.addWidget(separator(theme))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._empty)
        layout.addWidget(self._body)
        layout.addStretch(1)
        ws.bridge.project_changed.connect(self.refresh)
        ws.selection_changed.connect(self.refresh)
        ws.effect_asked.connect(self._on_asked)
        self.refresh()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Show the strip in focus; while the tab is hidden, nothing is drawn."""
        if not self.isVisible() and self._name.text():
            return
        ws = self.ws
        strip_id = ws.strip_id
        known = strip_id == edits.MASTER or any(track.id == strip_id for track in ws.project.tracks)
        self._body.setVisible(known)
        self._empty.setVisible(not known)
        if strip_id is None or not known:
            return
        strip = edits.strip_of(ws.project, strip_id)
        track = None if strip_id == edits.MASTER else edits.find_track(ws.project, strip_id)
        self._name.set_text("Master" if track is None else track.name)
        self._dot.set_token("stem.mix" if track is None else track_token(track))
        self.equaliser.show_strip(strip_id, strip)
        self.dynamics.show_strip(strip_id, strip)
        self.effects.show_strip(strip_id, strip)
        self.routing.show_track(track, strip)

    def _on_asked(self, what: str) -> None:
        if what not in ("", "equaliser", "compressor"):
            self.effects.open(what)
