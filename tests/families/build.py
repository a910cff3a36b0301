"""Graphs with random weights, the packs around them, and what the families' own way of running them gives.

``python -m tests.families.build`` writes the small fixtures again (needs the train extra); the full test uses `cases`
with the numbers of the real models.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tests.families import networks as nets
from tests.families import references as refs
from tests.families.signal import music, places
from tests.samples.packs import seal

FIXTURES = Path(__file__).parent / "fixtures"
OPSET = 17
RIGHTS = {
    "code": "Apache-2.0",
    "weights": "Apache-2.0",
    "holder": "The tests",
    "redistribute": True,
    "commercial": True,
    "training_statement": "Random weights.",
}


@dataclass
class Case:
    """One family at one size."""

    name: str
    family: str
    seconds: float
    stems: list[str]
    networks: dict[str, torch.nn.Module]
    """By stem; under ``""`` the only one."""
    examples: tuple[Tensor, ...]
    reference: Callable[[Tensor], Tensor]
    stft: dict[str, Any] | None = None
    chunk: dict[str, Any] = field(default_factory=dict)
    post: dict[str, Any] = field(default_factory=dict)
    normalisation: str = "none"
    dynamic: dict[str, dict[int, str]] = field(default_factory=dict)
    names: tuple[list[str], list[str]] = (["x"], ["y"])


def export(case: Case, network: torch.nn.Module, path: Path) -> None:
    """Write a graph, silently."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            case.examples,
            str(path),
            input_names=case.names[0],
            output_names=case.names[1],
            dynamic_axes=case.dynamic,
            opset_version=OPSET,
            dynamo=False,
        )


def write(case: Case, folder: Path) -> Path:
    """The pack of a case, in ``folder/<name>``."""
    import onnx

    pack = folder / case.name
    shutil.rmtree(pack, ignore_errors=True)
    pack.mkdir(parents=True)
    files: dict[str, str] = {}
    for stem, network in case.networks.items():
        files[stem] = f"{stem or 'model'}.onnx"
        export(case, network, pack / files[stem])
    first = onnx.load(str(pack / next(iter(files.values()))), load_external_data=False)

    def ports(values: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": value.name,
                "content": "sound",
                "shape": [dim.dim_value or None for dim in value.type.tensor_type.shape.dim],
            }
            for value in values
        ]

    manifest: dict[str, Any] = {
        "format": 1,
        "id": case.name,
        "version": "1.0.0",
        "kind": "separation",
        "family": case.family,
        "title": case.name,
        "graph": next(iter(files.values())),
        "inputs": ports(first.graph.input),
        "outputs": ports(first.graph.output),
        "audio": {"rate": 44100, "channels": 2, "normalisation": case.normalisation},
        "chunk": case.chunk,
        # What the graph gives is compared, not what the residual makes of it.
        "post": {"sum_to_mix": False} | case.post,
        "stems": case.stems,
        "runtime": {"opset": OPSET},
        "rights": RIGHTS,
    }
    if case.stft is not None:
        manifest["stft"] = case.stft
    if list(files) != [""]:
        manifest["stem_graphs"] = files
    seal(pack, manifest, roles=dict.fromkeys(files.values(), "graph"))
    return pack


def expected(case: Case) -> np.ndarray:
    """What the family's own way of running gives, ``(stems, 2, frames)``."""
    with torch.no_grad():
        mix = torch.from_numpy(music(round(case.seconds * 44100)))
        return case.reference(mix).numpy().astype(np.float32)


def openunmix_package() -> Any:
    """The real package, with a stand-in for torchaudio, of which its network needs nothing."""
    try:
        import torchaudio  # noqa: F401
    except (ImportError, OSError):
        sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    import openunmix.model

    return openunmix.model


def uvr(full: bool, seed: int, *, denoise: bool = False) -> Case:
    n_fft, hop, dim_f, dim_t = (6144, 1024, 2048, 256) if full else (1024, 256, 320, 64)
    network = nets.shaken(nets.ConvTdfNet(dim_f, width=16 if full else 3, bottleneck=64 if full else 3), seed)
    compensate = 1.035
    return Case(
        name="uvr-mdx-denoise" if denoise else "uvr-mdx",
        family="uvr-mdx",
        seconds=12.3 if full else 0.91,
        stems=["vocals", "instrumental"],
        networks={"": network},
        examples=(torch.randn(1, 4, dim_f, dim_t),),
        stft={"n_fft": n_fft, "hop": hop},
        chunk={},
        post={"compensate": compensate, "denoise": denoise},
        reference=lambda mix: refs.uvr_mdx(
            mix,
            network,
            n_fft=n_fft,
            hop=hop,
            dim_f=dim_f,
            dim_t=dim_t,
            compensate=compensate,
            denoise=denoise,
        ),
    )


