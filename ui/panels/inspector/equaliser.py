"""The equaliser of a strip: nodes on a live spectrum, and their values to type."""

from __future__ import annotations

from typing import Any, Literal

from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from studio.project import edits
from studio.project.model import DEFAULT_EQ, Project, Strip
from studio.project.parameters import EQ_BAND, STRIP
from ui.panels.inspector.rights_section import section_head
from ui.viewmodels.parameters import Gesture, parse_value, value_text
from ui.viewmodels.strips import response_db
from ui.viewmodels.workspace import Workspace
from ui.widgets.eq_editor import HIGH_PASS, LOW_HZ, EqEditor, Node
from ui.widgets.fields import InlineField

POINTS = 160
Kind = Literal["low_shelf", "peak", "high_shelf"]
KINDS: dict[Kind, str] = {"low_shelf": "Low shelf", "peak": "Bell", "high_shelf": "High shelf"}
RESET_HP_BELOW_HZ = 21.0


def nodes_of(strip: Strip) -> list[Node]:
    """The handles of a strip's high-pass and bands."""
    found = [Node(index=HIGH_PASS, freq_hz=max(strip.high_pass_hz, LOW_HZ), gain_db=0.0, q=0.707, name="High-pass")]
    found += [
        Node(
            index=index,
            freq_hz=band.freq_hz,
            gain_db=band.gain_db,
            q=band.q,
            name=f"Band {index + 1}, {KINDS[band.kind].lower()}",
        )
        for index, band in enumerate(strip.eq)
    ]
    return found


