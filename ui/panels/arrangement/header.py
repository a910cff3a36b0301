"""The head of a track: name, badge, mute, solo, volume, pan, meter."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from studio.project import edits
from studio.project.model import Project
from ui.panels.input_menu import fill_inputs
from ui.viewmodels import words
from ui.viewmodels.lanes import Lane, track_token
from ui.viewmodels.strips import StripGesture, badge_of
from ui.viewmodels.workspace import Workspace
from ui.widgets.badge import Badge
from ui.widgets.button import Button
from ui.widgets.label import Text
from ui.widgets.menu import menu_on
from ui.widgets.meter import Meter
from ui.widgets.slider import Knob, Slider

INDENT = 14
DRAG_PX = 5
MORE = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
TWO_ROWS_PX = 52
"""Lower tracks show the name only."""


class TrackHeader(QWidget):
    """One track's head. `show_lane` brings it up to date."""

    collapse_asked = Signal(str)
    menu_asked = Signal(QPointF)
    chosen = Signal(str, object)
    """Id and modifiers of a press on the head."""
    drag_moved = Signal(str, QPoint)
    """Id, and where on the screen the pointer is, while the head is dragged."""
    drag_ended = Signal()

    def __init__(self, ws: Workspace, lane: Lane, parent: QWidget):
        super().__init__(parent)
        self.ws, self.theme = ws, ws.theme
        self._press: QPointF | None = None
        self._dragged = False
        self._lane = lane
        self.track_id = lane.track.id
        self._editor: QLineEdit | None = None
        self._ready = False
        theme = ws.theme
        self._chevron = Button(theme, icon="chevron-down", kind="ghost", height=16, icon_size=12, name="Fold stems")
        self._chevron.clicked.connect(lambda: self.collapse_asked.emit(self.track_id))
        self._chevron.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._name = Text(theme, weight="medium")
        self._badge = Badge(theme)
        self._badge.clicked.connect(self._explain)
        self.automation = Button(
            theme,
            icon="spline",
            kind="toggle",
            height=18,
            icon_size=12,
            name="Automation lanes",
            tip="Automation lanes",
        )
        self.automation.clicked.connect(lambda: ws.toggle_automation(self.track_id))
        self.mute = Button(theme, "M", kind="mute", height=20, name="Mute")
        self.solo = Button(theme, "S", kind="solo", height=20, name="Solo")
        self.arm = Button(theme, "R", kind="record", height=20, name="Arm")
        self.arm.clicked.connect(self._on_arm)
        self.arm.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.arm.customContextMenuRequested.connect(self._input_menu)
        ws.recorder.changed.connect(self._show_arm)
        for button in (self.mute, self.solo, self.arm):
            button.setFixedWidth(22)
        self.volume = Slider(
            theme, name="Volume", minimum=-96, maximum=12, default=0, step=0.1, show=words.decibels, decibels=True
        )
        self.pan = Knob(theme, name="Pan", show=words.pan, size=20)
        self.meter = Meter(theme, name="Level", bar=3, gap=1, hold=False)
        self._volume_gesture = StripGesture(ws, self.track_id, "gain_db", "Volume")
        self._pan_gesture = StripGesture(ws, self.track_id, "pan", "Pan")
        self._volume_gesture.bind(self.volume)
        self._pan_gesture.bind(self.pan)
        self.mute.clicked.connect(self._on_mute)
        self.solo.clicked.connect(self._on_solo)

        top = QHBoxLayout()
        top.setSpacing(5)
        top.addWidget(self._chevron)
        top.addWidget(self._name, 1)
        top.addWidget(self.automation)
        top.addWidget(self._badge)
        bottom = QHBoxLayout()
        bottom.setSpacing(5)
        bottom.addWidget(self.mute)
        bottom.addWidget(self.solo)
        bottom.addWidget(self.arm)
        bottom.addSpacing(4)
        bottom.addWidget(self.volume, 1)
        bottom.addSpacing(8)
        bottom.addWidget(self.pan)
        rows = QVBoxLayout()
        rows.setContentsMargins(0, 6, 0, 8)
        rows.setSpacing(4)
        rows.addLayout(top)
        rows.addLayout(bottom)
        layout = QHBoxLayout(self)
        self._layout = layout
        layout.setSpacing(8)
        layout.addLayout(rows, 1)
        layout.addWidget(self.meter)
        layout.setAlignment(self.meter, Qt.AlignmentFlag.AlignRight)
        self.show_lane(lane, ws.project)

    def show_lane(self, lane: Lane, project: Project) -> None:
        """Show the track as it is now; one that has not changed is left as it is (`refresh_badge` looks again)."""
        if lane.track is self._lane.track and lane == self._lane and self._ready:
            return
        self._lane, self._ready = lane, True
        track = lane.track
        self._layout.setContentsMargins(12 + INDENT * lane.depth, 0, 5, 1)
        tall = lane.height >= TWO_ROWS_PX
        for widget in (self.mute, self.solo, self.volume, self.pan):
            widget.setVisible(tall)
        self.arm.setVisible(tall and track.kind == "audio" and track.role == "own")
        self.arm.setAccessibleName(f"Arm {track.name}")
        self._show_arm()
        self.automation.setVisible(bool(track.automation) or bool(lane.automation))
        self.automation.setChecked(bool(lane.automation))
        self._name.set_text(track.name, "text" if lane.audible else "text.muted")
        self._name.set_icon("folder" if lane.is_folder else None, track_token(track))
        self.setAccessibleName(f"Folder {track.name}" if lane.is_folder else f"Track {track.name}")
        self._chevron.setVisible(lane.has_children)
        self._chevron.setAccessibleName(f"{'Unfold' if lane.collapsed else 'Fold'} {track.name}")
        self._chevron.set_icon("chevron-right" if lane.collapsed else "chevron-down")
        self.refresh_badge(project)
        self.mute.setChecked(track.strip.mute)
        self.solo.setChecked(track.strip.solo)
        self.mute.setAccessibleName(f"Mute {track.name}")
        self.solo.setAccessibleName(f"Solo {track.name}")
        self.volume.setAccessibleName(f"Volume of {track.name}")
        self.pan.setAccessibleName(f"Pan of {track.name}")
        self.volume.set_value(track.strip.gain_db)
        self.pan.set_value(track.strip.pan)
        self.update()

    def refresh_badge(self, project: Project) -> None:
        """Show what the licence allows, as the library knows it now."""
        badge = badge_of(self.ws.session, project, self._lane.track) if self._lane.track.parent is None else None
        self._badge.setVisible(badge is not None)
        if badge is not None:
            self._badge.set_badge(badge)

    def _show_arm(self) -> None:
        self.arm.setChecked(self.track_id in self.ws.recorder.armed)

    def _on_arm(self, _on: bool) -> None:
        also = bool(QApplication.keyboardModifiers() & MORE)
        self.ws.recorder.toggle_arm(self.track_id, also=also)
        self._show_arm()

    def _input_menu(self, at: QPoint) -> None:
        menu = menu_on(self)
        fill_inputs(menu, self.ws, self.track_id)
        menu.popup(self.arm.mapToGlobal(at))

    def _on_mute(self, on: bool) -> None:
        self.ws.set_strip("Mute" if on else "Unmute", self.track_id, mute=on)

    def _on_solo(self, on: bool) -> None:
        self.ws.set_strip("Solo" if on else "Unsolo", self.track_id, solo=on)

    def _explain(self) -> None:
        self.ws.select(track=self.track_id)
        self.ws.inspector_asked.emit("track")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._dragged = False
        self._press = event.position() if event.button() == Qt.MouseButton.LeftButton else None
        # A press on one of several begins a drag of all; that it was a choice of one is clear when the button goes up.
        if event.modifiers() & MORE or self.track_id not in self.ws.selected_tracks:
            self.chosen.emit(self.track_id, event.modifiers())
        self.ws.inspector_asked.emit("track")

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None:
            return
        if self._dragged or (event.position() - self._press).manhattanLength() >= DRAG_PX:
            self._dragged = True
            self.drag_moved.emit(self.track_id, event.globalPosition().toPoint())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._press = self._press, None
        if self._dragged:
            self._dragged = False
            self.drag_ended.emit()
        elif pressed is not None and not event.modifiers() & MORE:
            self.chosen.emit(self.track_id, event.modifiers())

    def give_up_drag(self) -> None:
        """Esc: moves of the pointer do nothing until the next press."""
        self._press, self._dragged = None, False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._name.geometry().contains(event.position().toPoint()):
            self.rename()

    def rename(self) -> None:
        """Type a new name over the old one."""
        editor = QLineEdit(self._lane.track.name, self)
        editor.setAccessibleName("Track name")
        editor.setGeometry(self._name.geometry().adjusted(-4, -4, 4, 4))
        editor.editingFinished.connect(self._take_name)
        self._editor = editor
        editor.show()
        editor.setFocus()
        editor.selectAll()

    def _take_name(self) -> None:
        editor, self._editor = self._editor, None
        if editor is None:
            return
        name = editor.text().strip()
        editor.deleteLater()
        if name and name != self._lane.track.name:
            self.ws.commit("Rename track", lambda p: edits.rename_track(p, self.track_id, name))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        chosen = self.ws.selected_tracks
        self.ws.select(track=self.track_id, tracks=chosen if self.track_id in chosen else ())
        self.menu_asked.emit(QPointF(event.globalPos()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self.theme
        selected = self.track_id in self.ws.selected_tracks and not self.ws.master_chosen
        painter.fillRect(self.rect(), theme.color("bg.chosen" if selected else "bg.panel"))
        x = INDENT * self._lane.depth
        painter.fillRect(
            QRectF(x, 1, 4, self.height() - 2),
            theme.color(track_token(self._lane.track), 1.0 if self._lane.audible else 0.6),
        )
        if self._lane.depth:
            painter.fillRect(QRectF(0, 0, x, self.height()), theme.color("bg.panel"))
        painter.fillRect(QRectF(x, self.height() - 1, self.width() - x, 1), theme.color("line.soft"))
        painter.fillRect(QRectF(self.width() - 1, 0, 1, self.height()), theme.color("line"))
        painter.end()


class MasterHeader(QWidget):
    """The head of the master's automation lanes: its name and level; a press chooses the master."""

    collapse_asked = Signal(str)
    menu_asked = Signal(QPointF)

    def __init__(self, ws: Workspace, lane: Lane, parent: QWidget):
        super().__init__(parent)
        self.ws, self.theme = ws, ws.theme
        self.track_id = lane.track.id
        self.meter = Meter(ws.theme, name="Level of the master", bar=3, gap=1, hold=False)
        self.setAccessibleName("Master")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 5, 1)
        layout.addWidget(Text(ws.theme, lane.track.name, weight="medium"), 1)
        layout.addWidget(self.meter)

    def show_lane(self, lane: Lane, project: Project) -> None:
        """The master is always as it is."""

    def refresh_badge(self, project: Project) -> None:
        """A bus has no licence of its own."""

    def rename(self) -> None:
        """Its name stays."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.ws.choose_master()
        self.ws.inspector_asked.emit("effects")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self.theme
        painter.fillRect(self.rect(), theme.color("bg.chosen" if self.ws.master_chosen else "bg.panel"))
        painter.fillRect(QRectF(0, 1, 4, self.height() - 2), theme.color("stem.mix"))
        painter.fillRect(QRectF(0, self.height() - 1, self.width(), 1), theme.color("line.soft"))
        painter.fillRect(QRectF(self.width() - 1, 0, 1, self.height()), theme.color("line"))
        painter.end()
