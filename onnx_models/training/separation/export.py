"""From a checkpoint to the pack: ONNX with dynamic time, parity, self-test, figures with bounds, card, manifest."""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch

from onnx_models.training.separation import judge
from onnx_models.training.separation.card import card_text
from onnx_models.training.separation.library import EXCLUDED
from onnx_models.training.separation.network import HOP, N_FFT, SubTdf
from onnx_models.training.separation.trainer import LEVEL, separator

OPSET = 17
CHUNK_HOPS, OVERLAP_HOPS = 256, 40
TOLERANCE = 1e-3
PARITY = 2e-4
SELFTEST_TIMES = 8


def load_network(checkpoint: Path) -> tuple[SubTdf, dict[str, Any]]:
    """The averaged weights of a checkpoint."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    network = SubTdf(**state["settings"]).eval()
    network.load_state_dict(state["average"])
    return network, state


def soften(network: SubTdf, softness: float) -> None:
    """Divide the logits by `softness`: trained masks are surer of themselves on real music than they should be."""
    last = network.head[-1]
    with torch.no_grad():
        last.weight.div_(softness)
        last.bias.div_(softness)


def write_graph(network: SubTdf, path: Path) -> None:
    """Export with a dynamic number of times."""
    example = torch.randn(1, 4, N_FFT // 2 + 1, 32)
    torch.onnx.export(
        network,
        (example,),
        str(path),
        input_names=["mixture"],
        output_names=["stems"],
        dynamic_axes={"mixture": {3: "times"}, "stems": {4: "times"}},
        opset_version=OPSET,
        dynamo=False,
    )


def parity(network: SubTdf, path: Path) -> float:
    """Largest difference between torch and onnxruntime at other lengths, relative to the largest output."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for times in (7, 75, 256):
        rng = np.random.default_rng(times)
        feed = rng.standard_normal((1, 4, N_FFT // 2 + 1, times)).astype(np.float32)
        with torch.no_grad():
            wanted = network(torch.from_numpy(feed)).numpy()
        got = session.run(None, {"mixture": feed})[0]
        worst = max(worst, float(np.abs(got - wanted).max() / np.abs(wanted).max()))
    return worst


def selftest(network: SubTdf, folder: Path) -> dict[str, Any]:
    """A stored input and output: noise that falls with frequency, as music does."""
    bins = N_FFT // 2 + 1
    rng = np.random.default_rng(5)
    feed = rng.standard_normal((1, 4, bins, SELFTEST_TIMES)) * (4.0 / (1 + np.arange(bins) / 40))[None, None, :, None]
    feed = feed.astype("<f4")
    with torch.no_grad():
        out = network(torch.from_numpy(feed)).numpy().astype("<f4")
    feed.tofile(folder / "selftest-in.f32")
    out.tofile(folder / "selftest-out.f32")
    return {
        "inputs": [{"name": "mixture", "member": "selftest-in.f32", "shape": list(feed.shape)}],
        "outputs": [{"name": "stems", "member": "selftest-out.f32", "shape": list(out.shape)}],
        "tolerance": TOLERANCE,
    }


def sources(samples: Path) -> list[dict[str, Any]]:
    """One row for each source and licence of the kit that was used, with the attributions its files ask for."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    with (samples / "samples.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            if row["path"].split("/")[1] in EXCLUDED:
                continue
            entry = found.setdefault((row["source_repo"], row["licence"]), {"names": set(), "files": []})
            entry["names"].add(row["attribution"])
            entry["files"].append(row["path"])
    rows = []
    for (repo, licence), entry in sorted(found.items()):
        digest = hashlib.sha256()
        for name in sorted(entry["files"]):
            digest.update(name.encode())
            digest.update(hashlib.sha256((samples / name).read_bytes()).digest())
        text = "; ".join(sorted(entry["names"]))
        rows.append(
            {
                "name": repo,
                "licence": licence,
                "attribution": text if len(text) <= 3900 else text[:3900] + " ...",
                "source": f"https://github.com/{repo}" if "/" in repo else repo,
                "files": len(entry["files"]),
                "digest": digest.hexdigest(),
            }
        )
    return rows


def metrics(rows: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Rows of ``pack.json``: the model's figure with its bounds beside it."""
    out = []
    for key, name in (("sdr_db", "SDR"), ("si_sdr_gain_db", "SI-SDR improvement")):
        for index, row in enumerate(rows["model"]):
            entry = {"name": name, "value": row[key], "unit": "dB", "clip": row["clip"], "stem": row["stem"]}
            entry |= {bound: rows[bound][index][key] for bound in ("mixture", "baseline", "ideal")}
            out.append(entry)
    return out


def build(
    checkpoint: Path, out: Path, *, samples: Path, audio: Path, log: Path, version: str, softness: float
) -> dict[str, Any]:
    """Write the pack to `out` (replaced when all is made) and return its manifest."""
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    network, state = load_network(checkpoint)
    soften(network, softness)
    write_graph(network, part / "model.onnx")
    off = parity(network, part / "model.onnx")
    if off > PARITY:
        raise SystemExit(f"the exported graph differs from torch by {off:.1e}")
    tested = selftest(network, part)
    shutil.copyfile(log, part / "training.log")
    torch.save(
        {**{key: value for key, value in state.items() if key not in ("network", "optimizer")}}, part / "checkpoint.pt"
    )
    from onnx_models.training.separation.evaluate import evaluate_torch

    rows = evaluate_torch(network, judge.load_clips(audio), store=log.with_name("bounds.json"))
    training = sources(samples)
    leaks = judge.energy_shares(audio, separator(network))
    facts = {
        "parameters": sum(p.numel() for p in network.parameters()),
        "step": state["step"],
        "minutes": state["minutes"],
        "audio_hours": state["heard_s"] / 3600,
        "parity": off,
        "version": version,
        "softness": softness,
        "checkpoint": hashlib.sha256((part / "checkpoint.pt").read_bytes()).hexdigest(),
    }
    (part / "card.md").write_text(card_text(facts, rows, leaks, training), encoding="utf-8")
    roles = {
        "model.onnx": "graph",
        "card.md": "card",
        "training.log": "log",
        "checkpoint.pt": "checkpoint",
        "selftest-in.f32": "selftest",
        "selftest-out.f32": "selftest",
    }
    members = []
    for name, role in sorted(roles.items()):
        data = (part / name).read_bytes()
        member = {"path": name, "role": role, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        if role == "graph":
            member["precision"] = "float32"
        members.append(member)
    bins = N_FFT // 2 + 1
    manifest = {
        "format": 1,
        "id": "separation-default",
        "version": version,
        "kind": "separation",
        "title": "Contrafact stems",
        "description": (
            "Splits a song into vocals, drums, bass and other. Trained by the project on licensed sounds only."
        ),
        "graph": "model.onnx",
        "members": members,
        "inputs": [{"name": "mixture", "content": "spectrum L.re L.im R.re R.im", "shape": [1, 4, bins, None]}],
        "outputs": [
            {"name": "stems", "content": "spectra of the stems, channels as the input", "shape": [1, 4, 4, bins, None]}
        ],
        "audio": {"rate": judge.RATE, "channels": 2, "normalisation": "track-rms"},
        "stft": {"n_fft": N_FFT, "hop": HOP, "window": "hann", "scale": LEVEL},
        "chunk": {"hops": CHUNK_HOPS, "overlap_hops": OVERLAP_HOPS, "window": "linear"},
        "post": {"sum_to_mix": True, "residual": "proportional"},
        "stems": list(judge.STEMS),
        "runtime": {"opset": OPSET, "fp16": False, "memory_mb": 600, "providers": ["cpu", "cuda"]},
        "rights": {
            "code": "Apache-2.0",
            "weights": "Apache-2.0",
            "holder": "The Contrafact project",
            "redistribute": True,
            "commercial": True,
            "training_statement": (
                "Trained only on the licensed sounds listed here (CC0, public domain, CC BY, MIT and CMU ARCTIC's "
                "licence) and on sound "
                "synthesised by the project. No commercial recordings, no scraped material, no stems of other models. "
                f"Left out because their other cuts judge the model: {', '.join(EXCLUDED)}. "
                "card.md lists attributions, seeds and log."
            ),
            "training_data": training,
            "voice_consent": (
                "Voices come from recordings published for reuse under the licences listed; the model separates and "
                "does not imitate voices."
            ),
        },
        "selftest": tested,
        "metrics": metrics(rows),
    }
    (part / "pack.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    old = out.with_name(f".{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    part.rename(out)
    shutil.rmtree(old, ignore_errors=True)
    return manifest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=Path(".cache/separation/run/last.pt"))
    parser.add_argument("--log", type=Path, default=Path(".cache/separation/run/training.log"))
    parser.add_argument("--out", type=Path, default=Path("onnx_models/separation-default"))
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--softness", type=float, default=1.0, help="divisor of the mask logits")
    options = parser.parse_args()
    manifest = build(
        options.checkpoint,
        options.out,
        samples=options.samples,
        audio=options.audio,
        log=options.log,
        version=options.version,
        softness=options.softness,
    )
    for entry in manifest["metrics"]:
        print(
            entry["name"],
            entry["clip"],
            entry["stem"],
            entry["value"],
            entry["mixture"],
            entry["baseline"],
            entry["ideal"],
        )


if __name__ == "__main__":
    main()
