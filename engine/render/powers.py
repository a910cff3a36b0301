"""How loud each rights source is, block by block: what `audible-share/1` is made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from engine.dsp.loudness import BlockPowers
from engine.errors import EngineError
from engine.plan import MixPlan, TrackPlan
from engine.plan.renderer import TrackBank
from engine.render.steps import BLOCK, step, without_loop
from engine.types import Audio, Cancelled, Progress


def track_powers_task(
    *,
    plan: MixPlan,
    groups: Mapping[str, list[str]],
    block_s: float = 0.4,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> dict[str, Any]:
    """K-weighted power of each rights source, post-fader, before the master bus (worker task).

    The sounds of a group are summed before the power is taken. A group's members are ids of tracks or of clips; ids
    that the plan does not have count as silence. Clips of one track that belong to different groups each go through
    a strip of their own.

    Returns:
        ``{"groups": {group: powers}, "mix": powers}``, each a list with one linear power per `block_s`, as
        `engine.dsp.loudness.block_powers` gives; "mix" is the sum of all tracks.

    Raises:
        EngineError: code ``group-overlap``, and those of `engine.render.render`.
        Cancelled: when `cancelled` turned true.
    """
    split, member_of = _split_by_group(without_loop(plan), groups)
    bank = TrackBank(split)
    bank.seek(0)
    total = plan.length_frames
    meters = {group: BlockPowers(2, rate=plan.rate, block_s=block_s) for group in groups}
    whole = BlockPowers(2, rate=plan.rate, block_s=block_s)
    for start in range(0, total, BLOCK):
        mix = np.zeros((2, min(BLOCK, total - start)), dtype=np.float32)
        blocks: dict[str, Audio] = {}
        bank.process(mix, tracks=blocks)
        whole.process(mix)
        sums = {group: np.zeros_like(mix) for group in groups}
        for name, samples in blocks.items():
            group = member_of[name]
            if group is not None:
                sums[group] += samples
        for group, samples in sums.items():
            meters[group].process(samples)
        step(start + mix.shape[1], total, "Measuring who is heard", progress, cancelled)
    return {
        "groups": {group: meter.values().tolist() for group, meter in meters.items()},
        "mix": whole.values().tolist(),
    }


def _split_by_group(plan: MixPlan, groups: Mapping[str, list[str]]) -> tuple[MixPlan, dict[str, str | None]]:
    """A plan in which no track holds clips of two groups, and the group of each of its tracks.

    Raises:
        EngineError: code ``group-overlap`` for a track or clip that is named by two groups.
    """
    group_of: dict[str, str] = {}
    for group, members in groups.items():
        for member in members:
            if group_of.setdefault(member, group) != group:
                raise EngineError(
                    "A sound was counted for two sources at once.",
                    remedy="This is a fault of the program; send the log to support.",
                    code="group-overlap",
                    details={"id": member},
                )
    tracks: list[TrackPlan] = []
    member_of: dict[str, str | None] = {}
    for track in plan.tracks:
        owners = [group_of.get(clip.id, group_of.get(track.id)) for clip in track.clips]
        for owner in dict.fromkeys(owners):
            name = f"{track.id}\0{owner}"
            clips = tuple(clip for clip, its in zip(track.clips, owners, strict=True) if its == owner)
            tracks.append(msgspec.structs.replace(track, id=name, clips=clips))
            member_of[name] = owner
    return msgspec.structs.replace(plan, tracks=tuple(tracks)), member_of
