"""The training loss of real masks, fused: softmax, two distances and their gradient in one pass over memory.

On a CPU the masks of four stems are the largest tensors of the whole network, and a dozen element-wise operations on
them took as long as the network itself. `reference` is the same loss in plain torch: what a GPU uses, and what the test
compares with.

With ``X`` the mixture and ``S`` a stem, both complex, a real mask ``m`` can only move ``m X`` along the direction of
``X``. So a target is given as its part along ``X`` and the squared rest: ``|m X - S|^2 = (m |X| - along)^2 + rest``.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import torch
from torch import Tensor

SQRT_WEIGHT = 0.3
"""Weight of the distance of the square roots of the magnitudes, which lets quiet bins count."""
EPSILON = 1e-4
ENTROPY_WEIGHT = 2.0
"""Weight of the cross-entropy of the masks, at the mixture's magnitude.

Through a softmax the distances have no slope where a mask is sure, right or wrong: what had been given to the
accompaniment stayed there. The cross-entropy's slope is the mask's error itself. At the root of the magnitude half of
it came from above 2 kHz, where little of what SDR measures lies."""
DECIBEL_WEIGHT = 0.4
"""Weight of `decibel_loss`: absolute distances alone make masks too sure of themselves and forget quiet stems."""
STEM_WEIGHTS = (2.0, 1.0, 0.7, 1.0)
"""Of vocals, drums, bass and other in `decibel_loss`: the voice is what people ask for, and what is hardest."""
FLOOR, SILENT_FLOOR = 10**-2.0, 10**-1.5
"""Error, over the mixture's energy, below which a stem is left in peace (Wisdom et al. 2020, arXiv 2006.12701).

Of a stem that sounds, and of one that should be silent. The lower they are, the more a faint false voice weighs against
a lost true one: with both at -25 dB an error of -20 dB weighed fifteen times what one of -7 dB does, and whatever might
be an instrument was taken for one."""
SILENT = 10**-3.5
"""Energy of a stem, over the mixture's, below which it should be silent."""


def reference(logits: Tensor, mix: Tensor, along: Tensor, rest: Tensor) -> Tensor:
    """Mean over bins and stems of two distances and the cross-entropy with the Wiener masks ``w = |S|^2 / sum |S|^2``:
    ``|m X - S| + SQRT_WEIGHT |sqrt(m |X|) - sqrt(|S|)| - ENTROPY_WEIGHT |X| w log m``.

    Args:
        logits: ``(batch, stems, 2, bins, frames)``.
        mix: magnitude of the mixture ``(batch, 2, bins, frames)``.
        along: part of each stem along the mixture's phase, shape of `logits`.
        rest: squared part across it, shape of `logits`.
    """
    mask = torch.softmax(logits.float(), 1)
    estimate = mask * mix[:, None]
    distance = torch.sqrt((estimate - along) ** 2 + rest + EPSILON**2)
    size = torch.sqrt(along**2 + rest)
    roots = (torch.sqrt(estimate + EPSILON) - torch.sqrt(size + EPSILON)).abs()
    power = size**2
    wiener = power / (power.sum(1, keepdim=True) + EPSILON**2)
    entropy = -wiener * torch.log_softmax(logits.float(), 1) * mix[:, None]
    return (distance + SQRT_WEIGHT * roots + ENTROPY_WEIGHT * entropy).mean()


def decibel_loss(logits: Tensor, mix: Tensor, along: Tensor, rest: Tensor) -> Tensor:
    """Decades of the error's energy over the mixture's, for each stem of each example, averaged: what SDR measures.

    The mean is weighted by `STEM_WEIGHTS`.

    The floor keeps a stem that is solved, or silent and left so, from outweighing the others.
    """
    mask = torch.softmax(logits.float(), 1)
    whole = (mix**2).sum((1, 2, 3))[:, None] + 1e-6
    error = ((mask * mix[:, None] - along) ** 2 + rest).sum((2, 3, 4)) / whole
    silent = (along**2 + rest).sum((2, 3, 4)) / whole < SILENT
    decades = torch.log10(error + torch.where(silent, SILENT_FLOOR, FLOOR))
    weights = decades.new_tensor(STEM_WEIGHTS)
    return (decades * weights).sum(1).mean() / weights.sum()


