"""How far the network's settings and the features of two pieces of one recording scatter, for
`engine.inference.production_fit`: ``python -m onnx_models.training.style.scatter --samples DIR``.

Measured on recordings that it was trained on; those that judge stay unheard. Writes ``scatter.f32`` into the pack.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from engine.inference.pack_format import Manifest, Member
from engine.inference.production import ProductionModel
from engine.inference.production_chain import Vector
from engine.inference.production_features import features
from engine.inference.production_fit import FILE, Scatter, scatter_of
from onnx_models.training.style.chains import draw
from onnx_models.training.style.dataset import process, stem_sections
from onnx_models.training.style.material import RATE, ROLES, SECONDS, Library

EXAMPLES = 240
CHAINS_A_STEM = 2


def measure(
    library: Library, predict: Callable[[np.ndarray, np.ndarray], Vector], *, examples: int = EXAMPLES
) -> Scatter:
    """Scatter over random chains on training recordings; the reference is another section of the same stem."""
    rng = np.random.default_rng([77, 5])
    errors: list[np.ndarray] = []
    differences: list[np.ndarray] = []
    turn = 0
    while len(errors) < examples:
        role = ROLES[turn % len(ROLES)]
        turn += 1
        sections = stem_sections(library, role, rng, held_out=False, count=2, seconds=SECONDS)
        if sections is None:
            continue
        given = features(sections[0], rate=RATE)
        for _ in range(CHAINS_A_STEM):
            coded = draw(rng)
            target, reference = (features(process(section, coded), rate=RATE) for section in sections)
            errors.append(predict(given, reference) - coded)
            differences.append(reference - target)
    return scatter_of(np.stack(errors), np.stack(differences))


def write(folder: Path, scatter: Scatter) -> None:
    """Put a scatter into a pack, beside its graph."""
    raw = np.concatenate([scatter.settings.ravel(), scatter.features.ravel()]).astype("<f4").tobytes()
    (folder / FILE).write_bytes(raw)
    manifest = msgspec.json.decode((folder / "pack.json").read_bytes(), type=Manifest)
    member = Member(path=FILE, role="data", sha256=hashlib.sha256(raw).hexdigest(), bytes=len(raw))
    others = tuple(each for each in manifest.members if each.path != FILE)
    manifest = msgspec.structs.replace(manifest, members=(*others, member))
    (folder / "pack.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")


def main() -> int:
    pack = Path(__file__).resolve().parents[2] / "style-production"
    parser = argparse.ArgumentParser(prog="python -m onnx_models.training.style.scatter", description=__doc__)
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--pack", type=Path, default=pack)
    arguments = parser.parse_args()
    write(arguments.pack, measure(Library(arguments.samples), ProductionModel(arguments.pack, provider="cpu").settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
