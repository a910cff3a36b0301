"""The commands that measure: they find their code, pass options on, and say so where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.base.errors import StudioError
from studio.cli import bench
from studio.cli.main import main

CODE = """
import sys
print("measured", *sys.argv[1:])
raise SystemExit(3)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "tests" / "bench"
    folder.mkdir(parents=True)
    (folder / "engine.py").write_text(CODE)
    return tmp_path


def test_options_and_the_exit_code_are_passed_on(checkout: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert bench.run_module("engine", ["--peer", "dawdreamer", "--json"], root=checkout) == 3
    assert capfd.readouterr().out.split() == ["measured", "--peer", "dawdreamer", "--json"]


def test_without_a_checkout_it_says_so(checkout: Path) -> None:
    with pytest.raises(StudioError) as caught:
        bench.run_module("ui", [], root=checkout)
    assert caught.value.code == "bench-missing"
    assert "source checkout" in caught.value.remedy


def test_the_command_line_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, list[str]]] = []

    def note(name: str, arguments: list[str]) -> int:
        seen.append((name, arguments))
        return 0

    monkeypatch.setattr(bench, "run_module", note)
    assert main(["bench", "engine", "--peer", "dawdreamer", "--json"]) == 0
    assert main(["soak", "--minutes", "0.5", "--block", "64"]) == 0
    assert seen == [("engine", ["--peer", "dawdreamer", "--json"]), ("soak", ["--minutes", "0.5", "--block", "64"])]
    assert main(["bench", "nothing"]) == 2
