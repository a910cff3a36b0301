"""What several kernels share: where scratch memory lies, and sums of what was sent to a bus or the master."""

from __future__ import annotations

from numba import njit

from engine.dsp.memory import clear, get_int, get_sample, set_sample
from engine.plan.kernel import layout as L


@njit(nogil=True, error_model="numpy")
def bench_of(lanes: int) -> int:
    """Address of the bench that a group works on."""
    return get_int(lanes + 64 * L.R_BENCH, 0)


@njit(nogil=True, error_model="numpy")
def sum_parts(out: int, parts: int, count: int, capacity: int, frames: int) -> None:
    """Sum ``(2, capacity)`` buffers, whose addresses stand at `parts`, into `out`."""
    clear(out, frames)
    clear(out + 4 * capacity, frames)
    for k in range(count):
        part = get_int(parts, k)
        for c in range(2):
            into, source = out + 4 * capacity * c, part + 4 * capacity * c
            for i in range(frames):
                set_sample(into, i, get_sample(into, i) + get_sample(source, i))