def mdx23c(full: bool, seed: int) -> Case:
    n_fft, hop, dim_f, dim_t = (8192, 1024, 4096, 256) if full else (1024, 256, 512, 48)
    network = nets.shaken(nets.TfcTdfV3(dim_f, 4, width=16 if full else 4, bottleneck=64 if full else 4), seed)
    return Case(
        name="mdx23c",
        family="mdx23c",
        seconds=13.1 if full else 0.8,
        stems=["vocals", "drums", "bass", "other"],
        networks={"": network},
        examples=(torch.randn(1, 4, dim_f, dim_t),),
        stft={"n_fft": n_fft, "hop": hop},
        reference=lambda mix: refs.mdx23c(mix, network, n_fft=n_fft, hop=hop, dim_f=dim_f, dim_t=dim_t, stems=4),
    )


def bs_bands(full: bool) -> list[list[int]]:
    widths = nets.BS_BANDS if full else (2, 2, 4, 8, 16, 33)
    found, at = [], 0
    for width in widths:
        found.append(list(range(at, at + width)))
        at += width
    return found


def mel_bands(bins: int, count: int) -> list[list[int]]:
    """Bands of equal width in mel that overlap by half; every bin is in one at least."""
    top = 2595 * np.log10(1 + 22050 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, count + 2) / 2595) - 1) / 22050 * (bins - 1)
    found = []
    for index in range(count):
        low, high = int(edges[index]), int(np.ceil(edges[index + 2]))
        if index == count - 1:
            high = bins - 1
        found.append(list(range(low, max(high, low) + 1)))
    return found


def roformer(full: bool, seed: int, *, mel: bool) -> Case:
    n_fft, hop, times = (2048, 441, 801) if full else (128, 32, 41)
    bins = n_fft // 2 + 1
    bands = mel_bands(bins, 60 if full else 6) if mel else bs_bands(full)
    stems = 1 if mel else 2
    network = nets.shaken(nets.RoFormerNet(bands, bins, stems, size=16 if full else 6), seed)
    return Case(
        name="mel-roformer" if mel else "bs-roformer",
        family="roformer",
        seconds=9.7 if full else 0.1,
        stems=["vocals", "instrumental"][:stems],
        networks={"": network},
        examples=(torch.randn(1, 2 * bins, times, 2),),
        stft={"n_fft": n_fft, "hop": hop},
        reference=lambda mix: refs.roformer(mix, network, n_fft=n_fft, hop=hop, times=times, stems=stems),
    )


def open_unmix(full: bool, seed: int) -> Case:
    n_fft, hop = (4096, 1024) if full else (512, 128)
    bins = n_fft // 2 + 1
    stems = ["vocals", "drums"]
    if full:
        package = openunmix_package()
        made = [package.OpenUnmix(nb_bins=bins, nb_channels=2, hidden_size=64, max_bin=1487) for _ in stems]
    else:
        made = [nets.UmxNet(bins) for _ in stems]
    networks = {stem: nets.shaken(network, seed + i) for i, (stem, network) in enumerate(zip(stems, made, strict=True))}
    return Case(
        name="open-unmix",
        family="open-unmix",
        # The package's own network is exported with a fixed number of frames: it writes them down while it is traced.
        seconds=340 * hop / 44100 if full else 0.83,
        stems=stems,
        networks=networks,
        examples=(torch.rand(1, 2, bins, 341 if full else 40),),
        dynamic={} if full else {"x": {3: "times"}, "y": {3: "times"}},
        stft={"n_fft": n_fft, "hop": hop},
        reference=lambda mix: refs.open_unmix(mix, list(networks.values()), n_fft=n_fft, hop=hop),
    )


def spleeter(full: bool, seed: int) -> Case:
    n_fft, hop, bins, times = (4096, 1024, 1024, 512) if full else (512, 128, 128, 64)
    stems = ["vocals", "instrumental"]
    networks = {
        stem: nets.shaken(nets.SpleeterNet(width=16 if full else 4, levels=6 if full else 3), seed + i)
        for i, stem in enumerate(stems)
    }
    return Case(
        name="spleeter",
        family="spleeter",
        seconds=14.2 if full else 0.5,
        stems=stems,
        networks=networks,
        examples=(torch.rand(2, 1, times, bins),),
        dynamic={"x": {1: "passages"}, "y": {1: "passages"}},
        stft={"n_fft": n_fft, "hop": hop},
        reference=lambda mix: refs.spleeter(mix, list(networks.values()), n_fft=n_fft, hop=hop, bins=bins, times=times),
    )


def demucs_wave(full: bool, seed: int) -> Case:
    segment = 343_980 if full else 6_000
    stems = ["drums", "bass", "other", "vocals"]
    network = nets.shaken(nets.WaveNet(4), seed)
    return Case(
        name="htdemucs",
        family="htdemucs",
        seconds=10.4 if full else 0.4,
        stems=stems,
        networks={"": network},
        examples=(torch.randn(1, 2, segment),),
        reference=lambda mix: refs.demucs_passages(mix, lambda part: network(part[None])[0], segment=segment, stems=4),
    )


