"""A recorded voice beside a song: its place on the beats, its key, its harmonies."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.melody import SungNote
from engine.analysis.singing import (
    best_move,
    harmony_of,
    off_grid,
    phrases_of,
    pull,
    scale_of,
    shift_to_key,
    singing_task,
    sixteenths,
)
from engine.errors import StyleError
from engine.io.pcm import write_pcm

RATE = 44_100
BEATS = tuple(float(b) for b in np.arange(0.0, 12.0, 0.5))
C_MAJOR = scale_of("C major")


def sung(pitches: list[int], *, step_s: float = 0.5) -> list[SungNote]:
    return [
        SungNote(start_s=k * step_s, end_s=(k + 1) * step_s, pitch=pitch, first=0, last=0)
        for k, pitch in enumerate(pitches)
    ]


def voice(notes: list[tuple[float, float, float]], *, seconds: float) -> np.ndarray:
    """A tone with partials: start, length and MIDI pitch of each note."""
    out = np.zeros(round(seconds * RATE))
    for start, length, pitch in notes:
        time = np.arange(round(length * RATE)) / RATE
        hz = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
        tone = sum(np.sin(2 * np.pi * hz * k * time) / k for k in range(1, 6))
        ramp = np.minimum(1.0, np.minimum(time, length - time) / 0.015)
        at = round(start * RATE)
        out[at : at + time.size] += 0.2 * tone * ramp
    return np.repeat(out[None], 2, axis=0).astype(np.float32)


def found_in(sound: np.ndarray, tmp_path, **changes):
    arguments = {
        "voice": write_pcm(sound, tmp_path / "voice.f32", rate=RATE),
        "from_s": 0.0,
        "to_s": sound.shape[1] / RATE,
        "at_s": 0.0,
        "beats_s": BEATS,
        "key": "C major",
        "progress": lambda _, __: None,
        "cancelled": lambda: False,
    }
    return singing_task(**{**arguments, **changes})


def test_scales_of_keys():
    assert scale_of("A minor") == C_MAJOR
    assert scale_of("F# minor") == {6, 8, 9, 11, 1, 2, 4}
    assert scale_of("") == scale_of("H dur") == frozenset()


def test_a_melody_in_another_key_is_brought_in_by_the_smallest_way():
    tune = [60, 62, 64, 65, 67, 69, 71, 72]
    assert shift_to_key(sung(tune), C_MAJOR) == (0, 1.0)
    shift, share = shift_to_key(sung([p + 1 for p in tune]), C_MAJOR)
    assert (shift, share) == (-1, 1.0)


@pytest.mark.parametrize("late_s", [-0.09, 0.0, 0.06, 0.1])
def test_a_recording_that_began_late_is_moved_onto_the_beats(late_s):
    starts = np.array([1.0, 1.5, 2.0, 2.75, 3.0, 4.0, 4.5, 5.5]) + late_s
    assert best_move(starts, sixteenths(BEATS)) == pytest.approx(-late_s, abs=0.01)


def test_phrases_move_to_the_nearest_sixteenth_but_not_far():
    grid = sixteenths(BEATS)
    assert pull(1.03, grid) == pytest.approx(-0.03)
    assert pull(1.03, np.array([0.0, 2.0])) == 0.0
    assert pull(1.03, np.zeros(0)) == 0.0
    assert off_grid(np.array([0.02, 0.145]), grid) == pytest.approx(0.02)


def test_phrases_end_where_the_singer_breathes():
    notes = [*sung([60, 62]), SungNote(start_s=1.6, end_s=2.0, pitch=64, first=0, last=0)]
    assert phrases_of(notes) == [(0.0, 1.0), (1.6, 2.0)]


def test_a_third_above_follows_the_scale():
    found = harmony_of(sung([60, 62, 64, 65, 67]), C_MAJOR, steps=2)
    assert [(i.semitones, i.start_s, i.end_s) for i in found] == [(4, 0.0, 0.5), (3, 0.5, 1.5), (4, 1.5, 2.5)]
    assert [i.semitones for i in harmony_of(sung([60, 62]), C_MAJOR, steps=-5)] == [-8, -9]


def test_a_voice_is_followed_from_sound_to_places_and_intervals(tmp_path):
    notes = [(1.04, 0.45, 60.3), (1.54, 0.45, 62.3), (3.04, 0.9, 64.3), (4.54, 0.4, 67.3)]
    found = found_in(voice(notes, seconds=6.0), tmp_path)
    assert found.notes == 4
    assert found.move_s == pytest.approx(-0.04, abs=0.01)
    assert found.tuning_semitones == pytest.approx(-0.3, abs=0.05)
    assert found.key_semitones == 0
    assert found.in_key == pytest.approx(1.0)
    assert found.off_grid_after_s < 0.003 < found.off_grid_before_s
    assert [i.semitones for i in found.harmony] == [4, 3, 4]
    up = found_in(voice(notes, seconds=6.0), tmp_path, transpose=False, transposed=5.0)
    assert [i.semitones for i in up.harmony] == [4, 3, 4]
    assert up.key_semitones == 5


def test_noise_is_no_melody(tmp_path):
    hiss = np.random.default_rng(1).normal(0.0, 0.1, (2, 2 * RATE)).astype(np.float32)
    with pytest.raises(StyleError) as caught:
        found_in(hiss, tmp_path)
    assert caught.value.code == "style-unsuitable"
