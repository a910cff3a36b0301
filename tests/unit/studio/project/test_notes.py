"""Edits of notes: exact, bounded, and true to which notes were meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.midi.score import Score, ScoreNote, ScoreVoice, SongGrid
from studio.base.errors import ProjectError
from studio.project import notes

BEATS = tuple(0.2 + 0.5 * k for k in range(15))
KIT = ScoreVoice(instrument="kit", name="Kit", pieces={"kick": 36, "snare": 38, "hat_closed": 42})
BELLS = ScoreVoice(instrument="more", name="More", pieces={"cowbell": 56})


def score(*found: ScoreNote, **fields: object) -> Score:
    given_ = {
        "title": "Keys",
        "role": "other",
        "voices": (ScoreVoice(instrument="piano", name="Piano"),),
        "rate": 48_000,
        "frames": 8 * 48_000,
        "song": SongGrid(beats_s=BEATS),
        **fields,
    }
    return Score(notes=found, **given_)  # type: ignore[arg-type]


C, E, G = ScoreNote(0.2, 0.5, 60.0, 0.5), ScoreNote(0.7, 0.5, 64.0, 0.5), ScoreNote(1.2, 0.5, 67.25, 0.5)


def test_moved_notes_stop_together_at_the_edges_and_stay_chosen() -> None:
    after, chosen = notes.moved(score(C, E, G), {1, 2}, by_s=-0.6, by_rows=2)
    assert [(round(n.start_s, 3), n.pitch) for n in after] == [(0.1, 66.0), (0.2, 60.0), (0.6, 69.25)]
    assert chosen == {0, 2}
    edge, _ = notes.moved(score(C, E), {0, 1}, by_s=-9.0, by_rows=999)
    assert [(round(n.start_s, 6), n.pitch) for n in edge] == [(0.0, 104.0), (0.5, 108.0)]


def test_notes_of_kits_move_from_piece_to_piece() -> None:
    kit = score(ScoreNote(0.0, 0.1, 42.0, 0.5), voices=(KIT, BELLS))
    assert [row.name for row in notes.rows_of(kit)] == ["Kick", "Snare", "Hat closed", "Cowbell"]
    (up,), _ = notes.moved(kit, {0}, by_rows=1)
    (down,), _ = notes.moved(kit, {0}, by_rows=-9)
    assert ((up.voice, up.pitch), (down.voice, down.pitch)) == ((1, 56.0), (0, 36.0))
    assert notes.note_name(kit, up) == "Cowbell"
    assert notes.pitch_of(kit, "hat closed") == (0, 42)
    assert notes.pitch_of(kit, "56") == (1, 56)
    with pytest.raises(ProjectError, match="no note") as caught:
        notes.pitch_of(kit, "C4")
    assert "snare" in caught.value.remedy


def test_notes_are_called_as_people_call_them() -> None:
    keys = score(C)
    assert [notes.pitch_name(p) for p in (60, 61, 21)] == ["C4", "C♯4", "A0"]
    assert [notes.pitch_of(keys, word)[1] for word in ("C4", "c#4", "Bb3", "60", "C-1")] == [60, 61, 58, 60, 0]


def test_quantise_draws_to_the_songs_own_beats() -> None:
    late = score(ScoreNote(0.26, 0.2, 60.0, 0.5), ScoreNote(0.74, 0.2, 60.0, 0.5), ScoreNote(0.42, 0.2, 62.0, 0.5))
    full, _ = notes.quantised(late, {0, 1, 2}, step="1/8")
    assert [round(n.start_s, 4) for n in full] == [0.2, 0.45, 0.7]
    half, _ = notes.quantised(late, {0}, step="1/4", strength=0.5)
    assert round(half[0].start_s, 4) == 0.23
    triplets, _ = notes.quantised(late, {1}, step="1/8T")
    assert round(next(n.start_s for n in triplets if n.start_s > 0.5), 4) == 0.7
    for wrong in ({"step": "1/5"}, {}):
        with pytest.raises(ProjectError):
            notes.quantised(late if wrong else score(C, song=SongGrid()), {0}, **wrong)  # type: ignore[arg-type]


def test_the_grid_goes_on_before_the_first_and_after_the_last_beat() -> None:
    lines = notes.grid_lines(SongGrid(beats_s=(1.0, 1.5, 2.1)), 4.0, 1.0)
    assert [round(line, 3) for line in lines] == [0.0, 0.5, 1.0, 1.5, 2.1, 2.7, 3.3, 3.9]
    assert notes.nearest(lines, 2.5) == pytest.approx(2.7)
    assert notes.nearest(lines, 9.0) == pytest.approx(3.9)
    assert notes.step_s(SongGrid(beats_s=(1.0, 1.5, 2.1)), 4.0, 1.7, 2.0) == pytest.approx(0.3)


def test_copies_follow_by_whole_beats() -> None:
    after, chosen = notes.duplicated(score(C, E), {0, 1})
    assert [round(n.start_s, 3) for n in after] == [0.2, 0.7, 1.2, 1.7]
    assert chosen == {2, 3}


def test_humanise_is_small_and_the_same_for_a_seed() -> None:
    many = score(*(ScoreNote(0.1 * k, 0.05, 60.0, 0.5) for k in range(1, 70)))
    first, _ = notes.humanised(many, range(69), seed=4)
    again, _ = notes.humanised(many, range(69), seed=4)
    other, _ = notes.humanised(many, range(69), seed=5)
    assert first == again != other
    assert all(abs(a.start_s - b.start_s) <= 0.0201 for a, b in zip(first, many.notes, strict=True))
    assert len({n.velocity for n in first}) > 40


def test_lengths_and_velocities_keep_to_their_bounds() -> None:
    (short,), _ = notes.resized(score(C), {0}, by_s=-9.0)
    assert short.duration_s == pytest.approx(0.02)
    (loud,), _ = notes.with_velocity((C,), {0}, by=9.0)
    (soft,), _ = notes.with_velocity((C,), {0}, to=-1.0)
    assert (loud.velocity, soft.velocity) == (1.0, 0.01)
    assert notes.removed((C, E), {0}) == ((E,), frozenset())


@given(
    st.lists(
        st.tuples(st.floats(0, 7.9), st.floats(0.02, 2), st.integers(21, 108), st.floats(0.01, 1)),
        min_size=1,
        max_size=12,
    ),
    st.floats(-20, 20),
    st.integers(-200, 200),
    st.data(),
)
def test_no_edit_loses_a_note_or_leaves_the_sound(found, by_s, by_rows, data) -> None:
    whole = score(*notes.added(score(), [ScoreNote(a, b, float(c), d) for a, b, c, d in found])[0])
    which = data.draw(st.sets(st.integers(0, len(found) - 1)))
    for after, chosen in (
        notes.moved(whole, which, by_s=by_s, by_rows=by_rows),
        notes.resized(whole, which, by_s=by_s),
        notes.quantised(whole, which),
        notes.humanised(whole, which),
    ):
        assert len(after) == len(found)
        assert len(chosen) == len(which)
        assert all(0 <= n.start_s < 8 and 0 <= n.pitch <= 127 and 0 < n.velocity <= 1 for n in after)
        assert list(after) == sorted(after, key=lambda n: n.start_s)
        kept = [n for i, n in enumerate(after) if i not in chosen]
        assert kept == [n for i, n in enumerate(whole.notes) if i not in which]
    same, _ = notes.moved(whole, which)
    assert same is whole.notes
    assert replace(whole, notes=same) == whole
