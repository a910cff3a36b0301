"""Scores as files: what goes out comes back, and what makes no sense is refused."""

from __future__ import annotations

import msgspec
import pytest

from engine.midi.score import Ducking, Room, Score, ScoreError, ScoreNote, ScoreVoice, decode_score, encode_score

PIANO = ScoreVoice(instrument="piano", name="Piano")


def score(*notes: ScoreNote, **fields: object) -> Score:
    given = {"title": "Keys", "role": "other", "voices": (PIANO,), "rate": 48_000, "frames": 96_000, **fields}
    return Score(notes=notes, **given)  # type: ignore[arg-type]


def test_a_score_comes_back_as_it_was_in_the_order_of_its_starts() -> None:
    late, early = ScoreNote(1.0, 0.5, 60.5, 0.7, bend=((0.0, 0.0), (0.2, 1.0))), ScoreNote(1 / 3, 0.1, 64.0, 0.25)
    made = score(
        late, early, ducking=Ducking(depth_db=4.0, kicks_s=(0.5, 1.0)), room=Room(step_s=0.25, gain=(1.0, 0.5))
    )
    found = decode_score(encode_score(made))
    assert found == msgspec.structs.replace(made, notes=(early, late))
    assert encode_score(found) == encode_score(made)
    assert (found.notes[0].end_s, found.duration_s, found.is_kit) == (1 / 3 + 0.1, 2.0, False)


@pytest.mark.parametrize(
    "wrong",
    [
        score(ScoreNote(-1.0, 0.1, 60.0, 0.5)),
        score(ScoreNote(0.0, float("nan"), 60.0, 0.5)),
        score(ScoreNote(0.0, 0.1, 128.0, 0.5)),
        score(ScoreNote(0.0, 0.1, 60.0, 1.5)),
        score(ScoreNote(0.0, 0.1, 60.0, 0.5, 1)),
        score(ScoreNote(0.0, 0.1, 60.0, 0.5), voices=()),
        score(ScoreNote(0.0, 0.1, 60.0, 0.5), rate=1),
        score(ScoreNote(0.0, 0.1, 60.0, 0.5), scale=0.0),
        score(ScoreNote(0.0, 0.1, 60.0, 0.5), room=Room(step_s=0.0, gain=())),
        score(ScoreNote(0.0, 0.1, 60.0, 0.5), schema="score/9"),
    ],
)
def test_what_makes_no_sense_is_neither_written_nor_read(wrong: Score) -> None:
    with pytest.raises(ScoreError) as caught:
        encode_score(wrong)
    assert caught.value.code == "score-invalid"
    with pytest.raises(ScoreError):
        decode_score(msgspec.json.encode(wrong))


@pytest.mark.parametrize("raw", [b"", b"{}", b"MThd", b'{"schema":"score/1"}', b"[" * 100_000])
def test_other_files_are_no_scores(raw: bytes) -> None:
    with pytest.raises(ScoreError):
        decode_score(raw)
