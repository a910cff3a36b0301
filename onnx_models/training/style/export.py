"""From a fitted network to a pack: ONNX graph, self-test, card, log, ``pack.json``."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import msgspec
import numpy as np
import torch

from engine.inference.pack_format import (
    Manifest,
    Member,
    Rights,
    Runtime,
    SelfTest,
    SelfTestTensor,
    Tensor,
)
from engine.inference.production_chain import IDS
from engine.inference.production_features import FEATURES_VERSION, SIZE
from onnx_models.training.style.card import VERSION, card_of, metrics_of, training_sources
from onnx_models.training.style.evaluate import Figures
from onnx_models.training.style.network import ProductionNet

OPSET = 17
_BATCH = 4


def export(
    network: ProductionNet,
    folder: Path,
    *,
    figures: Figures,
    short: Figures,
    samples: Path,
    log: str,
    examples: int,
    seed: int,
) -> None:
    """Write the pack, replacing what is there only once everything is written."""
    half = folder.with_name(folder.name + ".half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    _graph(network, half)
    (half / "training.log").write_text(log, encoding="utf-8")
    sources = training_sources(samples)
    (half / "card.md").write_text(card_of(figures, short, sources, examples=examples, seed=seed), encoding="utf-8")
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
        metrics=metrics_of(figures, short),
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
