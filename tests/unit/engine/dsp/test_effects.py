"""Every effect of the registry keeps the contract; each does what its name says."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dsp import effects
from engine.errors import EngineError

RATE = 48_000
KINDS = list(effects.EFFECTS)


def run(kind: str, x: np.ndarray, rate: int = RATE, **parameters: float) -> np.ndarray:
    return effects.make(kind, parameters, rate=rate).process(x.copy())


@pytest.fixture
def music(rng: np.random.Generator) -> np.ndarray:
    return (rng.standard_normal((2, RATE)) * 0.2).astype(np.float32)


def test_the_registry_holds_what_was_promised() -> None:
    assert set(KINDS) == {"delay", "reverb", "saturation", "limiter", "width", "lowpass", "chorus"}
    for spec in effects.EFFECTS.values():
        for parameter in spec.parameters:
            assert parameter.minimum <= parameter.default <= parameter.maximum
            assert parameter.scale != "log" or parameter.minimum > 0.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [44_100, 96_000])
def test_blocks_of_any_size_give_the_same_samples(
    kind: str, rate: int, music: np.ndarray, rng: np.random.Generator
) -> None:
    effect = effects.make(kind, {}, rate=rate)
    whole = effect.process(music.copy())
    effect.reset()
    parts: list[np.ndarray] = []
    at = 0
    while at < music.shape[1]:
        step = int(rng.choice([1, 64, 256, 512, 777]))
        parts.append(effect.process(np.ascontiguousarray(music[:, at : at + step])))
        at += step
    assert np.abs(np.concatenate(parts, axis=1) - whole).max() < 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_adopts_another_goes_on_where_it_was(kind: str, music: np.ndarray) -> None:
    whole = run(kind, music)
    first, second = effects.make(kind, {}, rate=RATE), effects.make(kind, {}, rate=RATE)
    first.process(music[:, :20_000].copy())
    second.adopt(first)
    assert np.abs(second.process(music[:, 20_000:].copy()) - whole[:, 20_000:]).max() < 1e-6
    other = effects.make("width" if kind != "width" else "delay", {}, rate=RATE)
    other.adopt(first)
    fresh = effects.make("width" if kind != "width" else "delay", {}, rate=RATE)
    assert np.array_equal(other.process(music.copy()), fresh.process(music.copy()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("edge", ["minimum", "maximum"])
def test_extreme_settings_stay_finite_and_bounded(kind: str, edge: str, music: np.ndarray) -> None:
    values = {parameter.id: getattr(parameter, edge) for parameter in effects.EFFECTS[kind].parameters}
    y = run(kind, music, **values)
    assert np.all(np.isfinite(y))
    assert np.abs(y).max() < 20.0


@pytest.mark.parametrize("kind", KINDS)
def test_silence_after_sound_ends_in_silence(kind: str) -> None:
    effect = effects.make(kind, {}, rate=RATE)
    x = np.zeros((2, RATE * 6), np.float32)
    x[:, :100] = 0.5
    assert np.abs(effect.process(x)[:, -1000:]).max() < 1e-4


def test_unknown_kinds_and_settings_are_named() -> None:
    with pytest.raises(EngineError) as kind:
        effects.make("flanger", {}, rate=RATE)
    assert kind.value.code == "effect-unknown"
    with pytest.raises(EngineError) as setting:
        effects.make("delay", {"tyme_s": 1.0}, rate=RATE)
    assert setting.value.code == "effect-parameter"
    with pytest.raises(EngineError):
        effects.make("delay", {"mix": float("nan")}, rate=RATE)
    assert effects.resolve("delay", {"mix": 7.0})["mix"] == 1.0


def test_the_delay_repeats_on_time() -> None:
    x = np.zeros((2, RATE), np.float32)
    x[0, 0] = 1.0
    y = run("delay", x, time_s=0.1, feedback=0.5, mix=1.0)
    peaks = [int(np.argmax(np.abs(y[0, k * 4_800 - 50 : k * 4_800 + 50]))) for k in (1, 2, 3)]
    assert peaks == [50, 50, 50] or max(abs(p - 50) for p in peaks) <= 2
    assert np.abs(y[1]).max() == 0.0
    crossed = run("delay", x, time_s=0.1, feedback=0.5, mix=1.0, ping_pong=1.0)
    assert np.abs(crossed[0, 4_790:4_900]).max() > 10 * np.abs(crossed[1, 4_790:4_900]).max()
    assert np.abs(crossed[1, 9_590:9_700]).max() > 10 * np.abs(crossed[0, 9_590:9_700]).max()


@pytest.mark.parametrize("decay_s", [0.5, 2.0, 5.0])
def test_the_reverb_decays_in_its_time(decay_s: float) -> None:
    x = np.zeros((2, round(RATE * decay_s * 1.2)), np.float32)
    x[:, 0] = 1.0
    y = run("reverb", x, decay_s=decay_s, damping_hz=18_000.0, predelay_s=0.0, mix=1.0).astype(np.float64)
    energy = np.cumsum((y**2).sum(axis=0)[::-1])[::-1]
    curve = 10 * np.log10(energy / energy[0])
    t5, t35 = np.argmax(curve < -5) / RATE, np.argmax(curve < -35) / RATE
    assert 2 * (t35 - t5) == pytest.approx(decay_s, rel=0.25)
    assert abs(np.corrcoef(y)[0, 1]) < 0.3


def test_saturation_adds_odd_harmonics_and_little_aliasing() -> None:
    t = np.arange(RATE) / RATE
    x = np.stack([0.5 * np.sin(2 * np.pi * 5_000 * t)] * 2).astype(np.float32)
    spectrum = np.abs(np.fft.rfft(run("saturation", x, drive_db=18.0)[0] * np.hanning(RATE)))
    level = lambda hz: 20 * np.log10(spectrum[hz - 3 : hz + 4].max() / spectrum[4_997:5_004].max())  # noqa: E731
    assert -20 < level(15_000) < -6
    # The fifth and seventh harmonics fold back to 23 and 13 kHz.
    assert level(13_000) < -35


def test_width_zero_is_mono_and_one_is_nothing(music: np.ndarray) -> None:
    assert np.allclose(run("width", music, width=1.0), music, atol=1e-7)
    mono = run("width", music, width=0.0)
    assert np.allclose(mono[0], mono[1], atol=1e-7)
    assert np.allclose(mono[0], music.mean(axis=0), atol=1e-7)
    lows = run("width", np.stack([np.ones(RATE), -np.ones(RATE)]).astype(np.float32), bass_mono_hz=200.0)
    assert np.abs(lows[:, -1000:]).max() < 1e-3


def test_the_limiter_effect_says_how_late_it_is() -> None:
    effect = effects.make("limiter", {}, rate=RATE)
    x = np.zeros((2, 2_000), np.float32)
    x[:, 100] = 0.5
    assert int(np.argmax(effect.process(x)[0])) == 100 + effect.latency_frames


def test_the_lowpass_cuts_highs(music: np.ndarray) -> None:
    spectrum = np.abs(np.fft.rfft(run("lowpass", music, freq_hz=1_000.0)[0]))
    assert np.mean(spectrum[8_000:]) < 0.03 * np.mean(spectrum[:500])


def test_the_chorus_makes_the_sides_differ() -> None:
    t = np.arange(RATE) / RATE
    x = np.stack([0.3 * np.sin(2 * np.pi * 400 * t)] * 2).astype(np.float32)
    y = run("chorus", x)
    assert np.abs(y[0] - y[1]).max() > 0.05
    assert np.array_equal(run("chorus", x, mix=0.0), x)
