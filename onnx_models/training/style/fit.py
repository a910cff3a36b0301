"""The fit: settings and the frequency response that they make, weighted by what can be heard of them."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import huber_loss

from engine.inference.production_chain import IDS, SETTINGS, neutral
from engine.inference.production_features import BANDS
from onnx_models.training.style.network import ProductionNet, curve_db, value

BATCH = 256
LEARNING_RATE = 2e-3
FOREIGN = 0.35
"""Share of examples whose reference is another recording of the same role, as the targets of styles are."""
_EQ = {"low_shelf_hz", "low_mid_hz", "low_mid_q", "high_mid_hz", "high_mid_q", "high_shelf_hz"}


def loss_of(coded: Tensor, wanted: Tensor, given: Tensor) -> Tensor:
    """Mean loss of a batch.

    Args:
        coded: what the network says, ``(n, len(SETTINGS))``.
        wanted: what was done.
        given: features of the input, for where it has energy.
    """
    weight = ((given[:, :BANDS] + 55.0) / 35.0).clamp(0.03, 1.0)
    weight = weight / weight.sum(dim=1, keepdim=True)
    difference = curve_db(coded) - curve_db(wanted)
    # Loudness is matched afterwards: a constant is no error.
    difference = difference - (difference * weight).sum(dim=1, keepdim=True)
    tone = (huber_loss(difference, torch.zeros_like(difference), delta=3.0, reduction="none") / 3.0 * weight).sum(dim=1)
    squared = huber_loss(coded, wanted, delta=0.15, reduction="none") / 0.15
    works = torch.log(value(wanted, "ratio")) / np.log(8.0)
    wet = value(wanted, "reverb_mix") / 0.5
    scale: dict[str, Tensor | float] = {
        "threshold_over_lufs_db": 0.2 + 2.0 * works,
        "attack_s": 0.1 + 0.8 * works,
        "release_s": 0.1 + 0.6 * works,
        "ratio": 2.0,
        "drive_db": 2.0,
        "width": 3.0,
        "reverb_mix": 3.0,
        "reverb_decay_s": 0.1 + 1.5 * wet,
        "high_pass_hz": 0.3,
        "low_pass_hz": 0.6,
    }
    other = torch.zeros_like(tone)
    for i, name in enumerate(IDS):
        factor = scale.get(name, 0.02 if name in _EQ else 0.15)
        other = other + (factor * squared[:, i]).float()
    return (tone + 0.5 * other).mean()


def fit(
    examples: dict[str, np.ndarray],
    *,
    seed: int,
    minutes: float,
    epochs: int,
    log: Callable[[str], None],
) -> ProductionNet:
    """Fit the network; every twentieth stem's examples choose the checkpoint. Learning rate falls to zero at the last
    epoch."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    count = examples["coded"].shape[0]
    # Examples of one stem share its input: they stay on one side of the split.
    _, stem = np.unique(examples["given"].round(4), axis=0, return_inverse=True)
    check = (stem.reshape(-1) * 7919) % 20 == 0
    given, reference, coded = (
        torch.from_numpy(examples[k].astype(np.float32)) for k in ("given", "reference", "coded")
    )
    mean = torch.cat([given, reference]).mean(dim=0)
    spread = torch.cat([given, reference]).std(dim=0).clamp_min(0.5)
    network = ProductionNet(mean, spread)
    train = np.flatnonzero(~check)
    by_role = {r: train[examples["role"][train] == r] for r in range(4)}
    average = {k: v.detach().clone() for k, v in network.state_dict().items()}
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=0.05)
    steps = max(1, train.size // BATCH)
    began = time.monotonic()
    log(f"fit: {train.size} examples of {count}, {epochs} epochs of {steps} steps, {len(SETTINGS)} settings")
    for epoch in range(epochs):
        network.train()
        total = 0.0
        order = rng.permutation(train)
        for step in range(steps):
            index = order[step * BATCH : (step + 1) * BATCH]
            source = index.copy()
            foreign = rng.random(index.size) < FOREIGN
            for r, members in by_role.items():
                here = foreign & (examples["role"][index] == r)
                source[here] = rng.choice(members, size=int(here.sum()))
            x = given[source] + 0.15 * torch.randn(index.size, given.shape[1])
            y = reference[index] + 0.15 * torch.randn(index.size, given.shape[1])
            loss = loss_of(network(x, y), coded[index], x)
            optimiser.zero_grad()
            loss.backward()
            done = max((epoch * steps + step) / (epochs * steps), (time.monotonic() - began) / (60.0 * minutes))
            for group in optimiser.param_groups:
                group["lr"] = _rate(done)
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            total += float(loss.detach())
            with torch.no_grad():
                for k, v in network.state_dict().items():
                    average[k].mul_(0.995).add_(v, alpha=0.005)
        if epoch % 5 == 0 or epoch == epochs - 1:
            network.eval()
            with torch.no_grad():
                checked = float(loss_of(network(given[check], reference[check]), coded[check], given[check]))
                still = torch.from_numpy(np.tile(_still(), (int(check.sum()), 1)))
                trivial = float(loss_of(still, coded[check], given[check]))
            log(f"epoch {epoch} loss {total / steps:.4f} held-out stems {checked:.4f} (settings at rest {trivial:.4f})")
        if time.monotonic() - began > 60.0 * minutes:
            log(f"time is up after epoch {epoch}")
            break
    network.load_state_dict(average)
    network.eval()
    return network


def _rate(done: float) -> float:
    """Learning rate after a share of the budget, in steps or in time: up for a tenth of it, then by a cosine to
    zero."""
    if done < 0.1:
        return LEARNING_RATE * (0.05 + 0.95 * done / 0.1)
    return LEARNING_RATE * 0.5 * (1.0 + float(np.cos(np.pi * min(1.0, (done - 0.1) / 0.9))))


def _still() -> np.ndarray:
    return neutral()
