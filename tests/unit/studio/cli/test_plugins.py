"""contrafact plugins: scan, list, block, unblock, with files that are no plug-ins and without the extra."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.plugins import vst3
from studio.cli.main import main

extra = pytest.mark.skipif(not vst3.installed(), reason="the extra contrafact[vst3] is not installed")


@pytest.fixture
def home(tmp_path: Path) -> str:
    return str(tmp_path / "home")


@extra
def test_scan_list_block_and_unblock(home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "vst3"
    folder.mkdir()
    (folder / "bad.vst3").write_bytes(b"no plug-in")
    scan = ["plugins", "scan", "--home", home, "--no-standard", "--json"]
    assert main([*scan, "--folder", str(folder)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [Path(f["path"]).name for f in found["looked_into"]] == ["bad.vst3"]
    assert found["looked_into"][0]["code"] == "plugin-failed"
    assert found["plugins"] == 0

    # The folder is remembered, and what has not changed is not looked into again.
    assert main(scan) == 0
    assert json.loads(capsys.readouterr().out)["looked_into"] == []
    assert main(["plugins", "list", "--home", home]) == 0
    assert "bad.vst3" in capsys.readouterr().out

    assert main(["plugins", "block", "bad", "--home", home, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["blocked"] == [str(folder / "bad.vst3")]
    assert main(["plugins", "list", "--home", home, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unusable"][0]["blocked"] is True
    assert main(["plugins", "unblock", "bad", "--home", home]) == 0
    assert "not blocked" in capsys.readouterr().out
    assert main(scan) == 0
    assert len(json.loads(capsys.readouterr().out)["looked_into"]) == 1

    assert main([*scan, "--forget", str(folder)]) == 0
    capsys.readouterr()
    assert main(["plugins", "list", "--home", home, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"plugins": [], "unusable": []}


def test_an_unknown_plugin_is_a_named_error(home: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "block", "unheard of", "--home", home, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "plugin-missing"


def test_without_the_extra_scanning_says_what_to_install(
    home: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(vst3, "installed", lambda: False)
    assert main(["plugins", "scan", "--home", home]) == 1
    assert "pip install contrafact[vst3]" in capsys.readouterr().err
    assert main(["plugins", "list", "--home", home]) == 0
    assert "contrafact plugins scan" in capsys.readouterr().out
