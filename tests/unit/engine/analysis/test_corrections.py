"""What a person says against what was heard."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.corrections import (
    conformed,
    double_tempo,
    half_tempo,
    parse_chord,
    shifted,
    with_chord,
    with_downbeat,
    with_key,
    with_section,
)
from engine.errors import EngineError
from tests.unit.engine.inference.test_arrangement import analysis


def test_half_and_double_tempo_undo_each_other_and_keep_the_bar_lines() -> None:
    found = analysis(bpm=120.0)
    half = half_tempo(found)
    assert half.tempo_bpm == 60.0
    assert half.beats_s == found.beats_s[::2]
    assert set(half.downbeats_s) <= set(found.downbeats_s)
    again = double_tempo(half)
    assert again.tempo_bpm == 120.0
    assert np.allclose(again.beats_s, found.beats_s[: len(again.beats_s)])
    assert again.downbeats_s[0] == found.downbeats_s[0]


def test_half_tempo_keeps_the_downbeat_when_it_is_not_the_first_beat() -> None:
    found = with_downbeat(analysis(), 0.5)
    assert found.downbeats_s[0] == 0.5
    assert half_tempo(found).beats_s[0] == 0.5


def test_a_shift_moves_beats_and_bars_and_fills_the_ends() -> None:
    found = shifted(analysis(bpm=120.0, seconds=16.0), 0.2)
    assert found.beats_s[0] == pytest.approx(0.2)
    assert found.downbeats_s[0] == pytest.approx(0.2)
    assert found.beats_s[-1] == pytest.approx(15.7)
    back = shifted(analysis(bpm=120.0, seconds=16.0), -0.2)
    assert back.beats_s[0] == pytest.approx(0.3)
    assert back.beats_s[-1] > 15.3
    assert all(b >= 0 for b in back.beats_s)


def test_a_stated_tempo_keeps_heard_drift_or_lays_a_grid() -> None:
    drifting = analysis(drift=0.03)
    assert conformed(drifting, tempo_bpm=120.5).beats_s == drifting.beats_s
    assert len(conformed(drifting, tempo_bpm=240.0).beats_s) == 2 * len(drifting.beats_s) - 1
    other = conformed(analysis(), tempo_bpm=100.0, first_beat_s=0.25)
    assert other.tempo_constant
    assert np.allclose(np.diff(other.beats_s), 0.6)
    assert other.first_beat_s == pytest.approx(0.25)
    assert other.tempo_confidence == 1.0
    nudged = conformed(analysis(bpm=120.0), tempo_bpm=120.4)
    assert nudged.tempo_bpm == 120.4
    assert np.allclose(np.diff(nudged.beats_s), 60.0 / 120.4)


def test_a_stated_first_beat_moves_the_grid_only_when_it_is_elsewhere() -> None:
    found = analysis(bpm=120.0)
    assert conformed(found, tempo_bpm=120.0, first_beat_s=8.005) == conformed(found, tempo_bpm=120.0)
    assert conformed(found, tempo_bpm=120.0, first_beat_s=0.1).beats_s[0] == pytest.approx(0.1)
    assert conformed(found) is found


@pytest.mark.parametrize("tempo", [0.0, 5.0, 1e6])
def test_absurd_tempos_are_refused(tempo: float) -> None:
    with pytest.raises(EngineError) as caught:
        conformed(analysis(), tempo_bpm=tempo)
    assert caught.value.code == "analysis-invalid"


def test_chords_are_cut_where_another_one_is_stated() -> None:
    found = with_chord(analysis(), 1.0, 5.0, "Ebmaj7")
    at = [c for c in found.chords if c.start_s < 6.0]
    assert [(c.start_s, c.end_s) for c in at] == [(0.0, 1.0), (1.0, 5.0), (5.0, 6.0)]
    assert (at[1].root, at[1].quality, at[1].confidence) == (3, "maj7", 1.0)
    assert found.chords[-1].end_s == analysis().chords[-1].end_s
    for wrong in ("H", "Amaj13", ""):
        with pytest.raises(EngineError):
            parse_chord(wrong)
    with pytest.raises(EngineError):
        with_chord(analysis(), 5.0, 5.0, "A")


def test_key_metre_and_section_names() -> None:
    found = with_key(analysis(), "Gb major")
    assert (found.key, found.key_confidence) == ("F# major", 1.0)
    assert with_key(analysis(), "H dur").key == "C major"
    waltz = with_downbeat(analysis(), 0.0, 3)
    assert waltz.beats_per_bar == 3
    assert np.allclose(np.diff(waltz.downbeats_s), 1.5)
    assert with_section(analysis(), 1, "chorus").sections[1].name == "chorus"
