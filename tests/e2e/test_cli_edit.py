"""`contrafact edit`: routes, automation, time, effects and freezes by command, and the render that comes of them."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return tmp_path_factory.mktemp("edit") / "Song.contrafact"


def test_a_project_is_routed_automated_and_rendered(cli, song, bundle, tmp_path):
    assert cli("new", bundle, "--tempo", 100).code == 0
    assert cli("add", bundle, song).code == 0

    def edit(*words):
        answer = cli("edit", *words, "--json")
        assert answer.code == 0, answer.err
        return answer.json["project"] if isinstance(answer.json, dict) else answer.json

    edit("bus", bundle, "Room")
    edit("insert", "add", bundle, "Room", "reverb", "--set", "mix=1")
    edit("insert", "set", bundle, "Room", "1", "--set", "decay_s=0.8")
    edit("send", bundle, "my song", "Room", "--gain", -12, "--pre")
    edit("automate", bundle, "my song", "gain_db", "0=-96", "3.1.0=0", "0:11=0", "12=-96")
    project = edit("automate", bundle, "Room", "reverb.mix", "0=1", "6=0.25", "--hold")
    track, room = project["tracks"]
    assert room["kind"] == "bus"
    assert room["strip"]["inserts"][0]["parameters"]["decay_s"] == 0.8
    assert track["strip"]["sends"] == [{"bus": room["id"], "gain_db": -12.0, "pre": True, "mute": False}]
    assert [point["at_s"] for point in track["automation"][0]["points"]] == [0.0, pytest.approx(4.8), 11.0, 12.0]
    assert room["automation"][0]["hold"]
    names = {row["name"]: row for row in edit("parameters", bundle, "my song")}
    assert names["gain_db"]["automated"]
    assert names["send.Room"]["value"] == -12.0
    project = edit("set", bundle, "my song", "band1.gain_db", 3)
    assert project["tracks"][0]["strip"]["eq"][0]["gain_db"] == 3.0
    plain = cli("edit", "show", bundle).out
    assert "sends Room -12.0 dB pre" in plain
    target = tmp_path / "mix.wav"
    assert cli("render", bundle, "--out", target).code == 0
    sound, rate = soundfile.read(target)
    assert np.isfinite(sound).all()
    # Its sends are before the fader: what the song itself gives comes up over 4.8 s and goes down at the end.
    dry = tmp_path / "dry.wav"
    assert cli("edit", "send", bundle, "my song", "Room", "--remove").code == 0
    assert cli("render", bundle, "--out", dry).code == 0
    levels = [float(np.sqrt(np.mean(part**2))) for part in np.array_split(soundfile.read(dry)[0], 24)]
    assert levels[0] < 0.01 * levels[14]
    assert levels[0] < levels[5] < levels[14]
    assert levels[23] < 0.5 * levels[14]
    assert len(sound) / rate == pytest.approx(12.0, abs=0.05)


def test_clips_follow_time_by_command(cli, bundle):
    def clip(*words):
        answer = cli("edit", *words, "--json")
        assert answer.code == 0, answer.err
        return answer.json["project"]["tracks"][0]["clips"][0]

    assert clip("trim", bundle, "my song:1", "--start", 2.4, "--end", 9.6)["length_s"] == pytest.approx(7.2)
    assert clip("slip", bundle, "my song:1", 0.4)["source_start_s"] == pytest.approx(2.0)
    warped = clip("warp", bundle, "my song:1", "2=0", "5=3.1", "9=7.2")
    assert len(warped["warp"]) == 3
    assert clip("follow", bundle, "my song:1")["follow_tempo"]
    assert clip("tempo", bundle, 120)["start_s"] == pytest.approx(2.0)
    assert clip("reverse", bundle, "my song:1")["reverse"]
    faded = clip("fade", bundle, "my song:1", "--in", 0.5, "--in-curve", "s_curve")
    assert (faded["fade_in_s"], faded["fade_in_curve"]) == (0.5, "s_curve")
    assert clip("transpose", bundle, "my song:1", "-2")["semitones"] == -2.0


def test_mistakes_are_named_with_what_there_is(cli, bundle):
    for words, said in (
        (("output", bundle, "my song", "Hall"), "Tracks of this project"),
        (("automate", bundle, "my song", "wishes", "0=1"), "gain_db"),
        (("automate", bundle, "my song", "pan", "now=1"), "m:ss"),
        (("insert", "remove", bundle, "Room", "delay"), "1 reverb"),
        (("signature", bundle, "four"), "6/8"),
        (("send", bundle, "Room", "Room"), "circle"),
    ):
        answer = cli("edit", *words)
        assert answer.code == 1, words
        assert said in answer.err


def test_folders_by_command(cli, song, tmp_path):
    bundle = tmp_path / "Folders.contrafact"
    assert cli("new", bundle).code == 0
    assert cli("add", bundle, song).code == 0

    def edit(*words):
        answer = cli("edit", *words, "--json")
        assert answer.code == 0, answer.err
        return answer.json["project"]["tracks"]

    edit("bus", bundle, "Room")
    own, room = edit("output", bundle, "my song", "Room")
    assert edit("output", bundle, "my song", "master")[0]["strip"]["output"] == ""
    folder, track, _ = edit("group", bundle, "my song", "--name", "Guitars")
    assert (folder["name"], track["folder"], track["strip"]["output"]) == ("Guitars", folder["id"], folder["id"])
    assert edit("put-in-folder", bundle, "Guitars", "Room", "--place", 1)[1]["id"] == room["id"]
    assert edit("move-track", bundle, "Room", 2)[2]["id"] == room["id"]
    assert edit("set-colour", bundle, "Guitars", "bass")[0]["colour"] == "bass"
    plain = cli("edit", "show", bundle).out
    assert "folder" in plain
    assert "to Guitars" in plain
    assert edit("put-in-folder", bundle, "none", "Room")[-1]["folder"] is None
    track, room = edit("ungroup", bundle, "Guitars")
    assert (track["id"], track["folder"], track["strip"]["output"]) == (own["id"], None, "")
    refused = cli("edit", "ungroup", bundle, "Room")
    assert refused.code != 0
    assert "no folder" in refused.err
