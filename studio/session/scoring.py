"""The notes of arranged parts: looked at and changed at once, played again in the background."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from engine.errors import EngineError
from engine.io.pyramid import Pyramid
from engine.midi.score import Score
from studio.base.errors import StudioError
from studio.flows import scores
from studio.flows.scores import MidiFiles
from studio.project import edits
from studio.project.model import Source
from studio.session.sound import Sound

_KEPT = 32
"""Scores that stay read."""


class Scoring(Sound):
    """What a person does with notes. Each edit is one step; the new sound is heard as soon as it is played."""

    _scores: OrderedDict[str, Score | None] | None = None
    _earlier: tuple[str, Pyramid] | None = None
    """The waveform that is shown for a sound that is being played."""

    def score(self, source: Source) -> Score | None:
        """The notes of a sound; None where it has none, or they cannot be read now."""
        if source.score is None:
            return None
        known = self._known_scores()
        if source.score not in known:
            try:
                known[source.score] = scores.score_of(self.services, source)
            except (StudioError, EngineError):
                known[source.score] = None
            while len(known) > _KEPT:
                known.popitem(last=False)
        known.move_to_end(source.score)
        return known[source.score]

    def score_key(self, score: Score) -> str:
        """The key under which the library keeps a score."""
        return scores.key_of(score)

    def peaks(self, source: Source) -> Pyramid | None:
        """The waveform of a source; that of the notes before until the new ones are played."""
        found = super().peaks(source)
        if found is None and self._earlier is not None and self._earlier[0] == source.blob:
            return self._earlier[1]
        return found

    def set_score(self, clip_id: str, score: Score, *, label: str = "Edit notes") -> None:
        """Let a clip play other notes, as one step; the sound follows within a second or two.

        Raises:
            ProjectError: edit-invalid for a clip without notes. ScoreError: score-invalid. StorageError.
        """
        with self._lock:
            project = scores.rescored(self.services, self.project, clip_id, score)
            _, clip = edits.find_clip(self.project, clip_id)
            before = super().peaks(self.project.sources[clip.source])
            after = edits.find_clip(project, clip_id)[1].source
            source = project.sources[after]
            if source.score is not None:
                self._known_scores()[source.score] = score
            if before is not None and source.id != clip.source:
                self._earlier = (source.blob, before)
            self.commit(label, project)

    def import_notes(self, clip_id: str, path: Path, *, track: str = "") -> None:
        """Put the notes of a MIDI file in place of those that a clip plays.

        Raises:
            ScoreError: midi-invalid for a file that cannot be used. ProjectError: edit-invalid.
        """
        _, clip = edits.find_clip(self.project, clip_id)
        score = scores.score_of(self.services, self.project.sources[clip.source])
        made = scores.imported(self.project, clip, score, path, track=track)
        self.set_score(clip_id, made, label=f"Notes of {path.name}")

    def export_midi(self, path: Path, *, track_id: str | None = None) -> MidiFiles:
        """Write the notes that are heard, or those of one track, as a MIDI file.

        Raises:
            ProjectError: edit-invalid where there are none. StorageError: the file cannot be written.
        """
        return scores.export_midi(self.services, self.project, path, track_id=track_id)

    def _known_scores(self) -> OrderedDict[str, Score | None]:
        if self._scores is None:
            self._scores = OrderedDict()
        return self._scores
