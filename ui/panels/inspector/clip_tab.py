"""The selected clip: where, how loud, how fast, how high, and what made it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from studio.flows.names import HARMONY_TITLES
from studio.project import edits
from studio.project.model import Clip, Project, Track
from ui.viewmodels import words
from ui.viewmodels.lanes import ROLE_TITLES, clip_title, made_by_model
from ui.viewmodels.voices import Voices
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.control import parse_number
from ui.widgets.fields import Choice, InlineField
from ui.widgets.label import Text, label
from ui.widgets.slider import Slider


class ClipTab(QWidget):
    """Properties of one clip; each change is one step of undo."""

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws, self.theme = ws, ws.theme
        self._base: Project | None = None
        self._pages = QStackedLayout(self)
        hint = QWidget()
        hint_layout = QVBoxLayout(hint)
        hint_layout.setContentsMargins(12, 12, 12, 14)
        hint_layout.addWidget(label("No clip selected", "strong"))
        hint_layout.addWidget(
            label(
                "Click a clip in the arrangement to see and change what it plays. Ctrl+E cuts it at the play-head.",
                "muted",
                wrap=True,
            )
        )
        hint_layout.addStretch(1)
        self._pages.addWidget(hint)

        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(12, 12, 12, 14)
        layout.setSpacing(8)
        head = QHBoxLayout()
        self._title = Text(self.theme, weight="semibold")
        self._role = Text(self.theme, token="text.faint", fixed=True)
        head.addWidget(self._title, 1)
        head.addWidget(self._role)
        layout.addLayout(head)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnMinimumWidth(0, 56)
        self._grid.setColumnStretch(1, 1)
        layout.addLayout(self._grid)
        layout.addStretch(1)
        self.start = InlineField(name="Start of the clip in bars, beats and ticks", width=76)
        self.end = InlineField(name="End of the clip in bars, beats and ticks", width=76)
        span = QHBoxLayout()
        span.setSpacing(4)
        span.addWidget(self.start)
        span.addWidget(Text(self.theme, "to", token="text.muted", fixed=True))
        span.addWidget(self.end)
        span.addStretch(1)
        self._row("Start", span)
        self.gain = Slider(
            self.theme, name="Clip gain", minimum=-24, maximum=12, default=0, step=0.1, show=words.decibels
        )
        self.pitch = Slider(self.theme, name="Pitch", minimum=-12, maximum=12, default=0, step=1, show=words.semitones)
        self.speed = Slider(self.theme, name="Tempo", minimum=0.5, maximum=2.0, default=1, step=0.005, show=words.ratio)
        self.fade_in = Slider(
            self.theme, name="Fade in", minimum=0, maximum=8, default=0, step=0.01, show=lambda v: f"{v:.2f} s"
        )
        self.fade_out = Slider(
            self.theme, name="Fade out", minimum=0, maximum=8, default=0, step=0.01, show=lambda v: f"{v:.2f} s"
        )
        self._values: dict[str, Text] = {}
        for title, field, control, label_of_step in (
            ("Gain", "gain_db", self.gain, "Clip gain"),
            ("Pitch", "semitones", self.pitch, "Pitch"),
            ("Tempo", "tempo_ratio", self.speed, "Tempo of clip"),
            ("Fade in", "fade_in_s", self.fade_in, "Fade in"),
            ("Fade out", "fade_out_s", self.fade_out, "Fade out"),
        ):
            row = QHBoxLayout()
            row.setSpacing(8)
            value = Text(self.theme, align=Qt.AlignmentFlag.AlignRight, fixed=True).reserve("−12.0 dB")
            self._values[field] = value
            row.addWidget(control, 1)
            row.addWidget(value)
            self._row(title, row)
            self._bind(control, field, label_of_step)
        self.reverse = Button(self.theme, "Reversed", kind="toggle", height=24)
        self.muted = Button(self.theme, "Muted", kind="toggle", height=24)
        flags = QHBoxLayout()
        flags.setSpacing(6)
        flags.addWidget(self.reverse)
        flags.addWidget(self.muted)
        flags.addStretch(1)
        self._row("Plays", flags)
        self._made = Text(self.theme)
        self._made_note = label("", "caption", wrap=True)
        made = QVBoxLayout()
        made.setSpacing(0)
        made.addWidget(self._made)
        made.addWidget(self._made_note)
        self._made_row = self._row("Made by", made)
        self._add_voice()
        self._pages.addWidget(page)

        self.reverse.clicked.connect(lambda on: self._set("Reverse", reverse=on))
        self.muted.clicked.connect(lambda on: self._set("Mute clip" if on else "Unmute clip", muted=on))
        self.start.submitted.connect(self._on_start)
        self.end.submitted.connect(self._on_end)
        ws.bridge.project_changed.connect(self.refresh)
        ws.selection_changed.connect(self.refresh)
        self.refresh()

    def _add_voice(self) -> None:
        """What is done with a voice beside a song."""
        self.voices = Voices(self.ws)
        self.align = Button(
            self.theme, "Align with the song", height=26, tip="Put the voice on the beats and into the key of the song"
        )
        self.align.clicked.connect(self.voices.align)
        self.harmony = Choice(self.theme, name="Interval of the harmony")
        for harmony, title in HARMONY_TITLES.items():
            self.harmony.addItem(title.removeprefix("a ").removeprefix("an ").capitalize(), harmony)
        self.double = Button(
            self.theme,
            "Add",
            name="Add a harmony",
            height=26,
            tip="Double the voice on a track of its own, along the song's scale",
        )
        self.double.clicked.connect(lambda: self.voices.double(str(self.harmony.currentData())))
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addWidget(self.align)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.harmony, 1)
        row.addWidget(self.double)
        column.addLayout(row)
        self._voice_row = self._row("Voice", column)

    def _row(self, title: str, content: Any) -> Text:
        row = self._grid.rowCount()
        name = Text(self.theme, title, token="text.muted")
        # A caption stands at the height of its control; only one of several lines begins at the top.
        tall = isinstance(content, QVBoxLayout)
        self._grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop if tall else Qt.AlignmentFlag.AlignVCenter)
        self._grid.addLayout(content, row, 1)
        return name

    def _bind(self, control: Slider, field: str, step: str) -> None:
        control.pressed.connect(lambda: self._begin(step))
        control.changed.connect(lambda value: self._change(field, value))
        control.released.connect(self._end)
        control.cancelled.connect(self._cancel)

    # gestures

    def _begin(self, step: str) -> None:
        self._base = self.ws.project
        self.ws.session.begin_gesture(step)

    def _change(self, field: str, value: float) -> None:
        found = self.ws.clip()
        if self._base is None or found is None:
            return
        base, clip_id = self._base, found[1].id
        self.ws.attempt(lambda: self.ws.session.update_gesture(_with(base, clip_id, field, value)))
        self._values[field].set_text(self._shown(field, value))

    def _end(self) -> None:
        if self._base is not None:
            self._base = None
            self.ws.session.end_gesture()

    def _cancel(self) -> None:
        if self._base is not None:
            self._base = None
            self.ws.session.cancel_gesture()

    def _shown(self, field: str, value: float) -> str:
        show: dict[str, Callable[[float], str]] = {
            "gain_db": words.decibels,
            "semitones": words.semitones,
            "tempo_ratio": words.ratio,
        }
        return show.get(field, lambda v: f"{v:.2f} s")(value)

    def _set(self, step: str, **values: Any) -> None:
        found = self.ws.clip()
        if found is not None:
            clip_id = found[1].id
            self.ws.commit(step, lambda p: edits.set_clip(p, clip_id, **values))

    def _place(self, text: str) -> float | None:
        at_s = self.ws.grid.parse_position(text)
        if at_s is None and ":" in text:
            minutes, _, seconds = text.partition(":")
            number = parse_number(seconds)
            at_s = int(minutes) * 60 + number if minutes.isdigit() and number is not None else None
        if at_s is None:
            self.ws.say(
                "That is not a place in the song.",
                "Type bars and beats such as 9.1, or a time such as 0:32.",
                "warning",
            )
        return at_s

    def _on_start(self, text: str) -> None:
        found, at_s = self.ws.clip(), self._place(text)
        if found is not None and at_s is not None:
            self.ws.commit("Move clip", lambda p: edits.move_clip(p, found[1].id, at_s))

    def _on_end(self, text: str) -> None:
        found, at_s = self.ws.clip(), self._place(text)
        if found is not None and at_s is not None:
            self.ws.commit("Trim end", lambda p: edits.trim_clip(p, found[1].id, end_s=at_s))

    # show

    def refresh(self) -> None:
        """Show the selected clip, or what to do to have one."""
        found = self.ws.clip()
        self._pages.setCurrentIndex(1 if found is not None else 0)
        if found is not None:
            self._show(*found)

    def _show(self, track: Track, clip: Clip) -> None:
        source = self.ws.project.sources.get(clip.source)
        count = len(self.ws.selected_clips)
        self._title.set_text(
            clip_title(self.ws.project, clip, source) if source is not None else clip.name or track.name
        )
        generated = source is not None and made_by_model(source)
        self._title.set_icon("sparkle" if generated else None, f"stem.{track.role}" if generated else None)
        self._role.set_text(ROLE_TITLES.get(track.role, "") if count < 2 else f"first of {count}")
        grid = self.ws.grid
        self.start.set_value(grid.position(clip.start_s))
        self.end.set_value(grid.position(clip.end_s))
        for control, field in (
            (self.gain, "gain_db"),
            (self.pitch, "semitones"),
            (self.speed, "tempo_ratio"),
            (self.fade_in, "fade_in_s"),
            (self.fade_out, "fade_out_s"),
        ):
            value = getattr(clip, field)
            control.set_value(value)
            self._values[field].set_text(self._shown(field, value))
        for widget in (self._voice_row, self.align, self.harmony, self.double):
            widget.setVisible(self.voices.can_double)
        self.align.setEnabled(self.voices.can_align)
        self.reverse.setChecked(clip.reverse)
        self.muted.setChecked(clip.muted)
        step = next((s for s in reversed(source.steps) if s.model_id), None) if source is not None else None
        visible = step is not None or (source is not None and source.delivered)
        for widget in (self._made, self._made_note, self._made_row):
            widget.setVisible(visible)
        if step is not None:
            self._made.set_text(f"{step.model_id} {step.model_version or ''}".strip())
            details = [
                f"{key} {value}" for key, value in step.parameters.items() if key in ("style", "intensity", "seed")
            ]
            self._made_note.setText(" · ".join(details) or step.operation)
        elif source is not None and source.delivered:
            self._made.set_text("The label")
            self._made_note.setText("a true stem, delivered with the licence")


def _with(project: Project, clip_id: str, field: str, value: float) -> Project:
    if field == "gain_db":
        return edits.set_clip(project, clip_id, gain_db=value)
    if field == "semitones":
        return edits.set_clip(project, clip_id, semitones=value)
    if field == "tempo_ratio":
        return edits.set_clip(project, clip_id, tempo_ratio=value)
    if field == "fade_in_s":
        return edits.set_clip(project, clip_id, fade_in_s=value)
    return edits.set_clip(project, clip_id, fade_out_s=value)
