"""How well and how fast stems are split here: ``python -m tests.bench.separation`` or ``contrafact bench separation``.

Quality on the real clips of ``../shared/audio`` beside the mixture as estimate, a classical baseline and the ideal
ratio mask; real-time factor, peak memory and time to the first stretch that can be heard, on each provider; and the
same graph in torch eager in the same run (where an environment with torch is at hand).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from engine.inference import runtime
from engine.inference.measure import RATE
from engine.inference.packs import load_pack
from engine.inference.separation import LANES, separate_pcm
from engine.inference.stem_files import partial
from engine.types import Audio, PcmRef
from engine.worker import Worker

REPOSITORY = Path(__file__).resolve().parents[2]
AUDIO = REPOSITORY.parent / "shared" / "audio"
PACK = REPOSITORY / "onnx_models" / "separation-default"
TORCH_PYTHON = REPOSITORY / ".venv-train" / "bin" / "python"


def sound(seconds: float) -> Audio:
    """A real song where there is one, repeated to this length; else noise with a beat."""
    frames = round(seconds * RATE)
    path = AUDIO / "kevin_macleod_vibe_ace.ogg"
    if path.exists():
        import soundfile

        samples, _ = soundfile.read(path, dtype="float32", always_2d=True)
        stereo = np.repeat(samples, 2, axis=1) if samples.shape[1] == 1 else samples
        return np.ascontiguousarray(np.resize(stereo, (frames, 2)).T)
    beat = np.exp(-((np.arange(frames) / RATE * 2.0) % 1.0) * 6.0).astype(np.float32)
    return (np.random.default_rng(0).standard_normal((2, frames)) * 0.1 * beat).astype(np.float32)


def quality(pack: Path) -> list[dict[str, Any]]:
    """SDR of each stem of each clip with its bounds; empty without the clips."""
    if not AUDIO.is_dir():
        return []
    from onnx_models.training.separation import judge
    from onnx_models.training.separation.evaluate import bounds

    clips = judge.load_clips(AUDIO)

    def split(mixture: Any) -> Any:
        with tempfile.TemporaryDirectory() as scratch:
            result = separate_pcm(**_arguments(mixture, Path(scratch), pack, "auto"))
            return np.stack([np.array(result.stems[name].open()) for name in judge.STEMS])

    rows = {"model": judge.judge(clips, split), **bounds(clips)}
    return [
        {
            "clip": row["clip"],
            "stem": row["stem"],
            "sdr_db": row["sdr_db"],
            "si_sdr_gain_db": row["si_sdr_gain_db"],
            "mixture_db": rows["mixture"][index]["sdr_db"],
            "baseline_db": rows["baseline"][index]["sdr_db"],
            "irm_db": rows["ideal"][index]["sdr_db"],
        }
        for index, row in enumerate(rows["model"])
    ]


def _arguments(samples: Audio, folder: Path, pack: Path, provider: str, **more: Any) -> dict[str, Any]:
    path = folder / "mixture.f32"
    samples.astype("<f4").tofile(path)
    return {
        "pcm": PcmRef(path=str(path), rate=RATE, channels=2, frames=samples.shape[1]),
        "out_dir": str(folder / "stems"),
        "pack_dir": str(pack),
        "provider": provider,
        "progress": lambda fraction, note: None,
        "cancelled": lambda: False,
    } | more


def _one(connection: Connection, pack: str, provider: str, seconds: float, threads: int) -> None:
    """One split in a process of its own: provider, real-time factor, processor time, peak memory."""
    with tempfile.TemporaryDirectory() as scratch:
        arguments = _arguments(sound(seconds), Path(scratch), Path(pack), provider, threads=threads)
        separate_pcm(**_arguments(sound(6.0), Path(scratch), Path(pack), provider, threads=threads))
        shutil.rmtree(Path(scratch) / "stems")
        arguments["pcm"] = _arguments(sound(seconds), Path(scratch), Path(pack), provider)["pcm"]
        before = time.process_time()
        result = separate_pcm(**arguments)
        busy = (time.process_time() - before) / seconds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024.0 if sys.platform != "darwin" else 1024.0**2)
    connection.send(
        {
            "provider": result.provider,
            "rtf": result.rtf,
            "cpu_s_per_s": busy,
            "peak_mb": peak,
            "sum_error_db": result.sum_error_db,
            "notice": result.notice,
        }
    )


def speed(pack: Path, provider: str, seconds: float, threads: int) -> dict[str, Any]:
    """Speed and peak memory of one provider."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_one, args=(theirs, str(pack), provider, seconds, threads)
    )
    process.start()
    theirs.close()
    try:
        return ours.recv()
    except EOFError:
        return {"provider": provider, "failed": True}
    finally:
        process.join()


