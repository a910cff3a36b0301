"""The head of an automation lane: which parameter it shows, its value at the play-head, on or off, and close."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from studio.project import edits
from ui.viewmodels import automation as lanes
from ui.viewmodels.lanes import Lane, track_token
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.label import Text


class AutomationHeader(QWidget):
    """Left of an automation lane. `show_lane` brings it up to date, `show_value` its value."""

    def __init__(self, ws: Workspace, lane: Lane, target: str, parent: QWidget):
        super().__init__(parent)
        self.ws, self.theme = ws, ws.theme
        self._lane, self._target = lane, target
        theme = ws.theme
        self.choose = Button(theme, "", icon="chevron-down", kind="ghost", height=20, icon_size=12, name="Parameter")
        self.choose.setText(" ")
        self.choose.align_left()
        self.choose.clicked.connect(self._choose)
        self._value = Text(theme, token="text.muted", px="caption", align=Qt.AlignmentFlag.AlignRight, fixed=True)
        self._value.reserve("−12.0 dB")
        self.power = Button(theme, icon="power", kind="toggle", height=20, icon_size=12, name="Automation on")
        self.power.clicked.connect(self._on_power)
        self.close_lane = Button(theme, icon="x", kind="ghost", height=20, icon_size=12, name="Close the lane")
        self.close_lane.clicked.connect(self._close)
        row = QHBoxLayout(self)
        row.setContentsMargins(16 + 14 * lane.depth, 0, 12, 1)
        row.setSpacing(4)
        row.addWidget(self.choose, 1)
        row.addWidget(self._value)
        row.addWidget(self.power)
        row.addWidget(self.close_lane)
        self.show_lane(lane)

    def show_lane(self, lane: Lane) -> None:
        """Show the lane as it is now."""
        self._lane = lane
        project, track_id = self.ws.project, lane.track.id
        parameter = lanes.find_parameter(project, track_id, self._target)
        found = lanes.lane_of(project, track_id, self._target)
        title = parameter.title if parameter is not None else "Gone"
        self.choose.setText(title)
        self.setAccessibleName(f"Automation of {title}, {lane.track.name}")
        self.choose.setAccessibleName(f"Parameter of the lane below {lane.track.name}: {title}")
        self.power.setEnabled(found is not None)
        self.power.setChecked(found is not None and found.enabled)
        self.power.setToolTip("Automation is on" if self.power.isChecked() else "Automation is off")
        self.show_value(self.ws.position_s)

    def show_value(self, at_s: float) -> None:
        """Show what the parameter is at a time."""
        project, track_id = self.ws.project, self._lane.track.id
        parameter = lanes.find_parameter(project, track_id, self._target)
        if parameter is None:
            self._value.set_text("")
            return
        found = lanes.lane_of(project, track_id, self._target)
        value = lanes.value_at(found, at_s, parameter) if found is not None and found.enabled else None
        if value is None:
            value = lanes.still_value(project, track_id, self._target)
        self._value.set_text(lanes.show_value(parameter, value))

    def _choose(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fill_targets(menu, self.ws, self._lane.track.id, self._switch)
        menu.popup(self.choose.mapToGlobal(QPoint(0, self.choose.height())))

    def _switch(self, target: str) -> None:
        track_id = self._lane.track.id
        shown = self.ws.automation.get(track_id, ())
        self.ws.show_automation(track_id, [target if each == self._target else each for each in shown])

    def _on_power(self, on: bool) -> None:
        label = "Automation on" if on else "Automation off"
        track_id, target = self._lane.track.id, self._target
        self.ws.commit(label, lambda p: edits.set_automation_enabled(p, track_id, target, on))

    def _close(self) -> None:
        track_id = self._lane.track.id
        shown = self.ws.automation.get(track_id, ())
        self.ws.show_automation(track_id, [each for each in shown if each != self._target])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.ws.select(track=self._lane.track.id)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        track_id, target = self._lane.track.id, self._target
        found = lanes.lane_of(self.ws.project, track_id, target)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        hold = menu.addAction("Hold each value until the next point")
        hold.setCheckable(True)
        hold.setEnabled(found is not None)
        hold.setChecked(found is not None and found.hold)
        hold.triggered.connect(lambda on: self._hold(on))
        clear = menu.addAction("Delete all points")
        clear.setEnabled(found is not None)
        clear.triggered.connect(
            lambda: self.ws.commit("Delete automation", lambda p: edits.remove_automation(p, track_id, target))
        )
        menu.addSeparator()
        menu.addAction("Close the lane", self._close)
        menu.popup(event.globalPos())

    def _hold(self, on: bool) -> None:
        track_id, target = self._lane.track.id, self._target
        points = lanes.points_of(self.ws.project, track_id, target)
        self.ws.commit(
            "Hold automation" if on else "Ramp automation",
            lambda p: edits.set_automation(p, track_id, target, points, hold=on),
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, x = self.theme, 14 * self._lane.depth
        painter.fillRect(self.rect(), theme.color("bg.panel"))
        painter.fillRect(QRectF(x, 0, 4, self.height() - 1), theme.color(track_token(self._lane.track), 0.35))
        painter.fillRect(QRectF(x, self.height() - 1, self.width() - x, 1), theme.color("line.soft"))
        painter.fillRect(QRectF(self.width() - 1, 0, 1, self.height()), theme.color("line"))
        painter.end()


def fill_targets(menu: QMenu, ws: Workspace, track_id: str, chosen) -> None:
    """Put everything that can be automated on a track into a menu; what has points is ticked. `chosen` gets the
    target."""
    groups: dict[str, QMenu] = {}
    used = {lane.target for lane in lanes.lanes_on(ws.project, track_id)}
    for parameter in lanes.targets_of(ws.project, track_id):
        head, _, rest = parameter.target.partition(".")
        title = {"eq": "Equaliser", "compressor": "Compressor", "insert": "Effects", "send": "Sends"}.get(head)
        where = menu
        if rest and title is not None:
            if title not in groups:
                groups[title] = menu.addMenu(title)
            where = groups[title]
        action = where.addAction(parameter.title)
        action.setCheckable(True)
        action.setChecked(parameter.target in used)
        action.triggered.connect(lambda _=False, target=parameter.target: chosen(target))
