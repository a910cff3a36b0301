"""The live insert: exact where the model is known, late by one window, dry when the model fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.errors import PackError
from engine.inference.live import LiveSeparation, LiveSeparations
from engine.inference.packs import load_pack
from engine.plan import InsertPlan
from engine.types import Audio
from tests.samples.packs import model_of, seal

SHIPPED = Path(__file__).resolve().parents[4] / "onnx_models" / "separation-live"
SHARES = (0.1, 0.2, 0.3, 0.4)
N_FFT, HOP = 512, 128
BINS = N_FFT // 2 + 1


def live_pack(folder: Path, *, broken: bool = False) -> Path:
    """Constant shares, and a memory that counts the calls (in the first value of its state)."""
    folder.mkdir(parents=True)
    shares = np.array([np.nan if broken else value for value in SHARES], np.float32).reshape(1, 4, 1, 1, 1)
    nodes = [
        helper.make_node("Unsqueeze", ["mixture", "axis"], ["wide"]),
        helper.make_node("Mul", ["wide", "shares"], ["stems"]),
        helper.make_node("Add", ["state_in", "one"], ["state_out"]),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "live",
        [
            value("mixture", TensorProto.FLOAT, [1, 4, BINS, "times"]),
            value("state_in", TensorProto.FLOAT, [1, 3]),
        ],
        [
            value("stems", TensorProto.FLOAT, [1, 4, 4, BINS, "times"]),
            value("state_out", TensorProto.FLOAT, [1, 3]),
        ],
        [
            numpy_helper.from_array(shares, "shares"),
            numpy_helper.from_array(np.array([1], np.int64), "axis"),
            numpy_helper.from_array(np.ones((1, 3), np.float32), "one"),
        ],
    )
    onnx.save(model_of(graph), str(folder / "model.onnx"))
    manifest: dict[str, Any] = {
        "format": 1,
        "id": "live",
        "version": "1.0.0",
        "kind": "separation",
        "title": "Live shares",
        "graph": "model.onnx",
        "inputs": [
            {"name": "mixture", "content": "spectrum", "shape": [1, 4, BINS, None]},
            {"name": "state_in", "content": "state", "shape": [1, 3]},
        ],
        "outputs": [
            {"name": "stems", "content": "spectra", "shape": [1, 4, 4, BINS, None]},
            {"name": "state_out", "content": "state", "shape": [1, 3]},
        ],
        "audio": {"rate": 44100, "channels": 2},
        "stft": {"n_fft": N_FFT, "hop": HOP},
        "chunk": {"hops": 16},
        "post": {},
        "stems": ["vocals", "drums", "bass", "other"],
        "state": [{"input": "state_in", "output": "state_out"}],
        "runtime": {"opset": 17, "latency_frames": N_FFT},
        "rights": {
            "code": "Apache-2.0",
            "weights": "Apache-2.0",
            "holder": "The tests",
            "redistribute": True,
            "commercial": True,
            "training_statement": "Not trained.",
        },
    }
    seal(folder, manifest, roles={"model.onnx": "graph"})
    return folder


def insert(**gains: float) -> InsertPlan:
    return InsertPlan(id="i1", kind="separation", parameters=gains)


def played(processor: LiveSeparation, sound: Audio, sizes: list[int]) -> Audio:
    out, at, turn = [], 0, 0
    while at < sound.shape[1]:
        count = min(sizes[turn % len(sizes)], sound.shape[1] - at)
        block = np.ascontiguousarray(sound[:, at : at + count])
        processor.process(block)
        out.append(block)
        at, turn = at + count, turn + 1
    return np.concatenate(out, axis=1)


def noise(frames: int, seed: int = 1) -> Audio:
    return (np.random.default_rng(seed).standard_normal((2, frames)) * 0.1).astype(np.float32)


@pytest.mark.parametrize("sizes", [[64], [1, 777, 128], [4096], [513]])
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_with_all_gains_at_zero_it_is_a_delay(tmp_path: Path, sizes: list[int], rate: int) -> None:
    processor = LiveSeparations(live_pack(tmp_path / "live"))(insert(), rate)
    sound = noise(9000)
    late = processor.latency_frames
    assert late / rate == pytest.approx(N_FFT / 44_100, rel=0.01)
    made = played(processor, sound, sizes)
    assert np.abs(made[:, :late]).max() < 1e-6
    assert np.abs(made[:, late:] - sound[:, :-late]).max() < 1e-5


def test_gains_weigh_the_stems(tmp_path: Path) -> None:
    processor = LiveSeparations(live_pack(tmp_path / "live"))(insert(vocals_db=-60, drums_db=6.0206), 44_100)
    processor.reset()
    sound = noise(9000)
    made = played(processor, sound, [256])
    late = processor.latency_frames
    assert np.abs(made[:, late:] - (0.4 + 0.3 + 0.4) * sound[:, :-late]).max() < 1e-4


def test_block_sizes_change_nothing(tmp_path: Path) -> None:
    factory = LiveSeparations(live_pack(tmp_path / "live"))
    sound = noise(12_000)
    results = []
    for size in (64, 1000, 12_000):
        processor = factory(insert(bass_db=-6), 48_000)
        processor.reset()
        results.append(played(processor, sound, [size]))
    assert np.abs(results[0] - results[1]).max() < 1e-5
    assert np.abs(results[0] - results[2]).max() < 1e-5


def test_a_gain_glides(tmp_path: Path) -> None:
    processor = LiveSeparations(live_pack(tmp_path / "live"))(insert(), 44_100)
    tone = np.sin(2 * np.pi * 100 * np.arange(40_000) / 44_100).astype(np.float32)
    sound = np.stack([tone, tone])
    played(processor, sound[:, :8000], [512])
    processor.set_parameters({"other_db": -60})
    made = played(processor, sound[:, 8000:], [512])
    assert np.abs(np.diff(made, axis=1)).max() < 1.3 * 2 * np.pi * 100 / 44_100


def test_the_same_insert_keeps_its_memory_and_a_reset_ends_it(tmp_path: Path) -> None:
    factory = LiveSeparations(live_pack(tmp_path / "live"))
    first = factory(insert(), 44_100)
    played(first, noise(2000), [HOP])
    assert factory(insert(vocals_db=-3), 44_100) is first
    assert factory(InsertPlan(id="i2", kind="separation"), 44_100) is not first
    first.reset()
    made = played(first, np.zeros((2, 2000), np.float32), [256])
    assert not made.any()


def test_a_model_that_fails_leaves_the_dry_sound_as_late(tmp_path: Path) -> None:
    processor = LiveSeparations(live_pack(tmp_path / "live", broken=True))(insert(vocals_db=-60), 44_100)
    sound = noise(6000)
    made = played(processor, sound, [200])
    late = processor.latency_frames
    assert np.array_equal(made[:, late:], sound[:, :-late])
    assert processor.badge == "Stopped"
    (notice,) = processor.notices()
    assert "plays as it is" in notice
    assert processor.notices() == []


def test_bad_samples_do_not_poison_the_memory(tmp_path: Path) -> None:
    processor = LiveSeparations(live_pack(tmp_path / "live"))(insert(), 44_100)
    sound = noise(6000)
    sound[:, 1000:1100] = np.nan
    made = played(processor, sound, [256])
    assert processor.badge == ""
    assert np.isfinite(made).all()


def test_a_model_without_memory_is_named(tmp_path: Path) -> None:
    from tests.samples.packs import write_pack

    with pytest.raises(PackError) as caught:
        LiveSeparations(write_pack(tmp_path / "shares"))(insert(), 44_100)
    assert caught.value.code == "model-unsuitable"


@pytest.mark.skipif(not (SHIPPED / "pack.json").exists(), reason="the live model is not trained yet")
def test_the_shipped_live_model_is_causal_and_quick_to_answer() -> None:
    pack = load_pack(SHIPPED)
    from engine.inference.graphs import Graphs

    call = Graphs(pack, "cpu", threads=1).calls()[""]
    assert pack.stft is not None
    rng = np.random.default_rng(3)
    feed = (rng.standard_normal((1, 4, pack.stft.bins or pack.stft.n_fft // 2 + 1, 8)) * 0.3).astype(np.float32)
    names = [tensor.name for tensor in pack.inputs]
    places = {tensor.name: index for index, tensor in enumerate(pack.outputs)}
    shapes = {tensor.name: [size or 1 for size in tensor.shape] for tensor in pack.inputs}

    def run(parts: list[Any]) -> Any:
        states = {pair.input: np.zeros(shapes[pair.input], np.float32) for pair in pack.state}
        out = []
        for part in parts:
            inputs = states | {names[0]: part}
            results = call([inputs[name] for name in names])
            states = {pair.input: results[places[pair.output]] for pair in pack.state}
            out.append(results[0])
        return np.concatenate(out, axis=-1)

    whole = run([feed])
    single = run([feed[..., i : i + 1] for i in range(8)])
    assert np.abs(whole - single).max() < 1e-4 * np.abs(whole).max()
    assert np.abs(whole.sum(1) - feed).max() < 1e-3 * np.abs(feed).max()
    assert pack.stft.n_fft / 44_100 <= 0.05
