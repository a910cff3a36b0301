"""The clip editor: the clip large on the left, what is known of its sound on the right."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from studio.project import edits
from studio.project.model import Clip, Project, Source
from ui.panels.editor.notes_side import NotesSide
from ui.panels.editor.roll import PianoRoll
from ui.panels.editor.view import ClipView
from ui.viewmodels import clip_editor as logic
from ui.viewmodels import words
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.control import parse_number
from ui.widgets.fields import InlineField
from ui.widgets.label import Text
from ui.widgets.segmented import Segmented
from ui.widgets.surface import Surface

SIDE_PX = 272
TAP_PAUSE_MS = 2100
SHIFT_S = 0.01


class ClipEditor(QWidget):
    """Waveform or spectrum with warp markers; tempo, beats, key, pitch and gain as fields. Parts that a restyle wrote
    show their notes."""

    mode_changed = Signal(str)

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws, self.theme = ws, ws.theme
        self.view = ClipView(ws)
        self.roll = PianoRoll(ws, self.view.viewport)
        self.notes_side = NotesSide(ws, SIDE_PX)
        self._looked_at: str | None = None
        self._taps = logic.Taps()
        self._tapped: tuple[str, float, float] | None = None
        self._tap_over = QTimer(self)
        self._tap_over.setSingleShot(True)
        self._tap_over.setInterval(TAP_PAUSE_MS)
        self._tap_over.timeout.connect(self._take_taps)
        theme = ws.theme
        self.side = Surface(theme, "bg.panel", lines="l")
        self.side.setFixedWidth(SIDE_PX)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnMinimumWidth(0, 66)
        self._grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self.side)
        column.setContentsMargins(12, 8, 12, 8)
        column.addLayout(self._grid)
        column.addStretch(1)

        self.tempo = InlineField(name="Tempo of the sound in beats a minute", width=66)
        self.half = self._small("½", "Half the tempo", lambda: self._scale(0.5))
        self.double = self._small("×2", "Double the tempo", lambda: self._scale(2.0))
        self.tap = self._small("Tap", "Tap along with the beat, four times or more", self.tap_beat)
        self._row("Tempo", self.tempo, self.half, self.double, self.tap)
        self.first = InlineField(name="First beat in seconds", width=66)
        self.earlier = self._small("◂", "First beat 10 ms earlier", lambda: self._shift(-SHIFT_S))
        self.later = self._small("▸", "First beat 10 ms later", lambda: self._shift(SHIFT_S))
        self.next_beat = self._small("+1", "The next beat is the first of the bar", self._next_beat)
        self._row("First beat", self.first, self.earlier, self.later, self.next_beat)
        self.key = InlineField(name="Key of the sound", width=92)
        self._other_key = Button(theme, "", kind="link", height=22, name="The other key that it may be")
        self._other_key.clicked.connect(self._take_other_key)
        self._row("Key", self.key, self._other_key)
        self.pitch = InlineField(name="Pitch in semitones", width=62)
        self.gain = InlineField(name="Gain of the clip in decibels", width=76)
        self._row("Pitch, gain", self.pitch, self.gain)
        self.warp = Segmented(theme, (("beats", "Beats"), ("off", "Off")), name="Warp to the beats of the project")
        self.reverse = Button(theme, "Reversed", kind="toggle", height=24)
        self._row("Warp", self.warp, self.reverse)
        self.adopt = Button(theme, "Use its tempo and key", height=24, name="Use tempo and key for the project")
        self._grid.addWidget(self.adopt, self._grid.rowCount(), 0, 1, 2)

        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.roll, 1)
        layout.addWidget(self.side)
        layout.addWidget(self.notes_side)
        self.roll.hide()
        self.notes_side.hide()

        self.tempo.submitted.connect(self._on_tempo)
        self.first.submitted.connect(self._on_first)
        self.key.submitted.connect(self._on_key)
        self.pitch.submitted.connect(lambda text: self._number(text, "Pitch", "semitones"))
        self.gain.submitted.connect(lambda text: self._number(text, "Clip gain", "gain_db"))
        self.warp.changed.connect(self._on_warp)
        self.reverse.clicked.connect(self._on_reverse)
        self.adopt.clicked.connect(self._adopt)
        ws.bridge.project_changed.connect(self.refresh)
        ws.bridge.analysis_ready.connect(self.refresh)
        ws.selection_changed.connect(self.refresh)
        ws.notes.changed.connect(self._choose_mode)
        self.refresh()

    def set_mode(self, mode: str) -> None:
        """``wave``, ``spectrum`` or ``notes``."""
        notes = mode == "notes"
        if not notes:
            self.view.set_mode(mode)
        for widget, on in (
            (self.roll, notes),
            (self.notes_side, notes),
            (self.view, not notes),
            (self.side, not notes),
        ):
            widget.setVisible(on)

    @property
    def mode(self) -> str:
        """What is shown."""
        return "notes" if not self.roll.isHidden() else self.view.mode

    def _choose_mode(self) -> None:
        """Notes where another clip has some, its sound where it has none."""
        clip = self.ws.notes.clip()
        looked_at = clip.id if clip is not None else None
        if looked_at == self._looked_at:
            return
        self._looked_at = looked_at
        if (looked_at is not None) != (self.mode == "notes"):
            self.mode_changed.emit("notes" if looked_at is not None else self.view.mode)

    def _row(self, title: str, *widgets: QWidget) -> None:
        row = QHBoxLayout()
        row.setSpacing(4)
        for widget in widgets:
            row.addWidget(widget)
        row.addStretch(1)
        index = self._grid.rowCount()
        self._grid.addWidget(Text(self.theme, title, token="text.muted"), index, 0)
        self._grid.addLayout(row, index, 1)

    def _small(self, text: str, tip: str, pressed: Any) -> Button:
        button = Button(self.theme, text, height=22, name=tip, tip=tip)
        button.setFixedWidth(36 if len(text) > 2 else 26)
        button.clicked.connect(lambda _on=False: pressed())
        return button

    # show

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self.refresh()

    def _sound(self) -> tuple[Clip, Source, Any] | None:
        """The clip, the sound whose tempo counts, and what was heard in it."""
        found = self.view.found()
        if found is None:
            return None
        origin = logic.beat_source(self.ws.project, found[1])
        return found[0], origin, self.ws.session.analysis(origin)

    def refresh(self) -> None:
        """Show the selected clip."""
        if not self.isVisible():
            return
        found = self._sound()
        self.side.setEnabled(found is not None)
        if found is None:
            return
        clip, source, heard = found
        tempo = logic.tempo_of(source, heard)
        self.tempo.set_value(f"{tempo:.2f}" if tempo is not None else "–")
        self.first.set_value(f"{logic.first_beat_of(source, heard):.3f} s" if tempo is not None else "–")
        for button in (self.half, self.double, self.earlier, self.later, self.next_beat):
            button.setEnabled(tempo is not None)
        key = source.key or (heard.key if heard is not None else None)
        self.key.set_value(words.key_name(key))
        other = heard.key_runner_up if heard is not None and heard.key_runner_up != key else ""
        self._other_key.setText(f"or {words.short_key(other)}" if other else "")
        self._other_key.setVisible(bool(other))
        self.pitch.set_value(words.semitones(clip.semitones))
        self.gain.set_value(words.decibels(clip.gain_db))
        self.warp.set_value("beats" if clip.warp else "off")
        self.warp.setEnabled(tempo is not None or bool(clip.warp))
        self.reverse.setChecked(clip.reverse)
        self.adopt.setEnabled(tempo is not None)

    # tempo and beats

    def _grid_edit(self, label: str, **values: Any) -> None:
        found = self._sound()
        if found is not None:
            self.ws.commit(label, lambda p: edits.set_beat_grid(p, found[1].id, **values))

    def _on_tempo(self, text: str) -> None:
        value = parse_number(text)
        if value is None:
            self.ws.say("That is not a tempo.", "Type beats a minute, such as 124 or 96.5.", "warning")
        else:
            self._correct(value, None)

    def _correct(self, tempo: float, first_s: float | None) -> None:
        found = self._sound()
        if found is not None:
            first = logic.first_beat_of(found[1], found[2]) if first_s is None else first_s
            self._grid_edit("Correct tempo", tempo_bpm=tempo, first_beat_s=first)

    def _scale(self, ratio: float) -> None:
        found = self._sound()
        tempo = logic.tempo_of(found[1], found[2]) if found is not None else None
        if tempo is not None:
            self._correct(tempo * ratio, None)

    def _on_first(self, text: str) -> None:
        value = parse_number(text)
        if value is None:
            self.ws.say("That is not a time.", "Type seconds, such as 0.214.", "warning")
        else:
            self._first_at(value)

    def _first_at(self, at_s: float) -> None:
        found = self._sound()
        tempo = logic.tempo_of(found[1], found[2]) if found is not None else None
        if tempo is not None:
            self._grid_edit("Shift beats", tempo_bpm=tempo, first_beat_s=at_s)

    def _shift(self, by_s: float) -> None:
        found = self._sound()
        if found is not None:
            self._first_at(logic.first_beat_of(found[1], found[2]) + by_s)

    def _next_beat(self) -> None:
        found = self._sound()
        tempo = logic.tempo_of(found[1], found[2]) if found is not None else None
        if found is not None and tempo is not None:
            bar_s = self.ws.project.beats_per_bar * 60.0 / tempo
            self._first_at((logic.first_beat_of(found[1], found[2]) + 60.0 / tempo) % bar_s)

    def tap_beat(self) -> None:
        """Take the place that plays now as a beat; after a pause the tempo of the taps counts."""
        found = self.view.found()
        if found is None:
            return
        clip, source, _ = found
        at_s = logic.source_time(clip, self.ws.position_s - clip.start_s)
        made = self._taps.tap(at_s)
        origin = logic.beat_source(self.ws.project, source)
        self._tapped = (origin.id, *made) if made is not None else None
        self.tempo.set_value(f"{made[0]:.2f}" if made is not None else f"{self._taps.count} …")
        self._tap_over.start()

    def _take_taps(self) -> None:
        tapped, self._tapped = self._tapped, None
        self._taps = logic.Taps()
        if tapped is not None and tapped[0] in self.ws.project.sources:
            source_id, tempo, first_s = tapped
            self.ws.commit(
                "Tap tempo", lambda p: edits.set_beat_grid(p, source_id, tempo_bpm=tempo, first_beat_s=first_s)
            )
        self.refresh()

    # key, values, warp

    def _on_key(self, text: str) -> None:
        key = words.parse_key(text)
        if key is None:
            self.ws.say("That is not a key.", "Type a note and minor or major, such as F# minor or Bb.", "warning")
        else:
            self._grid_edit("Correct key", key=key)

    def _take_other_key(self) -> None:
        found = self._sound()
        if found is not None and found[2] is not None:
            self._grid_edit("Correct key", key=found[2].key_runner_up)

    def _number(self, text: str, label: str, field: str) -> None:
        found, value = self.view.found(), parse_number(text)
        if value is None:
            self.ws.say("That is not a number.", "Type a number, such as −2 or 1.5.", "warning")
        elif found is not None:
            values = {field: value}
            self.ws.commit(label, lambda p: edits.set_clip(p, found[0].id, **values))  # pyright: ignore

    def _on_reverse(self, on: bool) -> None:
        found = self.view.found()
        if found is not None:
            self.ws.commit("Reverse", lambda p: edits.set_clip(p, found[0].id, reverse=on))

    def _on_warp(self, value: str) -> None:
        found = self._sound()
        if found is None:
            return
        clip, source, heard = found
        beats = logic.beats_of(source, heard)

        def run(project: Project) -> Project:
            return (
                edits.warp_to_grid(project, clip.id, beats) if value == "beats" else edits.clear_warp(project, clip.id)
            )

        if not self.ws.commit("Warp to the beats" if value == "beats" else "No warp", run):
            self.refresh()

    def _adopt(self) -> None:
        """The project takes tempo and key of the sound."""
        found = self._sound()
        tempo = logic.tempo_of(found[1], found[2]) if found is not None else None
        if found is None or tempo is None:
            return
        key = found[1].key or (found[2].key if found[2] is not None else None)

        def run(project: Project) -> Project:
            project = edits.set_tempo(project, tempo)
            return edits.set_key(project, key) if key else project

        self.ws.commit("Use tempo and key", run)
