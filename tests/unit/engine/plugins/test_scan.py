"""Scans of files that crash, hang and refuse; what is kept of them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from engine.errors import Cancelled
from engine.plugins import Catalogue, PluginError, catalogue, scan
from engine.plugins.model import parameter_ids
from tests.unit.engine.plugins import lookahead_gain

LOADER = f"{lookahead_gain.__name__}:load"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of plug-ins that `lookahead_gain` reads."""
    place = tmp_path / "vst3"
    place.mkdir()

    monkeypatch.setattr(scan.scan_file, "__kwdefaults__", {**scan.scan_file.__kwdefaults__, "loader": LOADER})
    monkeypatch.setattr(scan.vst3, "require", lambda: None)
    return place


def test_ids_of_parameters_are_stable_and_differ() -> None:
    assert parameter_ids(["Mix (%)", "Gain", "gain", "♭", "", "Gain 2"]) == [
        "mix", "gain", "gain_2", "parameter", "parameter_2", "gain_2_2",
    ]  # fmt: skip


def test_files_are_found_once_and_bundles_are_not_entered(tmp_path: Path) -> None:
    (tmp_path / "B.vst3/Contents/inner.vst3").mkdir(parents=True)
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/a.VST3").write_text("")
    (tmp_path / "other.txt").write_text("")
    found = scan.find_files([tmp_path, tmp_path / "deep", tmp_path / "nowhere"])
    assert [path.name for path in found] == ["a.VST3", "B.vst3"]


def test_the_time_of_a_bundle_is_that_of_its_newest_file(tmp_path: Path) -> None:
    inner = tmp_path / "a.vst3/Contents/a.so"
    inner.parent.mkdir(parents=True)
    inner.write_text("1")
    before = scan.stamp(tmp_path / "a.vst3")
    os.utime(inner, ns=(before + 10**9, before + 10**9))
    assert scan.stamp(tmp_path / "a.vst3") == before + 10**9
    assert scan.stamp(tmp_path / "gone.vst3") == 0


def test_bad_files_are_blocked_and_good_ones_listed(folder: Path, tmp_path: Path) -> None:
    for name, text in (("good", ""), ("crash", "abort"), ("slow", "hang"), ("refuse", "refuse")):
        (folder / f"{name}.vst3").write_text(text)
    kept = Catalogue(tmp_path / "kept/plugins.json")
    kept.set_folders([str(folder)])
    found = kept.scan(standard=False, limit_s=4.0)
    assert {Path(f.path).stem: f.code for f in found} == {
        "crash": "plugin-crashed", "good": "", "refuse": "plugin-failed", "slow": "plugin-slow",
    }  # fmt: skip
    assert [p.name for p in kept.plugins] == ["Look-ahead gain"]
    assert kept.plugins[0].latency_frames == lookahead_gain.LATENCY
    # Nothing has changed, so nothing is looked into again, also by another program.
    kept = Catalogue(tmp_path / "kept/plugins.json")
    assert kept.folders == (str(folder),)
    assert kept.scan(standard=False) == ()
    blocked = {Path(e.finding.path).stem for e in kept.entries if e.blocked}
    assert blocked == {"crash", "slow"}
    with pytest.raises(PluginError) as caught:
        kept.check(str(folder / "crash.vst3"))
    assert caught.value.code == "plugin-blocked"

    # A new version is looked into again.
    (folder / "crash.vst3").write_text("mended")
    assert [Path(f.path).stem for f in kept.scan(standard=False)] == ["crash"]
    kept.check(str(folder / "crash.vst3"))
    assert len(kept.plugins) == 2

    # One that is taken off the list too.
    (folder / "slow.vst3").unlink()
    kept.block("good")
    assert len(kept.plugins) == 1
    (folder / "good.vst3").write_text("a new version")
    assert kept.scan(standard=False) == ()
    assert {Path(e.finding.path).stem for e in kept.entries} == {"crash", "good", "refuse"}
    kept.unblock("good")
    assert [Path(f.path).stem for f in kept.scan(standard=False)] == ["good"]
    assert len(kept.plugins) == 2
    with pytest.raises(PluginError):
        kept.block("unheard of")


def test_a_scan_can_be_stopped_and_keeps_what_it_has(folder: Path, tmp_path: Path) -> None:
    (folder / "a.vst3").write_text("")
    (folder / "b.vst3").write_text("hang")
    kept = Catalogue(tmp_path / "plugins.json")
    kept.set_folders([str(folder)])
    began = time.monotonic()
    with pytest.raises(Cancelled):
        kept.scan(standard=False, cancelled=lambda: bool(kept.plugins) and time.monotonic() - began > 0.5)
    assert len(kept.plugins) == 1


@pytest.mark.parametrize("content", [b"", b"{", b'{"format": 99}', b"\xff\xfe", b'{"entries": 3}'])
def test_a_damaged_catalogue_counts_as_empty(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "plugins.json"
    path.write_bytes(content)
    assert Catalogue(path).entries == ()


def test_without_the_extra_a_scan_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan.vst3, "installed", lambda: False)
    with pytest.raises(PluginError) as caught:
        catalogue.Catalogue(tmp_path / "plugins.json").scan(standard=False)
    assert caught.value.code == "plugin-extra-missing"
    assert "contrafact[vst3]" in caught.value.remedy
