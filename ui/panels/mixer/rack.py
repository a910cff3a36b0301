"""The effects and sends of a strip, as short lists."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.project import edits
from studio.project.model import Project, Send, Strip
from ui.theme import Theme
from ui.viewmodels import words
from ui.viewmodels.parameters import ParameterGesture
from ui.viewmodels.routing import buses, insert_title
from ui.widgets.button import Button
from ui.widgets.insert_chip import CHIP_GAP, CHIP_PX, InsertChip
from ui.widgets.label import Text
from ui.widgets.slider import Knob, fader_gain_db, fader_position

SHOWN_INSERTS = 3
SHOWN_SENDS = 2
SEND_PX = 18


class SendKnob(Knob):
    """A knob with a fader's law."""

    def __init__(self, theme: Theme, *, name: str, size: int = 16):
        super().__init__(
            theme, name=name, minimum=-96.0, maximum=12.0, default=0.0, step=0.1, show=words.decibels, size=size
        )

    def to_position(self, value: float) -> float:
        return fader_position(value)

    def to_value(self, position: float) -> float:
        return fader_gain_db(position)


class SendRow(QWidget):
    """One send: its level and its bus; a press of the name opens its menu."""

    menu_asked = Signal(str, QPointF)

    def __init__(self, ws: Any, track_id: str, send: Send):
        super().__init__()
        self.ws, self.bus_id = ws, send.bus
        self.setFixedHeight(SEND_PX)
        self.knob = SendKnob(ws.theme, name="Send")
        self._gesture = ParameterGesture(ws, track_id, f"send.{send.bus}.gain_db", "Send level")
        self._gesture.bind(self.knob)
        self._name = Text(ws.theme, px="caption")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(1, 0, 0, 0)
        layout.setSpacing(5)
        layout.addWidget(self.knob)
        layout.addWidget(self._name, 1)
        self.show_send(send, ws.project)

    def show_send(self, send: Send, project: Project) -> None:
        """Show level, bus, and whether it is taken before the fader or muted."""
        name = next((bus.name for bus in buses(project) if bus.id == send.bus), "?")
        self.knob.set_value(send.gain_db)
        self.knob.setAccessibleName(f"Send to {name}")
        self._name.set_text(f"pre {name}" if send.pre else name, "text.faint" if send.mute else "text")
        self.setToolTip(
            f"Send to {name}: {words.decibels(send.gain_db)}, {'before' if send.pre else 'after'} the fader"
            + (", muted" if send.mute else "")
        )

    def mousePressEvent(self, event) -> None:
        self.menu_asked.emit(self.bus_id, QPointF(event.globalPosition()))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(self.bus_id, QPointF(event.globalPos()))


