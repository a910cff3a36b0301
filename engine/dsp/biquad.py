"""The compiled kernel of second-order sections (transposed direct form II)."""

from __future__ import annotations

from typing import Any

from numba import njit

FLUSH = 1e-20
"""States below this are set to 0: numba offers no flush-to-zero flag, and denormal numbers are a hundred times
slower.
"""

CHUNK = 1024


@njit(cache=True, nogil=True, inline="always")
def _flush(value: float) -> float:
    return 0.0 if abs(value) < FLUSH else value


@njit(cache=True, nogil=True)
def cascade(x: Any, sos: Any, state: Any) -> None:
    """Filter `x` ``(channels, frames) float32`` in place; `sos` ``(sections, 6)``, `state` ``(sections, channels, 2)
    float64``.
    """
    channels, frames = x.shape
    for s in range(sos.shape[0]):
        b0, b1, b2, a1, a2 = sos[s, 0], sos[s, 1], sos[s, 2], sos[s, 4], sos[s, 5]
        # Two channels at once: each recursion waits for its last result, and the other one fills the time.
        for c in range(0, channels - 1, 2):
            p0, p1 = state[s, c, 0], state[s, c, 1]
            q0, q1 = state[s, c + 1, 0], state[s, c + 1, 1]
            for start in range(0, frames, CHUNK):
                for i in range(start, min(start + CHUNK, frames)):
                    v, w = float(x[c, i]), float(x[c + 1, i])
                    y, z = b0 * v + p0, b0 * w + q0
                    p0, q0 = b1 * v - a1 * y + p1, b1 * w - a1 * z + q1
                    p1, q1 = b2 * v - a2 * y, b2 * w - a2 * z
                    x[c, i], x[c + 1, i] = y, z
                p0, p1, q0, q1 = _flush(p0), _flush(p1), _flush(q0), _flush(q1)
            state[s, c, 0], state[s, c, 1] = p0, p1
            state[s, c + 1, 0], state[s, c + 1, 1] = q0, q1
        for c in range(channels - channels % 2, channels):
            p0, p1 = state[s, c, 0], state[s, c, 1]
            for start in range(0, frames, CHUNK):
                for i in range(start, min(start + CHUNK, frames)):
                    v = float(x[c, i])
                    y = b0 * v + p0
                    p0 = b1 * v - a1 * y + p1
                    p1 = b2 * v - a2 * y
                    x[c, i] = y
                p0, p1 = _flush(p0), _flush(p1)
            state[s, c, 0], state[s, c, 1] = p0, p1
