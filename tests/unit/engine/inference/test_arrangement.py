"""The arranger: grids, voicings, drums, bass and chords."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest

from engine.analysis import Analysis, Chord, Section
from engine.errors import Cancelled
from engine.inference.arrangement import compose, play, surface_noise
from engine.inference.arrangement_chords import Voice
from engine.inference.arrangement_grid import Changes, Grid, metric_level, rebar
from engine.inference.arrangement_voice import find_voice
from engine.inference.arrangement_voicing import colours, voice
from engine.inference.performance import duck
from engine.inference.styles import ARRANGEMENT, list_styles, load_style
from tests.unit.engine.inference.synthetic_song import RATE, song

NOBODY = Voice(step_s=0.25, sings=(), centre=None)
ROLES = ("drums", "bass", "other")
WITH_PARTS = [info.id for info in list_styles() if ARRANGEMENT in info.operators]
C_MAJOR = (0, 2, 4, 5, 7, 9, 11)


def analysis(*, bpm: float = 120.0, seconds: float = 64.0, per_bar: int = 4, drift: float = 0.0) -> Analysis:
    """Four chords, a bar each; intro, verse, chorus and outro of a quarter each."""
    intervals = 60.0 / bpm * (1.0 + drift * np.sin(np.arange(2000) / 10.0))
    beats = np.concatenate([[0.0], np.cumsum(intervals)])
    beats = beats[beats < seconds]
    bars = beats[::per_bar]
    borders = [*bars, seconds]
    kinds = ((9, "m"), (5, ""), (0, ""), (7, ""))
    chords = tuple(
        Chord(start_s=a, end_s=b, label="", root=kinds[i % 4][0], quality=kinds[i % 4][1], confidence=1.0)
        for i, (a, b) in enumerate(itertools.pairwise(borders))
    )
    names = ("intro", "verse", "chorus", "outro")
    quarter = seconds / 4
    sections = tuple(
        Section(start_s=i * quarter, end_s=(i + 1) * quarter, name=n, letter=n[0].upper(), energy=e, confidence=1.0)
        for i, (n, e) in enumerate(zip(names, (0.1, 0.5, 1.0, 0.1), strict=True))
    )
    return Analysis(
        duration_s=seconds,
        tempo_bpm=bpm,
        tempo_confidence=1.0,
        tempo_constant=drift == 0.0,
        tempo_runner_up_bpm=bpm,
        first_beat_s=0.0,
        beats_s=tuple(float(b) for b in beats),
        downbeats_s=tuple(float(b) for b in bars),
        beats_per_bar=per_bar,
        metre_confidence=1.0,
        key="C major",
        key_confidence=1.0,
        key_runner_up="A minor",
        chords=chords,
        sections=sections,
    )


def grid(found: Analysis, *, swing: float = 0.5, tempo: tuple[float, float] = (100.0, 140.0)) -> Grid:
    return Grid(found, tempo_bpm=tempo, swing=swing, swing_steps_per_beat=4)


@pytest.mark.parametrize(
    ("bpm", "wanted", "level"),
    [
        (124.0, (116.0, 130.0), 1.0),
        (124.0, (58.0, 88.0), 0.5),
        (87.0, (164.0, 180.0), 2.0),
        (100.0, (90.0, 300.0), 1.0),
    ],
)
def test_metric_level_brings_the_tempo_home(bpm: float, wanted: tuple[float, float], level: float) -> None:
    assert metric_level(bpm, wanted) == level


def test_a_bar_of_three_keeps_its_first_and_last_group() -> None:
    assert rebar("X---a---b---c---", steps_per_beat=4, beats=3) == "X---b---c---"
    assert rebar("X---a---b---c---", steps_per_beat=4, beats=4) == "X---a---b---c---"
    assert len(rebar("X---a---b---c---", steps_per_beat=4, beats=5)) == 20


@pytest.mark.parametrize(("beats", "last_group"), [(5, 3), (6, 4), (7, 4)])
def test_longer_bars_have_the_back_beat_where_the_last_group_starts(beats: int, last_group: int) -> None:
    bar = rebar("K---h---K---S---", steps_per_beat=4, beats=beats)
    marks = bar[::4]
    assert len(marks) == beats
    assert marks[0] == "K"
    assert [i for i, mark in enumerate(marks) if mark == "S"] == [last_group]


def test_steps_lie_on_the_beats_even_when_they_drift() -> None:
    found = analysis(drift=0.08)
    laid = grid(found)
    for bar in laid.bars[:8]:
        for beat in range(4):
            assert laid.step_s(bar, float(beat)) == pytest.approx(found.beats_s[4 * bar.index + beat], abs=1e-9)


def test_swing_moves_only_the_second_of_two_steps() -> None:
    laid = grid(analysis(), swing=0.6)
    bar = laid.bars[2]
    start = laid.step_s(bar, 0.0)
    assert laid.step_s(bar, 0.25) - start == pytest.approx(0.6 * 0.25)
    assert laid.step_s(bar, 0.5) - start == pytest.approx(0.25)


def test_density_follows_the_form() -> None:
    density = [bar.density for bar in grid(analysis()).bars]
    assert density[1] == 1
    assert density[20] == 3
    assert density[-1] == 1


def test_chords_have_no_gaps() -> None:
    found = analysis()
    holes = tuple(
        msgspec.structs.replace(c, root=-1, quality="N") if i % 3 == 1 else c for i, c in enumerate(found.chords)
    )
    changes = Changes(msgspec.structs.replace(found, chords=holes))
    assert all(changes.at(t).root >= 0 for t in np.arange(0.0, 64.0, 0.5))
    nothing = Changes(msgspec.structs.replace(found, chords=(), key="D minor"))
    assert (nothing.at(3.0).root, nothing.at(3.0).quality) == (2, "m")


def test_colours_come_from_the_key() -> None:
    fifth = Chord(start_s=0, end_s=1, label="G", root=7, quality="", confidence=1)
    tonic = Chord(start_s=0, end_s=1, label="C", root=0, quality="", confidence=1)
    assert colours(fifth, colour="seventh", scale=C_MAJOR) == [7, 11, 2, 5]
    assert colours(tonic, colour="seventh", scale=C_MAJOR) == [0, 4, 7, 11]
    assert colours(tonic, colour="power", scale=C_MAJOR) == [0, 7]


def test_voices_move_little_and_leave_the_mud_open() -> None:
    before: tuple[int, ...] = ()
    for root, quality in ((9, "m"), (5, ""), (0, ""), (7, "")) * 2:
        chord = Chord(start_s=0, end_s=1, label="", root=root, quality=quality, confidence=1)
        notes = voice(
            colours(chord, colour="triad", scale=C_MAJOR), low=52, high=76, voices=3, before=before, rootless=False
        )
        assert len(notes) == 3
        assert all(52 <= n <= 76 for n in notes)
        if before:
            assert max(min(abs(n - b) for b in before) for n in notes) <= 4
        before = notes
    low = voice([0, 4, 7], low=36, high=52, voices=3, before=(), rootless=False)
    assert all(b - a >= 5 for a, b in itertools.pairwise(low) if a < 48)


def test_a_range_without_a_note_of_the_chord_stays_silent() -> None:
    assert voice([0, 4, 7], low=61, high=63, voices=3, before=(60, 64, 67), rootless=False) == ()


@pytest.mark.parametrize("style_id", WITH_PARTS)
@pytest.mark.parametrize("per_bar", [4, 3])
def test_parts_stay_inside_the_song_and_on_the_grid(style_id: str, per_bar: int) -> None:
    style = load_style(style_id)
    found = analysis(per_bar=per_bar)
    score = compose(style, found, roles=ROLES, singer=NOBODY, seed=3)
    assert {layer.role for layer in score.layers} >= ({"other"} if style.arrangement.drums is None else set(ROLES))  # type: ignore[union-attr]
    step = 60.0 / score.felt_bpm / 4.0
    for layer in score.layers:
        for notes in layer.instruments.values():
            for note in notes:
                assert 0.0 <= note.start_s < found.duration_s
                assert note.start_s + note.duration_s <= found.duration_s + 0.3
                assert 0.0 < note.velocity <= 1.0
        if layer.role == "drums":
            starts = np.array([n.start_s for notes in layer.instruments.values() for n in notes])
            away = np.abs(starts / step - np.round(starts / step)) * step
            assert np.median(away) < 0.030


def test_the_same_seed_writes_the_same_notes_and_roles_do_not_disturb_each_other() -> None:
    style, found = load_style("lofi"), analysis()
    first = compose(style, found, roles=ROLES, singer=NOBODY, seed=1)
    assert first == compose(style, found, roles=ROLES, singer=NOBODY, seed=1)
    assert first != compose(style, found, roles=ROLES, singer=NOBODY, seed=2)
    alone = compose(style, found, roles=("other",), singer=NOBODY, seed=1)
    harmony = [layer.instruments for layer in first.layers if layer.role == "other"]
    assert [layer.instruments for layer in alone.layers] == harmony


def test_the_bass_plays_the_chords_roots_on_strong_beats_with_the_kick() -> None:
    found = analysis()
    score = compose(load_style("rock"), found, roles=ROLES, singer=NOBODY, seed=0)
    notes = next(n for layer in score.layers if layer.role == "bass" for n in layer.instruments.values())
    changes = Changes(found)
    downbeats = [n for n in notes if min(abs(n.start_s - d) for d in found.downbeats_s) < 0.02]
    assert len(downbeats) > 15
    assert np.mean([round(n.pitch) % 12 == changes.at(n.start_s).root for n in downbeats]) > 0.95
    assert all(28 <= n.pitch <= 50 for n in notes)
    kicks = np.array(score.kicks_s)
    assert np.median([np.min(np.abs(kicks - n.start_s)) for n in downbeats]) < 0.008


def test_no_drum_bar_is_repeated_more_than_three_times() -> None:
    found = analysis(seconds=128.0)
    score = compose(load_style("house"), found, roles=("drums",), singer=NOBODY, seed=0)
    bars: dict[int, set[tuple[int, int]]] = {}
    for notes in score.layers[0].instruments.values():
        for note in notes:
            position = round(note.start_s / 0.125)
            bars.setdefault(position // 16, set()).add((position % 16, round(note.pitch)))
    run, longest = 1, 1
    for bar in range(1, 64):
        run = run + 1 if bars.get(bar) == bars.get(bar - 1) else 1
        longest = max(longest, run)
    assert longest <= 4


def test_chords_leave_the_sung_octave_while_the_voice_is_on() -> None:
    found = analysis()
    centre = 64.0
    singer = Voice(step_s=0.25, sings=tuple([True] * 256), centre=centre)
    score = compose(load_style("bossa"), found, roles=("other",), singer=singer, seed=0)
    pitches = np.array([n.pitch for layer in score.layers for notes in layer.instruments.values() for n in notes])
    crowding = np.mean(np.abs(pitches - centre) < 4)
    alone = compose(load_style("bossa"), found, roles=("other",), singer=NOBODY, seed=0)
    free = np.array([n.pitch for layer in alone.layers for notes in layer.instruments.values() for n in notes])
    assert crowding < 0.15 < np.mean(np.abs(free - centre) < 4)


def test_the_voice_is_found_where_it_sings() -> None:
    vocals = song(8.0)["vocals"]
    found = find_voice(vocals, rate=RATE)
    assert found.centre == pytest.approx(71.0, abs=5.0)
    assert found.at(1.1)
    assert not found.at(3.2)
    assert find_voice(None, rate=RATE).centre is None
    assert not find_voice(np.zeros((2, RATE), np.float32), rate=RATE).at(0.5)


def test_ducking_falls_at_the_kick_and_comes_back() -> None:
    gain = duck((0.5,), depth_db=6.0, rate=1000, length_frames=1000)[0]
    assert gain[400] == 1.0
    assert gain[502] == pytest.approx(10 ** (-6 / 20), rel=0.1)
    assert gain[800] == 1.0


def test_surface_noise_has_its_level_and_is_the_same_each_time() -> None:
    first = surface_noise(-48.0, rate=RATE, length_frames=RATE, seed=5)
    assert 20 * np.log10(np.sqrt(np.mean(first**2))) == pytest.approx(-48.0, abs=0.1)
    assert np.array_equal(first, surface_noise(-48.0, rate=RATE, length_frames=RATE, seed=5))


def test_play_stops_when_asked() -> None:
    score = compose(load_style("house"), analysis(seconds=16.0), roles=("drums",), singer=NOBODY, seed=0)
    with pytest.raises(Cancelled):
        play(score.layers[0], score, rate=RATE, length_frames=16 * RATE, seed=0, cancelled=lambda: True)
