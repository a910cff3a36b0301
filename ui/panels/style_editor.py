"""A style of one's own: what its drums play, how it swings, and how it sounds."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from engine.inference.styles import Style
from ui.viewmodels import style_editor as model
from ui.viewmodels import words
from ui.viewmodels.lanes import ROLE_TITLES
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.fields import InlineField, InlineText
from ui.widgets.label import Text, label
from ui.widgets.scroller import scroller
from ui.widgets.sheet import Sheet
from ui.widgets.slider import Slider
from ui.widgets.step_grid import StepGrid, StepRow

PER_CENT = (
    (
        "amount",
        "Amount",
        (0.0, 1.0, 0.85, 0.05),
        model.with_amount,
        "How far the sound of each stem goes towards the style's",
    ),
    (
        "low",
        "Low end",
        (0.05, 1.0, 0.42, 0.01),
        model.with_low_ceiling,
        "The largest share of the sound below 120 Hz; more is turned down",
    ),
    ("swing", "Swing", (0.5, 0.75, 0.5, 0.01), model.with_swing, "50 % is straight, 67 % a triplet"),
)
"""Key, title, span (low, high, default, step), edit and tip of what is set in per cent."""


def _per_cent(value: float) -> str:
    return f"{value * 100:.0f} %"


class StyleEditor(Sheet):
    """Begins with a copy of a shipped style, or with a style of one's own; saving lists it at once."""

    hear_asked = Signal(str)

    def __init__(self, ws: Workspace, host: QWidget, style: Style):
        own = ws.session.is_own_style(style.id)
        super().__init__(
            ws.theme,
            host,
            title="A style of mine",
            subtitle="Edit it, save it, and it stands beside the others." if own else f"Begins as {style.name}.",
            size=QSize(920, 580),
            icon=("wand-sparkles", "accent"),
        )
        self.ws = ws
        self._taken = {each.id for each in ws.styles} - ({style.id} if own else set())
        self._before = style.id if own else None
        self.style_now = style if own else model.own_copy(style, self._taken)
        self._saved: Style | None = style if own else None
        theme = ws.theme
        left = QWidget()
        left.setFixedWidth(316)
        column = QVBoxLayout(left)
        column.setContentsMargins(24, 16, 16, 16)
        column.setSpacing(10)
        self.name = InlineField(name="Name of the style")
        self.name.submitted.connect(lambda text: self._rename(text, self.style_now.description))
        self.text = InlineText(name="What it does, in words")
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.text.submitted.connect(lambda text: self._rename(self.style_now.name, text))
        column.addWidget(Text(theme, "Name", token="text.muted"))
        column.addWidget(self.name)
        column.addWidget(Text(theme, "In words", token="text.muted"))
        column.addWidget(self.text)
        column.addSpacing(6)
        self._form = QGridLayout()
        self._form.setHorizontalSpacing(8)
        self._form.setVerticalSpacing(8)
        self._form.setColumnMinimumWidth(0, 84)
        self._form.setColumnStretch(1, 1)
        self.sliders: dict[str, Slider] = {}
        self._values: dict[str, Text] = {}
        self._heading("Sound")
        for role in model.ROLES:
            self._slider(
                f"balance.{role}",
                ROLE_TITLES[role],
                (-12.0, 12.0, 0.0, 0.5),
                words.decibels,
                lambda value, role=role: model.with_balance(self.style_now, role, value),
            )
        for key, title, span, change, tip in PER_CENT[:2]:
            self._slider(key, title, span, _per_cent, lambda value, to=change: to(self.style_now, value), tip=tip)
        self._heading("Groove")
        for key, title, span, change, tip in PER_CENT[2:]:
            self._slider(key, title, span, _per_cent, lambda value, to=change: to(self.style_now, value), tip=tip)
        self._slider(
            "sidechain",
            "Side-chain",
            (0.0, 12.0, 0.0, 0.5),
            words.decibels,
            lambda value: model.with_sidechain(self.style_now, value),
            tip="By how much the music makes room for the kick",
        )
        column.addLayout(self._form)
        column.addStretch(1)
        right = QWidget()
        side = QVBoxLayout(right)
        side.setContentsMargins(8, 16, 24, 16)
        side.setSpacing(8)
        head = QHBoxLayout()
        head.addWidget(Text(theme, "Drums", weight="semibold", fixed=True))
        self._kit = Text(theme, token="text.faint", align=Qt.AlignmentFlag.AlignRight)
        head.addWidget(self._kit, 1)
        side.addLayout(head)
        self.grid = StepGrid(theme, cycle=model.CYCLE, words=model.STEP_WORDS)
        self.grid.stepped.connect(lambda row, step, value: self._put(model.with_step(self.style_now, row, step, value)))
        side.addWidget(self.grid)
        self._no_drums = label("This style keeps the drums of the song: it changes how they sound.", "muted", wrap=True)
        side.addWidget(self._no_drums)
        self.bass, self._bass_player = self._grid_of(
            side,
            "Bass",
            StepGrid(
                theme,
                cycle=model.BASS_CYCLE,
                words=model.BASS_WORDS,
                token="stem.bass",
                name="Bass pattern",
                letters=True,
                tip="Press a step: root, fifth, octave, third, seventh, approach, hold, rest; Shift makes it soft; or "
                "type its letter",
            ),
        )
        self.bass.stepped.connect(lambda *at: self._put(model.with_bass_step(self.style_now, *at)))
        self.chords, self._chord_player = self._grid_of(
            side,
            "Chords",
            StepGrid(
                theme,
                cycle=model.CHORD_CYCLE,
                words=model.CHORD_WORDS,
                token="stem.other",
                name="Chord patterns",
                tip="Press a step: plain, accent, soft, hold, rest; drag to paint",
            ),
        )
        self.chords.stepped.connect(lambda *at: self._put(model.with_chord_step(self.style_now, *at)))
        self._words = label(
            "Density is how full a section of the song is: an intro counts as 1, a chorus as 3. Of the bass, R is the "
            "root of the chord, F its fifth, O the octave, T the third, S the seventh, A a step to the next chord. "
            "Several patterns take turns by section and at each fourth bar. Pads hold each chord.",
            "captionfaint",
            wrap=True,
        )
        side.addWidget(self._words)
        side.addStretch(1)
        scroll = scroller(right)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(left)
        row.addWidget(scroll, 1)
        self.body.addLayout(row, 1)
        self._kept = self.style_now
        self._said = Text(theme, token="text.muted")
        self.foot.addWidget(self._said, 1)
        self.stay = Button(theme, "Cancel", kind="ghost", height=32, tip="Go on with the style (Esc)")
        self.stay.clicked.connect(lambda: self._ask(False))
        self.discard = Button(theme, "Discard", height=32, tip="Close without what was changed")
        self.discard.clicked.connect(self._on_discard)
        for button in (self.stay, self.discard):
            self.foot.addWidget(button)
        self.hear = Button(theme, "Save and hear", icon="play", height=32)
        self.hear.clicked.connect(self._on_hear)
        self.save = Button(theme, "Save", kind="primary", height=32)
        self.save.clicked.connect(self._save_and_close)
        self.foot.addWidget(self.hear)
        self.foot.addWidget(self.save)
        self._asking = False
        self._ask(False)
        self._put(self.style_now)

    # the form

    def _grid_of(self, side: QVBoxLayout, title: str, grid: StepGrid) -> tuple[StepGrid, Text]:
        """A heading with who plays, and the steps below it."""
        side.addSpacing(6)
        head = QHBoxLayout()
        head.addWidget(Text(self.theme, title, weight="semibold", fixed=True))
        who = Text(self.theme, token="text.faint", align=Qt.AlignmentFlag.AlignRight)
        head.addWidget(who, 1)
        side.addLayout(head)
        side.addWidget(grid)
        return grid, who

    def _heading(self, title: str) -> None:
        row = self._form.rowCount()
        self._form.addWidget(Text(self.theme, title, weight="semibold"), row, 0, 1, 3)

    def _slider(
        self,
        key: str,
        title: str,
        span: tuple[float, float, float, float],
        show: Callable[[float], str],
        change: Callable[[float], Style],
        *,
        tip: str = "",
    ) -> None:
        low, high, default, step = span
        slider = Slider(
            self.theme, name=title, minimum=low, maximum=high, default=default, step=step, show=show, token="accent"
        )
        value = Text(self.theme, show(default), fixed=True, align=Qt.AlignmentFlag.AlignRight).reserve("−12.0 dB")
        slider.changed.connect(lambda number: self._put(change(number)))
        caption = Text(self.theme, title, token="text.muted")
        if tip:
            caption.setToolTip(tip)
        row = self._form.rowCount()
        for at, widget in enumerate((caption, slider, value)):
            self._form.addWidget(widget, row, at)
        self.sliders[key], self._values[key] = slider, value

    def _rename(self, name: str, text: str) -> None:
        self._put(model.renamed(self.style_now, name, text, self._taken))

    def _put(self, style: Style) -> None:
        self.style_now = style
        self.name.set_value(style.name)
        self.text.set_value(style.description)
        made, sound = style.arrangement, style.production
        values = {
            **{f"balance.{role}": sound.balance_db.get(role, 0.0) for role in model.ROLES},
            "amount": sound.amount,
            "low": sound.low_ceiling,
            "swing": style.swing,
            "sidechain": made.sidechain_db if made is not None else 0.0,
        }
        for key, value in values.items():
            slider = self.sliders[key]
            slider.set_value(value)
            self._values[key].set_text(slider.shown())
        self.sliders["sidechain"].setEnabled(made is not None)
        drums = made.drums if made is not None else None
        self.grid.set_rows(
            tuple(
                StepRow(
                    title=model.piece_title(lane.piece),
                    note=model.density_words(lane.since, lane.until),
                    steps=lane.steps,
                    steps_per_beat=drums.steps_per_beat,
                )
                for lane in drums.lanes
            )
            if drums is not None
            else ()
        )
        self._kit.set_text(drums.instrument.replace("_", " ") if drums is not None else "")
        bass = made.bass if made is not None else None
        self.bass.set_rows(
            tuple(
                StepRow(
                    title=f"Pattern {number}",
                    note=model.density_words(bass.since, 9),
                    steps=steps,
                    steps_per_beat=bass.steps_per_beat,
                )
                for number, steps in enumerate(bass.patterns, 1)
            )
            if bass is not None
            else ()
        )
        self._bass_player.set_text(bass.instrument.replace("_", " ") if bass is not None else "none")
        self.bass.setVisible(bass is not None)
        rows = model.chord_rows(style)
        layers = made.harmony if made is not None else ()
        self.chords.set_rows(
            tuple(
                StepRow(
                    title=layers[layer].title,
                    note=model.density_words(layers[layer].since, layers[layer].until),
                    steps=layers[layer].patterns[pattern],
                    steps_per_beat=layers[layer].steps_per_beat,
                )
                for layer, pattern in rows
            )
        )
        players = dict.fromkeys(layers[layer].instrument.replace("_", " ") for layer, _ in rows)
        self._chord_player.set_text(", ".join(players) or "none")
        self.chords.setVisible(bool(rows))
        self.grid.setVisible(drums is not None)
        self._no_drums.setVisible(drums is None)
        if not self._asking:
            self._said.set_text("Saved" if style == self._saved else "Not saved yet")

    # closing

    @property
    def changed(self) -> bool:
        """Whether there is something that would be lost."""
        return self.style_now != self._kept

    def may_close(self) -> bool:
        """Whether nothing would be lost; asks where something would."""
        if not self.changed:
            return True
        self._ask(True)
        return False

    def dismiss(self) -> None:
        """Close; what was changed and not saved is asked about first, and Esc on the question goes on with it."""
        if self._asking:
            self._ask(False)
        elif self.may_close():
            super().dismiss()

    def _ask(self, on: bool) -> None:
        self._asking = on
        for button in (self.stay, self.discard):
            button.setVisible(on)
        self.hear.setVisible(not on)
        self._said.set_text(
            f"Save what you changed in “{self.style_now.name}”?"
            if on
            else "Saved"
            if self.style_now == self._saved
            else "Not saved yet"
        )
        if on:
            self.save.setFocus()

    def _on_discard(self) -> None:
        self._kept = self.style_now
        self._asking = False
        self.dismiss()

    def _save_and_close(self) -> None:
        if self._on_save():
            self._asking = False
            self.dismiss()

    # keep

    def _on_save(self) -> bool:
        style, session = self.style_now, self.ws.session
        if self.ws.attempt(lambda: session.save_style(style)) is None:
            return False
        before = self._before
        if before is not None and before != style.id:
            # A style is found by its name: the old file would stay as a style of its own.
            self.ws.attempt(lambda: session.remove_style(before))
        self._before, self._saved, self._kept = style.id, style, style
        self._taken.discard(style.id)
        self.ws.reload_styles()
        self._put(style)
        return True

    def _on_hear(self) -> None:
        if self._on_save():
            self.hear_asked.emit(self.style_now.id)
