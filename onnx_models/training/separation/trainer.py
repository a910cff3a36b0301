"""The trainer: a wall-clock budget, a rate that ends at zero with it, averaged weights, checkpoints and resume."""

from __future__ import annotations

import copy
import csv
import math
import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.utils.data import DataLoader

from onnx_models.training.separation import checkpoints, judge
from onnx_models.training.separation.library import RATE
from onnx_models.training.separation.live import BandGru
from onnx_models.training.separation.long_bands import LongBandGru, grown
from onnx_models.training.separation.loss import mask_loss
from onnx_models.training.separation.mixing import DEFAULT, LIVE, TYPICAL_RMS, Grid, Mixtures, device_targets
from onnx_models.training.separation.optimizer import optimizers
from onnx_models.training.separation.pair import Pair
from onnx_models.training.separation.team import Team
from onnx_models.training.separation.unet import SubTdf

WARM_UP = 100
"""Steps in which the rate rises, while the optimiser gathers its moments."""

Network = Pair | SubTdf | LongBandGru | BandGru
NETWORKS: dict[str, type[Network]] = {"default": Pair, "u-net": SubTdf, "bands": LongBandGru, "live": BandGru}
GRIDS: dict[type[nn.Module], Grid] = {Pair: DEFAULT, SubTdf: DEFAULT, LongBandGru: DEFAULT, BandGru: LIVE}


def level(network: nn.Module) -> float:
    """Factor of the spectrum at 44.1 kHz before the network: of a track at an RMS of 1, or of a live input as it is.

    In training it is one over the root of the window; at twice the rate the same sound has twice the window.
    """
    grid = GRIDS[type(network)]
    return 1.0 / (2.0 * math.sqrt(grid.n_fft)) / (1.0 if grid.by_track else TYPICAL_RMS)


@dataclass(frozen=True)
class Settings:
    """One run. `minutes` is wall time, since what a busy machine gives is not known before."""

    cache: Path
    out: Path
    minutes: float
    model: str = "default"
    """One of `NETWORKS`."""
    seed: int = 11
    batch: int = 2
    sizes: dict[str, Any] = field(default_factory=dict)
    """Settings of the network (``width``, ``layers``, ``paths``, ``ahead``) where they are not the checkpoint's, or in
    a new run the model's own. Layers and paths that a checkpoint lacks begin as the identity."""
    rate: float = 1.5e-3
    decay: float = 0.999
    threads: int = 2
    """Of each process of the team."""
    workers: int = 1
    """Processes that make batches for each process of the team; with none it makes them itself."""
    judge_every_s: float = 600.0
    audio: Path | None = None
    device: str = "cpu"
    final_rate: float = 0.0
    """Rate at the end of the budget; more than nothing where another budget follows at once."""
    precision: str = "auto"
    """``bf16``, ``fp32`` or ``auto`` (`has_bf16`)."""


def has_bf16(device: str) -> bool:
    """Whether bfloat16 is quicker than float32 there: on graphics cards, and on processors with matrix units (AMX).

    With AVX-512 BF16 alone a step of the default network takes 1.25 to 1.4 times as long as in float32 (batch of three,
    one thread, three times in turns, by hand); without it the processor imitates bfloat16, several times slower.
    """
    return device == "cuda" or bool(torch.cpu._is_amx_tile_supported())


