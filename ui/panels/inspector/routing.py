"""Where a strip goes: sends, output, polarity, safe from solo, frozen."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.project import edits
from studio.project.model import Strip, Track
from studio.project.parameters import SEND_GAIN
from ui.panels.inspector.parameter_row import parameter_row
from ui.panels.inspector.rights_section import clear, section_head
from ui.panels.mixer.menus import StripMenus, menu_on
from ui.viewmodels.routing import buses, outputs_for
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.fields import Choice
from ui.widgets.label import Text, label
from ui.widgets.scaled import SliderRow


class Routing(QWidget):
    """Sends with levels, and the output."""

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws = ws
        self._track_id = ""
        self._shape: object = None
        self.rows: dict[str, SliderRow] = {}
        self.menus = StripMenus(ws, self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 14)
        layout.setSpacing(6)
        head, _ = section_head(ws, None, "Sends and output")
        self.add = Button(ws.theme, icon="plus", kind="ghost", height=20, icon_size=14, name="Add a send")
        self.add.clicked.connect(self._add)
        head.addWidget(self.add)
        layout.addLayout(head)
        self._hint = label("Send a copy to a bus, where one reverb serves many tracks.", "captionfaint", wrap=True)
        layout.addWidget(self._hint)
        self._column = QVBoxLayout()
        self._column.setSpacing(6)
        layout.addLayout(self._column)
        row = QHBoxLayout()
        row.setSpacing(8)
        title = Text(ws.theme, "Output", token="text.muted")
        title.setFixedWidth(68)
        row.addWidget(title)
        self.output = Choice(ws.theme, name="Output")
        self.output.activated.connect(self._on_output)
        row.addWidget(self.output, 1)
        layout.addLayout(row)
        flags = QHBoxLayout()
        flags.setSpacing(4)
        self.polarity = Button(ws.theme, "Ø Polarity", kind="toggle", height=22, tip="Turn the signal upside down")
        self.safe = Button(
            ws.theme, "Solo safe", kind="toggle", height=22, tip="Goes on sounding while another track is soloed"
        )
        self.frozen = Button(
            ws.theme, "Freeze", icon="snowflake", kind="toggle", height=22, icon_size=12, tip="Render to spare the CPU"
        )
        self.polarity.clicked.connect(
            lambda on: ws.commit("Polarity", lambda p: edits.set_strip(p, self._track_id, polarity=on))
        )
        self.safe.clicked.connect(
            lambda on: ws.commit("Solo safe", lambda p: edits.set_strip(p, self._track_id, solo_safe=on))
        )
        self.frozen.clicked.connect(self._on_frozen)
        for button in (self.polarity, self.safe, self.frozen):
            flags.addWidget(button)
        flags.addStretch(1)
        layout.addLayout(flags)

    def show_track(self, track: Track | None, strip: Strip) -> None:
        """Show where a track goes; None is the master, which goes nowhere else."""
        self._track_id = track.id if track is not None else edits.MASTER
        self.setVisible(track is not None)
        if track is None:
            return
        project = self.ws.project
        names = {bus.id: bus.name for bus in buses(project)}
        outputs = outputs_for(project, track.id)
        shape = (track.id, tuple((send.bus, send.pre, send.mute) for send in strip.sends), tuple(names.items()))
        if (shape, tuple(outputs)) != self._shape:
            self._shape = (shape, tuple(outputs))
            self._build(strip, names, outputs)
        for send in strip.sends:
            self.rows[send.bus].set_value(send.gain_db)
        self.output.blockSignals(True)
        self.output.setCurrentIndex(max(self.output.findData(strip.output), 0))
        self.output.blockSignals(False)
        self.polarity.setChecked(strip.polarity)
        self.safe.setChecked(strip.solo_safe)
        self.frozen.setVisible(track.kind == "audio")
        self.frozen.setEnabled(track.frozen is not None or bool(track.clips))
        self.frozen.setChecked(track.frozen is not None)

    def _build(self, strip: Strip, names: dict[str, str], outputs: list[tuple[str, str]]) -> None:
        clear(self._column)
        self.rows = {}
        self._hint.setVisible(not strip.sends)
        for send in strip.sends:
            name = names.get(send.bus, "?")
            parameter = msgspec.structs.replace(SEND_GAIN, target=f"send.{send.bus}.gain_db", title=f"Send to {name}")
            line, _ = parameter_row(self.ws, self._track_id, parameter, title=name, name=f"Send to {name}")
            row = QHBoxLayout()
            row.setSpacing(4)
            row.addWidget(line, 1)
            pre = Button(self.ws.theme, "Pre", kind="toggle", height=20, tip="Before the fader")
            pre.setAccessibleName(f"Send to {name} before the fader")
            pre.setChecked(send.pre)
            pre.clicked.connect(
                lambda on, bus=send.bus: self.ws.commit(
                    "Send before the fader" if on else "Send after the fader",
                    lambda p: edits.set_send(p, self._track_id, bus, pre=on),
                )
            )
            row.addWidget(pre)
            more = Button(self.ws.theme, icon="ellipsis", kind="ghost", height=20, icon_size=14, name=f"Send to {name}")
            more.clicked.connect(
                lambda _=False, bus=send.bus, more=more: self.menus.send(
                    self._track_id, bus, QPointF(more.mapToGlobal(more.rect().bottomLeft()))
                )
            )
            row.addWidget(more)
            self._column.addLayout(row)
            self.rows[send.bus] = line
        self.output.blockSignals(True)
        self.output.clear()
        for bus_id, title in outputs:
            self.output.addItem(title, bus_id)
        self.output.blockSignals(False)

    def _add(self) -> None:
        menu = menu_on(self)
        self.menus.fill_sends(menu, self._track_id)
        menu.popup(self.add.mapToGlobal(self.add.rect().bottomLeft()))

    def _on_output(self, index: int) -> None:
        bus_id, title = self.output.itemData(index), self.output.itemText(index)
        self.ws.commit(f"Output to {title}", lambda p: edits.set_output(p, self._track_id, bus_id))

    def _on_frozen(self, on: bool) -> None:
        ws, track_id = self.ws, self._track_id
        if on:
            ws.run(lambda: ws.session.freeze(track_id))
        else:
            ws.attempt(lambda: ws.session.unfreeze(track_id))
