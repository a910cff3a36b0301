"""Train, judge and export the production model.

``python -m onnx_models.training.style --samples DIR --minutes M [--resume]``: renders examples for most of the time,
fits, measures
on held-out recordings and writes the pack. ``--resume`` keeps the examples of an earlier run. A model that does not
beat the
matchering-like baseline is not exported.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import torch

from engine.inference.production import EXCERPT_S
from onnx_models.training.style import dataset, scatter
from onnx_models.training.style.evaluate import SHORT_S, evaluate
from onnx_models.training.style.export import export
from onnx_models.training.style.fit import fit
from onnx_models.training.style.material import Library

PACK = Path(__file__).resolve().parents[2] / "style-production"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m onnx_models.training.style", description=__doc__)
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--work", type=Path, default=Path("build/style-training"))
    parser.add_argument("--out", type=Path, default=PACK)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--trials", type=int, default=160)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument(
        "--fit-only", action="store_true", help="use the examples that are there; all the time goes into the fit"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    lines: list[str] = []
    began = time.monotonic()

    def log(text: str) -> None:
        lines.append(f"{(time.monotonic() - began) / 60.0:7.2f} min  {text}")
        print(lines[-1], flush=True)

    if not (arguments.resume or arguments.fit_only):
        shutil.rmtree(arguments.work, ignore_errors=True)
    library = Library(arguments.samples)
    held = sum(f.held_out for f in library.folders)
    log(
        f"seed {arguments.seed}, {len(library.folders)} folders of recordings, {held} held out, "
        f"torch {torch.__version__}"
    )
    share = (0.0, 0.6) if arguments.fit_only else (0.6, 0.25)
    for count in dataset.render(library, arguments.work, seed=arguments.seed, minutes=share[0] * arguments.minutes):
        if count % 1920 < 192:
            log(f"rendered {count} new examples")
    examples = dataset.load(arguments.work, seed=arguments.seed)
    log(f"{examples['coded'].shape[0]} examples")
    network = fit(examples, seed=arguments.seed, minutes=share[1] * arguments.minutes, epochs=arguments.epochs, log=log)

    def predict(given: np.ndarray, reference: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return network(torch.from_numpy(given[None]), torch.from_numpy(reference[None]))[0].numpy()

    found = scatter.measure(library, predict)
    log(f"scatter of {scatter.EXAMPLES} examples measured")
    figures, short = (
        evaluate(library, predict, seed=arguments.seed, trials=arguments.trials, seconds=seconds, scatter=found)
        for seconds in (EXCERPT_S, SHORT_S)
    )
    for each in (figures, short):
        log(
            f"{each.trials} held-out trials of {each.seconds:g} s: distance input {each.distance_input:.3f} "
            f"model {each.distance_model:.3f} refined {each.distance_refined:.3f} "
            f"baseline {each.distance_baseline:.3f} oracle {each.distance_oracle:.3f}"
        )
        log(
            f"gap closed: refined {each.gap_closed_refined:.3f}, model {each.gap_closed_model:.3f}, "
            f"baseline {each.gap_closed_baseline:.3f}; "
            f"better in {100 * each.model_better_share:.0f} %"
        )
        for role, (better, model, baseline) in each.by_role.items():
            log(f"  {role}: refined {better:.3f}, model {model:.3f}, baseline {baseline:.3f}")
    if figures.gap_closed_model <= figures.gap_closed_baseline:
        log("not exported: it does not beat the baseline")
        return 1
    export(
        network,
        arguments.out,
        figures=figures,
        short=short,
        samples=arguments.samples,
        log="\n".join(lines) + "\n",
        examples=examples["coded"].shape[0],
        seed=arguments.seed,
    )
    scatter.write(arguments.out, found)
    print(f"written: {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
