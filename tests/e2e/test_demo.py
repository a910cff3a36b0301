"""The main job, headless: licence to signed, verified, received exports."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import soundfile

STEMS = {"vocals", "drums", "bass", "other"}


@pytest.fixture(scope="module")
def made(home, tmp_path_factory):
    """The folder that `contrafact demo` filled, and its report."""
    from studio.cli.main import main

    out_dir = tmp_path_factory.mktemp("demo")
    assert main(["demo", "--out", str(out_dir), "--home", str(home)]) == 0
    return out_dir, json.loads((out_dir / "report.json").read_text())


@pytest.mark.slow
def test_every_export_is_trusted_paid_and_received(made):
    _, report = made
    assert [each["format"] for each in report["exports"]] == ["wav", "flac", "mp3"]
    for export in report["exports"]:
        assert export["state"] == "Trusted"
        assert sum(export["master_ppm"].values()) == 1_000_000
        assert sum(export["publishing_ppm"].values()) == 1_000_000
        assert export["receipt_id"].startswith("rc_")
        assert export["lufs"] == pytest.approx(-14.0, abs=0.3)
        assert export["true_peak_dbtp"] <= -0.9
        assert soundfile.info(export["path"]).duration == pytest.approx(export["duration_s"], abs=0.1)
    assert len({export["receipt_id"] for export in report["exports"]}) == 3


@pytest.mark.slow
def test_report_tells_stems_style_times_and_providers(made):
    _, report = made
    assert set(report["stems"]["si_sdr_db"]) == STEMS
    assert report["stems"]["sum_error_db"] < -90
    assert report["style"]["id"]
    assert report["providers"] == {"separation": "cpu", "style": "cpu"} or "cuda" in report["providers"].values()
    assert report["timings_s"]["total"] > 0


@pytest.mark.slow
def test_verify_names_what_was_done_to_a_copy(made, cli, tmp_path):
    _, report = made
    for export in report["exports"]:
        path = Path(export["path"])
        clean = cli("verify", path, "--json")
        assert (clean.code, clean.json["state"], clean.json["receipt_id"]) == (0, "Trusted", export["receipt_id"])
        assert {source["status"] for source in clean.json["facts"]["sources"]} == {"licensed"}

        changed = tmp_path / f"changed{path.suffix}"
        data = bytearray(path.read_bytes())
        data[len(data) * 3 // 4] ^= 0x10
        changed.write_bytes(data)
        tampered = cli("verify", changed, "--json")
        assert (tampered.code, tampered.json["state"]) == (1, "Invalid")
        assert tampered.json["problems"][0]["code"] == "audio-changed"
        assert "changed" in tampered.json["problems"][0]["text"]

        bare = tmp_path / "stripped.wav"
        # 19 s of the 31: the mark asks for about 15.
        samples, rate = soundfile.read(path, start=12 * 48_000, frames=25 * 48_000)
        soundfile.write(bare, 0.7 * samples, rate)
        stripped = cli("verify", bare, "--json")
        assert (stripped.code, stripped.json["state"]) == (1, "NoCredentials")
        assert "no credentials" in stripped.json["summary"].lower()
        # The mark in the sound leads back to what the platform received.
        assert stripped.json["mark"] == clean.json["facts"]["mark"]
        assert stripped.json["receipt_id"] == export["receipt_id"]


@pytest.mark.slow
def test_own_sound_carries_no_mark(cli, song):
    answer = cli("verify", song, "--json")
    assert (answer.code, answer.json["state"], answer.json["mark"]) == (1, "NoCredentials", None)


@pytest.mark.slow
def test_the_saved_project_opens_and_exports_again(made, cli, tmp_path):
    out_dir, report = made
    bundle = next(out_dir.glob("*.contrafact"))
    copy = tmp_path / bundle.name
    shutil.copytree(bundle, copy)
    shares = cli("shares", copy, "--json")
    assert shares.code == 0
    paid = {share["id"]: share["ppm"] for share in shares.json["master"]}
    assert paid == report["exports"][0]["master_ppm"]


@pytest.mark.slow
def test_licensed_mixes_leave_only_signed(made, cli, tmp_path):
    out_dir, _ = made
    bundle = next(out_dir.glob("*.contrafact"))
    target = tmp_path / "unsigned.wav"
    refused = cli("render", bundle, "--out", target, "--json")
    assert refused.code == 1
    assert refused.json["error"]["code"] == "operation-forbidden"
    assert "export" in refused.json["error"]["remedy"]
    assert not target.exists()
