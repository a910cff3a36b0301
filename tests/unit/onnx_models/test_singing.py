"""Voices of the training pool."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from onnx_models.training.separation import pool, singing
from onnx_models.training.separation.form import FRAMES
from onnx_models.training.separation.instruments import pitched
from onnx_models.training.separation.library import RATE, Library


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A kit of a sung phrase and a spoken one, each a tone of a second."""
    rows, start = [], 0
    with (tmp_path / "library.i16").open("wb") as out:
        for folder, hertz in (("vocadito", 330.0), ("librispeech_1", 150.0)):
            data = np.round(np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE) * 16000).astype("<i2")
            out.write(data.tobytes())
            rows.append(
                {
                    "path": f"voice/{folder}/a.flac",
                    "kind": "voice",
                    "folder": folder,
                    "note": -1,
                    "velocity": "phrase",
                    "start": start,
                    "frames": data.size,
                    "channels": 1,
                    "world": "world/0.npz",
                }
            )
            start += data.size
    (tmp_path / "library.json").write_text(json.dumps(rows), encoding="utf-8")
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
    rows = json.loads((cache / "library.json").read_text(encoding="utf-8"))
    rows.append(rows[0] | {"path": "voice/choir/a.flac", "folder": "choir", "note": 64, "velocity": "medium"})
    (cache / "library.json").write_text(json.dumps(rows), encoding="utf-8")
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
    start = (cache / "library.i16").stat().st_size // 2
    pulses = signal.lfilter([1.0], [1.0, -1.6, 0.81], np.arange(RATE) % 100 == 0)
    data = np.round(pulses / np.abs(pulses).max() * 16000).astype("<i2")
    with (cache / "library.i16").open("ab") as out:
        out.write(data.tobytes())
    rows = json.loads((cache / "library.json").read_text(encoding="utf-8"))
    vowel = {"path": "voice/singer_a/a.flac", "folder": "singer_a", "note": 57, "velocity": "medium", "start": start}
    (cache / "library.json").write_text(json.dumps([*rows, rows[0] | vowel]), encoding="utf-8")
    choirs = pitched(Library(cache), "voice")
    voice = singing._vocalise(choirs, np.random.default_rng(2))
    assert voice.shape == (2, FRAMES)
    assert np.isfinite(voice).all()
    strongest = np.abs(np.fft.rfft(voice[0].reshape(-1, FRAMES // 24) * np.hanning(FRAMES // 24))).argmax(1)
    # It sounds, and moves from note to note.
    assert np.abs(voice).max() > 1e-3
    assert np.unique(strongest).size > 3
