"""The settings of a channel strip as the kernels read them."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from engine.errors import EngineError
from engine.plan.kernel import layout as L
from engine.plan.model import AutomationPlan, CompressorPlan, StripPlan

BANDS = L.STAGES - 1
_KINDS = {"low_shelf": 0.0, "peak": 1.0, "high_shelf": 2.0}
_BAND_FIELDS = {"freq_hz": 1, "gain_db": 2, "q": 3}
_COMPRESSOR_FIELDS = {"threshold_db": 0, "ratio": 1, "attack_s": 2, "release_s": 3, "makeup_db": 4}
_LOG = frozenset({"freq_hz", "high_pass_hz", "tone_hz", "low_cut_hz", "damping_hz", "rate_hz", "bass_mono_hz"})

LIMITS: dict[str, tuple[float, float]] = {
    "gain_db": (-120.0, 24.0),
    "pan": (-1.0, 1.0),
    "mute": (0.0, 1.0),
    "high_pass_hz": (0.0, 20_000.0),
    "freq_hz": (10.0, 22_000.0),
    "eq_gain_db": (-30.0, 30.0),
    "q": (0.05, 40.0),
    "threshold_db": (-90.0, 20.0),
    "ratio": (1.0, 100.0),
    "attack_s": (0.0, 5.0),
    "release_s": (0.0, 20.0),
    "makeup_db": (-40.0, 40.0),
}
"""What each value of a strip is held to; anything else would be absurd."""


def held(name: str, value: float) -> float:
    """`value` within `LIMITS`; what is no number becomes the lower limit."""
    low, high = LIMITS[name]
    return low if math.isnan(value) else min(max(value, low), high)


def linear_gain(gain: float) -> float:
    """A linear gain, held to at most 24 dB."""
    limit = 10.0 ** (LIMITS["gain_db"][1] / 20.0)
    return 0.0 if math.isnan(gain) else min(max(gain, -limit), limit)


def raw_settings(strip: StripPlan) -> npt.NDArray[np.float64]:
    """The words `RAW_WORDS` of a strip.

    Raises:
        EngineError: code ``strip-bands`` for more bands than the strip has.
    """
    raw = np.zeros(L.RAW_WORDS)
    raw[L.RAW_HIGH_PASS] = held("high_pass_hz", strip.high_pass_hz)
    if len(strip.eq) > BANDS:
        raise EngineError(
            f"An equaliser has {len(strip.eq)} bands; the strip has {BANDS}.",
            remedy="Remove bands, or add a second track or bus for them.",
            code="strip-bands",
        )
    for k in range(BANDS):
        words = raw[L.RAW_BAND + 4 * k : L.RAW_BAND + 4 * k + 4]
        words[:] = (-1.0, 1000.0, 0.0, 1.0)
        if k < len(strip.eq):
            band = strip.eq[k]
            words[:] = (
                _KINDS[band.kind],
                held("freq_hz", band.freq_hz),
                held("eq_gain_db", band.gain_db),
                held("q", band.q),
            )
    compressor = strip.compressor or CompressorPlan()
    raw[L.RAW_COMPRESSOR : L.RAW_COMPRESSOR + 5] = (
        held("threshold_db", compressor.threshold_db),
        held("ratio", compressor.ratio if strip.compressor is not None else 1.0),
        held("attack_s", compressor.attack_s),
        held("release_s", compressor.release_s),
        held("makeup_db", compressor.makeup_db),
    )
    return raw


def stages_of(raw: npt.NDArray[np.float64], automated: set[int]) -> int:
    """Bit mask of the filter stages that a strip uses."""
    mask = 1 if raw[L.RAW_HIGH_PASS] > 0.0 or L.RAW_HIGH_PASS in automated else 0
    for k in range(BANDS):
        first = L.RAW_BAND + 4 * k
        moves = any(first <= word < first + 4 for word in automated)
        if raw[first] >= 0.0 and (raw[first + 2] != 0.0 or moves):
            mask |= 2 << k
    return mask


def strip_word(target: str) -> tuple[int, str] | None:
    """Which word of `RAW_WORDS` an automation target moves, and the name of its limits; None for other targets."""
    if target == "high_pass_hz":
        return L.RAW_HIGH_PASS, "high_pass_hz"
    part, _, rest = target.partition(".")
    if part == "compressor" and rest in _COMPRESSOR_FIELDS:
        return L.RAW_COMPRESSOR + _COMPRESSOR_FIELDS[rest], rest
    number, _, name = rest.partition(".")
    if part == "eq" and number.isdigit() and int(number) < BANDS and name in _BAND_FIELDS:
        limits = "eq_gain_db" if name == "gain_db" else name
        return L.RAW_BAND + 4 * int(number) + _BAND_FIELDS[name], limits
    return None


def is_logarithmic(name: str) -> bool:
    """True for frequencies, which ramp in octaves."""
    return name in _LOG


def points_of(
    lane: AutomationPlan, *, low: float, high: float, log: bool, ramp: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """An automation lane as frames and values between which straight lines run.

    Args:
        log: values become powers of two; nothing below 1 then.
        ramp: a step becomes a ramp of this many frames that ends where the step was, so that it does not click.
    """
    frames: list[int] = []
    values: list[float] = []
    for frame, value in sorted(zip(lane.frames, lane.values, strict=True), key=lambda point: point[0]):
        value = low if math.isnan(value) else min(max(value, low), high)
        if log:
            value = math.log2(max(value, 1.0))
        if frames and (lane.hold or frame == frames[-1]) and value != values[-1]:
            start = max(frame - ramp, frames[-2] if frame == frames[-1] and len(frames) > 1 else frames[-1])
            if frame == frames[-1]:
                # Two points on one frame: the line into the first one ends a ramp earlier.
                frames[-1] = min(start, frame)
            elif start > frames[-1]:
                frames.append(start)
                values.append(values[-1])
        frames.append(frame)
        values.append(value)
    return np.array(frames, dtype=np.int64), np.array(values, dtype=np.float64)
