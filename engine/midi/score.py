"""The notes of one part, and all that is needed to play them again: what a clip that was arranged carries beside its
sound.

A score is JSON (`SCHEMA`) and is named by what it holds. Times are seconds of the sound that it is played into, which
begins with the recording: that follows a tempo that drifts as well as one that does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from engine.errors import EngineError

SCHEMA = "score/1"
MAX_BYTES = 32 << 20
MAX_NOTES = 100_000
MAX_TIME_S = 24 * 3600.0
SHORTEST_S = 0.02
"""A note that is edited keeps at least this length."""


class ScoreError(EngineError):
    """Notes that cannot be read or played. Codes: score-invalid, midi-invalid."""

    code = "score-invalid"


class ScoreNote(msgspec.Struct, frozen=True, array_like=True):
    """One note: start and length in seconds, MIDI pitch (60 is middle C, fractions are allowed), velocity 0 to 1.

    `voice` is the place in `Score.voices` of the instrument that plays it. `bend` moves the sounding pitch: (seconds
    after the start, semitones). `legato` begins inside the tone, for a note that is slurred from the one before.
    """

    start_s: float
    duration_s: float
    pitch: float
    velocity: float
    voice: int = 0
    bend: tuple[tuple[float, float], ...] = ()
    legato: bool = False

    @property
    def end_s(self) -> float:
        """Where it is let go, in seconds."""
        return self.start_s + self.duration_s


class ScoreVoice(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument of a part."""

    instrument: str
    """Id of the pack."""
    name: str
    sha256: str = ""
    """Of the pack's description, as it was when the part was arranged."""
    pieces: dict[str, int] = {}
    """Names of a kit's pieces and the pitches that play them; empty for an instrument with keys."""
    low: int = 0
    high: int = 127
    """Lowest and highest pitch that the instrument has sounds for."""
    credits: tuple[str, ...] = ()
    """Whom its sounds come from, and under which licence."""


class Ducking(msgspec.Struct, frozen=True, kw_only=True):
    """The side-chain: by how much the part goes down at each kick."""

    depth_db: float
    kicks_s: tuple[float, ...]


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """The room that the part leaves the voice: a gain of the voice's band, one value for each `step_s` seconds."""

    step_s: float
    gain: tuple[float, ...]


class ScoreChord(msgspec.Struct, frozen=True, array_like=True):
    """A chord of the song; `root` is a pitch class, -1 for none."""

    start_s: float
    end_s: float
    label: str
    root: int
    pitch_classes: tuple[int, ...] = ()


class SongGrid(msgspec.Struct, frozen=True, kw_only=True):
    """What the song gives to write on: beats, bars, key and chords, in seconds of the sound."""

    beats_s: tuple[float, ...] = ()
    downbeats_s: tuple[float, ...] = ()
    beats_per_bar: int = 4
    key: str = ""
    scale: tuple[int, ...] = ()
    """Pitch classes of the key."""
    chords: tuple[ScoreChord, ...] = ()


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """One part: its notes, who plays them, and how."""

    schema: str = SCHEMA
    title: str
    role: str
    voices: tuple[ScoreVoice, ...]
    notes: tuple[ScoreNote, ...]
    """In the order of their starts."""
    rate: int
    frames: int
    """Length of the sound."""
    seed: int = 0
    scale: float = 1.0
    """What the sampler's sound is multiplied by; stays when notes change, so that the part keeps its level."""
    pan: float = 0.0
    ducking: Ducking | None = None
    room: Room | None = None
    song: SongGrid = SongGrid()

    @property
    def duration_s(self) -> float:
        """Length of the sound in seconds."""
        return self.frames / self.rate

    @property
    def is_kit(self) -> bool:
        """Whether all its instruments are kits."""
        return bool(self.voices) and all(voice.pieces for voice in self.voices)


def kicks_of(score: Score) -> tuple[float, ...]:
    """When the bass drums of a kit strike, seconds, ascending: what the side-chain of the other parts follows."""
    kicks = {
        (number, float(pitch))
        for number, voice in enumerate(score.voices)
        for piece, pitch in voice.pieces.items()
        if piece.startswith("kick")
    }
    return tuple(sorted(n.start_s for n in score.notes if (n.voice, n.pitch) in kicks))


def ordered(notes: Sequence[ScoreNote]) -> tuple[ScoreNote, ...]:
    """Notes in the order of a score."""
    return tuple(sorted(notes, key=lambda n: (n.start_s, n.voice, n.pitch, n.duration_s)))


def encode_score(score: Score) -> bytes:
    """The bytes of a score; the same score gives the same bytes.

    Raises:
        ScoreError: score-invalid, naming what is wrong.
    """
    check_score(score)
    return msgspec.json.encode(msgspec.structs.replace(score, notes=ordered(score.notes)), order="deterministic")


def decode_score(raw: bytes) -> Score:
    """Read a score.

    Raises:
        ScoreError: score-invalid for anything else, or values that make no sense.
    """
    if len(raw) > MAX_BYTES:
        raise _invalid("it is far too large")
    try:
        score = msgspec.json.decode(raw, type=Score)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise _invalid(str(problem)) from problem
    check_score(score)
    return score


def check_score(score: Score) -> None:
    """Check what the types alone cannot.

    Raises:
        ScoreError: score-invalid.
    """
    if score.schema != SCHEMA:
        raise _invalid(f"its schema is {score.schema}")
    if not score.voices or not 8_000 <= score.rate <= 192_000 or not 0 < score.frames <= MAX_TIME_S * score.rate:
        raise _invalid("it names no instrument or has no length")
    if len(score.notes) > MAX_NOTES:
        raise _invalid(f"it has more than {MAX_NOTES} notes")
    for note in score.notes:
        problem = problem_of(note, voices=len(score.voices))
        if problem:
            raise _invalid(problem)
    numbers = [score.scale, score.pan, *score.song.beats_s, *score.song.downbeats_s]
    if score.ducking is not None:
        numbers += [score.ducking.depth_db, *score.ducking.kicks_s]
    if score.room is not None:
        numbers += score.room.gain
        if not 1e-3 <= score.room.step_s <= 60.0:
            raise _invalid("its room for the voice is absurd")
    if not all(math.isfinite(each) for each in numbers) or not 0.0 < score.scale <= 100.0 or abs(score.pan) > 1.0:
        raise _invalid("a setting is no sensible number")


def problem_of(note: ScoreNote, *, voices: int) -> str:
    """What is wrong with a note, in words; "" where nothing is."""
    bends = [each for point in note.bend for each in point]
    if not all(math.isfinite(each) for each in (note.start_s, note.duration_s, note.pitch, note.velocity, *bends)):
        return "a note is no number"
    if not (0.0 <= note.start_s <= MAX_TIME_S and 0.0 <= note.duration_s <= MAX_TIME_S):
        return f"a note starts at {note.start_s:g} s and lasts {note.duration_s:g} s"
    if not (0.0 <= note.pitch <= 127.0 and 0.0 <= note.velocity <= 1.0):
        return f"a note has pitch {note.pitch:g} and velocity {note.velocity:g}"
    if not 0 <= note.voice < voices:
        return "a note is for an instrument that is not there"
    return ""


def _invalid(why: str) -> ScoreError:
    return ScoreError(
        f"These notes cannot be read: {why}.",
        remedy="Restyle the song again; the sound of the part still plays.",
        code="score-invalid",
    )
