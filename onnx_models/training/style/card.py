"""What a pack says of itself: whom its recordings come from, how well it does, and the card."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

from engine.inference.pack_format import Metric, TrainingSource
from engine.inference.production_chain import IDS
from engine.inference.production_features import SIZE
from onnx_models.training.style.evaluate import Figures
from onnx_models.training.style.material import EXCLUDED

VERSION = "1.2.0"


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


def metrics_of(figures: Figures, short: Figures) -> tuple[Metric, ...]:
    """Figures of the pack; `short` are those where less was heard."""
    found = [
        Metric(
            name="gap closed",
            value=round(figures.gap_closed_refined, 4),
            unit="share",
            baseline=round(figures.gap_closed_baseline, 4),
            ideal=1.0,
        ),
        Metric(
            name="gap closed by the network alone",
            value=round(figures.gap_closed_model, 4),
            unit="share",
            baseline=round(figures.gap_closed_baseline, 4),
            ideal=1.0,
        ),
    ]
    found.append(
        Metric(
            name=f"gap closed, {short.seconds:g} s heard",
            value=round(short.gap_closed_refined, 4),
            unit="share",
            baseline=round(short.gap_closed_baseline, 4),
            ideal=1.0,
        )
    )
    found += [
        Metric(
            name="gap closed", stem=role, value=round(refined, 4), unit="share", baseline=round(baseline, 4), ideal=1.0
        )
        for role, (refined, _, baseline) in figures.by_role.items()
    ]
    return tuple(found)


def card_of(figures: Figures, short: Figures, sources: tuple[TrainingSource, ...], *, examples: int, seed: int) -> str:
    rows = "\n".join(f"| {role} | {r:.2f} | {m:.2f} | {b:.2f} |" for role, (r, m, b) in figures.by_role.items())
    papers = "\n".join(f"- {s.name}: {s.files} files, {s.licence}. {s.attribution}" for s in sources)
    return f"""# Production style, version {VERSION}

Looks at {SIZE} figures of a stem and of a reference (tone in 27 bands, width, movement, crest, decay; all relative to loudness) and says the
{len(IDS)} settings of a channel strip: high-pass, four equaliser bands, low-pass, compressor, saturation, width, reverberation. Loudness
is matched outside by measurement. A multilayer perceptron of three layers, trained from nothing. Behind it the program listens to what its
settings leave of the difference and takes one step to the most probable settings, given how far the network's settings and the figures of two
pieces of one recording scatter (`scatter.f32`, `engine.inference.production_fit`); what is left of the difference in tone is shared out over the
equaliser by least squares (`engine.inference.production_refine`). Towards the targets of the shipped styles, which are of other instruments, it
does the last alone.

## How well it does

{figures.trials} trials on recordings and settings that were never trained on; the reference is another section of the same stem through the same
settings. Distance is a multi-resolution STFT plus a tenth of the bark bands' difference in dB; gap closed is the share of the way from the
input to what the true settings give (1.0). {figures.seconds:g} s of the stem and of the reference are heard; the program hears at least as much where
a recording has it, and up to 40 s.

| | distance | gap closed |
|---|---|---|
| input as it is | {figures.distance_input:.3f} | 0 |
| **network, then the settings put right by listening (what the program does towards a recording)** | **{figures.distance_refined:.3f}** | **{figures.gap_closed_refined:.2f}** |
| network alone | {figures.distance_model:.3f} | {figures.gap_closed_model:.2f} |
| matchering-like baseline (level, frequency response and width by two FIR filters) | {figures.distance_baseline:.3f} | {figures.gap_closed_baseline:.2f} |
| true settings at the reference's loudness | {figures.distance_oracle:.3f} | 1 |

Better than the baseline in {100 * figures.refined_better_share:.0f} % of the trials (the network alone: {100 * figures.model_better_share:.0f} %).
The correction changed the settings in {100 * figures.refined_share:.0f} % of them.

| stem | program | network alone | baseline |
|---|---|---|---|
{rows}

Of {short.seconds:g} s, with the same settings in {short.trials} trials: program {short.gap_closed_refined:.2f}, network alone {short.gap_closed_model:.2f}, baseline {short.gap_closed_baseline:.2f}. A short piece
says less of the sound behind its notes.

## Where it falls short

- Attack and release of the compressor and the exact corner frequencies are hardly visible in the figures it looks at; it stays near the middle there.
- A target made of other instruments than the stem's says less than another section of the same recording; styles therefore go part of the way.
- The references were short loops of single instruments; whole mixes as input were not trained.

## How it was made

`python -m onnx_models.training.style --samples DIR --minutes M --resume` with seed {seed}: {examples} examples of random settings on loops put together
from the recordings below, then the fit. `training.log` is the log of the run. One folder in five was held out and gives the figures above, which
`python -m onnx_models.training.style.judge --samples DIR` takes again from the shipped graph. The bounds of the correction (from where a difference counts
as other music) were chosen on 48 other trials (seed 7).

## What it was trained on

Recordings whose other cuts judge the project's models (`{"`, `".join(EXCLUDED)}`) were left out.

{papers}
"""  # noqa: E501
