"""The compiled kernel of second-order sections (transposed direct form II)."""

from __future__ import annotations

from typing import Any

from numba import njit

FLUSH = 1e-20
"""States below this are set to 0: numba offers no flush-to-zero flag, and denormal numbers are a hundred times
slower.
"""

CHUNK = 1024


@njit(cache=True, nogil=True)
def cascade(x: Any, sos: Any, state: Any) -> None:
    """Filter `x` ``(channels, frames) float32`` in place; `sos` ``(sections, 6)``, `state` ``(sections, channels, 2)
    float64``.
    """
    channels, frames = x.shape
    for s in range(sos.shape[0]):
        b0, b1, b2, a1, a2 = sos[s, 0], sos[s, 1], sos[s, 2], sos[s, 4], sos[s, 5]
        for c in range(channels):
            z0, z1 = state[s, c, 0], state[s, c, 1]
            for start in range(0, frames, CHUNK):
                for i in range(start, min(start + CHUNK, frames)):
                    v = float(x[c, i])
                    y = b0 * v + z0
                    z0 = b1 * v - a1 * y + z1
                    z1 = b2 * v - a2 * y
                    x[c, i] = y
                if abs(z0) < FLUSH:
                    z0 = 0.0
                if abs(z1) < FLUSH:
                    z1 = 0.0
            state[s, c, 0] = z0
            state[s, c, 1] = z1
