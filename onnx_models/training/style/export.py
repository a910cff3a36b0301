"""From a fitted network to a pack: ONNX graph, self-test, card, log, ``pack.json``."""

from __future__ import annotations

import csv
import hashlib
import shutil
from pathlib import Path

import msgspec
import numpy as np
import torch

from engine.inference.pack_format import (
    Manifest,
    Member,
    Metric,
    Rights,
    Runtime,
    SelfTest,
    SelfTestTensor,
    Tensor,
    TrainingSource,
)
from engine.inference.production_chain import IDS
from engine.inference.production_features import FEATURES_VERSION, SIZE
from onnx_models.training.style.evaluate import Figures
from onnx_models.training.style.material import EXCLUDED
from onnx_models.training.style.network import ProductionNet

OPSET = 17
VERSION = "1.0.0"
_BATCH = 4


def training_sources(samples: Path) -> tuple[TrainingSource, ...]:
    """Whom the recordings come from, with a digest over the names and sizes of the files used."""
    rows: dict[tuple[str, str], list[tuple[str, str]]] = {}
    with (samples / "samples.csv").open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            folder = row["path"].rsplit("/", 1)[0]
            if folder.endswith(EXCLUDED) or folder.startswith("fx/"):
                continue
            rows.setdefault((row["source_repo"], row["licence"]), []).append((row["path"], row["attribution"]))
    found: list[TrainingSource] = []
    for (repository, licence), files in sorted(rows.items()):
        listing = "\n".join(f"{path} {(samples / path).stat().st_size}" for path, _ in sorted(files))
        texts = sorted({text for _, text in files})
        found.append(
            TrainingSource(
                name=repository,
                licence=licence,
                attribution="; ".join(texts)[:3900],
                files=len(files),
                digest=hashlib.sha256(listing.encode()).hexdigest(),
            )
        )
    return tuple(found)


