"""Judge the shipped pack again, without training: ``python -m onnx_models.training.style.judge --samples DIR``.

Its graph is run as the program runs it. Card and figures of the pack are written anew; graph, log and self-test stay.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from pathlib import Path

import msgspec

from engine.inference.pack_format import Manifest, Member
from engine.inference.production import EXCERPT_S, ProductionModel
from engine.inference.production_fit import read_scatter
from onnx_models.training.style.card import VERSION, card_of, metrics_of, training_sources
from onnx_models.training.style.evaluate import SHORT_S, Figures, evaluate
from onnx_models.training.style.material import Library

PACK = Path(__file__).resolve().parents[2] / "style-production"


def judge(samples: Path, *, seed: int, trials: int, seconds: float = EXCERPT_S, pack: Path = PACK) -> Figures:
    """Figures of a pack on recordings that it was not trained on, so many seconds of which are heard."""
    model = ProductionModel(pack, provider="cpu")

    def tick(done: int) -> None:
        if done % 10 == 0:
            print(f"{done} of {trials}", file=sys.stderr, flush=True)

    return evaluate(
        Library(samples),
        model.settings,
        seed=seed,
        trials=trials,
        seconds=seconds,
        scatter=read_scatter(pack),
        tick=tick,
    )


def write(folder: Path, samples: Path, figures: Figures, short: Figures, *, seed: int) -> None:
    """Put figures into the card and the manifest of a pack."""
    manifest = msgspec.json.decode((folder / "pack.json").read_bytes(), type=Manifest)
    found = re.search(r"(\d+) examples", (folder / "training.log").read_text(encoding="utf-8"))
    text = card_of(figures, short, training_sources(samples), examples=int(found[1]) if found else 0, seed=seed)
    (folder / "card.md").write_text(text, encoding="utf-8")
    raw = text.encode()

    def member(each: Member) -> Member:
        if each.path != "card.md":
            return each
        return msgspec.structs.replace(each, sha256=hashlib.sha256(raw).hexdigest(), bytes=len(raw))

    manifest = msgspec.structs.replace(
        manifest,
        version=VERSION,
        members=tuple(member(each) for each in manifest.members),
        metrics=metrics_of(figures, short),
    )
    (folder / "pack.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m onnx_models.training.style.judge", description=__doc__)
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=int, default=120)
    parser.add_argument("--pack", type=Path, default=PACK)
    parser.add_argument("--write", action="store_true", help="write card and figures of the pack")
    arguments = parser.parse_args()
    figures, short = (
        judge(arguments.samples, seed=arguments.seed, trials=arguments.trials, seconds=seconds, pack=arguments.pack)
        for seconds in (EXCERPT_S, SHORT_S)
    )
    print(msgspec.json.format(msgspec.json.encode((figures, short)), indent=1).decode())
    if arguments.write:
        write(arguments.pack, arguments.samples, figures, short, seed=arguments.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
