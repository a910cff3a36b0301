"""How much of the way to the target the model goes, beside a matchering-like baseline and the true settings, on
recordings never trained on."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
from scipy import signal

from engine.dsp.loudness import integrated_lufs
from engine.inference.production import EXCERPT_S, PROBE_S, excerpt
from engine.inference.production_chain import Vector, apply_strip, to_strip
from engine.inference.production_features import BANDS, features
from engine.inference.production_fit import Scatter, fitted
from engine.inference.production_refine import refined
from onnx_models.training.style.chains import draw
from onnx_models.training.style.dataset import process, stem_sections
from onnx_models.training.style.material import RATE, ROLES, Library, Samples

SHORT_S = 5.0
"""A second length at which the model is judged: what a short loop says of a sound."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Mean distances over all trials, and what part of the gap each method closes (1 is all of it)."""

    trials: int
    seconds: float
    """Length of what was heard of the input and of the reference."""
    distance_input: float
    distance_model: float
    distance_refined: float
    distance_baseline: float
    distance_oracle: float
    gap_closed_model: float
    """By what the network says, alone."""
    gap_closed_refined: float
    """With the settings put right by listening."""
    gap_closed_baseline: float
    model_better_share: float
    refined_better_share: float
    refined_share: float
    """Share of the trials in which the correction changed something."""
    by_role: dict[str, tuple[float, float, float]]
    """Gap closed with the correction, by the network alone, by the baseline."""


def distance(a: Samples, b: Samples) -> float:
    """Multi-resolution STFT distance plus a tenth of the bands' difference in dB."""
    total = 0.0
    for size in (512, 2048, 8192):
        error, whole = 0.0, 1e-6
        for sign in (1.0, -1.0):
            _, _, p = signal.stft(a[0] + sign * a[1], nperseg=size, padded=False)
            _, _, q = signal.stft(b[0] + sign * b[1], nperseg=size, padded=False)
            p, q = np.abs(p), np.abs(q)
            floor = 3e-5
            total += float(np.mean(np.abs(np.log10(p + floor) - np.log10(q + floor)))) / 6.0
            error += float(np.sum((p - q) ** 2))
            whole += float(np.sum(q**2))
        # Mid and side share one denominator: beside a mono target any width would count as endless.
        total += float(np.sqrt(error / whole)) / 6.0
    bands = np.abs(features(a, rate=RATE)[:BANDS] - features(b, rate=RATE)[:BANDS])
    return total + float(np.mean(np.minimum(bands, 20.0))) / 10.0


def matched(audio: Samples, reference: Samples) -> Samples:
    """`audio` at the loudness of `reference`."""
    change = integrated_lufs(reference, rate=RATE) - integrated_lufs(audio, rate=RATE)
    return (audio * 10.0 ** (np.clip(change, -40, 40) / 20.0)).astype(np.float32)