class Rack(QWidget):
    """Chips of all effects, the compressor first, and a free place for one more."""

    add_asked = Signal(QPointF)
    open_asked = Signal(str)
    """Id of an effect, or ``compressor``."""
    menu_asked = Signal(str, QPointF)

    def __init__(self, ws: Any, track_id: str):
        super().__init__()
        self.ws, self.track_id = ws, track_id
        self._shown: object = None
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(CHIP_GAP)
        self.chips: list[InsertChip] = []

    @staticmethod
    def count(strip: Strip) -> int:
        """How many effects a strip has."""
        return int(strip.compressor.ratio > 1.0) + len(strip.inserts)

    def set_rows(self, rows: int) -> None:
        """Room for so many, so that what is below stands in line in all strips."""
        self.setFixedHeight(max(rows * (CHIP_PX + CHIP_GAP) - CHIP_GAP, 0))

    def show_strip(self, strip: Strip, name: str) -> None:
        """Show the effects as they are."""
        badges = {insert.id: self.ws.plugins.badges.get(insert.id, "") for insert in strip.inserts}
        shown = (strip.compressor, strip.inserts, tuple(badges.items()), name)
        if shown == self._shown:
            return
        self._shown = shown
        while (item := self._rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.chips = []
        room = SHOWN_INSERTS
        if strip.compressor.ratio > 1.0:
            tip = f"Compressor, {words.decibels(strip.compressor.threshold_db)}, {strip.compressor.ratio:.1f} : 1"
            chip = InsertChip(self.ws.theme, "Compressor", on=True, name=name, tip=tip)
            chip.opened.connect(lambda: self.open_asked.emit("compressor"))
            chip.toggled.connect(lambda: self._compressor_off())
            chip.removed.connect(lambda: self._compressor_off())
            self._rows.addWidget(chip)
            self.chips.append(chip)
            room -= 1
        hidden = len(strip.inserts) - room
        for index, insert in enumerate(strip.inserts[: room - (1 if hidden > 0 else 0)]):
            chip = InsertChip(
                self.ws.theme, insert_title(insert), on=not insert.bypass, name=name, problem=badges[insert.id]
            )
            chip.toggled.connect(lambda insert=insert: self._set_bypass(insert.id, not insert.bypass))
            chip.opened.connect(lambda insert=insert: self.open_asked.emit(insert.id))
            chip.removed.connect(lambda insert=insert: self._remove(insert.id))
            chip.moved.connect(lambda by, insert=insert, index=index: self._move(insert.id, index + by))
            chip.menu_asked.connect(lambda at, insert=insert: self.menu_asked.emit(insert.id, at))
            self._rows.addWidget(chip)
            self.chips.append(chip)
        last = f"{hidden + 1} more" if hidden > 0 else "Effect" if self.count(strip) < SHOWN_INSERTS else ""
        if last:
            icon = None if hidden > 0 else "plus"
            more = Button(self.ws.theme, last, icon=icon, kind="link", height=CHIP_PX, icon_size=12)
            more.setAccessibleName(f"Add an effect to {name}" if icon else f"All effects of {name}")
            more.clicked.connect(lambda: self._more(more, adds=icon is not None))
            self._rows.addWidget(more)
        self._rows.addStretch(1)

    def _more(self, button: Button, *, adds: bool) -> None:
        if adds:
            self.add_asked.emit(QPointF(button.mapToGlobal(button.rect().bottomLeft())))
        else:
            self.open_asked.emit("")

    def _set_bypass(self, insert_id: str, bypass: bool) -> None:
        title = "Effect off" if bypass else "Effect on"
        self.ws.commit(title, lambda p: edits.set_insert(p, self.track_id, insert_id, bypass=bypass))

    def _remove(self, insert_id: str) -> None:
        self.ws.commit("Remove an effect", lambda p: edits.remove_insert(p, self.track_id, insert_id))

    def _move(self, insert_id: str, index: int) -> None:
        self.ws.commit("Move an effect", lambda p: edits.move_insert(p, self.track_id, insert_id, max(index, 0)))

    def _compressor_off(self) -> None:
        self.ws.commit("Compressor off", lambda p: edits.set_compressor(p, self.track_id, ratio=1.0))


class Sends(QWidget):
    """The first sends of a strip."""

    menu_asked = Signal(str, QPointF)

    def __init__(self, ws: Any, track_id: str):
        super().__init__()
        self.ws, self.track_id = ws, track_id
        self.rows: dict[str, SendRow] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(1)
        self._column.addStretch(1)

    def set_rows(self, rows: int) -> None:
        """Room for so many."""
        self.setFixedHeight(rows * (SEND_PX + 1))

    def show_strip(self, strip: Strip, project: Project) -> None:
        """Show the sends as they are."""
        sends = {send.bus: send for send in strip.sends[:SHOWN_SENDS]}
        for bus in [bus for bus in self.rows if bus not in sends]:
            row = self.rows.pop(bus)
            row.hide()
            row.deleteLater()
        for index, (bus, send) in enumerate(sends.items()):
            row = self.rows.get(bus)
            if row is None:
                row = self.rows[bus] = SendRow(self.ws, self.track_id, send)
                row.menu_asked.connect(self.menu_asked)
                self._column.insertWidget(index, row)
            else:
                row.show_send(send, project)
