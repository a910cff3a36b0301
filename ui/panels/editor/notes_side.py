"""What is done with the notes of a part, beside the piano roll."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout

from ui.viewmodels.notes import GRIDS
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.control import parse_number
from ui.widgets.fields import Choice, InlineField
from ui.widgets.label import Text
from ui.widgets.slider import Slider
from ui.widgets.surface import Surface


class NotesSide(Surface):
    """Grid and strength, velocity, and buttons for what keys do too."""

    def __init__(self, ws: Workspace, width: int):
        super().__init__(ws.theme, "bg.panel", lines="l")
        self.ws, self.desk = ws, ws.notes
        theme = ws.theme
        self.setFixedWidth(width)
        self.who = Text(theme, weight="semibold")
        self.count = Text(theme, token="text.faint")
        form = QGridLayout()
        form.setHorizontalSpacing(8)
        form.setVerticalSpacing(6)
        form.setColumnMinimumWidth(0, 66)
        form.setColumnStretch(1, 1)
        self.grid = Choice(theme, name="Grid of the notes")
        self.grid.addItems(GRIDS)
        self.grid.setFixedWidth(88)
        self.grid.textActivated.connect(self.desk.set_grid)
        self.draw = Button(theme, "Draw", kind="toggle", height=24, tip="Draw notes by pressing (D)")
        self.draw.clicked.connect(self.desk.set_drawing)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.grid)
        row.addStretch(1)
        row.addWidget(self.draw)
        form.addWidget(Text(theme, "Grid", token="text.muted"), 0, 0)
        form.addLayout(row, 0, 1)
        self.strength = Slider(
            theme, name="Strength of quantising", minimum=0.0, maximum=1.0, default=1.0, step=0.05,
            show=lambda value: f"{value * 100:.0f} %", token="accent",
        )  # fmt: skip
        self.strength.changed.connect(self._on_strength)
        self._strength = Text(theme, "100 %", fixed=True, align=Qt.AlignmentFlag.AlignRight).reserve("100 %")
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.strength, 1)
        row.addWidget(self._strength)
        form.addWidget(Text(theme, "Strength", token="text.muted"), 1, 0)
        form.addLayout(row, 1, 1)
        self.velocity = InlineField(name="Velocity of the chosen notes in per cent", width=88)
        self.velocity.submitted.connect(self._on_velocity)
        form.addWidget(Text(theme, "Velocity", token="text.muted"), 2, 0)
        form.addWidget(self.velocity, 2, 1, Qt.AlignmentFlag.AlignLeft)
        self.quantise = Button(theme, "Quantise", height=26, tip="Draw the chosen notes, or all, to the grid (Q)")
        self.quantise.clicked.connect(self.desk.quantise)
        self.humanise = Button(theme, "Humanise", height=26, tip="Spread starts and velocities as hands do (Shift+Q)")
        self.humanise.clicked.connect(self.desk.humanise)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self.quantise, 1)
        buttons.addWidget(self.humanise, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(6)
        column.addWidget(self.who)
        column.addWidget(self.count)
        column.addLayout(form)
        column.addLayout(buttons)
        column.addStretch(1)
        self.desk.changed.connect(self.refresh)
        self.refresh()

    def _on_strength(self, value: float) -> None:
        self.desk.set_strength(value)
        self.strength.set_value(self.desk.strength)
        self._strength.set_text(f"{self.desk.strength * 100:.0f} %")

    def _on_velocity(self, text: str) -> None:
        value = parse_number(text)
        if value is None:
            self.ws.say("That is not a velocity.", "Type per cent, such as 80.", "warning")
        else:
            self.desk.set_velocity(value / 100.0)

    def refresh(self) -> None:
        """Show what is chosen."""
        score, chosen = self.desk.score, self.desk.chosen
        self.setEnabled(score is not None)
        if score is None:
            self.who.set_text("")
            self.count.set_text("")
            return
        self.who.set_text(", ".join(voice.name for voice in score.voices))
        heard = len(self.desk.heard())
        self.count.set_text(f"{heard:,} notes" + (f" · {len(chosen):,} chosen" if chosen else ""))
        self.grid.setCurrentText(self.desk.grid)
        self.draw.setChecked(self.desk.drawing)
        velocities = {round(score.notes[index].velocity * 100) for index in chosen}
        self.velocity.setEnabled(bool(chosen))
        self.velocity.set_value(
            "–" if not velocities else f"{velocities.pop()} %" if len(velocities) == 1 else
            f"{min(velocities)}–{max(velocities)} %"
        )  # fmt: skip
