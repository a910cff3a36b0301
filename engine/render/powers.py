"""How loud each rights source is, block by block: what `audible-share/1` is made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from engine.dsp.loudness import BlockPowers
from engine.errors import EngineError
from engine.plan import MixPlan, TrackPlan
from engine.plan.flat.graph import MASTER
from engine.render.heavy import renderer_of
from engine.render.steps import BLOCK, CORES, step, without_loop
from engine.types import Cancelled, Progress


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
    split, members = split_by_group(without_loop(plan), groups)
    total = plan.length_frames
    meters = {group: BlockPowers(2, rate=plan.rate, block_s=block_s) for group in groups}
    whole = BlockPowers(2, rate=plan.rate, block_s=block_s)
    # Those that play straight into the master are in time there, and so is their sum.
    heard = {group: [track.id for track in tracks if track.output == MASTER] for group, tracks in members.items()}
    with renderer_of(split, master=False, taps=True, threads=CORES) as renderer:
        for start in range(0, total, BLOCK):
            mix = np.empty((2, min(BLOCK, total - start)), dtype=np.float32)
            renderer.process(mix)
            whole.process(mix)
            blocks = renderer.taps_of(mix.shape[1])
            for group, meter in meters.items():
                meter.process(sum((blocks[name] for name in heard[group]), np.zeros_like(mix)))
            step(start + mix.shape[1], total, "Measuring who is heard", progress, cancelled)
    return {
        "groups": {group: meter.values().tolist() for group, meter in meters.items()},
        "mix": whole.values().tolist(),
    }


def split_by_group(plan: MixPlan, groups: Mapping[str, list[str]]) -> tuple[MixPlan, dict[str, list[TrackPlan]]]:
    """A plan in which no track holds clips of two groups and no bus serves two, and the tracks and buses of each group.

    Each group gets buses of its own, fed by its tracks alone, so that what comes back from a reverb counts for whoever
    fed it.

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
    members_of: dict[str, list[TrackPlan]] = {group: [] for group in groups}
    owners_of_plan: dict[str | None, None] = {}
    for track in plan.tracks:
        owners = [group_of.get(clip.id, group_of.get(track.id)) for clip in track.clips]
        for owner in dict.fromkeys(owners):
            owners_of_plan[owner] = None
            clips = tuple(clip for clip, its in zip(track.clips, owners, strict=True) if its == owner)
            split = _of_group(msgspec.structs.replace(track, clips=clips), owner)
            tracks.append(split)
            if owner is not None:
                members_of[owner].append(split)
    for bus in (track for track in plan.tracks if track.kind == "bus"):
        for owner in owners_of_plan:
            split = _of_group(bus, owner)
            tracks.append(split)
            if owner is not None:
                members_of[owner].append(split)
    return msgspec.structs.replace(plan, tracks=tuple(tracks)), members_of


def _of_group(track: TrackPlan, group: str | None) -> TrackPlan:
    """The track or bus for one group, playing into that group's buses."""

    def named(name: str) -> str:
        return f"{name}\0{group}"

    return msgspec.structs.replace(
        track,
        id=named(track.id),
        output=named(track.output) if track.output else MASTER,
        sends=tuple(msgspec.structs.replace(send, bus=named(send.bus)) for send in track.sends),
        automation=tuple(
            msgspec.structs.replace(lane, target=f"send.{named(lane.target[5:-8])}.gain_db")
            if lane.target.startswith("send.")
            else lane
            for lane in track.automation
        ),
    )
