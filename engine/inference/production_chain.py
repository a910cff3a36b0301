"""The settings that the production model decides, and the sound they make: an ordinary channel strip of the studio
with four inserts.

Levels inside are relative to the loudness of the stem, so the same settings do the same to a quiet and a loud one.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from engine.dsp import dynamics, eq
from engine.dsp.effects import make
from engine.types import Audio

Vector: TypeAlias = npt.NDArray[np.float32]

REFERENCE_LUFS = -18.0
"""Saturation is set as if every stem had this loudness."""
PREDELAY_S = 0.015
DAMPING_HZ = 6000.0


class Setting(msgspec.Struct, frozen=True):
    """One number of the chain: its range, how it is coded on 0..1, and where it does nothing."""

    id: str
    minimum: float
    maximum: float
    log: bool
    neutral: float

    def encode(self, value: float) -> float:
        value = min(max(value, self.minimum), self.maximum)
        if self.log:
            return float(np.log(value / self.minimum) / np.log(self.maximum / self.minimum))
        return (value - self.minimum) / (self.maximum - self.minimum)

    def decode(self, coded: float) -> float:
        coded = min(max(coded, 0.0), 1.0)
        if self.log:
            return float(self.minimum * (self.maximum / self.minimum) ** coded)
        return self.minimum + coded * (self.maximum - self.minimum)


SETTINGS: tuple[Setting, ...] = (
    Setting("high_pass_hz", 20.0, 400.0, True, 20.0),
    Setting("low_shelf_hz", 60.0, 300.0, True, 120.0),
    Setting("low_shelf_db", -10.0, 10.0, False, 0.0),
    Setting("low_mid_hz", 200.0, 1500.0, True, 500.0),
    Setting("low_mid_db", -10.0, 10.0, False, 0.0),
    Setting("low_mid_q", 0.4, 3.0, True, 0.8),
    Setting("high_mid_hz", 1000.0, 7000.0, True, 2500.0),
    Setting("high_mid_db", -10.0, 10.0, False, 0.0),
    Setting("high_mid_q", 0.4, 3.0, True, 0.8),
    Setting("high_shelf_hz", 3000.0, 12000.0, True, 8000.0),
    Setting("high_shelf_db", -10.0, 10.0, False, 0.0),
    Setting("low_pass_hz", 1500.0, 20000.0, True, 20000.0),
    Setting("threshold_over_lufs_db", -10.0, 16.0, False, 3.0),
    Setting("ratio", 1.0, 8.0, True, 1.0),
    Setting("attack_s", 0.001, 0.06, True, 0.010),
    Setting("release_s", 0.04, 0.5, True, 0.120),
    Setting("drive_db", 0.0, 24.0, False, 0.0),
    Setting("width", 0.0, 2.0, False, 1.0),
    Setting("reverb_mix", 0.0, 0.5, False, 0.0),
    Setting("reverb_decay_s", 0.3, 8.0, True, 1.2),
)
IDS: tuple[str, ...] = tuple(s.id for s in SETTINGS)


def neutral() -> Vector:
    """The coded settings that change nothing, ``(len(SETTINGS),) float32``."""
    return np.array([s.encode(s.neutral) for s in SETTINGS], dtype=np.float32)


def decode(coded: Vector) -> dict[str, float]:
    """Coded settings as numbers with units."""
    return {s.id: s.decode(float(v)) for s, v in zip(SETTINGS, coded, strict=True)}


def encode(values: dict[str, float]) -> Vector:
    """Numbers with units as coded settings; what is left out is neutral."""
    return np.array([s.encode(values.get(s.id, s.neutral)) for s in SETTINGS], dtype=np.float32)


def blend(coded: Vector, amount: float) -> Vector:
    """`amount` 0 is neutral, 1 the settings."""
    still = neutral()
    return (still + np.float32(amount) * (coded - still)).astype(np.float32)


def to_strip(coded: Vector, *, lufs: float, gain_db: float = 0.0) -> dict[str, Any]:
    """The settings as a strip of the studio (the shape of its project model), for a stem of this loudness.

    What does nothing is left out, so that a person sees only what was decided.
    """
    v = decode(coded)
    lufs = float(np.clip(lufs, -60.0, 0.0))
    bands = [
        {"kind": "low_shelf", "freq_hz": v["low_shelf_hz"], "gain_db": v["low_shelf_db"], "q": 0.707},
        {"kind": "peak", "freq_hz": v["low_mid_hz"], "gain_db": v["low_mid_db"], "q": v["low_mid_q"]},
        {"kind": "peak", "freq_hz": v["high_mid_hz"], "gain_db": v["high_mid_db"], "q": v["high_mid_q"]},
        {"kind": "high_shelf", "freq_hz": v["high_shelf_hz"], "gain_db": v["high_shelf_db"], "q": 0.707},
    ]
    for band in bands:
        if abs(float(band["gain_db"])) < 0.1:
            band["gain_db"] = 0.0
    inserts: list[dict[str, Any]] = []
    if v["drive_db"] > 0.25:
        drive_db = float(np.clip(v["drive_db"] + REFERENCE_LUFS - lufs, 0.0, 36.0))
        inserts.append(_insert("saturation", drive_db=drive_db, mix=min(1.0, v["drive_db"] / 4.0)))
    if v["low_pass_hz"] < 18500.0:
        inserts.append(_insert("lowpass", freq_hz=v["low_pass_hz"]))
    if abs(v["width"] - 1.0) > 0.03:
        inserts.append(_insert("width", width=v["width"]))
    if v["reverb_mix"] > 0.01:
        inserts.append(
            _insert(
                "reverb", decay_s=v["reverb_decay_s"], predelay_s=PREDELAY_S, damping_hz=DAMPING_HZ, mix=v["reverb_mix"]
            )
        )
    compresses = v["ratio"] > 1.03
    return {
        "gain_db": float(np.clip(gain_db, -24.0, 12.0)),
        "pan": 0.0,
        "high_pass_hz": v["high_pass_hz"] if v["high_pass_hz"] > 21.0 else 0.0,
        "eq": bands,
        "compressor": {
            "threshold_db": float(np.clip(lufs + v["threshold_over_lufs_db"], -60.0, 0.0)),
            "ratio": v["ratio"] if compresses else 1.0,
            "attack_s": v["attack_s"],
            "release_s": v["release_s"],
            "makeup_db": 0.0,
        },
        "inserts": inserts,
    }


def _insert(kind: str, **parameters: float) -> dict[str, Any]:
    return {"id": kind, "kind": kind, "parameters": parameters, "bypass": False}


def apply_strip(audio: Audio, strip: dict[str, Any], *, rate: int) -> Audio:
    """What the mixer makes of a strip, off-line: high-pass, equaliser, compressor, inserts, gain.

    Args:
        audio: ``(2, frames) float32``; it is not changed.
    """
    rows = [eq.high_pass(strip["high_pass_hz"], rate=rate)] if strip["high_pass_hz"] > 0.0 else []
    shapes = {"low_shelf": eq.low_shelf, "peak": eq.peak, "high_shelf": eq.high_shelf}
    rows += [
        shapes[b["kind"]](b["freq_hz"], b["gain_db"], b["q"], rate=rate) for b in strip["eq"] if b["gain_db"] != 0.0
    ]
    out = np.array(audio, dtype=np.float32, order="C")
    if rows:
        out, _ = eq.apply_sos(out, np.stack(rows))
    compressor = strip["compressor"]
    if compressor["ratio"] > 1.0:
        out, _ = dynamics.compress(
            out,
            rate=rate,
            threshold_db=compressor["threshold_db"],
            ratio=compressor["ratio"],
            attack_s=compressor["attack_s"],
            release_s=compressor["release_s"],
            makeup_db=compressor["makeup_db"],
        )
    for insert in strip["inserts"]:
        if not insert["bypass"]:
            out = make(insert["kind"], insert["parameters"], rate=rate).process(out)
    return out * np.float32(10.0 ** (strip["gain_db"] / 20.0))
