"""Bare graphs are told apart by digest and by shape."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from engine.errors import PackError
from engine.inference.families.known import KNOWN, TAIL_BYTES, md5_tail
from engine.inference.recognise import recognise
from tests.samples.packs import model_of

FIXTURES = Path(__file__).resolve().parents[3] / "families" / "fixtures" / "packs"

Shapes = list[list[int | None]]


def graph(folder: Path, inputs: Shapes, outputs: Shapes, name: str = "model.onnx") -> Path:
    """A graph with these ports that does nothing with them."""
    taken = [helper.make_tensor_value_info(f"x{i}", TensorProto.FLOAT, shape) for i, shape in enumerate(inputs)]
    given = [helper.make_tensor_value_info(f"y{i}", TensorProto.FLOAT, shape) for i, shape in enumerate(outputs)]
    nodes = [helper.make_node("Identity", ["x0"], [f"y{i}"]) for i in range(len(outputs))]
    path = folder / name
    onnx.save(model_of(helper.make_graph(nodes, "g", taken, given)), str(path))
    return path


@pytest.mark.parametrize(
    ("inputs", "outputs", "family", "n_fft", "stems"),
    [
        ([[1, 4, 2048, 256]], [[1, 4, 2048, 256]], "uvr-mdx", 6144, ("vocals", "instrumental")),
        ([[1, 4, 4096, 256]], [[1, 2, 4, 4096, 256]], "mdx23c", 8192, ("vocals", "instrumental")),
        ([[1, 2, 343980]], [[1, 4, 2, 343980]], "htdemucs", None, ("drums", "bass", "other", "vocals")),
        (
            [[1, 2, 343980]],
            [[1, 6, 2, 343980]],
            "htdemucs",
            None,
            ("drums", "bass", "other", "vocals", "guitar", "piano"),
        ),
        (
            [[1, 2, 343980], [1, 4, 2048, 336]],
            [[1, 4, 4, 2048, 336], [1, 4, 2, 343980]],
            "htdemucs-core",
            4096,
            ("drums", "bass", "other", "vocals"),
        ),
        (
            [[1, 2, 343980], [1, 4, 2048, 336]],
            [[1, 16, 2048, 336], [1, 8, 343980]],
            "htdemucs-openvino",
            4096,
            ("drums", "bass", "other", "vocals"),
        ),
        ([[1, 2050, 801, 2]], [[1, 1, 2050, 801, 2]], "roformer", 2048, ("vocals",)),
        ([[1, 4, 2049, None]], [[1, 4, 4, 2049, None]], "spectral-stems", 4096, ("vocals", "drums", "bass", "other")),
    ],
)
def test_shapes_tell_the_family(
    tmp_path: Path, inputs: Shapes, outputs: Shapes, family: str, n_fft: int | None, stems: tuple[str, ...]
) -> None:
    guess = recognise([graph(tmp_path, inputs, outputs)])
    assert (guess.family, guess.n_fft, guess.stems) == (family, n_fft, stems)
    assert guess.why


@pytest.mark.parametrize(
    ("family", "shape", "n_fft"), [("open-unmix", [1, 2, 2049, None], 4096), ("spleeter", [2, None, 512, 1024], 4096)]
)
def test_graphs_of_stems_are_named_after_them(tmp_path: Path, family: str, shape: list[int | None], n_fft: int) -> None:
    files = [graph(tmp_path, [shape], [shape], name=f"{stem}.onnx") for stem in ("vocals", "2stems_accompaniment")]
    guess = recognise(files)
    assert (guess.family, guess.n_fft, guess.hop) == (family, n_fft, 1024)
    assert guess.stems == ("vocals", "instrumental")
    with pytest.raises(PackError, match="does not say which stem"):
        recognise([graph(tmp_path, [shape], [shape], name="model.onnx")])


def test_the_public_table_settles_what_shapes_leave_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = graph(tmp_path, [[1, 4, 3072, 256]], [[1, 4, 3072, 256]])
    assert "n_fft" in recognise([path]).open
    monkeypatch.setitem(KNOWN, md5_tail(path), KNOWN["2cdd429caac38f0194b133884160f2c6"])
    guess = recognise([path])
    assert (guess.n_fft, guess.compensate, guess.stems) == (7680, 1.045, ("instrumental", "vocals"))
    assert not guess.open


def test_the_digest_is_of_the_last_ten_million_bytes(tmp_path: Path) -> None:
    import hashlib

    data = bytes(range(256)) * 40_500
    (tmp_path / "large.onnx").write_bytes(data)
    assert len(data) > TAIL_BYTES
    assert md5_tail(tmp_path / "large.onnx") == hashlib.md5(data[-10_240_000:]).hexdigest()


def test_every_fixture_is_recognised_as_what_it_is() -> None:
    for name, family in (("htdemucs", "htdemucs"), ("htdemucs-core", "htdemucs-core"), ("mdx23c", "mdx23c")):
        assert recognise([FIXTURES / name / "model.onnx"]).family == family


@pytest.mark.parametrize("suffix", [".pth", ".ckpt", ".th", ".safetensors"])
def test_weights_of_training_programs_are_told_from_onnx(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"weights")
    with pytest.raises(PackError) as caught:
        recognise([path])
    assert caught.value.code == "model-not-onnx"


def test_an_unknown_shape_is_shown(tmp_path: Path) -> None:
    with pytest.raises(PackError) as caught:
        recognise([graph(tmp_path, [[7, 7]], [[7, 7]])])
    assert caught.value.code == "model-unrecognised"
    assert "x0 [7, 7]" in caught.value.message
    assert "--family" in caught.value.remedy
