"""Notes of the selected clip: what the piano roll shows and what keys, menus and the mouse do to them.

What a person does is shown at once; it becomes one step of the project at once, or, where a key is held, when it has
rested for a moment. The sound follows by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from PySide6.QtCore import QMimeData, QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication

from engine.errors import EngineError
from studio.base.errors import StudioError
from studio.project import notes
from studio.project.notes import Edited, Row
from studio.project.warp import WarpMap

if TYPE_CHECKING:
    from engine.midi.score import Score, ScoreNote
    from studio.project.model import Clip
    from ui.viewmodels.workspace import Workspace

MIME = "application/x-contrafact-notes"
REST_MS = 300
"""For how long keys must rest before what they did becomes one step."""
FINE_S = 0.01
VELOCITY_STEP = 0.05
GRIDS = tuple(notes.STEPS)


class NoteDesk(QObject):
    """The notes at hand. `changed` tells that other notes are shown, or that others are chosen."""

    changed = Signal()

    def __init__(self, ws: Workspace):
        super().__init__(ws)
        self.ws = ws
        self.grid = "1/16"
        self.strength = 1.0
        self.drawing = False
        """Whether a press on an empty place draws a note."""
        self.velocity = 0.7
        """Of notes that are drawn: that of the one that was touched last."""
        self.chosen: frozenset[int] = frozenset()
        self._clip: str | None = None
        self._key: str | None = None
        self._score: Score | None = None
        self._rows: tuple[Row, ...] = ()
        self._pending: tuple[str, str] | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self.flush)
        ws.bridge.project_changed.connect(self._follow)
        ws.selection_changed.connect(self._follow)

    # what is shown

    @property
    def score(self) -> Score | None:
        """The notes as they are shown, with what is not yet part of the project."""
        return self._score

    @property
    def rows(self) -> tuple[Row, ...]:
        """The lines that they are written on, from low to high."""
        return self._rows

    @property
    def active(self) -> bool:
        """Whether the selected clip has notes."""
        return self._score is not None

    def clip(self) -> Clip | None:
        """The clip that the notes belong to."""
        found = self.ws.clip()
        return found[1] if found is not None and found[1].id == self._clip else None

    def grid_s(self, at_s: float) -> float:
        """How long a step of the chosen grid is at a time of the sound."""
        score = self._score
        return 0.125 if score is None else notes.step_s(score.song, score.duration_s, at_s, notes.STEPS[self.grid])

    def snapped(self, at_s: float, *, down: bool = False) -> float:
        """The nearest line of the chosen grid (`down`: the one before), the time itself where there is no beat or
        snapping is off."""
        score = self._score
        if score is None or self.ws.snap_step == "off":
            return max(at_s, 0.0)
        lines = self._lines()
        if not lines:
            return max(at_s, 0.0)
        if not down:
            return notes.nearest(lines, at_s)
        return max((line for line in lines if line <= at_s + 1e-6), default=max(at_s, 0.0))

    def _lines(self) -> tuple[float, ...]:
        score = self._score
        if score is None:
            return ()
        key = (self.grid, score.song)
        if getattr(self, "_lined", None) is None or self._lined[0] != key:
            self._lined = (key, notes.grid_lines(score.song, score.duration_s, notes.STEPS[self.grid]))
        return self._lined[1]

    def _follow(self) -> None:
        """Show the notes of the clip that is selected now."""
        found = self.ws.clip()
        source = self.ws.project.sources.get(found[1].source) if found is not None else None
        clip_id = found[1].id if found is not None and source is not None and source.score is not None else None
        if self._pending is not None:
            if clip_id == self._pending[1] and source is not None and source.score == self._key:
                return
            self.flush()
            found = self.ws.clip()
            source = self.ws.project.sources.get(found[1].source) if found is not None else None
        key = source.score if clip_id is not None and source is not None else None
        if (clip_id, key) == (self._clip, self._key):
            return
        same_clip = clip_id == self._clip
        self._clip, self._key = clip_id, key
        before, self._score = self._score, None if source is None else self.ws.session.score(source)
        if self._score is not before:
            self._rows = () if self._score is None else notes.rows_of(self._score)
            # After an undo the same places may be other notes.
            kept = same_clip and before is not None and self._score is not None and before.notes == self._score.notes
            self.chosen = self.chosen if kept else frozenset()
        self.changed.emit()

    # choosing

    def choose(self, which: Iterable[int]) -> None:
        """Choose these notes, by their places in the score."""
        chosen = frozenset(which)
        if chosen != self.chosen:
            self.chosen = chosen
            if self._score is not None and len(chosen) == 1:
                self.velocity = self._score.notes[next(iter(chosen))].velocity
            self.changed.emit()

    def choose_all(self) -> None:
        """Choose every note that the clip plays."""
        self.choose(self.heard())

    def choose_none(self) -> None:
        """Choose none."""
        self.choose(())

    def choose_beside(self, by: int) -> None:
        """Choose the next or the last note in time."""
        heard = self.heard()
        if not heard:
            return
        here = (max(self.chosen) if by > 0 else min(self.chosen)) if self.chosen else None
        if here is None or here not in heard:
            self.choose([heard[0 if by > 0 else -1]])
        else:
            self.choose([heard[min(max(heard.index(here) + by, 0), len(heard) - 1)]])

    def heard(self) -> list[int]:
        """The notes that lie within the clip."""
        score, clip = self._score, self.clip()
        if score is None or clip is None:
            return []
        along = WarpMap.of(clip)
        first, last = sorted((along.source_at(0.0), along.source_at(clip.length_s)))
        return [index for index, note in enumerate(score.notes) if first - 1e-6 <= note.start_s < last]

    def meant(self) -> frozenset[int]:
        """The chosen notes, or all where none is."""
        return self.chosen or frozenset(self.heard())

    # changing

    def apply(self, label: str, edit: Callable[[Score], Edited], *, held: bool = False) -> bool:
        """Change the notes; `held` makes one step of what keys do while they follow each other quickly. False where it
        was refused or changed nothing."""
        score, clip = self._score, self.clip()
        if score is None or clip is None:
            return False
        try:
            found, chosen = edit(score)
        except (StudioError, EngineError) as error:
            self.ws.fail(error)
            return False
        if self._pending is not None and self._pending[0] != label:
            self.flush()
        if found is score.notes:
            self.choose(chosen)
            return False
        self._score, self.chosen = replace(score, notes=found), chosen
        self._pending = (label, clip.id)
        if held:
            self._rest.start()
        else:
            self.flush()
        self.changed.emit()
        return True

    def flush(self) -> None:
        """Make what is shown part of the project now."""
        self._rest.stop()
        pending, self._pending = self._pending, None
        score = self._score
        if pending is None or score is None:
            return
        label, clip_id = pending
        if all(clip.id != clip_id for track in self.ws.project.tracks for clip in track.clips):
            return
        session = self.ws.session
        # What comes of it is known here already: the selection stays.
        self._key = session.score_key(score)
        if self.ws.attempt(lambda: (session.set_score(clip_id, score, label=label), True)) is None:
            self._key = None
            self._follow()

    def show(self, found: Edited) -> None:
        """Show notes in the middle of a drag; nothing is changed yet."""
        score = self._score
        if score is not None and (found[0] is not score.notes or found[1] != self.chosen):
            self._score, self.chosen = replace(score, notes=found[0]), found[1]
            self.changed.emit()

    def land(self, label: str, before: Score) -> None:
        """Make what `show` has shown since `before` one step."""
        score, clip = self._score, self.clip()
        if score is None or clip is None or score.notes is before.notes:
            return
        self._pending = (label, clip.id)
        self.flush()
        self.changed.emit()

    def restore(self, score: Score, chosen: frozenset[int]) -> None:
        """Back to what a drag began with."""
        self._score, self.chosen = score, chosen
        self.changed.emit()

    def add(self, found: ScoreNote) -> None:
        """A new note, chosen."""
        self.apply("Draw note", lambda score: notes.added(score, [found]))

    def add_at_playhead(self) -> None:
        """A note where the play-head is, on the line of the chosen note or in the middle."""
        score, clip = self._score, self.clip()
        if score is None or clip is None:
            return
        from engine.midi.score import ScoreNote

        at_s = WarpMap.of(clip).source_at(min(max(self.ws.position_s - clip.start_s, 0.0), clip.length_s))
        start_s = self.snapped(at_s, down=True)
        near = score.notes[min(self.chosen)] if self.chosen else None
        row = self._rows[notes.row_of(self._rows, near)] if near is not None else self._rows[self._middle()]
        self.add(ScoreNote(start_s, self.grid_s(start_s), float(row.pitch), self.velocity, row.voice))

    def _middle(self) -> int:
        """The line that most notes are near to."""
        score = self._score
        if score is None or not score.notes:
            return len(self._rows) // 2
        places = sorted(notes.row_of(self._rows, note) for note in score.notes)
        return places[len(places) // 2]

    def remove(self) -> None:
        """Take the chosen notes away."""
        if self.chosen:
            self.apply("Delete notes", lambda score: notes.removed(score.notes, self.chosen))

    def move(self, steps: int, *, fine: bool = False) -> None:
        """The chosen notes a step of the grid, or 10 ms, to the right or left."""
        score = self._score
        if score is not None and self.chosen:
            first_s = min(score.notes[index].start_s for index in self.chosen)
            by_s = steps * (FINE_S if fine else self.grid_s(first_s))
            self.apply("Move notes", lambda score: notes.moved(score, self.chosen, by_s=by_s), held=True)

    def transpose(self, rows: int) -> None:
        """The chosen notes so many lines up or down."""
        if self.chosen:
            self.apply("Transpose notes", lambda score: notes.moved(score, self.chosen, by_rows=rows), held=True)

    def octave(self, by: int) -> None:
        """The chosen notes an octave up or down."""
        if self._score is not None and not self._score.is_kit:
            self.transpose(12 * by)

    def resize(self, steps: int, *, fine: bool = False) -> None:
        """The chosen notes longer or shorter."""
        score = self._score
        if score is not None and self.chosen:
            by_s = steps * (FINE_S if fine else self.grid_s(min(score.notes[i].start_s for i in self.chosen)))
            self.apply("Length of notes", lambda score: notes.resized(score, self.chosen, by_s=by_s), held=True)

    def strike(self, by: int) -> None:
        """The chosen notes harder or softer."""
        if self.chosen:
            self.apply(
                "Velocity",
                lambda score: notes.with_velocity(score.notes, self.chosen, by=by * VELOCITY_STEP),
                held=True,
            )

    def set_velocity(self, value: float) -> None:
        """All chosen notes at one velocity, 0 to 1."""
        if self.chosen:
            self.velocity = min(max(value, 0.01), 1.0)
            self.apply("Velocity", lambda score: notes.with_velocity(score.notes, self.chosen, to=value))

    def quantise(self) -> None:
        """The chosen notes, or all, to the grid of the song."""
        meant, none_chosen = self.meant(), not self.chosen
        grid, strength = self.grid, self.strength
        self.apply("Quantise", lambda score: notes.quantised(score, meant, step=grid, strength=strength))
        if none_chosen:
            self.choose_none()

    def humanise(self) -> None:
        """The chosen notes, or all, as hands play them; each time another way."""
        meant, none_chosen = self.meant(), not self.chosen
        seed = len(self.ws.session.history.entries)
        self.apply("Humanise", lambda score: notes.humanised(score, meant, seed=seed))
        if none_chosen:
            self.choose_none()

    def duplicate(self) -> None:
        """The chosen notes once more behind themselves."""
        if self.chosen:
            self.apply("Duplicate notes", lambda score: notes.duplicated(score, self.chosen))

    def set_grid(self, name: str) -> None:
        """Another grid, of `GRIDS`."""
        if name in notes.STEPS and name != self.grid:
            self.grid = name
            self.changed.emit()

    def set_strength(self, value: float) -> None:
        """How far notes are drawn to the grid, 0 to 1."""
        self.strength = min(max(value, 0.0), 1.0)

    def set_drawing(self, on: bool) -> None:
        """Draw notes by pressing, or choose them."""
        if on != self.drawing:
            self.drawing = on
            self.changed.emit()

    # the clipboard

    def copy(self) -> bool:
        """Put the chosen notes on the clipboard; False where none is chosen."""
        import msgspec

        score = self._score
        if score is None or not self.chosen:
            return False
        found = [score.notes[index] for index in sorted(self.chosen)]
        names = [notes.note_name(score, note) for note in found]
        first_s = found[0].start_s
        mime = QMimeData()
        body = {"kit": score.is_kit, "names": names, "notes": [replace(n, start_s=n.start_s - first_s) for n in found]}
        mime.setData(MIME, msgspec.json.encode(body))
        QGuiApplication.clipboard().setMimeData(mime)
        return True

    def cut(self) -> None:
        """Put the chosen notes on the clipboard and take them away."""
        if self.copy():
            self.apply("Cut notes", lambda score: notes.removed(score.notes, self.chosen))

    def paste(self) -> None:
        """Put the notes of the clipboard at the play-head, or behind the chosen ones where the play-head lies outside
        of the clip."""
        import msgspec

        from engine.midi.score import ScoreNote

        score, clip = self._score, self.clip()
        mime = QGuiApplication.clipboard().mimeData()
        if score is None or clip is None or mime is None or not mime.hasFormat(MIME):
            self.ws.say("There are no notes to paste.", "Choose notes in the clip editor, then copy them.", "warning")
            return
        try:
            body: dict[str, Any] = msgspec.json.decode(bytes(mime.data(MIME).data()))
            found = msgspec.convert(body["notes"], list[ScoreNote])
            names = [str(each) for each in body["names"]]
        except (msgspec.ValidationError, msgspec.DecodeError, KeyError, TypeError):
            self.ws.say("What was copied are no notes.", "Copy notes again.", "warning")
            return
        at_s = self._place(score, clip)

        def placed(score: Score) -> Edited:
            made: list[ScoreNote] = []
            for note, name in zip(found, names, strict=False):
                voice, pitch = note.voice, note.pitch
                if score.is_kit:
                    row = next((row for row in self._rows if row.name == name), None)
                    voice, pitch = (row.voice, float(row.pitch)) if row is not None else (0, pitch)
                elif not 0 <= voice < len(score.voices):
                    voice = 0
                if at_s + note.start_s < score.duration_s:
                    made.append(replace(note, start_s=at_s + note.start_s, voice=voice, pitch=pitch))
            return notes.added(score, made)

        self.apply("Paste notes", placed)

    def _place(self, score: Score, clip: Clip) -> float:
        inside_s = self.ws.position_s - clip.start_s
        if 0.0 <= inside_s < clip.length_s or not self.chosen:
            return self.snapped(WarpMap.of(clip).source_at(min(max(inside_s, 0.0), clip.length_s)))
        found = [score.notes[index] for index in self.chosen]
        first_s, last_s = min(n.start_s for n in found), max(n.end_s for n in found)
        return first_s + notes.whole_beats_s(score.song, first_s, last_s)

    # files

    def import_file(self, path: Path) -> None:
        """The notes of a MIDI file in place of those of the clip."""
        self.flush()
        clip = self.clip()
        if clip is not None:
            self.ws.attempt(lambda: self.ws.session.import_notes(clip.id, path))

    def export_file(self, path: Path) -> None:
        """The notes that are heard as a MIDI file."""
        self.flush()
        made = self.ws.attempt(lambda: self.ws.session.export_midi(path))
        if made is not None:
            self.ws.say(f"Wrote {made.notes} notes to {path.name}.", level="ok")
