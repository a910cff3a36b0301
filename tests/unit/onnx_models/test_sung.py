"""Sung lines with words."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from onnx_models.training.separation import pool, singing, sung
from onnx_models.training.separation.form import FRAMES, SECONDS
from onnx_models.training.separation.library import RATE, Library
from tests.samples.kits import Recording, write_library


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A kit of one singer: pulses through a formant, which moves from vowel to vowel, at every pitch."""
    names = {path: note for note, path in sung.TIMBRES["tenor"].zones}
    names |= {f"voice/vocobox_martin_c3_{vowel}/48_medium.flac": 48 for vowel in ("a", "e", "i", "o", "ou", "u")}
    recordings = []
    for number, (path, note) in enumerate(sorted(names.items())):
        period = RATE / (440.0 * 2 ** ((note - 69) / 12))
        pulses = np.diff(np.floor(np.arange(RATE + 1) / period))
        angle = 2 * np.pi * (500 + 60 * number) / RATE
        voice = signal.lfilter([1.0], [1.0, -1.9 * np.cos(angle), 0.9025], pulses)
        recordings.append(Recording(path, 0.5 * voice / np.abs(voice).max(), note))
    write_library(tmp_path, recordings)
    return tmp_path


def test_a_syllable_goes_on_only_where_the_notes_touch() -> None:
    apart = [(1.0 + index, 0.5, 60) for index in range(20)]
    together = [(1.0 + index, 1.0, 60) for index in range(20)]
    rng = np.random.default_rng(3)
    assert all(note.syllable is not None for _ in range(10) for note in sung.words(apart, rng))
    slurred = [note.syllable is None for _ in range(10) for note in sung.words(together, rng)]
    assert 0.05 < np.mean(slurred) < 0.9


def test_lines_keep_to_the_singer_and_to_time() -> None:
    for seed in range(20):
        line = sung._line(np.random.default_rng(seed), 45, 72)
        assert all(45 <= pitch <= 72 for _, _, pitch in line)
        assert all(0.6 < start < SECONDS for start, _, _ in line)
        assert all(a[0] + a[1] <= b[0] + 1e-6 for a, b in itertools.pairwise(line))


def test_a_sung_line_has_the_pitches_that_were_written(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyworld", reason="WORLD comes with the train extra")
    monkeypatch.setattr(sung, "SHARES", (0.0, 1.0, 0.0, 0.0))
    monkeypatch.setattr(sung, "_line", lambda rng, low, high: [(2.0, 2.0, 57), (6.0, 2.0, 69)])
    monkeypatch.setattr(sung, "_others", lambda rng: 0)
    made = sung.sung(Library(cache), np.random.default_rng(1))
    assert made.shape == (2, FRAMES)
    assert np.abs(made).max() == pytest.approx(0.5)
    for first, hertz in ((2.5, 220.0), (6.5, 440.0)):
        part = made[0, int(first * RATE) : int((first + 1) * RATE)]
        spectrum = np.abs(np.fft.rfft(part * np.hanning(part.size)))
        # In time between the notes there is nothing; in them the fundamental stands out, vibrato and all.
        near = spectrum[int(hertz * 0.93) : int(hertz * 1.07)].max()
        assert near > 5 * spectrum[int(hertz * 0.6) : int(hertz * 0.85)].max()
    assert np.abs(made[:, int(9.0 * RATE) : int(12.0 * RATE)]).max() < 0.01


def test_the_pool_keeps_sung_lines_apart(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyworld", reason="WORLD comes with the train extra")
    monkeypatch.setattr(sung, "SHARES", (0.0, 1.0, 0.0, 0.0))
    path = pool.render_sung(cache, 3)
    assert pool.sung(cache) == [path]
    assert pool.voices(cache) == []
    assert float(np.abs(pool.load_part(path)).max()) > 1000
    first, other = (singing.sung_voice(seed, Library(cache)) for seed in (3, 4))
    assert first.shape == (2, FRAMES)
    assert not np.array_equal(first, other)
