"""The effects of a strip in their order, each with its parameters."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.project import edits
from studio.project.model import Insert, Strip
from studio.project.parameters import Parameter, parameters_of, value_of
from ui.panels.inspector.parameter_row import parameter_row
from ui.panels.inspector.rights_section import clear, section_head
from ui.panels.mixer.menus import StripMenus
from ui.viewmodels import plugins
from ui.viewmodels.routing import insert_title
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.insert_chip import InsertChip
from ui.widgets.label import Text, label
from ui.widgets.scaled import SliderRow
from ui.widgets.toggle import Toggle

SHOWN_PLUGIN_PARAMETERS = 12


class EffectCard(QWidget):
    """One effect: its line, and its parameters while it is open."""

    def __init__(self, ws: Workspace, track_id: str, insert: Insert, parameters: list[Parameter], *, opened: bool):
        super().__init__()
        self.ws, self.track_id, self.insert_id = ws, track_id, insert.id
        self.rows: dict[str, SliderRow | Toggle] = {}
        theme = ws.theme
        title = insert_title(insert)
        problem = ws.plugins.badges.get(insert.id, "")
        self.chip = InsertChip(theme, title, on=not insert.bypass, name="this strip", problem=problem)
        self.chip.setFixedHeight(24)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addWidget(self.chip)
        if not opened:
            return
        if insert.plugin is not None:
            self._plugin_rows(column, insert, problem)
        for parameter in parameters[:SHOWN_PLUGIN_PARAMETERS]:
            name = parameter.target.rsplit(".", 1)[-1]
            short = parameter.title.removeprefix(title).strip()
            short = short[:1].upper() + short[1:] or name
            if parameter.scale == "switch":
                row = QHBoxLayout()
                row.addWidget(Text(theme, short, token="text.muted"), 1)
                toggle = Toggle(theme, name=f"{short} of {title}")
                toggle.toggled.connect(lambda on, target=parameter.target: self._set(target, float(on)))
                row.addWidget(toggle)
                column.addLayout(row)
                self.rows[parameter.target] = toggle
            else:
                line, _ = parameter_row(ws, track_id, parameter, title=short, name=f"{short} of {title}")
                column.addWidget(line)
                self.rows[parameter.target] = line
        self.refresh()

    def _plugin_rows(self, column: QVBoxLayout, insert: Insert, problem: str) -> None:
        row = QHBoxLayout()
        row.setSpacing(6)
        window = Button(self.ws.theme, "Open its window", height=24)
        window.clicked.connect(lambda: plugins.open_window(self.ws, insert.id))
        row.addWidget(window)
        if problem:
            again = Button(self.ws.theme, "Start again", icon="refresh-cw", height=24, icon_size=14)
            again.clicked.connect(lambda: plugins.revive(self.ws, insert.id))
            row.addWidget(again)
        row.addStretch(1)
        column.addLayout(row)

    def _set(self, target: str, value: float) -> None:
        self.ws.commit("Effect", lambda p: edits.set_parameter(p, self.track_id, target, value))

    def refresh(self) -> None:
        """Show the values as they are."""
        for target, row in self.rows.items():
            value = value_of(self.ws.project, self.track_id, target)
            if isinstance(row, Toggle):
                row.set_on(value >= 0.5)
            else:
                row.set_value(value)


class EffectsList(QWidget):
    """All effects of a strip; one is open at a time."""

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws = ws
        self._track_id = ""
        self._shape: object = None
        self.open_id: str | None = None
        self.cards: list[EffectCard] = []
        self.menus = StripMenus(ws, self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(6)
        head, self._note = section_head(ws, None, "Effects")
        self.add = Button(ws.theme, icon="plus", kind="ghost", height=20, icon_size=14, name="Add an effect")
        self.add.clicked.connect(
            lambda: self.menus.effects(self._track_id, QPointF(self.add.mapToGlobal(self.add.rect().bottomLeft())))
        )
        head.addWidget(self.add)
        layout.addLayout(head)
        self._hint = label("Delay, reverb, saturation and more; VST3 plug-ins too.", "captionfaint", wrap=True)
        layout.addWidget(self._hint)
        self._column = QVBoxLayout()
        self._column.setSpacing(8)
        layout.addLayout(self._column)
        ws.plugins.changed.connect(self._again)

    def open(self, insert_id: str | None) -> None:
        """Show the parameters of this effect."""
        self.open_id = insert_id
        self._again()

    def _again(self) -> None:
        self._shape = None
        if self._track_id:
            self.show_strip(self._track_id, edits.strip_of(self.ws.project, self._track_id))

    def show_strip(self, track_id: str, strip: Strip) -> None:
        """Show the effects of a strip; cards are made anew only when there are others."""
        self._track_id = track_id
        ids = [insert.id for insert in strip.inserts]
        if self.open_id not in ids:
            self.open_id = ids[0] if len(ids) == 1 else None
        shape = (track_id, tuple((each.id, each.bypass, len(each.parameters)) for each in strip.inserts), self.open_id)
        if shape == self._shape:
            for card in self.cards:
                card.refresh()
            return
        self._shape = shape
        clear(self._column)
        self.cards = []
        self._hint.setVisible(not ids)
        by_insert: dict[str, list[Parameter]] = {}
        for parameter in parameters_of(self.ws.project, track_id):
            for insert_id in ids:
                if parameter.target.startswith(f"insert.{insert_id}."):
                    by_insert.setdefault(insert_id, []).append(parameter)
        for index, insert in enumerate(strip.inserts):
            card = EffectCard(self.ws, track_id, insert, by_insert.get(insert.id, []), opened=insert.id == self.open_id)
            self._connect(card, insert, index)
            self._column.addWidget(card)
            self.cards.append(card)

    def _connect(self, card: EffectCard, insert: Insert, index: int) -> None:
        ws, track_id = self.ws, self._track_id
        chip = card.chip
        chip.opened.connect(lambda: self.open(None if self.open_id == insert.id else insert.id))
        chip.toggled.connect(
            lambda: ws.commit(
                "Effect on" if insert.bypass else "Effect off",
                lambda p: edits.set_insert(p, track_id, insert.id, bypass=not insert.bypass),
            )
        )
        chip.moved.connect(
            lambda by: ws.commit(
                "Move an effect", lambda p: edits.move_insert(p, track_id, insert.id, max(index + by, 0))
            )
        )
        chip.removed.connect(
            lambda: ws.commit("Remove an effect", lambda p: edits.remove_insert(p, track_id, insert.id))
        )
        chip.menu_asked.connect(lambda at: self.menus.insert(track_id, insert.id, at))