@numba.njit(fastmath=True, parallel=True, cache=True)
def _kernel(logits, mix, along, rest, grad):  # type: ignore[no-untyped-def]
    rows, stems, size = logits.shape[0] * 2, logits.shape[1], logits.shape[3]
    scale = np.float32(1.0 / (logits.shape[0] * stems * 2 * size))
    half, eps, share = np.float32(0.5 * SQRT_WEIGHT), np.float32(EPSILON), np.float32(ENTROPY_WEIGHT)
    totals = np.zeros(rows)
    for row in numba.prange(rows):
        item, side = row // 2, row % 2
        total = 0.0
        e = np.empty(stems, np.float32)
        g = np.empty(stems, np.float32)
        w = np.empty(stems, np.float32)
        for k in range(size):
            peak = logits[item, 0, side, k]
            for s in range(1, stems):
                peak = max(peak, logits[item, s, side, k])
            norm = np.float32(0.0)
            for s in range(stems):
                e[s] = math.exp(logits[item, s, side, k] - peak)
                norm += e[s]
            level = peak + math.log(norm)
            norm = np.float32(1.0) / norm
            x = mix[item, side, k]
            weight = share * x
            power = eps * eps
            for s in range(stems):
                a = along[item, s, side, k]
                w[s] = a * a + rest[item, s, side, k]
                power += w[s]
            known = np.float32(0.0)
            dot = np.float32(0.0)
            for s in range(stems):
                m = e[s] * norm
                e[s] = m
                a, q = along[item, s, side, k], rest[item, s, side, k]
                d = m * x - a
                distance = math.sqrt(d * d + q + eps * eps)
                root = math.sqrt(m * x + eps)
                delta = root - math.sqrt(math.sqrt(w[s]) + eps)
                w[s] /= power
                known += w[s]
                entropy = w[s] * (level - logits[item, s, side, k])
                total += distance + SQRT_WEIGHT * abs(delta) + weight * entropy
                slope = x * (d / distance + (half if delta > 0 else -half) / root)
                g[s] = slope
                dot += slope * m
            for s in range(stems):
                grad[item, s, side, k] = scale * (e[s] * (g[s] - dot) + weight * (known * e[s] - w[s]))
        totals[row] = total
    return totals.sum() * scale


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, mix: Tensor, along: Tensor, rest: Tensor) -> Tensor:  # type: ignore[override]
        flat = (*logits.shape[:3], -1)
        values = logits.detach().float().contiguous().reshape(flat).numpy()
        grad = np.empty_like(values)
        loss = _kernel(
            values,
            mix.contiguous().reshape(*mix.shape[:2], -1).numpy(),
            along.contiguous().reshape(flat).numpy(),
            rest.contiguous().reshape(flat).numpy(),
            grad,
        )
        ctx.save_for_backward(torch.from_numpy(grad).reshape(logits.shape).to(logits.dtype))
        return torch.tensor(float(loss))

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Any:  # type: ignore[override]
        return ctx.saved_tensors[0] * upstream, None, None, None


def distance_loss(logits: Tensor, mix: Tensor, along: Tensor, rest: Tensor) -> Tensor:
    """`reference`, in one fused pass where the tensors live on the CPU."""
    if logits.device.type != "cpu":
        return reference(logits, mix, along, rest)
    return _Fused.apply(logits, mix, along, rest)  # type: ignore[no-any-return]


def mask_loss(logits: Tensor, mix: Tensor, along: Tensor, rest: Tensor) -> Tensor:
    """What is trained on: `distance_loss` and a share of `decibel_loss`."""
    return distance_loss(logits, mix, along, rest) + DECIBEL_WEIGHT * decibel_loss(logits, mix, along, rest)
