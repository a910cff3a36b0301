"""From a checkpoint to the pack: ONNX with dynamic time, parity, self-test, figures with bounds, card, manifest."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from onnx_models.training.separation import checkpoints, judge
from onnx_models.training.separation.bands import BINS
from onnx_models.training.separation.card import card_text
from onnx_models.training.separation.live import LIVE_N_FFT, BandGru
from onnx_models.training.separation.manifest import OPSET, manifest, members, metrics, sources
from onnx_models.training.separation.pair import Pair
from onnx_models.training.separation.scans import as_scans
from onnx_models.training.separation.trainer import Network, build, separator
from onnx_models.training.separation.unet import SubTdf

TOLERANCE = 1e-3
PARITY = 2e-4
SELFTEST_TIMES = 8
DEFAULT_SOFTNESS = 1.0


class Masks(nn.Module):
    """The default network as its pack holds it: masks of the bins that it models; the host does the rest."""

    def __init__(self, network: Pair):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """``(1, 4, times, BINS)`` to ``(1, stems, 2, times, BINS)``."""
        return self.network.by_time(x)


def load_network(checkpoint: Path) -> tuple[Network, dict[str, Any]]:
    """The network of a checkpoint with its averaged weights, and the rest of it.

    Raises:
        ValueError: it is no checkpoint, or of a network that is no more.
    """
    state = checkpoints.read(checkpoint)
    network = build(state["settings"], state.get("model", "default")).eval()
    try:
        network.load_state_dict(state["average"])
    except RuntimeError as error:
        raise ValueError(f"{checkpoint} holds other weights than its network has") from error
    return network, state


def soften(network: Network, softness: float) -> None:
    """Divide the logits by `softness`: trained masks may be surer of themselves on real music than they should be."""
    if isinstance(network, Pair):
        raise ValueError("the logits of a pair are softened when it is made (`pair`)")
    layers = (
        list(network.head[-1].parameters())
        if isinstance(network, SubTdf)
        else [*network.leave.weights, *network.leave.offsets]
    )
    with torch.no_grad():
        for layer in layers:
            layer.div_(softness)


def _feed(network: Network, times: int, *, seed: int) -> list[Tensor]:
    """Inputs of the graph: noise that falls with frequency, as music does, and a state as it might be."""
    live = isinstance(network, BandGru)
    bins = LIVE_N_FFT // 2 + 1 if live else BINS
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((1, 4, bins, times)) * (4.0 / (1 + np.arange(bins) / 40))[None, None, :, None]
    feed = [torch.from_numpy(noise.astype(np.float32))]
    if not live:
        feed[0] = feed[0].transpose(2, 3).contiguous()
    if isinstance(network, BandGru):
        feed.append(torch.from_numpy(np.tanh(rng.standard_normal(network.empty().shape)).astype(np.float32)))
    return feed


def _names(network: Network) -> tuple[list[str], list[str]]:
    if isinstance(network, BandGru):
        return ["mixture", "state_in"], ["stems", "state_out"]
    return ["mixture"], ["masks"]


def as_exported(network: Network) -> nn.Module:
    """The network with the inputs and outputs of its graph."""
    return Masks(network).eval() if isinstance(network, Pair) else network


def _reference(network: Network, feed: list[Tensor]) -> list[npt.NDArray[np.float32]]:
    with torch.no_grad():
        out = as_exported(network)(*feed)
    return [part.numpy() for part in (out if isinstance(out, tuple) else (out,))]


def _wide(name: str) -> bool:
    """Whether a recurrent unit of the pair has so many rows that a scan is quicker."""
    return not (name.startswith("/paths") and name.endswith("/time/GRU"))


def _share_equals(graph: Any) -> None:
    """Keep one of equal constants."""
    inner = {name for node in graph.node for each in node.attribute for step in each.g.node for name in step.input}
    first: dict[Any, str] = {}
    instead: dict[str, str] = {}
    kept = []
    for held in graph.initializer:
        name = first.setdefault((held.data_type, tuple(held.dims), held.raw_data), held.name)
        if name == held.name or not held.raw_data or held.name in inner:
            kept.append(held)
        else:
            instead[held.name] = name
    for node in graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = instead.get(name, name)
    del graph.initializer[:]
    graph.initializer.extend(kept)


def simplify(path: Path) -> None:
    """Fold what is constant, once and not at each start."""
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    model = onnx.load(path)
    _share_equals(model.graph)
    # It lists all that it knows.
    used = [each for each in model.opset_import if each.domain == ""]
    del model.opset_import[:]
    model.opset_import.extend(used)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def trace(
    network: nn.Module,
    feed: tuple[Tensor, ...],
    path: Path,
    inputs: list[str],
    outputs: list[str],
    axes: dict[str, Any],
) -> None:
    """Write the graph of a network as it runs on `feed`, with the `axes` (by name and index) left open."""
    with warnings.catch_warnings(), torch.no_grad():
        # The tracing exporter is marked as old; its graphs are what the parity test accepts.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            feed,
            str(path),
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )


def write_graph(network: Network, path: Path) -> None:
    """Export with a dynamic number of times."""
    import onnx

    inputs, outputs = _names(network)
    at = 3 if isinstance(network, BandGru) else 2
    axes = {inputs[0]: {at: "times"}, outputs[0]: {at + 1: "times"}}
    trace(as_exported(network), tuple(_feed(network, 32, seed=0)), path, inputs, outputs, axes)
    if isinstance(network, Pair):
        model = onnx.load(path)
        as_scans(model, _wide)
        onnx.save(model, path)
        simplify(path)


def parity(network: Network, path: Path) -> float:
    """Largest difference between torch and onnxruntime at other lengths, relative to the largest output."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for times in (1, 7, 75, 256):
        feed = _feed(network, times, seed=times)
        named = {name: part.numpy() for name, part in zip(_names(network)[0], feed, strict=True)}
        for wanted, got in zip(_reference(network, feed), session.run(None, named), strict=True):
            worst = max(worst, float(np.abs(got - wanted).max() / np.abs(wanted).max()))
    return worst


