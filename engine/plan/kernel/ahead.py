"""What threads beside the callback call: reading clips ahead, and touching pages of files."""

from __future__ import annotations

from numba import njit

from engine.dsp.memory import get_int, get_sample
from engine.plan.kernel import clips
from engine.plan.kernel import layout as L
from engine.plan.kernel.automation import value_at

PAGE = 1024
"""Samples of a page of 4 KiB."""


@njit(nogil=True, cache=True, error_model="numpy")
def read_ahead(session: int, node: int, tick: int, frames: int, bench: int, left: int, right: int) -> None:
    """The dry clips of a node from `tick` on, in runs of `CHUNK` frames; `bench` is scratch memory."""
    at = 0
    table, count = get_int(node, L.N_CLIPS_AT), get_int(node, L.N_CLIPS)
    while at < frames:
        run = min(L.CHUNK, frames - at)
        clips.read_clips(session, table, count, tick + at, run, bench, left + 4 * at, right + 4 * at)
        at += run


@njit(nogil=True, cache=True, error_model="numpy")
def tag_of(session: int, cell: int) -> int:
    """What the slot of a stream says when it holds `cell` as the timeline stands now."""
    return clips.tag_of(session, cell)


@njit(nogil=True, cache=True, error_model="numpy")
def automated(record: int, frame: int) -> float:
    """The value of an automation record at `frame`."""
    return value_at(record, frame)


@njit(nogil=True, cache=True, error_model="numpy")
def touch(data: int, first: int, count: int) -> float:
    """Read one sample of every page of a run, so that the system fetches it; returns their sum."""
    total = 0.0
    for k in range(0, count, PAGE):
        total += get_sample(data, first + k)
    return total
