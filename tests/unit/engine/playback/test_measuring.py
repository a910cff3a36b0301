"""Tempo, level matching, latency by loopback, and the meters of the master."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import DeviceError
from engine.plan import AutomationPlan, MixPlan, StripPlan, TempoPlan
from engine.playback import latency
from engine.playback.matching import matched
from engine.playback.messages import SPECTRUM_BANDS
from engine.playback.monitor import Monitor, Spectrum, spectrum_bands_hz
from engine.playback.tempo import count_in_frames, next_beat, tempo_at

RATE = 48_000
TEMPO = (
    TempoPlan(start_frame=0.0, frames_per_beat=24_000.0, beat=0.0, beats_per_bar=4),
    TempoPlan(start_frame=100_000.0, frames_per_beat=20_000.0, beat=100_000 / 24_000, beats_per_bar=3),
)


def test_beats_and_bars_follow_the_tempo() -> None:
    assert tempo_at(TEMPO, 99_999) is TEMPO[0]
    assert tempo_at(TEMPO, 100_000) is TEMPO[1]
    assert next_beat(TEMPO, 0) == 0
    assert next_beat(TEMPO, 1) == 24_000
    assert next_beat(TEMPO, 1, bar=True) == 96_000
    # Bars of three from the change on: the next one begins at beat 6.
    assert next_beat(TEMPO, 96_001, bar=True) == 100_000 + round((6 - 100_000 / 24_000) * 20_000)
    # Beat 5 lies beyond the change: its place follows from the new tempo.
    assert next_beat(TEMPO, 97_000) == 100_000 + round((5 - 100_000 / 24_000) * 20_000)
    assert count_in_frames(TEMPO, 0, 2) == 2 * 4 * 24_000
    assert count_in_frames(TEMPO, 200_000, 1) == 3 * 20_000
    assert count_in_frames((), 0, 0) == 0


def test_matching_acts_before_the_limiter_and_on_automation() -> None:
    plan = MixPlan(
        master=StripPlan(gain=0.5),
        master_automation=(
            AutomationPlan(target="gain_db", frames=(0, 10), values=(0.0, -6.0)),
            AutomationPlan(target="pan", frames=(0,), values=(0.5,)),
        ),
    )
    louder = matched(plan, 6.0)
    assert louder.master.gain == pytest.approx(0.5 * 10**0.3)
    assert louder.master_automation[0].values == (6.0, 0.0)
    assert louder.master_automation[1] == plan.master_automation[1]
    assert louder.ceiling_dbtp == plan.ceiling_dbtp
    assert matched(plan, 0.0) is plan


@pytest.mark.parametrize("late", [0, 1, 4_321])
def test_a_chirp_is_found_under_noise(late: int, rng: np.random.Generator) -> None:
    signal = latency.chirp(rate=RATE)
    heard = rng.normal(0.0, 0.02, (2, 60_000)).astype(np.float32)
    heard[1, late : late + signal.size] += -0.3 * signal
    assert latency.find(heard, signal) == late


def test_without_a_cable_nothing_is_found(rng: np.random.Generator) -> None:
    signal = latency.chirp(rate=RATE)
    for heard in (rng.normal(0.0, 0.02, (2, 60_000)), np.zeros((2, 60_000))):
        with pytest.raises(DeviceError) as caught:
            latency.find(heard.astype(np.float32), signal)
        assert caught.value.code == "device-loopback"


def test_the_test_tone_has_its_level_and_no_edge() -> None:
    tone = latency.tone(1.0, rate=RATE)
    assert tone.size == RATE
    assert np.abs(tone).max() == pytest.approx(0.125, rel=1e-3)
    assert np.abs(tone[[0, -1]]).max() < 1e-4
    assert np.abs(np.diff(tone, n=2)).max() < 1e-3


def sine(freq_hz: float, *, level: float = 0.5, seconds: float = 4.0, turn: float = 0.0) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * (freq_hz * t + turn))).astype(np.float32)


def test_the_master_meters() -> None:
    left = sine(1_000.0)
    # BS.1770: a 1 kHz sine reads its mean square, summed over channels, -0.691 + the filter's 0.691 dB.
    cases = [(left, 1.0, -6.02), (-left, -1.0, -6.02), (np.zeros_like(left), 0.0, -9.03)]
    rising = np.minimum(np.arange(left.size) / 480, 1.0).astype(np.float32)
    cases.append((sine(1_000.0, turn=0.25) * rising, 0.0, -6.02))
    for right, correlation, lufs in cases:
        monitor = Monitor(RATE)
        for start in range(0, left.size, 960):
            monitor.process(np.stack([left, right])[:, start : start + 960])
        assert monitor.correlation == pytest.approx(correlation, abs=0.01)
        assert monitor.lufs_m == pytest.approx(lufs, abs=0.1)
        assert monitor.lufs_s == pytest.approx(monitor.lufs_m, abs=0.1)
        assert monitor.lufs_i == pytest.approx(monitor.lufs_m, abs=0.1)
        assert monitor.true_peak_dbtp == pytest.approx(-6.02, abs=0.05)


@pytest.mark.parametrize("freq_hz", [40.0, 440.0, 9_000.0])
def test_the_spectrum_shows_a_sine_at_its_level_in_its_band(freq_hz: float) -> None:
    spectrum = Spectrum(RATE)
    sound = sine(freq_hz, level=0.1, seconds=0.5)
    for start in range(0, sound.size, 960):
        spectrum.process(np.stack([sound, sound])[:, start : start + 960])
    assert spectrum.levels_db.shape == (SPECTRUM_BANDS,)
    best = int(np.argmax(spectrum.levels_db))
    assert abs(np.log2(spectrum_bands_hz()[best] / freq_hz)) < 0.1
    assert spectrum.levels_db[best] == pytest.approx(-20.0, abs=1.5)
    far = np.abs(np.log2(spectrum_bands_hz() / freq_hz)) > 2.0
    assert spectrum.levels_db[far].max() < -70.0
    # It falls back, and ends in silence.
    for _ in range(250):
        spectrum.process(np.zeros((2, 960), dtype=np.float32))
    assert spectrum.levels_db.max() < -100.0