def matchering_like(audio: Samples, reference: Samples) -> Samples:
    """Level, frequency response and width of the reference: smoothed mean spectra of mid and side set two linear-phase
    filters."""
    out = np.zeros_like(audio)
    mids = []
    for sign in (1.0, -1.0):
        x, y = 0.5 * (audio[0] + sign * audio[1]), 0.5 * (reference[0] + sign * reference[1])
        size = 4096
        _, _, p = signal.stft(x, nperseg=size)
        _, _, q = signal.stft(y, nperseg=size)
        ratio = _smooth(np.sqrt(np.mean(np.abs(q) ** 2, axis=1))) / (
            _smooth(np.sqrt(np.mean(np.abs(p) ** 2, axis=1))) + 1e-9
        )
        ratio = np.clip(ratio, 0.01, 30.0) if float(np.mean(x**2)) > 1e-10 else np.ones(ratio.size)
        taps = signal.firwin2(size + 1, np.linspace(0.0, 1.0, ratio.size), ratio)
        mids.append(signal.fftconvolve(x, taps)[size // 2 : size // 2 + x.size])
    out[0], out[1] = mids[0] + mids[1], mids[0] - mids[1]
    return matched(out, reference)


def _smooth(magnitude: np.ndarray) -> np.ndarray:
    """Mean over a third of an octave around each bin."""
    index = np.arange(magnitude.size)
    low, high = np.floor(index / 2 ** (1 / 6)).astype(int), np.ceil(index * 2 ** (1 / 6)).astype(int) + 1
    total = np.concatenate([[0.0], np.cumsum(magnitude**2)])
    high = np.minimum(high, magnitude.size)
    return np.sqrt((total[high] - total[low]) / np.maximum(high - low, 1)) + 1e-9


def evaluate(
    library: Library,
    predict: Callable[[np.ndarray, np.ndarray], Vector],
    *,
    seed: int,
    trials: int,
    seconds: float = EXCERPT_S,
    scatter: Scatter | None = None,
    tick: Callable[[int], None] | None = None,
) -> Figures:
    """Random chains on held-out recordings; the reference is another section of the same stem through the same
    chain, each of so many seconds (the program hears at least `EXCERPT_S` where a recording has them). The chain of a
    trial is the same at each length. With a scatter all settings are put right by listening
    (`engine.inference.production_fit`), without it the equaliser alone."""
    rows: list[tuple[float, ...]] = []
    roles: list[str] = []
    attempt = 0
    while len(rows) < trials:
        attempt += 1
        role = ROLES[len(rows) % len(ROLES)]
        rng = np.random.default_rng([seed, 99, attempt])
        sections = stem_sections(library, role, rng, held_out=True, count=2, seconds=seconds)
        if sections is None:
            continue
        coded = draw(np.random.default_rng([seed, 98, attempt]))
        target, reference = process(sections[0], coded), process(sections[1], coded)
        heard, wanted = features(sections[0], rate=RATE), features(reference, rate=RATE)
        guess = predict(heard, wanted)
        lufs = integrated_lufs(sections[0], rate=RATE)

        def through(coded: Vector) -> Samples:
            strip = to_strip(coded, lufs=lufs)  # noqa: B023
            return matched(apply_strip(sections[0], strip, rate=RATE), reference)  # noqa: B023

        by_model = through(guess)
        better, behind = guess, features(by_model, rate=RATE)
        if scatter is not None:
            short = excerpt(sections[0], rate=RATE, seconds=PROBE_S)

            def listen(coded: Vector, sound: Samples = sections[0], lufs: float = lufs) -> np.ndarray:
                return features(apply_strip(sound, to_strip(coded, lufs=lufs), rate=RATE), rate=RATE)

            def probe(coded: Vector, sound: Samples = short, lufs: float = lufs) -> np.ndarray:
                return features(apply_strip(sound, to_strip(coded, lufs=lufs), rate=RATE), rate=RATE)

            better, behind = fitted(guess, heard=behind, target=wanted, scatter=scatter, listen=listen, probe=probe)
        better = refined(better, heard=behind, target=wanted, rate=RATE)
        changed = not np.array_equal(better, guess)
        near = distance(by_model, target)
        rows.append(
            (
                distance(sections[0], target),
                near,
                distance(matchering_like(sections[0], reference), target),
                distance(matched(target, reference), target),
                distance(through(better), target) if changed else near,
                float(changed),
            )
        )
        roles.append(role)
        if tick is not None:
            tick(len(rows))
    table = np.array(rows)
    mean = table.mean(axis=0)
    by_role: dict[str, tuple[float, float, float]] = {}
    for role in dict.fromkeys(roles):
        m = table[np.array(roles) == role].mean(axis=0)
        by_role[role] = (_closed(m, 4), _closed(m, 1), _closed(m, 2))
    return Figures(
        trials=len(rows),
        seconds=seconds,
        distance_input=float(mean[0]),
        distance_model=float(mean[1]),
        distance_refined=float(mean[4]),
        distance_baseline=float(mean[2]),
        distance_oracle=float(mean[3]),
        gap_closed_model=_closed(mean, 1),
        gap_closed_refined=_closed(mean, 4),
        gap_closed_baseline=_closed(mean, 2),
        model_better_share=float(np.mean(table[:, 1] < table[:, 2])),
        refined_better_share=float(np.mean(table[:, 4] < table[:, 2])),
        refined_share=float(mean[5]),
        by_role=by_role,
    )


def _closed(mean: np.ndarray, column: int) -> float:
    return float((mean[0] - mean[column]) / (mean[0] - mean[3]))
