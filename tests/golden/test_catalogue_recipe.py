"""The recipe of the catalogue: harmony, time, written lines, the desk and the pressing, without the sample kit."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.dsp import loudness
from resources.catalogue.recipe.harmony import Chord, pitch, voicings
from resources.catalogue.recipe.identifiers import dpid, ipi, isni, isrc, iswc
from resources.catalogue.recipe.mixing import RATE, Space, Track, mix_down, side_chain
from resources.catalogue.recipe.score import Event, Grid, Hand, Section, chord_events, line, play, steps
from resources.catalogue.recipe.songs import night_ferry, slow_rain
from resources.catalogue.recipe.voice import _slurs, read_lyric, syllable
from resources.instruments.ogg import with_serial, write_ogg
from studio.rights.identifiers import check_dpid, check_ipi, check_isni, check_isrc, check_iswc

GRID = Grid(tempo_bpm=120.0, beats_per_bar=4, sections=(Section("verse", 4), Section("chorus", 8)))


def test_chords_are_spelt_as_written() -> None:
    assert Chord("F#m9").classes == (6, 9, 4, 8)
    assert Chord("A/C#").bass == 1
    assert Chord("Bbmaj9").bass_pitch(28) == 34
    assert pitch("A4") == 69
    assert pitch("Bb3") == 58
    with pytest.raises(ValueError, match="no chord"):
        Chord("H7")


@pytest.mark.parametrize("module", [night_ferry, slow_rain])
def test_voices_move_little_and_stay_in_their_range(module: object) -> None:
    if module is slow_rain:
        chords = [chord for bar in slow_rain._form() for chord in bar]
    else:
        chords = [Chord(symbol) for symbol in night_ferry._chord_bars()]
    voiced = voicings(chords, low=55, high=76, count=4)
    assert len(voiced) == len(chords)
    for chord, notes in zip(chords, voiced, strict=True):
        assert all(55 <= n <= 76 and n % 12 in chord.classes for n in notes)
        assert list(notes) == sorted(notes)
    moves = [max(abs(a - b) for a, b in zip(x, y, strict=True)) for x, y in itertools.pairwise(voiced)]
    assert np.mean(moves) < 4


def test_the_grid_swings_the_second_sixteenth_only() -> None:
    swung = Grid(tempo_bpm=120.0, beats_per_bar=4, sections=GRID.sections, swing=0.6)
    assert swung.seconds(1.0) == pytest.approx(0.5)
    assert swung.seconds(1.5) == pytest.approx(0.75)
    assert swung.seconds(0.25) == pytest.approx(0.15)
    assert GRID.seconds(0.25) == pytest.approx(0.125)
    assert GRID.spans() == [("verse", 0, 4), ("chorus", 4, 12)]


def test_patterns_and_lines_read_as_a_player_would() -> None:
    assert steps("X---x---o-------", 2) == [(8.0, 0.92), (9.0, 0.72), (10.0, 0.38)]
    events = line("A4 1, r .5, ~>C5 1.5", 4.0, velocity=0.7)
    assert [(e.beat, e.pitch, e.legato) for e in events] == [(4.0, 69, False), (5.5, 72, True)]
    assert events[1].velocity > events[0].velocity
    strum = chord_events([(0.0, 1.0, 0.8)], [60, 64, 67], strum_beats=0.02)
    assert [e.beat for e in strum] == [0.0, 0.02, 0.04]


def test_a_hand_stays_near_the_grid_and_repeats_itself_by_seed() -> None:
    events = [Event(float(b), 0.5, 60, 0.7) for b in range(64)]
    notes = play(GRID, events, Hand(0.004, 0.04), seed=3)
    shift = np.array([n.start_s - GRID.seconds(e.beat) for n, e in zip(notes, events, strict=True)])
    assert 0.001 < np.std(shift[1:]) < 0.008
    assert notes == play(GRID, events, Hand(0.004, 0.04), seed=3)
    assert len({n.velocity for n in notes}) > 30


def test_lyrics_become_syllables() -> None:
    word = syllable("l.a-i.n")
    assert (word.onset, word.vowels, word.coda) == (("l",), ("a", "i"), ("n",))
    sung = read_lyric("p.e-i. F#4 .5, + G4 .5, r 1, m.i. A4 1", GRID, 0.0)
    assert [n.syllable is None for n in sung] == [False, True, False]
    assert sung[2].start_s == pytest.approx(1.0)


def test_a_syllable_over_several_notes_closes_on_the_last() -> None:
    sung = _slurs(read_lyric("h.ou-u.m D5 .5, + C#5 .5, + A4 1, m.i. A4 1", GRID, 0.0))
    words = [n.syllable for n in sung]
    assert [w and w.onset for w in words] == [("h",), (), (), ("m",)]
    assert [w and w.vowels for w in words] == [("ou",), ("ou",), ("ou", "u"), ("i",)]
    assert [w and w.coda for w in words] == [(), (), ("m",), ()]
    assert [n.slurred for n in sung] == [False, True, True, False]


def test_stems_sum_to_a_mix_at_the_level_asked_for() -> None:
    rng = np.random.default_rng(1)
    frames = 8 * RATE
    t = np.arange(frames) / RATE
    noise = rng.standard_normal((2, frames)).astype(np.float32) * np.float32(0.1)
    tone = np.repeat((0.3 * np.sin(2 * np.pi * 220 * t))[None], 2, axis=0).astype(np.float32)
    tracks = [
        Track("noise", "drums", noise * (np.sin(2 * np.pi * 2 * t) > 0).astype(np.float32), -20.0, sends={"room": -12}),
        Track("tone", "bass", tone, -20.0, compress=(-6, 3, 0.01, 0.1)),
    ]
    spaces = {"room": Space("reverb", {"decay_s": 0.5})}
    mixed = mix_down(tracks, spaces, frames=frames)
    assert mixed.lufs == pytest.approx(-14.0, abs=0.1)
    assert mixed.true_peak_dbtp <= -1.5
    assert np.max(np.abs(np.sum(list(mixed.stems.values()), axis=0) - mixed.mix)) < 1e-5
    assert not np.any(mixed.stems["vocals"])
    assert loudness.integrated_lufs(mixed.stems["drums"], rate=RATE) > -30


def test_the_side_chain_dips_at_each_kick_and_comes_back() -> None:
    curve = side_chain([0.5, 1.0], 2 * RATE, depth_db=6.0)
    assert curve[round(0.501 * RATE)] == pytest.approx(0.5, abs=0.03)
    assert curve[round(0.95 * RATE)] == pytest.approx(1.0)
    assert np.max(np.abs(np.diff(curve))) < 0.01


def test_ogg_files_come_out_the_same_each_time(tmp_path: Path) -> None:
    x = (np.random.default_rng(2).standard_normal((2, 20000)) * 0.1).astype(np.float32)
    for name in ("a.ogg", "b.ogg"):
        write_ogg(tmp_path / name, x, rate=RATE, quality=0.5, serial=7)
    assert (tmp_path / "a.ogg").read_bytes() == (tmp_path / "b.ogg").read_bytes()
    y, rate = soundfile.read(tmp_path / "a.ogg", always_2d=True)
    assert rate == RATE
    assert y.shape == (20000, 2)
    assert (tmp_path / "a.ogg").read_bytes()[14:18] == (7).to_bytes(4, "little")
    with pytest.raises(ValueError, match="Ogg"):
        with_serial(b"RIFF" + bytes(40), 1)


def test_made_up_numbers_have_right_check_digits() -> None:
    for number in (1, 700410221, 123456789):
        assert check_iswc(iswc(number))
        assert check_ipi(ipi(number))
    assert check_isni(isni(501200000000101))
    assert check_dpid(dpid(2026110101))
    assert check_isrc(isrc("QZCF1", 2026, 7)) == "QZCF12600007"
