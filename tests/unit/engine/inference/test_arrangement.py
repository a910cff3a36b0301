"""The arranger: grids, voicings, drums, bass and chords."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest

from engine.analysis import Analysis, Chord, Section
from engine.analysis.model import Heard
from engine.analysis.theme import ThemeNote
from engine.errors import Cancelled
from engine.inference.arrangement import compose, play, surface_noise
from engine.inference.arrangement_chords import Voice
from engine.inference.arrangement_grid import Changes, Grid, metric_level, rebar
from engine.inference.arrangement_lead import lead_part
from engine.inference.arrangement_voice import find_voice, singer_of
from engine.inference.arrangement_voicing import colours, voice
from engine.inference.performance import duck
from engine.inference.styles import ARRANGEMENT, HarmonyLayer, list_styles, load_style
from engine.instruments import Note
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


def test_what_a_split_left_over_is_no_singer() -> None:
    stems = song(8.0)
    vocals = stems["vocals"]
    others = [stem for role, stem in stems.items() if role != "vocals"]
    assert find_voice(vocals, rate=RATE, beside=others).centre is not None
    assert singer_of(stems, rate=RATE) == find_voice(vocals, rate=RATE, beside=others)
    assert find_voice(np.float32(0.03) * vocals, rate=RATE, beside=others).centre is None


def led(found: Analysis, *, singer: Voice = NOBODY, swing: float = 0.5) -> list[Note]:
    theme = tuple(ThemeNote(0.25 * k, 0.25 * (k + 1), 60 + k % 5, 0.8) for k in range(4, 20))
    layer = HarmonyLayer(title="Lead", instrument="sax", kind="lead", low=72, high=84)
    rng = np.random.default_rng(0)
    bars = grid(found, swing=swing, tempo=(50.0, 70.0))
    return lead_part(layer, theme, bars, singer, duration_s=found.duration_s, rng=rng)


def test_a_lead_plays_the_theme_in_its_range() -> None:
    notes = led(analysis(bpm=60.0, seconds=8.0))
    # Ends with the song: the theme goes on until second 5, and nothing overlaps.
    assert [round(n.pitch) % 12 for n in notes] == [(60 + k % 5) % 12 for k in range(4, 20)]
    assert all(72 <= n.pitch <= 84 for n in notes)
    assert [n.start_s for n in notes] == pytest.approx([0.25 * k for k in range(4, 20)], abs=0.007)
    assert all(a.start_s + a.duration_s <= b.start_s for a, b in itertools.pairwise(notes))


def test_a_lead_swings_with_the_style_and_rests_while_somebody_sings() -> None:
    swung = led(analysis(bpm=60.0, seconds=8.0), swing=0.6)
    # Sixteenths: the second of two comes at 0.3 instead of 0.25 of a beat.
    assert swung[1].start_s == pytest.approx(1.3, abs=0.007)
    assert swung[2].start_s == pytest.approx(1.5, abs=0.007)
    singer = Voice(step_s=0.25, sings=(False,) * 8 + (True,) * 8 + (False,) * 16, centre=60.0)
    beside = led(analysis(bpm=60.0, seconds=8.0), singer=singer)
    assert [n for n in beside if 2.0 <= n.start_s < 3.9] == []
    assert len([n for n in beside if n.start_s < 1.7]) == 3
    assert len([n for n in beside if n.start_s > 4.1]) == 3


def test_the_pick_up_is_played_and_nothing_piles_up_at_the_start() -> None:
    found = analysis(bpm=120.0, seconds=16.0)
    late = msgspec.structs.replace(
        found, beats_s=tuple(b + 0.4 for b in found.beats_s[:-1]), downbeats_s=tuple(d + 0.4 for d in found.downbeats_s)
    )
    for style_id in ("house", "funk", "bossa"):
        score = compose(load_style(style_id), late, roles=ROLES, singer=NOBODY, seed=0)
        starts = [n.start_s for layer in score.layers for notes in layer.instruments.values() for n in notes]
        assert any(0.0 < start < 0.35 for start in starts), style_id
        for layer in score.layers:
            if layer.role == "drums":
                first = [n for notes in layer.instruments.values() for n in notes if n.start_s == 0.0]
                assert len(first) <= 2, style_id


def test_parts_take_from_the_song_what_it_holds() -> None:
    """Where the analysis kept which pitch classes sound, voicings, doubtful chords and the bass follow them."""
    found = analysis(bpm=120.0, seconds=16.0)
    classes = np.zeros(12)
    classes[[2, 5, 9, 0]] = (1.0, 0.9, 0.7, 0.6)
    heard = Heard(borders_s=(0.0, 16.0), classes=(tuple(classes),))
    doubtful = tuple(msgspec.structs.replace(c, confidence=0.3) for c in found.chords)
    changes = Changes(msgspec.structs.replace(found, chords=doubtful, heard=heard))
    # G major has nothing of that sound: it is heard as D minor instead. Sure chords stay.
    assert (changes.at(6.5).root, changes.at(6.5).quality) in {(2, "m"), (2, "m7")}
    assert Changes(msgspec.structs.replace(found, heard=heard)).at(6.5).root == 7
    chord = Chord(start_s=0.0, end_s=2.0, label="F", root=5, quality="", confidence=1.0)
    weights = changes.weights(chord)
    assert max(weights) == 1.0
    # The sixth that the song has, not the seventh of the key.
    assert colours(chord, colour="seventh", scale=C_MAJOR, heard=weights)[:4] == [5, 9, 2, 0]
    assert colours(chord, colour="seventh", scale=C_MAJOR) == [5, 9, 0, 4]
    assert changes.holds(chord, 9)
    assert not changes.holds(chord, 7)
    assert changes.bass_of(msgspec.structs.replace(chord, root=10, quality="maj7")) == 2
