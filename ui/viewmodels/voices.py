"""A recorded voice beside a song: put on its beats and into its key, doubled in harmony, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ui.viewmodels import words
from ui.viewmodels.harmony import lead_track

if TYPE_CHECKING:
    from studio.project.model import Clip, Project, Track
    from ui.viewmodels.workspace import Workspace

_SUNG = ("vocals", "own")


def song_for(project: Project, track: Track) -> Track | None:
    """The song that a voice belongs to: its own where it is a stem of one, else the lead of the project; None where
    there is no other track than its own."""
    if track.parent is not None:
        return next((each for each in project.tracks if each.id == track.parent), None)
    lead = lead_track(project)
    if lead is not None and lead.id != track.id:
        return lead
    return next((each for each in project.tracks if each.parent is None and each.clips and each.id != track.id), None)


class Voices:
    """What is done with the selected clip as a voice."""

    def __init__(self, ws: Workspace):
        self.ws = ws

    def found(self) -> tuple[Track, Clip, Track] | None:
        """The track and the clip of the voice, and the song beside it; None where none is selected."""
        pair = self.ws.clip()
        if pair is None or pair[0].role not in _SUNG:
            return None
        song = song_for(self.ws.project, pair[0])
        return (*pair, song) if song is not None else None

    @property
    def can_double(self) -> bool:
        """Whether a voice is selected that a song is there for."""
        return self.found() is not None

    @property
    def can_align(self) -> bool:
        """Whether that voice is not one of the song's own stems."""
        found = self.found()
        return found is not None and found[0].parent is None

    def align(self) -> None:
        """Put the voice on the beats and into the key of the song."""
        found = self.found()
        if found is None:
            self._say_how()
            return
        _, clip, song = found
        self.ws.run(lambda: self.ws.session.align_vocals(clip.id, song.id), lambda result: self._tell(aligned(result)))

    def double(self, harmony: str) -> None:
        """Add a harmony to the voice."""
        found = self.found()
        if found is None:
            self._say_how()
            return
        _, clip, song = found
        self.ws.run(
            lambda: self.ws.session.harmonise(clip.id, song.id, harmony=harmony),
            lambda result: self._tell(doubled(result)),
        )

    def _tell(self, said: tuple[str, str]) -> None:
        self.ws.say(*said, "ok")

    def _say_how(self) -> None:
        self.ws.say(
            "There is no voice to work on.",
            "Select a clip of your own voice, or of a song's vocals, with a song on another track.",
            "warning",
        )


def aligned(result: Any) -> tuple[str, str]:
    """What an alignment did."""
    moved_ms = 1000.0 * result.moved_s
    said: list[str] = []
    if abs(moved_ms) >= 1.0:
        said.append(f"The voice was moved {abs(moved_ms):.0f} ms {'later' if moved_ms > 0 else 'earlier'}.")
    if result.tempo_bpm and result.off_grid_before_ms - result.off_grid_after_ms >= 0.5:
        phrases = "one phrase" if result.phrases == 1 else f"{result.phrases} phrases"
        before, after = f"{result.off_grid_before_ms:.0f} ms", f"{result.off_grid_after_ms:.0f} ms"
        said.append(f"Its notes were {before} beside the beats and are {after}; {phrases} moved, by warp markers.")
    if result.semitones:
        said.append(f"It was transposed by {words.semitones(result.semitones)} into {words.key_name(result.key)}.")
    if not said:
        said.append("The voice lay well with the song already; nothing was changed.")
    more = f"{result.in_key:.0%} of what is sung lies in {words.key_name(result.key)}." if result.key else ""
    return " ".join(said), " ".join([more, *result.notices]).strip()


def doubled(result: Any) -> tuple[str, str]:
    """What a harmony came to."""
    low, high = words.semitones(result.lowest), words.semitones(result.highest)
    span = low if low == high else f"{low} to {high}"
    pieces = "one piece" if result.pieces == 1 else f"{result.pieces} pieces"
    return (
        f"“{result.name}” sings {span} beside the voice, in {pieces}, on a track of its own.",
        "It is 7 dB softer. Each piece can be moved and transposed by itself; undo takes all of it back.",
    )
