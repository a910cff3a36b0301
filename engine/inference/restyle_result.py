"""What a restyle hands over: new parts, strips, and what was found in the song."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from engine.analysis import Chord, Section
from engine.errors import EncodeError
from engine.midi.score import Score
from engine.types import PcmRef


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A new sound of the full length, aligned with the source at frame 0."""

    role: str
    title: str
    pcm: PcmRef
    replaces: str
    operation: str
    strip: dict[str, Any] | None
    conditioned_on: list[str]
    """Stems of the source that decided what it plays."""
    score: Score | None = None
    """The notes that it was played from; None for a sound without notes."""


class RestyleResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a restyle made; the caller lays parts and strips into the project."""

    style: str
    style_version: int
    seed: int
    intensity: float
    parts: list[Part]
    strips: dict[str, dict[str, Any]]
    muted: list[str]
    notices: list[str]
    tempo_bpm: float
    tempo_confidence: float
    felt_tempo_bpm: float
    first_beat_s: float
    beats_s: list[float]
    downbeats_s: list[float]
    key: str
    chords: list[Chord]
    sections: list[Section]
    model_id: str
    model_version: str
    model_digest: str
    provider: str
    timings_s: dict[str, float]


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A style that variations may be of, and what the licence leaves of it."""

    style: str
    operators: tuple[str, ...] | None = None
    styles_dir: str | None = None
    intensity: float = 1.0


class Variation(msgspec.Struct, frozen=True, kw_only=True):
    """One of several restyles."""

    result: RestyleResult
    change: float
    """How much of the song it changes, 0 to 1; variations come in this order, least first."""
    nearest: float
    """Distance of the variation that is most like it, 0 to about 1."""


def publish(parts: list[Part], out_dir: Path) -> list[Part]:
    """Move the finished files of all parts into `out_dir`; all of them or none.

    Raises:
        EncodeError: ``path-not-writable``.
    """
    done: list[Part] = []
    moved: list[Path] = []
    try:
        for part in parts:
            source = Path(part.pcm.path)
            target = out_dir / source.name
            source.replace(target)
            moved.append(target)
            done.append(msgspec.structs.replace(part, pcm=msgspec.structs.replace(part.pcm, path=str(target))))
    except OSError as error:
        for path in moved:
            path.unlink(missing_ok=True)
        raise EncodeError(
            f"The folder {out_dir} cannot be written.",
            remedy="Choose another folder, or make room on the disk.",
            code="path-not-writable",
        ) from error
    return done
