"""Scores as sound: what landed can be played again, and a note that changes leaves the others alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from engine.errors import Cancelled
from engine.inference.performance import LOUDEST, grid_of, perform, render_task, scored, with_room
from engine.instruments import Note, load
from engine.midi.score import ScoreNote, decode_score, encode_score
from tests.unit.engine.inference.test_arrangement import analysis

RATE = 24_000
KIT = load("kit_electronic")


def beat(count: int = 16) -> dict[str, tuple[Note, ...]]:
    pieces = ("kick", "hat_closed", "snare", "hat_closed")
    return {
        "kit_electronic": tuple(
            Note(0.5 * k, 0.25, float(KIT.pitch_of(pieces[k % 4])), 0.5 + 0.02 * k) for k in range(count)
        )
    }


def test_what_was_played_is_played_again_bit_for_bit(tmp_path: Path) -> None:
    made = scored(
        {"piano": (Note(0.5, 1.0, 60.0, 0.9), Note(1.0, 1.0, 64.0, 0.9)), **beat()},
        title="Both", role="other", rate=RATE, frames=8 * RATE, seed=3, pan=0.25, sidechain_db=6.0, kicks_s=(1.0, 2.0),
        analysis=analysis(seconds=8.0),
    )  # fmt: skip
    gain = np.interp(np.arange(32), [0, 8, 16, 31], [1.0, 0.3, 0.3, 1.0])
    made = with_room(made, gain, step_s=0.25)
    first, scale = perform(made)
    kept = replace(made, scale=scale)
    pcm = render_task(
        score=encode_score(kept), out_path=str(tmp_path / "x.f32"), progress=lambda *_: None, cancelled=lambda: False
    )
    assert np.array_equal(np.asarray(pcm.open()), first)
    assert float(np.abs(first).max()) > 0.05
    assert [voice.instrument for voice in kept.voices] == ["kit_electronic", "piano"]
    assert kept.voices[0].pieces["kick"] == KIT.pitch_of("kick")
    assert all(voice.credits for voice in kept.voices)
    assert kept.song == grid_of(analysis(seconds=8.0))
    assert kept.song.chords[0].pitch_classes == (9, 0, 4)


def test_a_note_that_changes_leaves_the_sound_of_the_others() -> None:
    made = scored(beat(), title="Beat", role="drums", rate=RATE, frames=10 * RATE, seed=1)
    before, scale = perform(made)
    harder = replace(made.notes[6], velocity=1.0)
    after, _ = perform(replace(made, notes=(*made.notes[:6], harder, *made.notes[7:])), scale=scale)
    at = round(made.notes[6].start_s * RATE)
    assert np.array_equal(before[:, : at - RATE // 20], after[:, : at - RATE // 20])
    # Long after its sound has gone nothing is different, though later notes of its piece are played.
    assert np.array_equal(before[:, at + 3 * RATE :], after[:, at + 3 * RATE :])
    assert not np.array_equal(before, after)


def test_a_part_keeps_its_level_when_a_loud_note_comes() -> None:
    quiet = scored({"piano": (Note(0.2, 0.5, 60.0, 0.3),)}, title="x", role="other", rate=RATE, frames=2 * RATE, seed=0)
    sound, scale = perform(quiet)
    loud = replace(quiet, notes=(*quiet.notes, *(ScoreNote(1.2, 0.5, 40.0 + k, 1.0) for k in range(24))))
    more, kept = perform(loud, scale=scale)
    assert kept == scale
    assert np.array_equal(sound[:, :RATE], more[:, :RATE])
    down, turned = perform(loud)
    assert turned <= 1.0
    assert float(np.abs(down).max()) <= LOUDEST + 1e-6


def test_no_notes_are_silence_and_a_cancel_is_heard() -> None:
    made = scored(beat(), title="Beat", role="drums", rate=RATE, frames=RATE, seed=1)
    empty, _ = perform(decode_score(encode_score(replace(made, notes=()))))
    assert not empty.any()
    with pytest.raises(Cancelled):
        perform(made, cancelled=lambda: True)