class Equaliser(QWidget):
    """Editor and fields; the spectrum is of the strip that is shown."""

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws = ws
        self._track_id: str | None = None
        self._strip = Strip()
        self._gesture = Gesture(ws, "Equaliser")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        head, self.note = section_head(ws, None, "Equaliser")
        layout.addLayout(head)
        self.editor = EqEditor(ws.theme, name="Equaliser")
        self.editor.pressed.connect(self._gesture.begin)
        self.editor.moved.connect(self._move)
        self.editor.width_changed.connect(
            lambda index, q: self._commit("Width of a band", lambda p, t: edits.set_eq_band(p, t, index, q=q))
        )
        self.editor.released.connect(self._gesture.end)
        self.editor.cancelled.connect(self._gesture.cancel)
        self.editor.reset_asked.connect(self._reset)
        self.editor.chosen.connect(lambda _: self._show_fields())
        self.editor.menu_asked.connect(self._menu)
        layout.addWidget(self.editor)
        row = QHBoxLayout()
        row.setSpacing(6)
        self.fields: dict[str, InlineField] = {}
        for key, name in (("freq_hz", "Frequency"), ("gain_db", "Gain"), ("q", "Width (Q)")):
            field = InlineField(name=f"{name} of the band")
            field.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            field.setToolTip(f"{name}: type a value")
            field.submitted.connect(lambda text, key=key: self._typed(key, text))
            row.addWidget(field, 1)
            self.fields[key] = field
        layout.addLayout(row)
        ws.tick.connect(self._on_tick)

    def show_strip(self, track_id: str, strip: Strip) -> None:
        """Show the equaliser of a strip."""
        if track_id != self._track_id:
            self._track_id = track_id
            self.editor.clear_spectrum()
            self._tap()
        self._strip = strip
        self.editor.set_nodes(nodes_of(strip), response_db(strip, points=POINTS))
        self._show_fields()

    def _tap(self) -> None:
        if self.isVisible() and self._track_id is not None:
            self.ws.session.player.set_tap(None if self._track_id == edits.MASTER else self._track_id)

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._tap()

    def _on_tick(self, elapsed_s: float, status: Any, _meters: Any) -> None:
        if self.isVisible() and (status.playing or status.recording):
            self.editor.feed(self.ws.session.player.spectrum(), elapsed_s)
        elif self.isVisible():
            self.editor.feed([-120.0] * 128, elapsed_s)

    def _show_fields(self) -> None:
        node = self.editor.node(self.editor.chosen_index)
        if node is None:
            return
        self.note.set_text(node.name)
        high_pass = node.index == HIGH_PASS
        freq = self._strip.high_pass_hz if high_pass else node.freq_hz
        self.fields["freq_hz"].set_value(value_text(STRIP["high_pass_hz"] if high_pass else EQ_BAND["freq_hz"], freq))
        self.fields["gain_db"].set_value("–" if high_pass else value_text(EQ_BAND["gain_db"], node.gain_db))
        self.fields["q"].set_value("–" if high_pass else f"Q {node.q:.2f}")
        self.fields["gain_db"].setEnabled(not high_pass)
        self.fields["q"].setEnabled(not high_pass)

    def _commit(self, label: str, edit: Any) -> None:
        track_id = self._track_id
        if track_id is not None:
            self.ws.commit(label, lambda project: edit(project, track_id))

    def _move(self, index: int, freq_hz: float, gain_db: float) -> None:
        track_id = self._track_id
        if track_id is None:
            return

        def edit(project: Project) -> Project:
            if index == HIGH_PASS:
                cut = 0.0 if freq_hz < RESET_HP_BELOW_HZ else freq_hz
                return edits.set_strip(project, track_id, high_pass_hz=cut)
            return edits.set_eq_band(project, track_id, index, freq_hz=freq_hz, gain_db=gain_db)

        self._gesture.update(edit)

    def _reset(self, index: int) -> None:
        if index == HIGH_PASS:
            self._commit("High-pass off", lambda p, t: edits.set_strip(p, t, high_pass_hz=0.0))
            return
        default = DEFAULT_EQ[index] if index < len(DEFAULT_EQ) else None
        if default is not None:
            self._commit(
                "Reset a band",
                lambda p, t: edits.set_eq_band(
                    p, t, index, freq_hz=default.freq_hz, gain_db=0.0, q=default.q, kind=default.kind
                ),
            )

    def _typed(self, key: str, text: str) -> None:
        index = self.editor.chosen_index
        high_pass = index == HIGH_PASS
        parameter = STRIP["high_pass_hz"] if high_pass else EQ_BAND[key]
        value = parse_value(parameter, text.lower().removeprefix("q"))
        if value is None:
            self.ws.say("That is not a number.", "Type one, such as 2.4 kHz, −3 dB or 0.7.", "warning")
        elif high_pass:
            self._commit("High-pass", lambda p, t: edits.set_strip(p, t, high_pass_hz=value))
        else:
            typed = {key: value}
            self._commit(
                "Equaliser",
                lambda p, t: edits.set_eq_band(
                    p, t, index, freq_hz=typed.get("freq_hz"), gain_db=typed.get("gain_db"), q=typed.get("q")
                ),
            )

    def _menu(self, index: int, at: QPointF) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if index != HIGH_PASS:
            now = self._strip.eq[index].kind
            for kind, title in KINDS.items():
                action = menu.addAction(
                    title,
                    lambda kind=kind: self._commit(
                        "Shape of a band", lambda p, t: edits.set_eq_band(p, t, index, kind=kind)
                    ),
                )
                action.setCheckable(True)
                action.setChecked(kind == now)
            menu.addSeparator()
        menu.addAction("Reset", lambda: self._reset(index))
        menu.addAction("All flat", self._flat)
        menu.popup(at.toPoint())

    def _flat(self) -> None:
        def edit(project: Project, track_id: str) -> Project:
            for index, band in enumerate(DEFAULT_EQ):
                project = edits.set_eq_band(
                    project, track_id, index, freq_hz=band.freq_hz, gain_db=0.0, q=band.q, kind=band.kind
                )
            return edits.set_strip(project, track_id, high_pass_hz=0.0)

        self._commit("Equaliser flat", edit)
