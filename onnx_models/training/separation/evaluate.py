"""``python -m onnx_models.training.separation.evaluate --audio DIR [--pack DIR | --checkpoint FILE] [--json FILE]``

Figures of a model on real clips beside the mixture as estimate, a classical baseline and the ideal ratio mask: SDR and
SI-SDR of each stem, what appears of stems that a clip lacks, and where recordings without stems go.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from onnx_models.training.separation import judge


def bounds(clips: list[judge.Clip], *, store: Path | None = None) -> dict[str, list[dict[str, Any]]]:
    """Rows of the three bounds, in the order of the clips and stems; kept in `store` for clips seen before."""
    digest = hashlib.sha256(b"".join(clip.stems.tobytes() for clip in clips)).hexdigest()
    if store is not None and store.exists():
        stored = json.loads(store.read_text(encoding="utf-8"))
        if stored["clips"] == digest:
            return stored["rows"]
    rows = _bounds(clips)
    if store is not None:
        store.write_text(json.dumps({"clips": digest, "rows": rows}), encoding="utf-8")
    return rows


def _bounds(clips: list[judge.Clip]) -> dict[str, list[dict[str, Any]]]:
    by_mixture = {clip.mixture.tobytes()[:65536] + str(clip.mixture.shape).encode(): clip for clip in clips}

    def ideal_of(mixture: Any) -> Any:
        return judge.ideal_ratio(by_mixture[mixture.tobytes()[:65536] + str(mixture.shape).encode()])

    return {
        "mixture": judge.judge(clips, lambda mixture: np.repeat(mixture[None], 4, axis=0)),
        "baseline": judge.judge(clips, judge.baseline),
        "ideal": judge.judge(clips, ideal_of),
    }


def evaluate_torch(
    network: Any, clips: list[judge.Clip], *, store: Path | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Model and bounds, the model in torch."""
    from onnx_models.training.separation.trainer import separator

    return {"model": judge.judge(clips, separator(network)), **bounds(clips, store=store)}


def pack_separator(folder: Path) -> judge.Separate:
    """A pack as the product runs it; a live one frame group by frame group with its state, as its insert does."""
    manifest = json.loads((folder / "pack.json").read_text(encoding="utf-8"))
    return _live(folder, manifest) if manifest.get("state") else _offline(folder)


def _offline(folder: Path) -> judge.Separate:
    import tempfile

    from engine.inference.separation import separate_pcm
    from engine.types import PcmRef

    def separate(mixture: Any) -> Any:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "mixture.f32"
            mixture.astype("<f4").tofile(path)
            result = separate_pcm(
                pcm=PcmRef(path=str(path), rate=judge.RATE, channels=2, frames=mixture.shape[1]),
                out_dir=str(Path(scratch) / "stems"),
                pack_dir=str(folder),
                provider="auto",
                progress=lambda fraction, note: None,
                cancelled=lambda: False,
            )
            print(f"{result.provider}, real-time factor {result.rtf:.3f}, sum error {result.sum_error_db:.0f} dBFS")
            return np.stack([np.array(result.stems[name].open()) for name in judge.STEMS])

    return separate


def _live(folder: Path, manifest: dict[str, Any]) -> judge.Separate:
    import time

    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / manifest["graph"]), options, providers=["CPUExecutionProvider"])
    n_fft, hop, scale = (manifest["stft"][name] for name in ("n_fft", "hop", "scale"))
    group = manifest["chunk"]["hops"]
    shape = next(tensor["shape"] for tensor in manifest["inputs"] if tensor["name"] == "state_in")

    def separate(mixture: Any) -> Any:
        spectrum = judge.stft(mixture, n_fft=n_fft, hop=hop)
        planes = np.stack([spectrum.real, spectrum.imag], 1).reshape(1, 4, *spectrum.shape[1:]) * scale
        state, made, begun = np.zeros(shape, np.float32), [], time.process_time()
        for start in range(0, planes.shape[-1], group):
            feed = {"mixture": planes[..., start : start + group].astype(np.float32), "state_in": state}
            stems, state = session.run(["stems", "state_out"], feed)
            made.append(stems[0])
        spent = time.process_time() - begun
        print(f"graph alone, {group} frames a call: {spent * judge.RATE / mixture.shape[1]:.3f} of the clip's length")
        pairs = np.concatenate(made, -1).reshape(4, 2, 2, *spectrum.shape[1:]) / scale
        return judge.istft((pairs[:, :, 0] + 1j * pairs[:, :, 1]).astype(np.complex64), mixture.shape[1], hop=hop)

    return separate


def table(rows: dict[str, list[dict[str, Any]]]) -> str:
    """A markdown table of all figures."""
    lines = ["| clip | stem | SDR | mixture | baseline | ideal mask | SI-SDR gain |", "|---|---|---|---|---|---|---|"]
    for index, row in enumerate(rows["model"]):
        side = [rows[name][index]["sdr_db"] for name in ("mixture", "baseline", "ideal")]
        lines.append(
            f"| {row['clip']} | {row['stem']} | {row['sdr_db']:.2f} | "
            + " | ".join(f"{v:.2f}" for v in side)
            + f" | {row['si_sdr_gain_db']:.2f} |"
        )
    means = [judge.average(rows[name]) for name in ("model", "mixture", "baseline", "ideal")]
    lines.append(
        "| **mean** | | "
        + " | ".join(f"**{v:.2f}**" for v in means)
        + f" | {judge.average(rows['model'], key='si_sdr_gain_db'):.2f} |"
    )
    return "\n".join(lines)


def leak_table(rows: list[dict[str, Any]]) -> str:
    """A markdown table of `judge.leakage`."""
    lines = ["| clip | absent stem | dB below the mixture |", "|---|---|---|"]
    return "\n".join(lines + [f"| {row['clip']} | {row['stem']} | {row['leak_db']:.1f} |" for row in rows])


def share_table(rows: list[dict[str, Any]]) -> str:
    """A markdown table of `judge.energy_shares`."""
    lines = ["| recording | vocals | drums | bass | other |", "|---|---|---|---|---|"]
    return "\n".join(
        lines
        + [f"| {row['clip']} | {row['vocals']} | {row['drums']} | {row['bass']} | {row['other']} |" for row in rows]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--pack", type=Path, default=Path("onnx_models/separation-default"))
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--bounds", type=Path, help="file that keeps the bounds, which take longest")
    options = parser.parse_args()
    clips = judge.load_clips(options.audio)
    if options.checkpoint is not None:
        from onnx_models.training.separation.export import load_network
        from onnx_models.training.separation.trainer import separator

        try:
            separate = separator(load_network(options.checkpoint)[0])
        except ValueError as error:
            raise SystemExit(str(error)) from error
    else:
        separate = pack_separator(options.pack)
    rows = {"model": judge.judge(clips, separate), **bounds(clips, store=options.bounds)}
    silent, shares = judge.leakage(clips, separate), judge.energy_shares(options.audio, separate)
    print(table(rows), leak_table(silent), share_table(shares), sep="\n\n")
    if options.json is not None:
        stored = {**rows, "leakage": silent, "shares": shares}
        options.json.write_text(json.dumps(stored, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
