"""The command line on files of one's own: split, restyle, projects, and every kind of broken input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.midi.file import read_midi

RATE = 44_100


def test_separate_gives_four_stems_that_sum_to_the_input(cli, song, tmp_path):
    out_dir = tmp_path / "stems"
    answer = cli("separate", song, "--out", out_dir, "--json")
    assert answer.code == 0, answer.err
    result = answer.json
    assert list(result["stems"]) == ["vocals", "drums", "bass", "other"]
    assert result["model"].startswith("separation-default")
    assert result["provider"] in ("cpu", "cuda")
    total = sum(soundfile.read(path, dtype="float64")[0] for path in result["stems"].values())
    original, rate = soundfile.read(song, dtype="float64")
    assert rate == soundfile.info(result["stems"]["drums"]).samplerate
    assert total.shape == original.shape
    assert np.max(np.abs(total - original)) < 10 ** (-90 / 20)
    assert result["sum_error_db"] < -90
    levels = {name: float(np.sqrt(np.mean(soundfile.read(path)[0] ** 2))) for name, path in result["stems"].items()}
    assert min(levels.values()) < 0.9 * max(levels.values())


def test_restyle_writes_a_signed_file_that_is_another_one(cli, song, tmp_path):
    target = tmp_path / "restyled.flac"
    styles = {style["id"] for style in cli("styles", "--json").json}
    answer = cli(
        "restyle", song, "--style", "lofi", "--out", target, "--seed", 3, "--midi", tmp_path / "midi", "--json"
    )
    assert answer.code == 0, answer.err
    result = answer.json
    assert result["style"] in styles
    # Its drums are among the parts, and every part lies on the song's own length.
    parts = {path: read_midi(Path(path).read_bytes()) for path in result["midi"]}
    assert any(track.channel == 9 for tracks in parts.values() for track in tracks)
    assert len(parts) >= 3
    assert all(0 <= note.start_s < 12.1 for tracks in parts.values() for track in tracks for note in track.notes)
    assert result["state"] == "Trusted"
    assert result["tempo_bpm"] == pytest.approx(100.0, rel=0.02) or result["tempo_bpm"] in (50.0, 200.0)
    made, rate = soundfile.read(target)
    original, original_rate = soundfile.read(song)
    assert len(made) / rate == pytest.approx(len(original) / original_rate, abs=0.05)
    assert np.max(np.abs(made)) <= 1.0
    assert np.sqrt(np.mean(made**2)) > 0.01
    seen = cli("verify", target, "--json").json
    assert seen["state"] == "Trusted"
    assert [source["status"] for source in seen["facts"]["sources"]] == ["user-asserted"]
    assert {share["id"] for share in seen["facts"]["master"]} == {"you"}


def test_a_project_from_new_to_export_with_edits_and_undoable_steps(cli, song, tmp_path):
    bundle = tmp_path / "My remix.contrafact"
    assert cli("new", bundle, "--tempo", 100).code == 0
    assert cli("add", bundle, song).code == 0
    assert cli("edit", "cut", bundle, "my song:1", 6.0).code == 0
    assert cli("edit", "clip", bundle, "my song:2", "--pitch", 2, "--fade-out", 1.0).code == 0
    assert cli("edit", "strip", bundle, "my song", "--gain", -3, "--pan", 0.2).code == 0
    shown = cli("edit", "show", bundle, "--json").json["project"]
    first, second = shown["tracks"][0]["clips"]
    assert (first["length_s"], second["semitones"], second["fade_out_s"]) == (6.0, 2.0, 1.0)
    assert shown["tracks"][0]["strip"]["gain_db"] == -3.0
    target = tmp_path / "mix.wav"
    assert cli("render", bundle, "--out", target).code == 0
    assert soundfile.info(target).duration == pytest.approx(12.0, abs=0.01)
    shares = cli("shares", bundle, "--json").json
    assert [(share["id"], share["ppm"]) for share in shares["master"]] == [("you", 1_000_000)]


def _write(path, samples, rate=RATE, **how):
    soundfile.write(path, samples, rate, **how)
    return path


@pytest.fixture
def broken(tmp_path, song):
    """Files that are no songs, by the code of the error that they must give."""
    tone = 0.1 * np.sin(np.arange(RATE) / 20)
    empty = tmp_path / "empty.wav"
    empty.touch()
    text = tmp_path / "text.wav"
    text.write_text("This is not a sound.\n" * 200)
    truncated = tmp_path / "truncated.wav"
    truncated.write_bytes(song.read_bytes()[:200_000])
    nan = _write(tmp_path / "nan.wav", np.full(RATE, np.nan), subtype="FLOAT")
    short = _write(tmp_path / "short.wav", tone[:0])
    return {
        "audio-missing": tmp_path / "nowhere.wav",
        "audio-empty": empty,
        "audio-unreadable": text,
        "audio-truncated": truncated,
        "audio-not-finite": nan,
        "audio-empty ": short,
    }


def test_broken_files_are_named_with_a_remedy_and_leave_nothing(cli, broken, tmp_path):
    for code, path in broken.items():
        out_dir = tmp_path / "out"
        answer = cli("separate", path, "--out", out_dir, "--json")
        error = answer.json["error"]
        assert (answer.code, error["code"]) == (1, code.strip()), path
        assert error["remedy"]
        assert error["message"] in answer.err
        assert error["remedy"] in answer.err
        assert not out_dir.exists()


@pytest.mark.parametrize(("channels", "rate", "notice"), [(8, RATE, "8 channels"), (1, 8000, "8000 Hz")])
def test_odd_files_are_converted_with_a_notice(cli, tmp_path, channels, rate, notice):
    time_s = np.arange(3 * rate) / rate
    tone = 0.2 * np.sin(2 * np.pi * 220 * time_s)
    path = _write(tmp_path / "odd.wav", np.stack([tone] * channels, axis=1), rate)
    answer = cli("separate", path, "--out", tmp_path / "out", "--json")
    assert answer.code == 0, answer.err
    assert any(notice in text for text in answer.json["notices"])
    stems = [soundfile.read(file)[0] for file in answer.json["stems"].values()]
    assert all(np.isfinite(stem).all() for stem in stems)


def test_unknown_style_model_format_and_places_that_cannot_be_written(cli, song, tmp_path):
    unknown = cli("restyle", song, "--style", "polka-metal", "--out", tmp_path / "x.wav", "--json")
    assert (unknown.code, unknown.json["error"]["code"]) == (1, "style-unknown")
    assert "house" in unknown.json["error"]["remedy"]
    model = cli("models", "verify", "no-such-model", "--json")
    assert (model.code, model.json["error"]["code"]) == (1, "model-unknown")
    format_ = cli("restyle", song, "--style", "lofi", "--out", tmp_path / "x.aiff", "--json")
    assert (format_.code, format_.json["error"]["code"]) == (1, "format-unknown")
    nowhere = cli("restyle", song, "--style", "lofi", "--out", tmp_path / "no" / "folder" / "x.wav", "--json")
    assert (nowhere.code, nowhere.json["error"]["code"]) == (1, "path-not-writable")
    blocked = tmp_path / "file"
    blocked.touch()
    stems = cli("separate", song, "--out", blocked / "stems", "--json")
    assert (stems.code, stems.json["error"]["code"]) == (1, "path-not-writable")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file"]


def test_a_corrupt_project_is_named_and_untouched(cli, tmp_path):
    bundle = tmp_path / "broken.contrafact"
    assert cli("new", bundle).code == 0
    (bundle / "project.json").write_text('{"schema": 1, "id": ')
    before = (bundle / "project.json").read_bytes()
    answer = cli("edit", "show", bundle, "--json")
    assert answer.code == 1
    assert answer.json["error"]["code"] == "project-corrupt"
    assert answer.json["error"]["remedy"]
    assert (bundle / "project.json").read_bytes() == before
    missing = cli("export", tmp_path / "none.contrafact", "--out", tmp_path / "x.wav", "--json")
    assert (missing.code, missing.json["error"]["code"]) == (1, "project-missing")


def test_effects_that_do_not_exist_and_values_that_are_none_are_refused(cli, tmp_path):
    bundle = tmp_path / "effects.contrafact"
    assert cli("new", bundle).code == 0
    for words, code in (
        (["warpdrive"], "effect-unknown"),
        (["reverb", "--set", "sparkle=1"], "effect-parameter"),
        (["reverb", "--set", "mix=loud"], "edit-invalid"),
    ):
        answer = cli("edit", "insert", "add", bundle, "master", *words, "--json")
        assert (answer.code, answer.json["error"]["code"]) == (1, code)
        assert answer.json["error"]["remedy"]
    assert cli("edit", "show", bundle, "--json").json["project"]["master"]["strip"]["inserts"] == []
    assert cli("edit", "insert", "add", bundle, "master", "reverb", "--set", "mix=0.2").code == 0


def test_models_are_listed_and_pass_their_self_test(cli):
    packs = {pack["id"]: pack for pack in cli("models", "list", "--json").json}
    assert {"separation-default", "style-production"} <= set(packs)
    for pack in packs.values():
        assert pack["rights"]["training_data"]
    checked = cli("models", "verify", "--json")
    assert checked.code == 0, checked.out
    assert checked.json["passed"] is True


def test_a_mistyped_command_is_no_success(cli):
    assert cli("separate").code == 2
    assert cli("nonsense").code == 2


def test_a_folder_for_midi_that_cannot_be_made_is_refused_before_anything_is_written(cli, song, tmp_path):
    (tmp_path / "file").write_text("x")
    target = tmp_path / "out.wav"
    answer = cli("restyle", song, "--style", "lofi", "--out", target, "--midi", tmp_path / "file" / "midi", "--json")
    assert answer.code == 1
    assert answer.json["error"]["remedy"]
    assert not target.exists()