def separator(network: nn.Module, *, seconds: float = 5.0) -> judge.Separate:
    """The torch network as a function of a clip, in passages of `seconds` (about what the product takes at a time);
    a live one carries its state along."""
    grid = GRIDS[type(network)]
    n_fft, hop = 2 * grid.n_fft, 2 * grid.hop

    def separate(mixture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        scale = level(network)
        if grid.by_track:
            scale /= max(float(np.sqrt((mixture**2).mean())), 1e-6)
        spectrum = judge.stft(mixture, n_fft=n_fft, hop=hop)
        parts = np.stack([spectrum.real, spectrum.imag], 1).reshape(1, 4, *spectrum.shape[1:]).astype(np.float32)
        frames, step, edge = parts.shape[-1], int(seconds * judge.RATE / hop), 24 if grid.by_track else 0
        device = next(network.parameters()).device
        state = network.empty() if isinstance(network, BandGru) else None
        out = np.empty((4, 4, *parts.shape[2:]), np.float32)
        with torch.no_grad():
            for start in range(0, frames, step):
                first, last = max(start - edge, 0), min(start + step + edge, frames)
                block = torch.from_numpy(parts[..., first:last] * np.float32(scale)).to(device)
                if state is None:
                    made = network(block)
                else:
                    made, state = network(block, state)
                stop = min(start + step, frames)
                out[..., start:stop] = made[0].cpu().numpy()[..., start - first : stop - first] / scale
        pairs = out.reshape(4, 2, 2, *parts.shape[2:])
        return judge.istft((pairs[:, :, 0] + 1j * pairs[:, :, 1]).astype(np.complex64), mixture.shape[1], hop=hop)

    return separate


def build(settings: dict[str, Any], model: str) -> Network:
    """The network of a checkpoint or of a new run.

    Raises:
        ValueError: there is no such model, or it has no such settings.
    """
    if model not in NETWORKS:
        raise ValueError(f"there is no network {model!r}, only {', '.join(NETWORKS)}")
    try:
        return NETWORKS[model](**settings)
    except TypeError as error:
        raise ValueError(f"another network has the settings {', '.join(settings)}") from error


class Run:
    """State of a training run: what a checkpoint holds."""

    def __init__(self, settings: Settings):
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.network = build(settings.sizes, settings.model).to(settings.device)
        self.grid = GRIDS[type(self.network)]
        self.average = copy.deepcopy(self.network).eval()
        self.optimizers = optimizers(self.network, settings.rate)
        self.step = 0
        self.batches = 0
        self.heard_s = 0.0
        self.minutes_before = 0.0
        self.best = -99.0
        self.warm_up = WARM_UP

    def save(self, path: Path, *, small: bool = False) -> None:
        """Write a checkpoint; `small` leaves the optimiser out."""
        state: dict[str, Any] = {
            "model": self.settings.model,
            "settings": self.network.settings,
            "step": self.step,
            "batches": self.batches,
            "heard_s": self.heard_s,
            "minutes": self.minutes_before,
            "best": self.best,
            "average": self.average.state_dict(),
        }
        if not small:
            state |= {
                "network": self.network.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            }
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint, whole or small, of this network, of one with fewer layers or paths, or of the
        live network where this one is grown from it.

        Raises:
            ValueError: the checkpoint is of another network.
        """
        state = checkpoints.read(path, device=self.settings.device)
        held = state.get("model", "default")
        younger = (held, self.settings.model) == ("live", "bands")
        if held != self.settings.model and not younger:
            raise ValueError(f"{path} holds another network, the {held} one")
        missing: set[str] = set()
        for network, weights in (
            (self.average, state["average"]),
            (self.network, state.get("network", state["average"])),
        ):
            if younger:
                weights = grown(weights, ahead=bool(self.network.settings["ahead"]))
            try:
                lacking, unknown = network.load_state_dict(weights, strict=False)
            except RuntimeError as error:
                raise ValueError(f"{path} holds a network of another size") from error
            missing |= set(lacking)
            stacked = {".".join(name.split(".")[:2]) for name in weights}
            torn = [
                name
                for name in lacking
                if not name.startswith(("layers.", "paths.")) or ".".join(name.split(".")[:2]) in stacked
            ]
            if unknown or torn:
                raise ValueError(f"{path} holds another network: {[*torn, *unknown][:4]}")
        # What was added begins the same in both, or the average would be of strangers.
        added = {name: value for name, value in self.average.state_dict().items() if name in missing}
        self.network.load_state_dict(added, strict=False)
        if "optimizers" in state and not missing and not younger:
            for optimizer, moments in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(moments)
            # Its moments are known: there is nothing to warm up.
            self.warm_up = 1
        self.step, self.batches, self.best = state["step"], state["batches"], -99.0 if younger else state["best"]
        self.minutes_before, self.heard_s = state["minutes"], state["heard_s"]

    def _blend(self) -> None:
        decay = min(self.settings.decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, now in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(now, 1 - decay)

    def train(self, team: Team | None = None) -> None:
        """Train until the budget is spent; log, judge and save on the way.

        Of a `team` each member trains on batches of its own; the leader keeps the time, judges and saves.
        """
        s, team = self.settings, team or Team()
        leads = team.rank == 0
        # Numba first: its pool tells OpenMP, which torch shares, how many threads it has itself.
        numba.set_num_threads(min(s.threads, numba.config.NUMBA_NUM_THREADS))
        torch.set_num_threads(s.threads)
        s.out.mkdir(parents=True, exist_ok=True)
        clips = judge.load_clips(s.audio) if s.audio is not None and leads else []
        # A card makes the targets itself; a processor does it best in the worker.
        raw = s.device != "cpu"
        part = (team.rank, team.size)
        data = Mixtures(s.cache, seed=s.seed, batch=s.batch, first=self.batches, grid=self.grid, raw=raw, part=part)
        loader = iter(
            DataLoader(
                data, batch_size=None, num_workers=s.workers, prefetch_factor=4 if s.workers else None, pin_memory=raw
            )
        )
        half = s.precision == "bf16" or (s.precision == "auto" and has_bf16(s.device))
        begun, minutes_before = time.monotonic(), self.minutes_before
        judged, logged, losses = begun, begun, []
        first_step = self.step
        with (s.out / "training.log" if leads else Path(os.devnull)).open("a", newline="", encoding="utf-8") as handle:
            log = csv.writer(handle)
            if leads and handle.tell() == 0:
                log.writerow(["minutes", "step", "audio_s", "rate", "loss", "clip", "stem", "sdr_db"])
            done = False
            while not done:
                parts = [part.to(s.device, non_blocking=True) for part in next(loader)]
                mix, size, along, rest = device_targets(parts[0], parts[1], self.grid) if raw else parts
                with torch.autocast(s.device, torch.bfloat16, enabled=half):
                    logits = self.network.logits(mix)
                loss = mask_loss(logits, size, along, rest)
                self.network.zero_grad(set_to_none=True)
                loss.backward()
                passed = time.monotonic() - begun
                share = team.average(self.network, min(passed / max(s.minutes * 60, 1e-6), 1.0))
                done = share >= 1.0
                warm = min((self.step - first_step + 1) / self.warm_up, 1.0)
                rate = warm * (s.final_rate + (s.rate - s.final_rate) * 0.5 * (1 + math.cos(math.pi * share)))
                for optimizer in self.optimizers:
                    for group in optimizer.param_groups:
                        group["lr"] = rate
                norm = nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
                if torch.isfinite(norm):
                    for optimizer in self.optimizers:
                        optimizer.step()
                    self._blend()
                self.step += 1
                self.batches += team.size
                self.heard_s += team.size * s.batch * self.grid.segment / RATE
                losses.append(float(loss.detach()))
                now = time.monotonic()
                self.minutes_before = minutes_before + (now - begun) / 60
                audio_s = round(self.heard_s)
                if not leads:
                    continue
                if now - logged > 60 or done:
                    log.writerow(
                        [
                            f"{self.minutes_before:.1f}",
                            self.step,
                            audio_s,
                            f"{rate:.2e}",
                            f"{np.mean(losses):.4f}",
                            "",
                            "",
                            "",
                        ]
                    )
                    handle.flush()
                    losses, logged = [], now
                    self.save(s.out / "last.pt")
                if clips and (now - judged > s.judge_every_s or done):
                    rows = judge.judge(clips, separator(self.average))
                    for row in rows:
                        log.writerow(
                            [
                                f"{self.minutes_before:.1f}",
                                self.step,
                                audio_s,
                                "",
                                "",
                                row["clip"],
                                row["stem"],
                                row["sdr_db"],
                            ]
                        )
                    handle.flush()
                    score = judge.average(rows)
                    print(
                        f"{self.minutes_before:.1f} min, step {self.step}: mean SDR {score:.2f} dB",
                        [row["sdr_db"] for row in rows],
                        flush=True,
                    )
                    if score > self.best:
                        self.best = score
                        self.save(s.out / "best.pt")
                    judged = time.monotonic()
        if leads:
            self.save(s.out / "last.pt")


def begin(settings: Settings, source: Path | None) -> Run:
    """A new run, or one from the checkpoint `source`, of whose size it is where the settings name none.

    Raises:
        ValueError: the checkpoint is of another network than the settings name.
    """
    if source is None:
        return Run(settings)
    state = checkpoints.read(source)
    # What is grown from the live network has settings of its own.
    own = state.get("model", settings.model) == settings.model
    run = Run(replace(settings, sizes=(state["settings"] if own else {}) | settings.sizes))
    run.load(source)
    return run


def train(settings: Settings, source: Path | None, team: Team) -> None:
    """What each process of a team does: a new run, or one from the checkpoint `source`."""
    begin(settings, source).train(team)
