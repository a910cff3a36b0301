"""Styles on the command line: own ones, variations, a reference, longer versions."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile


def test_variations_are_signed_files_least_change_first(cli, song, tmp_path):
    answer = cli(
        "restyle",
        song,
        "--variations",
        2,
        "--style",
        "tape,house",
        "--out",
        tmp_path / "v",
        "--keep",
        "vocals",
        "--json",
    )
    assert answer.code == 0, answer.err
    files = answer.json["files"]
    assert [f["style"] for f in files] == ["tape", "house"]
    assert files[0]["change"] < files[1]["change"]
    assert all(f["nearest"] > 0.05 for f in files)
    for each in files:
        assert cli("verify", each["out"], "--json").json["state"] == "Trusted"


def test_a_longer_version_has_its_length_and_no_hole(cli, song, tmp_path):
    target = tmp_path / "long.wav"
    answer = cli("extend", song, "--minutes", 0.5, "--energy", "rise", "--seed", 2, "--out", target, "--json")
    assert answer.code == 0, answer.err
    result = answer.json
    made, rate = soundfile.read(target)
    assert len(made) / rate == pytest.approx(result["length_s"], abs=0.1)
    assert result["length_s"] == pytest.approx(30.0, abs=10.0)
    assert result["pieces"] >= 2
    assert result["state"] == "Trusted"
    absurd = cli("extend", song, "--minutes", 100000, "--out", target, "--json")
    assert absurd.code == 1
    assert absurd.json["error"]["code"] == "extension-invalid"


def test_a_reference_becomes_a_style_of_ones_own(cli, song, tmp_path):
    answer = cli("styles", "add", "--like", song, "--name", "House", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["id"] == "own-house"
    restyled = cli("restyle", song, "--style", "own-house", "--out", tmp_path / "same.wav", "--json")
    assert restyled.code == 0, restyled.err
    assert restyled.json["style"] == "own-house"
    assert cli("styles", "remove", "own-house", "--json").code == 0
    left = {style["id"] for style in cli("styles", "--json").json}
    assert "house" in left
    assert "own-house" not in left


def test_the_voice_is_played_by_another_instrument_and_all_else_stays(cli, song, tmp_path):
    target = tmp_path / "horn.wav"
    answer = cli("timbre", song, "--as", "horn", "--stem", "vocals", "--out", target, "--json")
    assert answer.code == 0, answer.err
    result = answer.json
    assert (result["timbre"], result["stem"], result["state"]) == ("horn", "vocals", "Trusted")
    # How many depends on what the separator takes of a lead that is no real voice.
    assert result["notes"] >= 1
    made, rate = soundfile.read(target)
    assert len(made) / rate == pytest.approx(12.0, abs=0.05)
    assert cli("timbre", song, "--as", "kazoo", "--out", target, "--json").json["error"]["code"] == "style-unknown"


def test_styles_of_ones_own_are_checked_kept_and_removed(cli, tmp_path):
    style = cli("styles", "show", "house").json
    path = tmp_path / "my-house.json"
    path.write_text(json.dumps({**style, "id": "my-house", "name": "My house"}), encoding="utf-8")
    assert cli("styles", "add", path, "--json").json["id"] == "my-house"
    again = cli("styles", "add", path, "--json")
    assert again.code == 0
    assert cli("styles", "show", "my-house").json["version"] == style["version"] + 1
    for change, word in (({"schema": "style/9"}, "newer"), ({"swing": 7.0}, "swing"), ({"id": "house"}, "comes with")):
        bad = tmp_path / f"{change.get('id', 'bad')}.json"
        bad.write_text(json.dumps({**style, "id": "bad", **change}), encoding="utf-8")
        answer = cli("styles", "add", bad, "--json")
        assert answer.code == 1
        assert answer.json["error"]["code"] == "style-invalid"
        assert word in answer.json["error"]["message"]
    assert cli("styles", "remove", "my-house", "--json").code == 0
    assert cli("styles", "remove", "house", "--json").json["error"]["code"] == "style-unknown"


def test_a_restyle_needs_a_style_or_a_reference(cli, song, tmp_path):
    for words in ((), ("--style", "tape", "--like", song)):
        answer = cli("restyle", song, *words, "--out", tmp_path / "x.wav", "--json")
        assert answer.code == 1
        assert answer.json["error"]["remedy"]
    assert not (tmp_path / "x.wav").exists()


@pytest.mark.parametrize("at", ["-3", "999", "nan"])
def test_a_voice_cannot_begin_outside_its_song(cli, song, tmp_path, at):
    target = tmp_path / "cover.wav"
    answer = cli("vocals", song, song, "--at", at, "--out", target)
    assert answer.code == 1
    assert "12.0 s long" in answer.err
    assert "--at" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_a_voice_of_ones_own_is_put_on_a_song_with_a_harmony(cli, song, tmp_path):
    rate = 44_100
    time_s = np.arange(3 * rate) / rate
    pitch = np.array([220.0, 261.63, 329.63])[time_s.astype(int)] * (1 + 0.004 * np.sin(2 * np.pi * 5.5 * time_s))
    turns = 2 * np.pi * np.cumsum(pitch) / rate
    voice = sum(np.sin(k * turns) / k**1.5 for k in range(1, 9)) * np.minimum(
        1.0, 8 * np.minimum(time_s % 1, 1 - time_s % 1)
    )
    taken = tmp_path / "take.wav"
    soundfile.write(taken, 0.2 * voice, rate)
    target = tmp_path / "cover.wav"
    answer = cli("vocals", song, taken, "--at", 2.0, "--harmony", "third-above", "--out", target, "--json")
    assert answer.code == 0, answer.err
    result = answer.json
    assert result["state"] == "Trusted"
    assert result["aligned"]["phrases"] >= 1
    assert result["aligned"]["off_grid_after_ms"] <= result["aligned"]["off_grid_before_ms"]
    assert [each["name"] for each in result["harmonies"]]
    assert soundfile.info(target).duration == pytest.approx(12.0, abs=0.1)