def demucs_core(full: bool, seed: int, *, outside: bool) -> Case:
    segment, n_fft, hop = (343_980, 4096, 1024) if full else (6_000, 512, 128)
    network = nets.shaken(nets.CoreNet(4, outside=outside), seed)
    frames = -(-segment // hop)
    return Case(
        name="htdemucs-openvino" if outside else "htdemucs-core",
        family="htdemucs-openvino" if outside else "htdemucs-core",
        seconds=10.4 if full else 0.4,
        stems=["drums", "bass", "other", "vocals"],
        networks={"": network},
        examples=(torch.randn(1, 2, segment), torch.randn(1, 4, n_fft // 2, frames)),
        names=(["mix", "spectrum"], ["spectra", "waves"]),
        stft={"n_fft": n_fft, "hop": hop},
        reference=lambda mix: refs.demucs_core(
            mix, network, segment=segment, stems=4, n_fft=n_fft, hop=hop, outside=outside
        ),
    )


class _Own(torch.nn.Module):
    """In the shape of our own graphs: masks that depend on time and frequency, as logits or applied."""

    def __init__(self, bins: int, masks: bool):
        super().__init__()
        self.masks = masks
        self.net = torch.nn.Conv2d(4, 8, (3, 1), padding=(1, 0))

    def forward(self, x: Tensor) -> Tensor:
        logits = self.net(torch.tanh(x)).reshape(1, 4, 2, x.shape[2], x.shape[3])
        if self.masks:
            return logits
        share = torch.softmax(logits, 1)
        return (share[:, :, :, None] * x.reshape(1, 1, 2, 2, *x.shape[2:])).reshape(1, 4, 4, *x.shape[2:])


class _ByTime(torch.nn.Module):
    """The same with times before bins."""

    def __init__(self, network: torch.nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x.transpose(2, 3)).transpose(3, 4)


class _Softmax(torch.nn.Module):
    """Masks instead of their logits."""

    def __init__(self, network: torch.nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(self.network(x), 1)


def own(full: bool, seed: int, *, masks: bool, by_time: bool = False, activation: str = "softmax") -> Case:
    n_fft, hop = (4096, 1024) if full else (512, 128)
    bins = (768 if full else 96) if masks else n_fft // 2 + 1
    network = nets.shaken(_Own(bins, masks), seed)
    stft: dict[str, Any] = {"n_fft": n_fft, "hop": hop, "scale": 0.02}
    if masks:
        stft["bins"] = bins
    first, second = (20, bins) if by_time else (bins, 20)
    graph = _ByTime(network) if by_time else network
    name = ("spectral-masks-by-time" if by_time else "spectral-masks") if masks else "spectral-stems"
    return Case(
        name=f"{name}-themselves" if activation == "none" else name,
        family="spectral-masks" if masks else "spectral-stems",
        seconds=5.1 if full else 0.6,
        stems=["vocals", "drums", "bass", "other"],
        networks={"": _Softmax(graph) if activation == "none" else graph},
        examples=(torch.randn(1, 4, first, second),),
        dynamic={"x": {2: "times"}, "y": {3: "times"}} if by_time else {"x": {3: "times"}, "y": {4: "times"}},
        stft=stft,
        chunk={"hops": 256, "overlap_hops": 40},
        post={"mask": {"activation": activation, "top": 8}} if masks else {},
        normalisation="track-rms",
        reference=lambda mix: refs.spectral(
            mix, network, n_fft=n_fft, hop=hop, scale=0.02, masks=masks, bins=bins, top=8
        ),
    )


_MAKERS: dict[str, Callable[[bool], Case]] = {
    "uvr-mdx": lambda full: uvr(full, 1),
    "uvr-mdx-denoise": lambda full: uvr(full, 2, denoise=True),
    "mdx23c": lambda full: mdx23c(full, 3),
    "bs-roformer": lambda full: roformer(full, 4, mel=False),
    "mel-roformer": lambda full: roformer(full, 5, mel=True),
    "open-unmix": lambda full: open_unmix(full, 6),
    "spleeter": lambda full: spleeter(full, 8),
    "htdemucs": lambda full: demucs_wave(full, 10),
    "htdemucs-core": lambda full: demucs_core(full, 11, outside=False),
    "htdemucs-openvino": lambda full: demucs_core(full, 12, outside=True),
    "spectral-stems": lambda full: own(full, 13, masks=False),
    "spectral-masks": lambda full: own(full, 14, masks=True),
    "spectral-masks-by-time": lambda full: own(full, 15, masks=True, by_time=True),
    "spectral-masks-by-time-themselves": lambda full: own(full, 16, masks=True, by_time=True, activation="none"),
}


def cases(*, full: bool, only: str | None = None) -> Iterator[Case]:
    """All families, or one, small or at the size of the real models."""
    for name, make in _MAKERS.items():
        if only in (None, name):
            yield make(full)


def main() -> None:
    shutil.rmtree(FIXTURES, ignore_errors=True)
    for case in cases(full=False):
        torch.manual_seed(0)
        pack = write(case, FIXTURES / "packs")
        stems = expected(case)
        at = places(stems.shape[2], 700)
        np.savez_compressed(FIXTURES / f"{case.name}.npz", at=at, stems=stems[:, :, at], frames=stems.shape[2])
        size = sum(path.stat().st_size for path in pack.iterdir()) + (FIXTURES / f"{case.name}.npz").stat().st_size
        print(f"{case.name:20s} {size / 1024:7.0f} KB")


if __name__ == "__main__":
    main()
