"""The clips of a track as the kernels read them."""

from __future__ import annotations

import numpy as np

from engine.plan.flat.plan import Node
from engine.plan.flat.words import Keeper, Words, address
from engine.plan.kernel import layout as L
from engine.plan.model import TrackPlan
from engine.plan.sources import Source, SourcePool

_CURVES = {"linear": L.LINEAR, "equal_power": L.EQUAL_POWER, "s_curve": L.S_CURVE}
LOUDEST_GAIN = 1000.0


def _table(track: TrackPlan, pool: SourcePool, *, rate: int) -> tuple[Words, list[Source]]:
    clips = sorted((clip for clip in track.clips if clip.length_frames > 0), key=lambda clip: clip.start_frame)
    sources = [pool.source(clip.pcm, rate=rate) for clip in clips]
    rows = [
        (
            address(source.words),
            clip.start_frame,
            clip.length_frames,
            clip.source_frame,
            clip.reverse,
            min(max(clip.fade_in_frames, 0), clip.length_frames),
            min(max(clip.fade_out_frames, 0), clip.length_frames),
            _CURVES[clip.fade_in_curve],
            _CURVES[clip.fade_out_curve],
            0,
            0,
            0,
        )
        for clip, source in zip(clips, sources, strict=True)
    ]
    table = np.array(rows, dtype=np.int64).reshape(-1, L.CLIP_WORDS)
    gains = [clip.gain if abs(clip.gain) <= LOUDEST_GAIN else 0.0 for clip in clips]
    table.view(np.float64)[:, L.C_GAIN] = gains
    table[:, L.C_LATEST_END] = np.maximum.accumulate(table[:, L.C_START] + table[:, L.C_LENGTH])
    return table, sources


def write_clips(
    node: Words,
    track: TrackPlan,
    pool: SourcePool,
    keeper: Keeper,
    old: Node | None,
    *,
    ahead: int,
    moved: int,
    rate: int,
) -> tuple[Words, list[Source]]:
    """Write a track's clips, and those of the plan before where they differ, to fade over from them.

    Args:
        ahead: frames by which the track reads ahead, from the plan's anchor.
        moved: where the anchor of the plan before lies, from this one's.

    Raises:
        EngineError: codes source-missing and source-rate.
    """
    same = old is not None and old.track.clips == track.clips
    if old is not None and same:
        table, sources = old.clips, old.sources[: len(old.clips)]
    else:
        table, sources = _table(track, pool, rate=rate)
    node[L.N_CLIPS_AT] = keeper.hold(table)
    node[L.N_CLIPS] = len(table)
    if old is not None:
        node[L.N_OLD_AHEAD] = before = int(old.words[L.N_AHEAD]) + moved
        if not same or before != ahead:
            node[L.N_CHANGED] = 1
            node[L.N_OLD_CLIPS_AT] = keeper.hold(old.clips)
            node[L.N_OLD_CLIPS] = len(old.clips)
            sources = [*sources, *old.sources[: len(old.clips)]]
    return table, sources
