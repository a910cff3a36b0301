"""Voices of the training pool."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from onnx_models.training.separation import pool, singing
from onnx_models.training.separation.form import FRAMES
from onnx_models.training.separation.instruments import pitched
from onnx_models.training.separation.library import RATE, Library
from tests.samples.kits import Recording, write_library

TONES = [
    Recording(
        f"voice/{folder}/a.flac", 0.5 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE), -1, "phrase", "world/0.npz"
    )
    for folder, hertz in (("vocadito", 330.0), ("librispeech_1", 150.0))
]
"""A sung phrase and a spoken one, each a tone of a second."""


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    write_library(tmp_path, TONES)
    return tmp_path


def test_a_recorded_voice_is_a_function_of_its_seed_and_sounds(cache: Path) -> None:
    library = Library(cache)
    first, again, other = (singing.voice(seed, library) for seed in (1, 1, 2))
    assert first.shape == (2, FRAMES)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    for seed in range(6):
        voice = singing.voice(seed, library)
        assert np.isfinite(voice).all()
        # It sounds for most of its length, without any file of the vocoder: the kit here has none.
        seconds = voice[:, : FRAMES // RATE * RATE].reshape(2, -1, RATE)
        assert (np.sqrt((seconds**2).mean((0, 2))) > 1e-3).mean() > 0.5


def test_the_pool_keeps_recorded_voices(cache: Path) -> None:
    path = pool.render_voice(cache, 3)
    assert pool.voices(cache) == [path]
    assert float(np.abs(pool.load_part(path)).max()) > 1000
    assert pool.leads(cache) == []


def test_a_vowel_is_held_for_longer_than_it_was_recorded(cache: Path) -> None:
    write_library(cache, [*TONES, Recording("voice/choir/a.flac", TONES[0].sound, 64)])
    choirs = pitched(Library(cache), "voice")
    longest = 0.0
    for seed in range(5):
        voice = singing._held(choirs, np.random.default_rng(seed))
        assert voice.shape == (2, FRAMES)
        sounding = np.abs(voice).reshape(2, -1, 63).max((0, 2)) > 1e-3
        edges = np.flatnonzero(np.diff(np.concatenate([[0], sounding, [0]])))
        longest = max(longest, float((edges[1::2] - edges[::2]).max() * 63 / RATE))
    assert longest > 1.5


def test_a_vocalise_sings_a_melody_on_the_vowels_of_one_singer(cache: Path) -> None:
    pytest.importorskip("pyworld", reason="WORLD comes with the train extra")
    pulses = signal.lfilter([1.0], [1.0, -1.6, 0.81], np.arange(RATE) % 100 == 0)
    write_library(cache, [*TONES, Recording("voice/singer_a/a.flac", 0.5 * pulses / np.abs(pulses).max(), 57)])
    choirs = pitched(Library(cache), "voice")
    voice = singing._vocalise(choirs, np.random.default_rng(2))
    assert voice.shape == (2, FRAMES)
    assert np.isfinite(voice).all()
    strongest = np.abs(np.fft.rfft(voice[0].reshape(-1, FRAMES // 24) * np.hanning(FRAMES // 24))).argmax(1)
    # It sounds, and moves from note to note.
    assert np.abs(voice).max() > 1e-3
    assert np.unique(strongest).size > 3
