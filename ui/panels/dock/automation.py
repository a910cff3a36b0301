"""All that is automated in the project, at a glance: open its lane, switch it off, take it away."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QVBoxLayout, QWidget

from studio.project import edits
from ui.panels.arrangement.automation_header import fill_targets
from ui.panels.inspector.rights_section import clear
from ui.viewmodels import automation as lanes
from ui.viewmodels import words
from ui.viewmodels.automation import UsedLane
from ui.viewmodels.lanes import role_token
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.label import Text, label
from ui.widgets.paint import rounded
from ui.widgets.scroller import scroller

EDGE_PX = 4


class LaneCurve(QWidget):
    """The line of one lane over the whole song."""

    def __init__(self, ws: Workspace, used: UsedLane):
        super().__init__()
        self.theme, self._used, self._length_s = ws.theme, used, max(ws.length_s, 1e-3)
        self.setFixedHeight(26)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"Automation of {used.title}, {used.track_name}")
        self.setAccessibleDescription(words.plural(len(used.lane.points), "point"))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, rect, used = self.theme, QRectF(self.rect()), self._used
        rounded(painter, rect, 4, theme.color("bg.field"), theme.color("line.soft"))
        body = rect.adjusted(1, EDGE_PX, -1, -EDGE_PX)
        parameter = used.parameter
        if parameter is None:
            painter.end()
            return
        places = [
            QPointF(
                body.left() + min(point.at_s / self._length_s, 1.0) * body.width(),
                body.bottom() - lanes.position_of(parameter, point.value) * body.height(),
            )
            for point in used.lane.points
        ]
        path = QPainterPath(QPointF(body.left(), places[0].y()))
        before = places[0]
        for place in places:
            if used.lane.hold:
                path.lineTo(QPointF(place.x(), before.y()))
            path.lineTo(place)
            before = place
        path.lineTo(QPointF(body.right(), before.y()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(theme.color(role_token(used.role), 1.0 if used.lane.enabled else 0.4), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        painter.end()


class AutomationList(QWidget):
    """A row for every lane with points; the lanes themselves lie below their tracks."""

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws = ws
        self.rows: dict[tuple[str, str], QWidget] = {}
        self._shown: object = None
        theme = ws.theme
        self.add = Button(theme, "Automate …", icon="plus", height=26)
        self.add.setToolTip("What of the track in focus moves by itself; of the master where that is chosen")
        self.add.clicked.connect(self._choose)
        self._of = Text(theme, token="text.muted")
        self._empty = label(
            "Nothing is automated yet. Choose what should move, then draw its line below the track: a press adds a "
            "point, Alt draws freehand.",
            "muted",
            wrap=True,
        )
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.add)
        head.addWidget(self._of, 1)
        inside = QWidget()
        self._column = QVBoxLayout()
        self._column.setSpacing(4)
        column = QVBoxLayout(inside)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._empty)
        column.addLayout(self._column)
        column.addStretch(1)
        scroll = scroller(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)
        ws.bridge.project_changed.connect(self.refresh)
        ws.lanes_changed.connect(self.refresh)
        ws.selection_changed.connect(self._show_focus)
        self.refresh()

    def refresh(self) -> None:
        """Show the lanes as they are; nothing is built while another tab is in front."""
        if not self.isVisible():
            self._shown = None
            return
        found = lanes.used_lanes(self.ws.project)
        state = (found, dict(self.ws.automation), self.ws.length_s)
        if state == self._shown:
            return
        self._shown = state
        clear(self._column)
        self.rows = {}
        for used in found:
            row = self._row(used)
            self._column.addWidget(row)
            self.rows[used.track_id, used.lane.target] = row
        self._empty.setVisible(not found)
        self._show_focus()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self.refresh()

    def _show_focus(self) -> None:
        track_id = self.ws.strip_id
        self.add.setEnabled(track_id is not None)
        name = "the master" if track_id == edits.MASTER else self._name(track_id)
        self._of.set_text(f"of {name}" if name else "")

    def _name(self, track_id: str | None) -> str:
        return next((track.name for track in self.ws.project.tracks if track.id == track_id), "")

    def _row(self, used: UsedLane) -> QWidget:
        theme, track_id, target = self.ws.theme, used.track_id, used.lane.target
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        name = Text(theme, used.track_name, weight="medium")
        name.setFixedWidth(132)
        title = Text(theme, used.title, token="text.muted")
        title.setFixedWidth(152)
        line.addWidget(name)
        line.addWidget(title)
        line.addWidget(LaneCurve(self.ws, used), 1)
        span = Text(theme, used.span, token="text.muted", px="caption", align=Qt.AlignmentFlag.AlignRight)
        span.setFixedWidth(150)
        line.addWidget(span)
        whose = f"{used.title} of {used.track_name}"
        opened = target in self.ws.automation.get(track_id, ())
        show = Button(
            theme, icon="eye", kind="toggle", height=24, icon_size=14, name=f"Lane of {whose}", tip="Show its lane"
        )
        show.setChecked(opened)
        show.clicked.connect(lambda _: self._open(track_id, target))
        power = Button(theme, icon="power", kind="toggle", height=24, icon_size=14, name=f"{whose} on")
        power.setToolTip("Automation is on" if used.lane.enabled else "Automation is off")
        power.setChecked(used.lane.enabled)
        power.clicked.connect(
            lambda on: self.ws.commit(
                "Automation on" if on else "Automation off",
                lambda p: edits.set_automation_enabled(p, track_id, target, on),
            )
        )
        away = Button(
            theme, icon="x", kind="ghost", height=24, icon_size=14, name=f"Delete {whose}", tip="Delete all its points"
        )
        away.clicked.connect(
            lambda: self.ws.commit("Delete automation", lambda p: edits.remove_automation(p, track_id, target))
        )
        for button in (show, power, away):
            line.addWidget(button)
        return row

    def _open(self, track_id: str, target: str) -> None:
        """Show the lane of a row, or close it."""
        shown = self.ws.automation.get(track_id, ())
        others = [each for each in shown if each != target]
        self.ws.show_automation(track_id, others if target in shown else [*shown, target])

    def _choose(self) -> None:
        track_id = self.ws.strip_id
        if track_id is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fill_targets(
            menu,
            self.ws,
            track_id,
            lambda target: self.ws.show_automation(track_id, [*self.ws.automation.get(track_id, ()), target]),
        )
        menu.popup(self.add.mapToGlobal(QPoint(0, self.add.height())))
