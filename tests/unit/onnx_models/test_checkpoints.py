"""What is no checkpoint is refused with a reason. Needs the `train` extra; skipped where torch is absent."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra (torch)")

from onnx_models.training.separation import checkpoints, pair  # noqa: E402
from onnx_models.training.separation.export import load_network  # noqa: E402
from onnx_models.training.separation.unet import SubTdf  # noqa: E402


def test_what_is_written_is_read(tmp_path: Path) -> None:
    state = {"average": {"a": torch.ones(2)}, "settings": {"width": 8}, "step": 3}
    checkpoints.write(state, tmp_path / "new" / "c.pt")
    read = checkpoints.read(tmp_path / "new" / "c.pt")
    assert read["step"] == 3
    assert torch.equal(read["average"]["a"], torch.ones(2))


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('it was run')",)


@pytest.mark.parametrize("content", [b"", b"x\n", b"PK\x03\x04 broken", bytes(range(256)) * 9])
def test_other_files_are_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.pt").write_bytes(content)
    with pytest.raises(ValueError, match="is no checkpoint"):
        checkpoints.read(tmp_path / "c.pt")


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    torch.save(Hostile(), tmp_path / "c.pt")
    with pytest.raises(ValueError, match="is no checkpoint"):
        checkpoints.read(tmp_path / "c.pt")


def test_files_that_are_absent_or_of_something_else_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        checkpoints.read(tmp_path / "none.pt")
    torch.save({"state_dict": {}}, tmp_path / "c.pt")
    with pytest.raises(ValueError, match="something else"):
        checkpoints.read(tmp_path / "c.pt")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot be written"):
        checkpoints.write({}, tmp_path / "file" / "c.pt")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model": "wavenet"}, "no network"),
        ({"settings": {"depth": 3}}, "another network"),
        ({"average": {}}, "other weights"),
    ],
)
def test_networks_that_are_no_more_are_named(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    network = SubTdf(8)
    state = {"model": "u-net", "settings": network.settings, "average": network.state_dict()}
    torch.save(state | change, tmp_path / "c.pt")
    with pytest.raises(ValueError, match=reason):
        load_network(tmp_path / "c.pt")


def test_the_pair_command_says_what_is_wrong_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "junk.pt").write_text("x")
    arguments = ["pair", "--unet", str(tmp_path / "junk.pt"), "--live", str(tmp_path / "junk.pt"), "--out", "o.pt"]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit, match="is no checkpoint"):
        pair.main()
    for share, softness in ((1.5, 1.2), (0.5, 0.0), (float("nan"), 1.2), (0.5, float("nan"))):
        with pytest.raises(ValueError, match=r"share|divided"):
            pair.pair({}, {"average": {}, "settings": {}}, share=share, softness=softness)
