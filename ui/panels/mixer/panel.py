"""All strips side by side."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from studio.project import edits
from studio.project.model import Project
from ui.panels.mixer.master import MasterStrip
from ui.panels.mixer.menus import StripMenus
from ui.panels.mixer.rack import SHOWN_INSERTS, SHOWN_SENDS, Rack
from ui.panels.mixer.strip import MixerStrip
from ui.viewmodels.lanes import lanes_of
from ui.viewmodels.routing import bus_name
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button

SECTIONS = (("inserts", "Inserts"), ("sends", "Sends"), ("loudness", "Loudness"))


class Mixer(QWidget):
    """A strip for each track and bus, and the master."""

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws = ws
        self.strips: dict[str, MixerStrip] = {}
        self._order: list[str] = []
        self.shown = {"inserts": True, "sends": True, "loudness": True}
        self.menus = StripMenus(ws, self)
        inside = QWidget()
        self._row = QHBoxLayout(inside)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self.add_bus = Button(
            ws.theme, icon="plus", kind="ghost", height=28, name="Add a bus", tip="Add a bus (Ctrl+Shift+B)"
        )
        self.add_bus.clicked.connect(
            lambda: ws.commit("Add bus", lambda project: edits.add_bus(project, bus_name(project)))
        )
        more = QVBoxLayout()
        more.setContentsMargins(6, 8, 6, 8)
        more.addWidget(self.add_bus)
        more.addStretch(1)
        self._row.addLayout(more)
        self._row.addStretch(1)
        scroll = self._scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        self.master = MasterStrip(ws, self.menus)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.master)
        ws.bridge.project_changed.connect(self.refresh)
        ws.bridge.forming_changed.connect(self.refresh)
        ws.plugins.changed.connect(self.refresh)
        ws.recorder.changed.connect(self.refresh)
        ws.selection_changed.connect(self._repaint)
        ws.tick.connect(self._on_tick)
        self.refresh()

    def show_section(self, name: str, on: bool) -> None:
        """Show or hide the inserts, the sends or the loudness."""
        self.shown[name] = on
        self.master.show_loudness(self.shown["loudness"])
        self._fit()

    def refresh(self) -> None:
        """Bring strips up to date, in the order of the lanes."""
        project: Project = self.ws.shown
        lanes = lanes_of(project, height=1)
        order = [lane.track.id for lane in lanes]
        for track_id in [t for t in self.strips if t not in order]:
            strip = self.strips.pop(track_id)
            strip.hide()
            strip.deleteLater()
        for index, lane in enumerate(lanes):
            strip = self.strips.get(lane.track.id)
            if strip is None:
                strip = MixerStrip(self.ws, lane, self.menus)
                self.strips[lane.track.id] = strip
                self._row.insertWidget(index, strip)
            else:
                strip.show_lane(lane)
                if order != self._order:
                    self._row.removeWidget(strip)
                    self._row.insertWidget(index, strip)
        if order != self._order:
            # Once the new strips have their places.
            QTimer.singleShot(0, self, self._reveal)
        self._order = order
        self._fit()
        self.master.refresh()

    def _fit(self) -> None:
        strips = [strip.track.strip for strip in self.strips.values()]
        used = max((Rack.count(strip) for strip in strips), default=0)
        rows = min(used + 1, SHOWN_INSERTS)
        sends = min(max((len(strip.sends) for strip in strips), default=0), SHOWN_SENDS)
        for strip in self.strips.values():
            strip.set_racks(self.shown["inserts"], rows, self.shown["sends"], sends)

    def _repaint(self) -> None:
        for strip in self.strips.values():
            strip.update()
        self.master.update()
        self._reveal()

    def _reveal(self) -> None:
        """Scroll to the strip of the track in focus, unless the mouse is at work."""
        strip = self.strips.get(self.ws.selected_track or "")
        if strip is None or QApplication.mouseButtons() != Qt.MouseButton.NoButton:
            return
        bar, room = self._scroll.horizontalScrollBar(), self._scroll.viewport().width()
        if strip.x() < bar.value():
            bar.setValue(strip.x())
        elif strip.x() + strip.width() > bar.value() + room:
            bar.setValue(strip.x() + strip.width() - room)

    def _on_tick(self, elapsed_s: float, _status: Any, meters: Any) -> None:
        if not self.isVisible():
            return
        for strip in self.strips.values():
            strip.feed(meters, elapsed_s)
        self.master.feed(meters, elapsed_s)