def first_stem(pack: Path, seconds: float = 240.0) -> float:
    """Seconds from the click on a song of four minutes until a stretch from the play-head on can be mapped and played;
    the worker is warm, as `studio.flows.separate.warm` leaves it."""
    worker = Worker()
    stop = threading.Event()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        arguments = _arguments(sound(seconds), folder, pack, "auto", start_s=seconds / 2)
        for name in ("progress", "cancelled"):
            del arguments[name]
        prepared = {"pack_dir": str(pack), "provider": "auto", "memory_dir": None}
        worker.run("engine.inference.separation:warm_task", prepared)
        begun = time.monotonic()

        def work() -> None:
            from engine.errors import Cancelled

            try:
                worker.run("engine.inference.separation:separate_pcm", arguments, cancelled=stop.is_set)
            except Cancelled:
                return

        thread = threading.Thread(target=work)
        thread.start()
        found = None
        while thread.is_alive():
            ready = partial(folder / "stems")
            if ready is not None and ready.ready:
                found = time.monotonic() - begun
                break
            time.sleep(0.01)
        stop.set()
        thread.join()
        worker.close()
    return found if found is not None else time.monotonic() - begun


def torch_comparison(pack: Path, rounds: int) -> dict[str, Any] | None:
    """The pack's graph and the same network in torch eager, in turns on two threads; None without torch."""
    python = sys.executable if _has_torch() else str(TORCH_PYTHON) if TORCH_PYTHON.exists() else None
    if python is None:
        return None
    made = subprocess.run(
        [python, "-m", "tests.bench.separation", "--compare-torch", str(pack), "--rounds", str(rounds)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return json.loads(made.stdout)
    except ValueError:
        return None


def _has_torch() -> bool:
    import importlib.util

    return importlib.util.find_spec("torch") is not None


def compare_torch(folder: Path, rounds: int) -> dict[str, Any]:
    """Run in an environment with torch; see `torch_comparison`.

    Time of a passage on two threads: as the product runs it (`separation.LANES` passages at a time with a thread
    each), one passage after another on both, and torch as it is used, one after another on both.
    """
    import torch

    from onnx_models.training.separation.export import as_exported, load_network

    pack = load_pack(folder)
    network, _ = load_network(folder / "checkpoint.pt")
    torch.set_num_threads(2)
    hops = pack.chunk.hops if pack.chunk is not None and pack.chunk.hops else 256
    shape = [size or hops for size in pack.inputs[0].shape]
    feed = (np.random.default_rng(0).standard_normal(shape) * 0.3).astype(np.float32)
    call = as_exported(network)
    alone = runtime.open_session(pack, "cpu", threads=2).session
    lanes = [runtime.open_session(pack, "cpu", threads=1).session for _ in range(LANES)]
    named, tensor = {pack.inputs[0].name: feed}, torch.from_numpy(feed)
    ours: list[float] = []
    single: list[float] = []
    theirs: list[float] = []
    with torch.inference_mode(), ThreadPoolExecutor(LANES) as pool:
        for _ in range(rounds + 1):
            begun = time.perf_counter()
            list(pool.map(lambda session: session.run(None, named), lanes))
            ours.append((time.perf_counter() - begun) / LANES)
            begun = time.perf_counter()
            alone.run(None, named)
            single.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            call(tensor)
            theirs.append(time.perf_counter() - begun)
    audio = hops * (pack.stft.hop if pack.stft is not None else 1024) / RATE
    return {
        "ratio": min(ours[1:]) / min(theirs[1:]),
        "ratio_median": float(np.median(ours[1:]) / np.median(theirs[1:])),
        "ratio_one_at_a_time": min(single[1:]) / min(theirs[1:]),
        "onnxruntime_rtf": min(ours[1:]) / audio,
        "onnxruntime_one_at_a_time_rtf": min(single[1:]) / audio,
        "torch_rtf": min(theirs[1:]) / audio,
    }


def run(
    *, pack: Path = PACK, seconds: float = 60.0, providers: tuple[str, ...] = (), judged: bool = True, rounds: int = 5
) -> dict[str, Any]:
    """All figures with the keys of the project's ``bench separation --json``."""
    chosen = providers or tuple(
        name for name in reversed(runtime.available_providers()) if name == "cpu" or runtime.has_gpu()
    )
    measured = {name: speed(pack, name, seconds, 2) for name in chosen}
    compared = torch_comparison(pack, rounds)
    return {
        "model": load_pack(pack).id,
        "version": load_pack(pack).version,
        "quality": quality(pack) if judged else [],
        "rtf": {name: row.get("rtf") for name, row in measured.items()},
        "cpu_s_per_s": {name: row.get("cpu_s_per_s") for name, row in measured.items()},
        "torch_ratio": None if compared is None else compared["ratio"],
        "torch": compared,
        "peak_mb": max((row["peak_mb"] for row in measured.values() if "peak_mb" in row), default=None),
        "first_stem_s": first_stem(pack),
        "notices": [row["notice"] for row in measured.values() if row.get("notice")],
    }


def as_text(found: dict[str, Any]) -> str:
    """The figures for a person."""
    lines = [f"{found['model']} {found['version']}"]
    if found["quality"]:
        lines.append(f"{'clip':20s} {'stem':8s} {'SDR':>6s} {'mix':>6s} {'base':>6s} {'ideal':>6s}")
        lines.extend(
            f"{row['clip']:20s} {row['stem']:8s} {row['sdr_db']:6.2f} {row['mixture_db']:6.2f} "
            f"{row['baseline_db']:6.2f} {row['irm_db']:6.2f}"
            for row in found["quality"]
        )
    for name, value in found["rtf"].items():
        lines.append(f"real-time factor on {name}: {value:.3f}")
    lines.append(f"peak memory: {found['peak_mb']:.0f} MB")
    if found["torch_ratio"] is not None:
        lines.append(f"time of the graph against torch eager: {found['torch_ratio']:.2f}")
    lines.append(f"first stretch of a 4 min song after {found['first_stem_s']:.2f} s")
    return "\n".join([*lines, *(f"note: {notice}" for notice in found["notices"])])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--pack", type=Path, default=PACK)
    parser.add_argument("--seconds", type=float, default=60.0, help="how much sound is split for the speed")
    parser.add_argument(
        "--provider", action="append", default=[], help="cpu, cuda or tensorrt; all that are here if absent"
    )
    parser.add_argument("--no-quality", action="store_true", help="only speed")
    parser.add_argument("--rounds", type=int, default=5, help="turns of the comparison with torch")
    parser.add_argument("--compare-torch", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.compare_torch is not None:
        print(json.dumps(compare_torch(options.compare_torch, options.rounds)))
        return
    found = run(
        pack=options.pack,
        seconds=options.seconds,
        providers=tuple(options.provider),
        judged=not options.no_quality,
        rounds=options.rounds,
    )
    print(json.dumps(found, indent=2) if options.json else as_text(found))


if __name__ == "__main__":
    main()
