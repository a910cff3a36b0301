"""A plan to samples: the whole mix, or each track."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.plan import MixPlan
from engine.plan.offline import CAPACITY
from engine.render.heavy import renderer_of
from engine.render.steps import CORES, step, without_loop
from engine.types import Audio, Cancelled, Progress

SILENCE = 10.0 ** (-90.0 / 20.0)
"""A tail that stays below this has ended."""
SILENT_S = 0.25


def render_blocks(
    plan: MixPlan,
    *,
    start_frame: int = 0,
    frames: int | None = None,
    block: int = CAPACITY,
    master: bool = True,
    limit: bool = True,
    tail_s: float = 0.0,
    threads: int = CORES,
) -> Iterator[Audio]:
    """The mix block by block, each ``(2, at most block) float32``: what the player plays, the loop left out.

    Args:
        frames: None renders to the end of the plan.
        block: any size gives the same samples.
        master: False leaves out the master strip and the limiter.
        limit: False leaves out the limiter only.
        tail_s: go on after the end until the effects have died away, at most this long.
        threads: any number gives the same samples.

    Raises:
        EngineError: as `render`.
    """
    total = max(plan.length_frames - start_frame, 0) if frames is None else frames
    with renderer_of(without_loop(plan), limit=limit, master=master, threads=threads) as renderer:
        renderer.seek(start_frame)
        for start in range(0, total, block):
            part = np.empty((2, min(block, total - start)), dtype=np.float32)
            renderer.process(part)
            yield part
        left, quiet = round(tail_s * plan.rate), 0
        while left > 0 and quiet < SILENT_S * plan.rate:
            part = np.empty((2, min(block, left)), dtype=np.float32)
            renderer.process(part)
            left -= part.shape[1]
            loud = np.flatnonzero(np.abs(part).max(axis=0) > SILENCE)
            quiet = quiet + part.shape[1] if loud.size == 0 else part.shape[1] - 1 - int(loud[-1])
            yield part


def render(
    plan: MixPlan,
    *,
    start_frame: int = 0,
    frames: int | None = None,
    block: int = CAPACITY,
    master: bool = True,
    tail_s: float = 0.0,
    threads: int = CORES,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Audio:
    """The mix as ``(2, frames) float32``: what the player plays from `start_frame` on, the loop left out.

    Args:
        frames: None renders to the end of the plan.
        block: any size gives the same samples.
        master: False leaves out the master strip and the limiter.
        tail_s: go on after the end until the effects have died away, at most this long.
        threads: any number gives the same samples.

    Raises:
        EngineError: codes source-missing, source-rate, effect-unknown, effect-parameter, strip-bands, route-unknown,
            route-circle.
        Cancelled: when `cancelled` turned true.
    """
    total = max(plan.length_frames - start_frame, 0) if frames is None else frames
    parts: list[Audio] = []
    done = 0
    step(0, total, "Rendering", progress, cancelled)
    for part in render_blocks(
        plan, start_frame=start_frame, frames=total, block=block, master=master, tail_s=tail_s, threads=threads
    ):
        parts.append(part)
        done += part.shape[1]
        step(min(done, total), total, "Rendering", progress, cancelled)
    return np.concatenate(parts, axis=1) if parts else np.zeros((2, 0), dtype=np.float32)


def render_tracks(
    plan: MixPlan,
    *,
    start_frame: int = 0,
    frames: int | None = None,
    block: int = CAPACITY,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> dict[str, Audio]:
    """Each track and bus as ``(2, frames) float32``, post-fader, before the master bus.

    Those that play into the master add up to ``render(master=False)``; what plays into a bus is in the bus's sound.

    Raises:
        EngineError, Cancelled: as `render`.
    """
    total = max(plan.length_frames - start_frame, 0) if frames is None else frames
    out = {track.id: np.zeros((2, total), dtype=np.float32) for track in plan.tracks}
    with renderer_of(without_loop(plan), master=False, taps=True) as renderer:
        early = {track.id: renderer.flat.graph.fader_ahead[track.id] for track in plan.tracks}
        # A track whose way to the master is longer is heard earlier at its fader: each is taken when it is due.
        renderer.seek(start_frame - max(early.values(), default=0))
        start = -max(early.values(), default=0)
        while start < total:
            count = min(block, CAPACITY, total - start)
            renderer.process(np.empty((2, count), dtype=np.float32))
            for name, samples in renderer.taps_of(count).items():
                at = start + early[name]
                first, last = max(at, 0), min(at + count, total)
                if last > first:
                    out[name][:, first:last] = samples[:, first - at : last - at]
            start += count
            step(max(start, 0), total, "Rendering tracks", progress, cancelled)
    return out
