"""``python -m onnx_models.training.separation --samples DIR --minutes M [--resume]``: train the default separator."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from onnx_models.training.separation import library, pool
from onnx_models.training.separation.team import together
from onnx_models.training.separation.trainer import NETWORKS, Settings, begin, train

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--samples", type=Path, required=True, help="the sample kit (folder with samples.csv)")
parser.add_argument(
    "--minutes", type=float, required=True, help="wall time of this run; the learning rate ends at zero with it"
)
parser.add_argument("--audio", type=Path, help="folder of the real clips that judge the checkpoints")
parser.add_argument("--cache", type=Path, default=Path(".cache/separation"), help="decoded kit and rendered songs")
parser.add_argument("--out", type=Path, help="checkpoints and log; by default run or run-live in --cache")
parser.add_argument("--songs", type=int, default=200, help="songs that the pool must hold before training starts")
parser.add_argument("--leads", type=int, default=120, help="lead lines that it must hold beside them")
parser.add_argument("--voices", type=int, default=120, help="recorded voices that it must hold beside them")
parser.add_argument("--sung", type=int, default=120, help="sung lines with words that it must hold beside them")
parser.add_argument("--seed", type=int, default=11)
parser.add_argument("--model", default="default", choices=tuple(NETWORKS))
parser.add_argument("--width", type=int, help="channels of a new network (the model's own unless given)")
parser.add_argument("--layers", type=int, help="layers of a band-split network; those that --from lacks are new")
parser.add_argument("--paths", type=int, help="dual paths of the U-Net; those that --from lacks are new")
parser.add_argument("--ahead", action="store_true", help="paths along time that run both ways, of --model bands")
parser.add_argument("--batch", type=int, default=2)
parser.add_argument("--rate", type=float, default=1.5e-3)
parser.add_argument("--final-rate", type=float, default=0.0, help="rate at the end; 0 unless another run follows")
parser.add_argument("--threads", type=int, default=2, help="of each process")
parser.add_argument("--workers", type=int, default=1, help="processes that make batches, for each that trains")
parser.add_argument(
    "--processes",
    type=int,
    default=1,
    help="that train together, each with --batch examples a step: on two cores two of one thread and no workers hear"
    " 1.2 times as much as one of two threads and one worker",
)
parser.add_argument("--judge-minutes", type=float, default=10.0)
parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
parser.add_argument("--precision", default="auto", choices=("auto", "bf16", "fp32"))
parser.add_argument("--resume", action="store_true", help="continue from last.pt in --out")
parser.add_argument("--from", dest="source", type=Path, help="continue from this checkpoint, whole or small")


def main() -> None:
    options = parser.parse_args()
    if options.processes < 1:
        parser.error("--processes is 1 or more: the processes that train together")
    sizes = {
        name: getattr(options, name) for name in ("width", "layers", "paths") if getattr(options, name) is not None
    }
    if min(sizes.values(), default=1) < 1:
        parser.error("--width, --layers and --paths are 1 or more")
    if options.ahead:
        sizes["ahead"] = True
    out = options.out or options.cache / ("run" if options.model == "default" else f"run-{options.model}")
    source = options.source or (out / "last.pt" if options.resume else None)
    if source is not None and not source.is_file():
        parser.error(f"{source} is not there: --from names a checkpoint, --resume goes on from last.pt in --out")
    settings = Settings(
        cache=options.cache,
        out=out,
        minutes=options.minutes,
        seed=options.seed,
        batch=options.batch,
        model=options.model,
        sizes=sizes,
        rate=options.rate,
        final_rate=options.final_rate,
        threads=options.threads,
        workers=options.workers,
        judge_every_s=options.judge_minutes * 60,
        audio=options.audio,
        device=options.device,
        precision=options.precision,
    )
    try:
        # Before the pool, which takes long.
        begin(settings, source)
    except (ValueError, RuntimeError) as error:
        parser.error(
            f"{source} cannot be gone on from: {error}. Without --width, --layers and --paths its own size is taken"
        )
    library.build(options.samples, options.cache)
    pool.album_songs(options.cache)
    for seed in range(options.songs):
        pool.produce_voice(options.cache, seed)
    for seed in range(options.leads):
        pool.render_lead(options.cache, seed)
    for seed in range(options.voices):
        pool.render_voice(options.cache, seed)
    for seed in range(options.sung):
        pool.render_sung(options.cache, seed)
    together(partial(train, settings, source), options.processes)


if __name__ == "__main__":
    main()
