"""Compiled kernels of the mixer."""

from __future__ import annotations

from typing import Any

from numba import njit

SNAP = 1e-6


@njit(cache=True, nogil=True)
def fade(x: Any, gains: Any, targets: Any, coefficient: float, stats: Any) -> int:
    """The fader: scale `x` ``(2, frames) float32`` in place by gains that glide to their targets.

    Args:
        gains: ``(2,) float64`` state.
        targets: ``(2,) float64``.
        coefficient: one-pole coefficient of the glide.
        stats: ``(4,) float64``; gets peak left and right, and mean square left and right, after the fader.

    Returns:
        How many samples were not finite; they are replaced by silence.
    """
    bad = 0
    frames = x.shape[1]
    for c in range(2):
        gain, target = gains[c], targets[c]
        peak, total = 0.0, 0.0
        for i in range(frames):
            if gain != target:
                gain = target + coefficient * (gain - target)
                if abs(gain - target) < SNAP:
                    gain = target
            v = x[c, i] * gain
            if not abs(v) < 1e30:
                v = 0.0
                bad += 1
            x[c, i] = v
            peak = max(peak, abs(v))
            total += v * v
        gains[c] = gain
        stats[c] = peak
        stats[2 + c] = total / max(frames, 1)
    return bad


@njit(cache=True, nogil=True)
def cross_fade(old: Any, new: Any, done: int, length: int) -> None:
    """Fade from `old` to `new` ``(2, frames)``, result in `new`; `done` frames of `length` have been faded before."""
    for i in range(new.shape[1]):
        weight = min((done + i) / length, 1.0)
        for c in range(new.shape[0]):
            new[c, i] = old[c, i] + weight * (new[c, i] - old[c, i])
