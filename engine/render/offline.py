"""A plan to samples: the whole mix, or each track."""

from __future__ import annotations

import numpy as np

from engine.plan import MixPlan
from engine.plan.renderer import PlanRenderer, TrackBank
from engine.render.steps import step, without_loop
from engine.types import Audio, Cancelled, Progress


def render(
    plan: MixPlan,
    *,
    start_frame: int = 0,
    frames: int | None = None,
    block: int = 512,
    master: bool = True,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Audio:
    """The mix as ``(2, frames) float32``: what the player plays from `start_frame` on, the loop left out.

    Args:
        frames: None renders to the end of the plan.
        block: any size gives the same samples.
        master: False leaves out the master strip and the limiter.

    Raises:
        EngineError: codes source-missing, source-rate, effect-unknown.
        Cancelled: when `cancelled` turned true.
    """
    total = max(plan.length_frames - start_frame, 0) if frames is None else frames
    renderer = PlanRenderer(without_loop(plan), master=master)
    out = np.zeros((2, total), dtype=np.float32)
    for start in range(0, total, block):
        part = np.empty((2, min(block, total - start)), dtype=np.float32)
        renderer.process(start_frame + start, part)
        out[:, start : start + part.shape[1]] = part
        step(start + part.shape[1], total, "Rendering", progress, cancelled)
    return out


def render_tracks(
    plan: MixPlan,
    *,
    start_frame: int = 0,
    frames: int | None = None,
    block: int = 512,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> dict[str, Audio]:
    """Each track as ``(2, frames) float32``, post-fader, before the master bus; their sum is ``render(master=False)``.

    Raises:
        EngineError, Cancelled: as `render`.
    """
    total = max(plan.length_frames - start_frame, 0) if frames is None else frames
    bank = TrackBank(without_loop(plan))
    bank.seek(start_frame)
    out = {track.id: np.zeros((2, total), dtype=np.float32) for track in plan.tracks}
    for start in range(0, total, block):
        blocks: dict[str, Audio] = {}
        count = min(block, total - start)
        bank.process(np.zeros((2, count), dtype=np.float32), tracks=blocks)
        for name, samples in blocks.items():
            out[name][:, start : start + count] = samples
        step(start + count, total, "Rendering tracks", progress, cancelled)
    return out
