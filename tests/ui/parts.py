"""A project with a part that a restyle could have written, notes and all, in a real session."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from engine.inference.performance import scored
from engine.instruments import Note, load
from engine.midi.score import ScoreChord, SongGrid
from studio.base.ids import uuid7
from studio.flows import scores
from studio.flows.media import PLAYED
from studio.project import edits
from studio.project.model import Source, Step

RATE = 48_000
KIT = load("kit_electronic")
PIECES = ("kick", "hat_closed", "snare", "hat_closed")


def song_grid(seconds: float) -> SongGrid:
    """120 BPM in C, a chord a bar."""
    beats = int(seconds * 2)
    chords = ((0, "C", (0, 4, 7)), (9, "Am", (9, 0, 4)), (5, "F", (5, 9, 0)), (7, "G", (7, 11, 2)))
    return SongGrid(
        beats_s=tuple(0.5 * k for k in range(beats)),
        downbeats_s=tuple(2.0 * k for k in range(beats // 4)),
        key="C major",
        scale=(0, 2, 4, 5, 7, 9, 11),
        chords=tuple(
            ScoreChord(2.0 * k, 2.0 * k + 2.0, chords[k % 4][1], chords[k % 4][0], chords[k % 4][2])
            for k in range(beats // 4)
        ),
    )


def add_part(session: Any, *, kind: str = "drums", seconds: float = 8.0, count: int | None = None) -> str:
    """Land a beat or a piano part of `count` notes on a track of its own; the id of its clip."""
    many = count if count is not None else int(seconds * 4)
    step_s = seconds / many
    if kind == "drums":
        name = "kit_electronic"
        notes = tuple(
            Note(step_s * k, 0.2, float(KIT.pitch_of(PIECES[k % 4])), 0.4 + 0.05 * (k % 10)) for k in range(many)
        )
    else:
        name = "piano"
        notes = tuple(
            Note(step_s * k, min(2 * step_s, 0.5), 48.0 + (k * 7) % 25, 0.4 + 0.05 * (k % 10)) for k in range(many)
        )
    made = scored({name: notes}, title="House " + kind, role=kind, rate=RATE, frames=round(seconds * RATE), seed=0)
    made = replace(made, song=song_grid(seconds))
    key = scores.keep_score(session.services, made, ())
    source = Source(
        id=uuid7(),
        title=made.title,
        origin="generated",
        role="drums" if kind == "drums" else "other",
        blob=f"{PLAYED}{key}",
        duration_s=seconds,
        rate=RATE,
        channels=2,
        score=key,
        steps=(
            Step(
                operation="style:arrangement",
                at="2026-01-01T00:00:00Z",
                parameters={"style_name": "House", **scores.credits_of(made)},
            ),
        ),
    )
    clip = uuid7()
    session.commit("Restyle", edits.add_track_for(session.project, source, ids=[uuid7(), clip]))
    return clip
