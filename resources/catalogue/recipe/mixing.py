"""The desk: tracks with equaliser, dynamics and sends, four stems, and a master whose gain rides on the stems."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy import signal

from engine.dsp import dynamics, effects, eq, limiter, loudness
from engine.types import STEMS, Audio

RATE = 44100


@dataclasses.dataclass(frozen=True)
class Space:
    """A room or echo that tracks are sent to; each stem has its own return, so that stems stay whole."""

    kind: str
    parameters: Mapping[str, float]
    duck_db: float = 0.0


@dataclasses.dataclass
class Track:
    """One instrument on the desk."""

    name: str
    stem: str
    audio: Audio
    lufs: float
    """Loudness of the track while it plays, before pan, ducking and automation."""
    pan: float = 0.0
    high_pass_hz: float = 30.0
    bands: Sequence[npt.NDArray[np.float64]] = ()
    compress: tuple[float, float, float, float] | None = None
    """threshold dB (relative to the track's own peak), ratio, attack s, release s."""
    inserts: Sequence[tuple[str, dict[str, float]]] = ()
    sends: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Space name to send level in dB."""
    duck: npt.NDArray[np.float32] | None = None
    automation: npt.NDArray[np.float32] | None = None


@dataclasses.dataclass(frozen=True)
class Mixed:
    """Mix and stems `(2, frames) float32`, and what the master did."""

    mix: Audio
    stems: dict[str, Audio]
    lufs: float
    true_peak_dbtp: float
    limited_db: float


def db(value: float) -> float:
    return 10.0 ** (value / 20.0)


def process(track: Track) -> Audio:
    """A track's sound before the sends: filters, dynamics, inserts, level, pan."""
    x = track.audio
    rows = [eq.high_pass(track.high_pass_hz, rate=RATE), *track.bands]
    x, _ = eq.apply_sos(x, np.vstack(rows))
    if track.compress is not None:
        threshold, ratio, attack, release = track.compress
        peak_db = 20 * np.log10(float(np.percentile(np.abs(x).max(axis=0), 99.7)) + 1e-9)
        x, _ = dynamics.compress(
            x, rate=RATE, threshold_db=peak_db + threshold, ratio=ratio, attack_s=attack, release_s=release
        )
    for kind, parameters in track.inserts:
        x = apply_effect(x, kind, parameters)
    level = loudness.integrated_lufs(x, rate=RATE)
    gain_db = track.lufs - level if np.isfinite(level) else 0.0
    gains = np.array([[np.cos((track.pan + 1) * np.pi / 4)], [np.sin((track.pan + 1) * np.pi / 4)]]) * np.sqrt(2.0)
    x = (x * gains * db(gain_db)).astype(np.float32)
    if track.duck is not None:
        x = x * track.duck
    if track.automation is not None:
        x = x * track.automation
    return x


def apply_effect(x: Audio, kind: str, parameters: Mapping[str, float]) -> Audio:
    """Run one effect of the engine over a whole sound, its latency taken off."""
    effect = effects.make(kind, parameters, rate=RATE)
    late = effect.latency_frames
    padded = np.concatenate([x, np.zeros((2, late), np.float32)], axis=1) if late else x.copy()
    y = effect.process(np.ascontiguousarray(padded, dtype=np.float32))
    return np.ascontiguousarray(y[:, late:])


def mix_down(
    tracks: Sequence[Track],
    spaces: Mapping[str, Space],
    *,
    frames: int,
    lufs: float = -14.0,
    ceiling_dbtp: float = -1.6,
    glue_db: float = 2.0,
    fade_out_s: float = 0.0,
    master_bands: Sequence[npt.NDArray[np.float64]] = (),
) -> Mixed:
    """Mix tracks to stems and a master at `lufs`; the stems sum to the mix.

    `master_bands` (an equaliser is linear) are run over every stem; the glue compressor's and the limiter's gain is
    measured on the mix and applied to every stem alike.
    """
    stems = {stem: np.zeros((2, frames), np.float64) for stem in STEMS}
    sends: dict[tuple[str, str], npt.NDArray[np.float64]] = {}
    for track in tracks:
        x = process(track)[:, :frames]
        stems[track.stem][:, : x.shape[1]] += x
        for name, level in track.sends.items():
            bus = sends.setdefault((track.stem, name), np.zeros((2, frames), np.float64))
            bus[:, : x.shape[1]] += x * db(level)
    for (stem, name), bus in sends.items():
        space = spaces[name]
        stems[stem] += apply_effect(bus.astype(np.float32), space.kind, {**space.parameters, "mix": 1.0})
    fade = np.ones(frames)
    if fade_out_s:
        count = round(fade_out_s * RATE)
        fade[-count:] = np.cos(np.linspace(0, np.pi / 2, count)) ** 2
    for stem in stems:
        x = _no_offset(stems[stem])
        if master_bands:
            x = signal.sosfilt(np.vstack(list(master_bands)), x, axis=1)
        stems[stem] = x * fade
    return master(stems, lufs=lufs, ceiling_dbtp=ceiling_dbtp, glue_db=glue_db)


def master(stems: dict[str, npt.NDArray[np.float64]], *, lufs: float, ceiling_dbtp: float, glue_db: float) -> Mixed:
    """Bring the sum of the stems to `lufs` under `ceiling_dbtp`."""
    total = np.sum(list(stems.values()), axis=0).astype(np.float32)
    level = loudness.integrated_lufs(total, rate=RATE)
    gain = np.full(total.shape[1], db(lufs - level))
    if glue_db:
        peak_db = 20 * np.log10(float(np.percentile(np.abs(total * gain).max(axis=0), 99.5)) + 1e-9)
        gain = gain * _glue_gain((total * gain).astype(np.float32), peak_db - 2.0 * glue_db)
    trim = 1.0
    limited = np.ones(total.shape[1])
    for _ in range(5):
        x = (total * gain * trim).astype(np.float32)
        limited = _limit_gain(x, ceiling_dbtp)
        reached = loudness.integrated_lufs((x * limited).astype(np.float32), rate=RATE)
        if abs(reached - lufs) < 0.03:
            break
        trim *= db(lufs - reached)
    curve = gain * trim * limited
    out = {stem: (x * curve).astype(np.float32) for stem, x in stems.items()}
    mix = np.sum([x.astype(np.float64) for x in out.values()], axis=0).astype(np.float32)
    return Mixed(
        mix=mix,
        stems=out,
        lufs=loudness.integrated_lufs(mix, rate=RATE),
        true_peak_dbtp=loudness.true_peak_dbtp(mix, rate=RATE),
        limited_db=20 * float(np.log10(limited.min())),
    )


def _glue_gain(x: Audio, threshold_db: float) -> npt.NDArray[np.float64]:
    """Gain curve of a slow 2:1 compressor, read from a steady third channel too quiet to matter."""
    probe = np.full((1, x.shape[1]), 1e-4, np.float32)
    y, _ = dynamics.compress(
        np.concatenate([x, probe]), rate=RATE, threshold_db=threshold_db, ratio=2.0, attack_s=0.02, release_s=0.18
    )
    return y[2].astype(np.float64) / 1e-4


def _limit_gain(x: Audio, ceiling_dbtp: float) -> npt.NDArray[np.float64]:
    """Gain curve of the true-peak limiter, read in the same way."""
    probe = np.full((1, x.shape[1]), 1e-4, np.float32)
    y = limiter.limit_true_peak(np.concatenate([x, probe]), rate=RATE, ceiling_dbtp=ceiling_dbtp)
    curve = y[2].astype(np.float64) / 1e-4
    curve[:64] = curve[64]
    return curve


def _no_offset(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    sos = signal.butter(2, 18.0, btype="high", fs=RATE, output="sos")
    return signal.sosfilt(sos, x, axis=1)


def side_chain(
    kicks_s: Sequence[float], frames: int, *, depth_db: float, release_s: float = 0.22
) -> npt.NDArray[np.float32]:
    """A gain curve that dips by `depth_db` at each kick and swings back."""
    t = np.arange(round((release_s * 1.6) * RATE)) / RATE
    shape = np.clip(t / release_s, 0, 1)
    dip = (1.0 - np.cos(np.pi * shape)) / 2
    dip = 1.0 - (1.0 - db(-depth_db)) * (1.0 - dip)
    attack = round(0.004 * RATE)
    curve = np.ones(frames)
    for at in kicks_s:
        start = round(at * RATE)
        end = min(frames, start + len(dip))
        if start < frames:
            curve[start:end] = np.minimum(curve[start:end], dip[: end - start])
            before = max(0, start - attack)
            curve[before:start] = np.minimum(curve[before:start], np.linspace(1.0, dip[0], start - before))
    return curve.astype(np.float32)


def ramp(points: Sequence[tuple[float, float]], frames: int) -> npt.NDArray[np.float32]:
    """A gain curve in dB through (seconds, dB) points."""
    times, levels = zip(*points, strict=True)
    t = np.arange(frames) / RATE
    return (10.0 ** (np.interp(t, times, levels) / 20.0)).astype(np.float32)


def sweep_low_pass(x: Audio, points: Sequence[tuple[float, float]]) -> Audio:
    """A low-pass whose corner moves through (seconds, Hz) points, in cross-faded blocks of 1,024 frames."""
    block = 1024
    times, corners = zip(*points, strict=True)
    out = np.zeros_like(x)
    window = np.hanning(block * 2 + 1)[:-1].astype(np.float32)
    pad = np.concatenate([np.zeros((2, block), np.float32), x, np.zeros((2, block * 2), np.float32)], axis=1)
    size = block * 4
    for start in range(0, x.shape[1] + block, block):
        hz = float(np.exp(np.interp((start) / RATE, times, np.log(corners))))
        part = pad[:, start : start + block * 2] * window
        spectrum = np.fft.rfft(part, size, axis=1)
        f = np.fft.rfftfreq(size, 1 / RATE)
        spectrum *= 1.0 / np.sqrt(1.0 + (f / hz) ** 8)
        piece = np.fft.irfft(spectrum, size, axis=1)[:, : block * 2].astype(np.float32)
        first = start - block
        low, high = max(0, first), min(x.shape[1], first + block * 2)
        if high > low:
            out[:, low:high] += piece[:, low - first : high - first]
    return out
