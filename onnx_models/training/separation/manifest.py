"""``pack.json`` of a separation pack: members, graph, transform, rights with every source, self-test and figures."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import Any

from torch import nn

from onnx_models.training.separation import judge
from onnx_models.training.separation.bands import BINS, HOP, N_FFT, TOP
from onnx_models.training.separation.library import EXCLUDED
from onnx_models.training.separation.live import LIVE_HOP, LIVE_N_FFT, BandGru
from onnx_models.training.separation.trainer import level

OPSET = 17
CHUNK_HOPS, OVERLAP_HOPS = 256, 24
ROLES = {
    "model.onnx": "graph",
    "card.md": "card",
    "training.log": "log",
    "checkpoint.pt": "checkpoint",
}
"""What the files of a pack are; every other one belongs to the self-test."""


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


def members(folder: Path) -> list[dict[str, Any]]:
    """One row for each file of the pack."""
    rows: list[dict[str, Any]] = []
    for path in sorted(folder.iterdir()):
        data, role = path.read_bytes(), ROLES.get(path.name, "selftest")
        row = {"path": path.name, "role": role, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        rows.append(row | ({"precision": "float32"} if role == "graph" else {}))
    return rows


def _default_graph(network: nn.Module) -> dict[str, Any]:
    return {
        "id": "separation-default",
        "title": "Contrafact stems",
        "description": (
            "Splits a song into vocals, drums, bass and other. Trained by the project on licensed sounds only."
        ),
        "family": "spectral-masks",
        "inputs": [{"name": "mixture", "content": "spectrum L.re L.im R.re R.im", "shape": [1, 4, None, BINS]}],
        "outputs": [{"name": "masks", "content": "masks of left and right", "shape": [1, 4, 2, None, BINS]}],
        "audio": {"rate": judge.RATE, "channels": 2, "normalisation": "track-rms"},
        "stft": {"n_fft": N_FFT, "hop": HOP, "window": "hann", "scale": level(network), "bins": BINS},
        "chunk": {"hops": CHUNK_HOPS, "overlap_hops": OVERLAP_HOPS, "window": "linear"},
        "post": {"sum_to_mix": True, "residual": "proportional", "mask": {"activation": "none", "top": TOP}},
        "runtime": {"opset": OPSET, "fp16": False, "memory_mb": 100, "providers": ["cpu", "cuda"]},
    }


def _live_graph(network: BandGru) -> dict[str, Any]:
    bins, state = LIVE_N_FFT // 2 + 1, list(network.empty().shape)
    return {
        "id": "separation-live",
        "title": "Contrafact live stems",
        "description": (
            "Splits what is playing into vocals, drums, bass and other, 46 ms late. Trained by the project on licensed "
            "sounds only."
        ),
        "inputs": [
            {"name": "mixture", "content": "spectrum L.re L.im R.re R.im", "shape": [1, 4, bins, None]},
            {"name": "state_in", "content": "memory of the graph, zeros at first", "shape": state},
        ],
        "outputs": [
            {"name": "stems", "content": "spectra of the stems, channels as the input", "shape": [1, 4, 4, bins, None]},
            {"name": "state_out", "content": "memory of the graph after this passage", "shape": state},
        ],
        "state": [{"input": "state_in", "output": "state_out"}],
        "audio": {"rate": judge.RATE, "channels": 2, "normalisation": "none"},
        "stft": {"n_fft": LIVE_N_FFT, "hop": LIVE_HOP, "window": "hann", "scale": level(network)},
        "chunk": {"hops": 8, "overlap_hops": 0, "window": "linear"},
        "post": {"sum_to_mix": True, "residual": "proportional"},
        "runtime": {
            "opset": OPSET,
            "fp16": False,
            "memory_mb": 100,
            "latency_frames": LIVE_N_FFT,
            "providers": ["cpu"],
        },
    }


def manifest(
    network: nn.Module,
    *,
    version: str,
    files: list[dict[str, Any]],
    tested: dict[str, Any],
    training: list[dict[str, Any]],
    figures: list[dict[str, Any]],
) -> dict[str, Any]:
    """All of ``pack.json``."""
    graph = _live_graph(network) if isinstance(network, BandGru) else _default_graph(network)
    head = {name: graph.pop(name) for name in ("id", "title", "description")}
    return {
        "format": 1,
        "id": head["id"],
        "version": version,
        "kind": "separation",
        "title": head["title"],
        "description": head["description"],
        "graph": "model.onnx",
        "members": files,
        **graph,
        "stems": list(judge.STEMS),
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
        "metrics": figures,
    }