def export(
    network: ProductionNet, folder: Path, *, figures: Figures, samples: Path, log: str, examples: int, seed: int
) -> None:
    """Write the pack, replacing what is there only once everything is written."""
    half = folder.with_name(folder.name + ".half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    _graph(network, half)
    (half / "training.log").write_text(log, encoding="utf-8")
    sources = training_sources(samples)
    (half / "card.md").write_text(_card(figures, sources, examples=examples, seed=seed), encoding="utf-8")
    roles = {
        "model.onnx": "graph",
        "card.md": "card",
        "training.log": "log",
        "given.f32": "selftest",
        "reference.f32": "selftest",
        "settings.f32": "selftest",
    }
    members = tuple(
        Member(
            path=name,
            role=role,  # type: ignore[arg-type]
            sha256=hashlib.sha256((half / name).read_bytes()).hexdigest(),
            bytes=(half / name).stat().st_size,
            precision="float32" if role == "graph" else None,
        )
        for name, role in roles.items()
    )
    manifest = Manifest(
        format=1,
        id="style-production",
        version=VERSION,
        kind="production",
        title="Production style",
        description="Decides the settings of a channel strip that bring a stem towards the sound of a reference.",
        graph="model.onnx",
        members=members,
        inputs=(
            Tensor(name="given", content="features of the stem", shape=(None, SIZE)),
            Tensor(name="reference", content="features of the reference or the style's target", shape=(None, SIZE)),
        ),
        outputs=(Tensor(name="settings", content="strip settings coded on 0..1", shape=(None, len(IDS))),),
        runtime=Runtime(opset=OPSET),
        rights=Rights(
            code="Apache-2.0",
            weights="CC BY 4.0",
            holder="Contrafact project",
            redistribute=True,
            commercial=True,
            training_statement=(
                "Trained from nothing by this project on instrument and voice recordings that are CC0, public domain, "
                "CC BY or as free, put together and processed by its own signal chain. No recording of a song in a "
                "catalogue was used. The weights hold relations between spectra and mixing settings; they cannot give "
                "a recording or a voice back."
            ),
            training_data=sources,
        ),
        selftest=SelfTest(
            inputs=(
                SelfTestTensor(name="given", member="given.f32", shape=(_BATCH, SIZE)),
                SelfTestTensor(name="reference", member="reference.f32", shape=(_BATCH, SIZE)),
            ),
            outputs=(SelfTestTensor(name="settings", member="settings.f32", shape=(_BATCH, len(IDS))),),
            tolerance=1e-3,
        ),
        metrics=_metrics(figures),
        production={"features_version": FEATURES_VERSION, "features_size": SIZE, "settings": list(IDS)},
    )
    raw = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    (half / "pack.json").write_bytes(raw + b"\n")
    shutil.rmtree(folder, ignore_errors=True)
    half.replace(folder)


def _graph(network: ProductionNet, folder: Path) -> None:
    network.eval()
    generator = torch.Generator().manual_seed(5)
    spread = network.get_buffer("spread")
    mean = network.get_buffer("mean")
    given = mean + spread * torch.randn(_BATCH, SIZE, generator=generator)
    reference = mean + spread * torch.randn(_BATCH, SIZE, generator=generator)
    axes = {0: "stems"}
    torch.onnx.export(
        network,
        (given, reference),
        str(folder / "model.onnx"),
        input_names=["given", "reference"],
        output_names=["settings"],
        opset_version=OPSET,
        dynamic_axes={"given": axes, "reference": axes, "settings": axes},
        dynamo=False,
    )
    with torch.no_grad():
        settings = network(given, reference)
    for name, tensor in (("given", given), ("reference", reference), ("settings", settings)):
        tensor.numpy().astype("<f4").tofile(folder / f"{name}.f32")
    import onnxruntime

    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    for count in (1, 3):
        feeds = {"given": given[:count].numpy(), "reference": reference[:count].numpy()}
        (out,) = session.run(["settings"], feeds)
        worst = float(np.abs(out - settings[:count].numpy()).max())
        if worst > 1e-5:
            raise RuntimeError(f"the exported graph is off by {worst}")


def _metrics(figures: Figures) -> tuple[Metric, ...]:
    found = [
        Metric(
            name="gap closed",
            value=round(figures.gap_closed_model, 4),
            unit="share",
            baseline=round(figures.gap_closed_baseline, 4),
            ideal=1.0,
        )
    ]
    found += [
        Metric(
            name="gap closed", stem=role, value=round(model, 4), unit="share", baseline=round(baseline, 4), ideal=1.0
        )
        for role, (model, baseline) in figures.by_role.items()
    ]
    return tuple(found)


def _card(figures: Figures, sources: tuple[TrainingSource, ...], *, examples: int, seed: int) -> str:
    rows = "\n".join(f"| {role} | {m:.2f} | {b:.2f} |" for role, (m, b) in figures.by_role.items())
    papers = "\n".join(f"- {s.name}: {s.files} files, {s.licence}. {s.attribution}" for s in sources)
    return f"""# Production style, version {VERSION}

Looks at {SIZE} figures of a stem and of a reference (tone in 27 bands, width, movement, crest, decay; all relative to loudness) and says the
{len(IDS)} settings of a channel strip: high-pass, four equaliser bands, low-pass, compressor, saturation, width, reverberation. Loudness
is matched outside by measurement. A multilayer perceptron of three layers, trained from nothing.

## How well it does

{figures.trials} trials on recordings and settings that were never trained on; the reference is another section of the same stem through the same
settings. Distance is a multi-resolution STFT plus a tenth of the bark bands' difference in dB; gap closed is the share of the way from the
input to what the true settings give (1.0).

| | distance | gap closed |
|---|---|---|
| input as it is | {figures.distance_input:.3f} | 0 |
| **this model** | **{figures.distance_model:.3f}** | **{figures.gap_closed_model:.2f}** |
| matchering-like baseline (level, frequency response and width by two FIR filters) | {figures.distance_baseline:.3f} | {figures.gap_closed_baseline:.2f} |
| true settings at the reference's loudness | {figures.distance_oracle:.3f} | 1 |

Better than the baseline in {100 * figures.model_better_share:.0f} % of the trials.

| stem | model | baseline |
|---|---|---|
{rows}

## Where it falls short

- Attack and release of the compressor and the exact corner frequencies are hardly visible in the figures it looks at; it stays near the middle there.
- A target made of other instruments than the stem's says less than another section of the same recording; styles therefore go part of the way.
- The references were short loops of single instruments; whole mixes as input were not trained.

## How it was made

`python -m onnx_models.training.style --samples DIR --minutes M --resume` with seed {seed}: {examples} examples of random settings on loops put together
from the recordings below, then the fit. `training.log` is the log of the run. One folder in five was held out and gives the figures above.

## What it was trained on

Recordings whose other cuts judge the project's models (`{"`, `".join(EXCLUDED)}`) were left out.

{papers}
"""  # noqa: E501
