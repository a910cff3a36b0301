"""`contrafact edit notes`: the notes of a part by command, and MIDI files out and in."""

from __future__ import annotations

import pytest

from engine.midi.file import read_midi
from studio.session import Session
from tests.ui.parts import add_part


@pytest.fixture(scope="module")
def bundle(home, tmp_path_factory):
    """A saved project with a beat and a piano part."""
    folder = tmp_path_factory.mktemp("notes") / "Remix.contrafact"
    session = Session.open(home, headless=True)
    try:
        session.new_project("Remix")
        add_part(session, kind="drums")
        add_part(session, kind="piano")
        session.save_project(folder)
    finally:
        session.close()
    return folder


def test_notes_are_listed_changed_and_rendered(cli, bundle, tmp_path):
    def notes(*words):
        answer = cli("edit", "notes", *words, "--json")
        assert answer.code == 0, answer.err
        return answer.json["notes"]

    before = notes("list", bundle, "House drums")
    assert (len(before), before[2]["note"], before[2]["at_s"]) == (32, "Snare", 0.5)
    plain = cli("edit", "notes", "list", bundle, "House drums").out
    assert "Club drum machine" in plain
    assert "Hat closed" in plain
    louder = notes("velocity", bundle, "House drums", 0.99, "--pitch", "snare", "--to", 2)
    assert [n["velocity"] for n in louder if n["note"] == "Snare" and n["at_s"] < 2] == [0.99, 0.99]
    assert len(notes("add", bundle, "House drums", "crash", 4.0)) == 33
    moved = notes("move", bundle, "House drums", -0.05, "--which", "2-3")
    assert moved[1]["at_s"] == pytest.approx(0.2)
    assert notes("quantise", bundle, "House drums", "--grid", "1/8")[1]["at_s"] == pytest.approx(0.25)
    assert len(notes("remove", bundle, "House drums", "--pitch", "hat_closed")) == 17
    piano = notes("list", bundle, "House piano")
    up = notes("transpose", bundle, "House piano", -12, "--from", 4)
    assert sum(n["pitch"] for n in up) == sum(n["pitch"] for n in piano) - 12 * sum(n["at_s"] >= 4 for n in piano)
    assert notes("length", bundle, "House piano", 0.1, "--which", 1)[0]["length_s"] == pytest.approx(
        piano[0]["length_s"] + 0.1
    )
    assert notes("humanise", bundle, "House piano", "--seed", 3) != up
    assert cli("render", bundle, "--out", tmp_path / "mix.wav").code == 0
    assert (tmp_path / "mix.wav").stat().st_size > 1_000_000


def test_midi_goes_out_and_comes_in(cli, bundle, tmp_path):
    target = tmp_path / "all.mid"
    made = cli("edit", "export-midi", bundle, "--out", target, "--json")
    assert made.code == 0, made.err
    tracks = read_midi(target.read_bytes())
    assert sum(len(track.notes) for track in tracks) == made.json["notes"]
    assert {track.name for track in tracks} == {"House drums", "House piano"}
    one = tmp_path / "piano.mid"
    assert cli("edit", "export-midi", bundle, "--out", one, "--track", "House piano").code == 0
    assert cli("edit", "notes", "remove", bundle, "House piano", "--from", 2).code == 0
    back = cli("edit", "notes", "import", bundle, "House piano", one, "--json")
    assert back.code == 0, back.err
    assert len(back.json["notes"]) == len(read_midi(one.read_bytes())[0].notes)


def test_mistakes_are_named_with_what_to_do(cli, bundle, tmp_path):
    bad = tmp_path / "bad.mid"
    bad.write_bytes(b"MThd but nothing more")
    for words, said in (
        (("notes", "import", bundle, "House drums", bad), "standard MIDI file"),
        (("notes", "import", bundle, "House drums", tmp_path / "none.mid"), "may read"),
        (("notes", "move", bundle, "House drums", 1, "--which", "900"), "numbers from 1"),
        (("notes", "remove", bundle, "House drums", "--pitch", "C4"), "pieces are"),
        (("notes", "add", bundle, "House piano", "C4", 99), "within it"),
        (("notes", "quantise", bundle, "House piano", "--grid", "1/7"), "Choose one of"),
    ):
        answer = cli("edit", *words)
        assert answer.code == 1, words
        assert said in answer.err, words