def selftest(network: Network, folder: Path) -> dict[str, Any]:
    """Stored inputs and outputs of the graph."""
    feed = _feed(network, SELFTEST_TIMES, seed=5)
    inputs, outputs = _names(network)
    stored: dict[str, list[dict[str, Any]]] = {"inputs": [], "outputs": []}
    arrays = {"inputs": [part.numpy() for part in feed], "outputs": _reference(network, feed)}
    for side, names in (("inputs", inputs), ("outputs", outputs)):
        for name, values in zip(names, arrays[side], strict=True):
            member = f"selftest-{name.replace('_', '-')}.f32"
            values.astype("<f4").tofile(folder / member)
            stored[side].append({"name": name, "member": member, "shape": list(values.shape)})
    return {**stored, "tolerance": TOLERANCE}


def keep(state: dict[str, Any], path: Path) -> None:
    """The checkpoint that the repository keeps: the averaged weights in half precision, from which training goes on."""
    small = {key: value for key, value in state.items() if key not in ("network", "optimizers")}
    torch.save(small | {"average": {name: value.half() for name, value in state["average"].items()}}, path)


def pack(
    checkpoint: Path,
    out: Path,
    *,
    samples: Path,
    audio: Path,
    log: Path,
    version: str,
    softness: float,
) -> dict[str, Any]:
    """Write the pack to `out` (replaced when all is made) and return its manifest.

    Raises:
        SystemExit: there is no such checkpoint, or the exported graph differs from torch.
    """
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        network, state = load_network(checkpoint)
    except ValueError as error:
        raise SystemExit(str(error)) from error
    if softness != 1.0:
        soften(network, softness)
    write_graph(network, part / "model.onnx")
    off = parity(network, part / "model.onnx")
    if off > PARITY:
        raise SystemExit(f"the exported graph differs from torch by {off:.1e}")
    tested = selftest(network, part)
    shutil.copyfile(log, part / "training.log")
    keep(state, part / "checkpoint.pt")
    from onnx_models.training.separation.evaluate import evaluate_torch

    clips = judge.load_clips(audio)
    rows = evaluate_torch(network, clips, store=log.with_name("bounds.json"))
    training = sources(samples)
    facts = {
        "id": out.name,
        "live": isinstance(network, BandGru),
        "parameters": sum(p.numel() for p in network.parameters()),
        "step": state["step"],
        "minutes": state["minutes"],
        "audio_hours": state["heard_s"] / 3600,
        "parity": off,
        "version": version,
        "softness": softness,
        "share": getattr(network, "share", None),
        "checkpoint": hashlib.sha256((part / "checkpoint.pt").read_bytes()).hexdigest(),
    }
    leaks = judge.energy_shares(audio, separator(network))
    silent = judge.leakage(clips, separator(network))
    (part / "card.md").write_text(card_text(facts, rows, leaks, silent, training), encoding="utf-8")
    made = manifest(
        network, version=version, files=members(part), tested=tested, training=training, figures=metrics(rows)
    )
    (part / "pack.json").write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    old = out.with_name(f".{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    part.rename(out)
    shutil.rmtree(old, ignore_errors=True)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="default", choices=("default", "live"))
    parser.add_argument("--checkpoint", type=Path, help="by default last.pt of the model's run in .cache/separation")
    parser.add_argument("--log", type=Path, help="by default training.log beside the checkpoint")
    parser.add_argument("--out", type=Path, help="by default onnx_models/separation-MODEL")
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--version", required=True, help="version of the pack, such as 0.2.0")
    parser.add_argument("--softness", type=float, default=DEFAULT_SOFTNESS, help="divisor of the mask logits")
    options = parser.parse_args()
    run = "run-live" if options.model == "live" else "run"
    checkpoint = options.checkpoint or Path(".cache/separation") / run / "last.pt"
    made = pack(
        checkpoint,
        options.out or Path("onnx_models") / f"separation-{options.model}",
        samples=options.samples,
        audio=options.audio,
        log=options.log or checkpoint.with_name("training.log"),
        version=options.version,
        softness=options.softness,
    )
    for entry in made["metrics"]:
        print(*(entry[name] for name in ("name", "clip", "stem", "value", "mixture", "baseline", "ideal")))


if __name__ == "__main__":
    main()
