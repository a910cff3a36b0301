"""The analysis against sounds whose truth is known, and against real recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.analysis import Analysis, analyse, analyse_task
from engine.errors import Cancelled
from engine.io.pcm import write_pcm

RATE = 44100
PROGRESSION = ("C", "Am", "F", "G")
CHORDS = {"C": (48, 60, 64, 67), "Am": (45, 60, 64, 69), "F": (41, 60, 65, 69), "G": (43, 59, 62, 67)}


def kick() -> np.ndarray:
    t = np.arange(int(0.2 * RATE)) / RATE
    return 0.8 * np.sin(2 * np.pi * (50 * t + 3 * (1 - np.exp(-40 * t)))) * np.exp(-18 * t)


def noise_burst(rng: np.random.Generator, seconds: float, level: float) -> np.ndarray:
    count = int(seconds * RATE)
    return level * rng.normal(size=count) * np.exp(-np.arange(count) / (0.2 * count))


def tone(pitch: float, seconds: float) -> np.ndarray:
    t = np.arange(int(seconds * RATE)) / RATE
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    partials = sum(np.sin(2 * np.pi * k * frequency * t) / k**1.5 for k in (1, 2, 3, 4))
    return 0.08 * partials * np.minimum(1.0, 200 * t) * np.minimum(1.0, 50 * (seconds - t))


def add(out: np.ndarray, sound: np.ndarray, at_s: float) -> None:
    start = round(at_s * RATE)
    stop = min(out.size, start + sound.size)
    if stop > start:
        out[start:stop] += sound[: stop - start]


def song(
    beats: np.ndarray, *, per_bar: int = 4, seconds: float, chords: bool = True, soft_until: int = 0
) -> np.ndarray:
    """Drums and chords on given beats, ``(2, frames) float32``; before the bar `soft_until` only chords play."""
    rng = np.random.default_rng(3)
    out = np.zeros(int(seconds * RATE))
    for k in range(beats.size - 1):
        length = beats[k + 1] - beats[k]
        bar = k // per_bar
        if bar >= soft_until:
            if k % per_bar == 0 or (per_bar == 4 and k % 4 == 2):
                add(out, kick() * (1.0 if k % per_bar == 0 else 0.7), beats[k])
            if per_bar == 4 and k % 2 == 1:
                add(out, noise_burst(rng, 0.12, 0.2), beats[k])
            for half in (0.0, 0.5):
                add(out, noise_burst(rng, 0.04, 0.08), beats[k] + half * length)
        if chords and k % per_bar == 0 and k + per_bar < beats.size:
            for pitch in CHORDS[PROGRESSION[bar % 4]]:
                add(out, tone(pitch, beats[k + per_bar] - beats[k] - 0.02), beats[k])
    return np.repeat(out[None, :], 2, axis=0).astype(np.float32)


def errors_ms(truth: np.ndarray, found: tuple[float, ...]) -> np.ndarray:
    return 1000.0 * np.array([np.min(np.abs(np.asarray(found) - t)) for t in truth])


@pytest.mark.parametrize(("bpm", "offset"), [(120.0, 0.4), (97.3, 0.21), (140.0, 0.05)])
def test_constant_tempo_is_found_within_five_milliseconds(bpm: float, offset: float) -> None:
    beats = np.arange(offset, 30.0, 60.0 / bpm)
    found = analyse(song(beats, seconds=30.0), rate=RATE)
    assert found.tempo_constant
    assert found.tempo_bpm == pytest.approx(bpm, abs=0.02)
    assert errors_ms(beats[:-1], found.beats_s).max() < 5.0
    assert found.beats_per_bar == 4
    assert found.downbeats_s[0] == pytest.approx(offset, abs=0.005)


def test_drifting_beats_are_followed() -> None:
    intervals = 0.6 * (1.0 + 0.06 * np.sin(np.arange(50) / 9.0))
    beats = 0.3 + np.concatenate([[0.0], np.cumsum(intervals)])
    beats = beats[beats < 29.5]
    found = analyse(song(beats, seconds=30.0), rate=RATE)
    assert not found.tempo_constant
    assert np.percentile(errors_ms(beats[1:-1], found.beats_s), 95) < 30.0


def test_a_tempo_that_sways_through_half_a_beat_is_not_taken_for_a_steady_one() -> None:
    intervals = 60.0 / 96.0 * (1.0 + 0.02 * np.sin(np.arange(96) / 11.0 + 4.0))
    beats = 0.35 + np.concatenate([[0.0], np.cumsum(intervals)])
    found = analyse(song(beats, per_bar=3, seconds=float(beats[-1]) + 1.0, chords=False), rate=RATE)
    assert not found.tempo_constant
    assert np.percentile(errors_ms(beats[:-1], found.beats_s), 90) < 30.0


def test_a_waltz_is_counted_in_three() -> None:
    beats = np.arange(0.2, 36.0, 60.0 / 132.0)
    found = analyse(song(beats, per_bar=3, seconds=36.0), rate=RATE)
    assert found.beats_per_bar == 3
    assert found.downbeats_s[0] == pytest.approx(0.2, abs=0.01)


def test_key_and_chords_of_a_known_progression() -> None:
    beats = np.arange(0.0, 32.0, 0.5)
    found = analyse(song(beats, seconds=32.0), rate=RATE)
    assert found.key == "C major"
    right = 0.0
    for chord in found.chords:
        for bar in range(15):
            overlap = min(chord.end_s, 2.0 * bar + 2.0) - max(chord.start_s, 2.0 * bar)
            truth = PROGRESSION[bar % 4]
            minor = truth.endswith("m")
            names = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
            same = (
                chord.root >= 0 and names[chord.root] == truth.rstrip("m") and (chord.quality in ("m", "m7")) == minor
            )
            right += max(0.0, overlap) if same else 0.0
    assert right / 30.0 > 0.9


def test_a_change_of_texture_is_a_border_of_sections() -> None:
    beats = np.arange(0.0, 64.0, 0.5)
    found = analyse(song(beats, seconds=64.0, soft_until=16), rate=RATE)
    borders = [s.start_s for s in found.sections[1:]]
    assert min(abs(b - 32.0) for b in borders) <= 2.0
    before, after = (next(s for s in found.sections if s.end_s > t) for t in (10.0, 45.0))
    assert before.energy < after.energy
    assert found.sections[0].start_s == 0.0
    assert found.sections[-1].end_s == pytest.approx(64.0, abs=0.01)


@pytest.mark.parametrize("seconds", [0.05, 1.0, 6.0])
def test_silence_has_no_beat_and_no_key(seconds: float) -> None:
    found = analyse(np.zeros((2, int(seconds * RATE)), dtype=np.float32), rate=RATE)
    assert found.beats_s == ()
    assert found.tempo_confidence == 0.0
    assert found.key == ""
    assert found.sections == ()


def test_a_second_of_music_survives() -> None:
    found = analyse(song(np.arange(0.0, 3.0, 0.5), seconds=1.0), rate=RATE)
    assert found.duration_s == pytest.approx(1.0)
    assert all(0.0 <= b < 1.0 for b in found.beats_s)


def test_a_held_chord_without_attacks_has_no_beat() -> None:
    out = np.zeros(20 * RATE)
    for pitch in CHORDS["Am"]:
        add(out, tone(pitch, 20.0), 0.0)
    found = analyse(np.repeat(out[None], 2, axis=0).astype(np.float32), rate=RATE)
    assert found.beats_s == ()
    assert {c.label for c in found.chords if c.end_s - c.start_s > 3.0} <= {"Am", "Am7", "C"}


def test_cancel_is_heard_and_progress_rises(tmp_path: Path) -> None:
    ref = write_pcm(song(np.arange(0.0, 8.0, 0.5), seconds=8.0), tmp_path / "a.f32", rate=RATE)
    seen: list[float] = []
    found = analyse_task(pcm=ref, progress=lambda f, _: seen.append(f), cancelled=lambda: False)
    assert isinstance(found, Analysis)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    with pytest.raises(Cancelled):
        analyse_task(pcm=ref, progress=lambda f, _: None, cancelled=lambda: True)


def mixture(folder: Path) -> tuple[np.ndarray, int]:
    parts = [soundfile.read(p, dtype="float32", always_2d=True) for p in sorted(folder.glob("*.ogg"))]
    return np.sum([p[0] for p in parts], axis=0).T, parts[0][1]


@pytest.mark.parametrize(("name", "bpm"), [("caesium_stems", 130.0), ("lithium_instrumental_stems", 124.0)])
def test_real_electronic_music_lies_on_its_stated_grid(shared: Path, name: str, bpm: float) -> None:
    audio, rate = mixture(shared / "audio" / name)
    found = analyse(audio, rate=rate)
    assert found.tempo_bpm == pytest.approx(bpm, abs=0.01)
    # The clips are cut at a bar line.
    assert found.downbeats_s[0] == pytest.approx(0.0, abs=0.010)
    assert found.beats_per_bar == 4


def test_a_solo_trumpet_survives(shared: Path) -> None:
    audio, rate = soundfile.read(shared / "audio" / "mihai_sorohan_solo_trumpet.ogg", dtype="float32", always_2d=True)
    found = analyse(audio.T, rate=rate)
    assert found.tempo_confidence < 0.8
    assert found.duration_s == pytest.approx(5.33, abs=0.01)
