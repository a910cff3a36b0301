"""Voices of the training pool."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from onnx_models.training.separation import pool, singing
from onnx_models.training.separation.form import FRAMES
from onnx_models.training.separation.instruments import pitched, resing, vowels
from onnx_models.training.separation.library import CODED, FRAME_MS, RATE, Library, Voice, analyse


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


@pytest.fixture
def no_arias(monkeypatch: pytest.MonkeyPatch) -> None:
    """All voices of the fixture's kit are taken as recorded: it has no file of the vocoder."""
    monkeypatch.setattr(singing, "ARIA_SHARE", 0.0)


@pytest.mark.usefixtures("no_arias")
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


@pytest.mark.usefixtures("no_arias")
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


def spoken() -> Voice:
    """Two syllables, each a vowel of its own after a glide, and a soft noise that a pitch tracker took for a third."""
    rng = np.random.default_rng(5)
    f0, envelope, noise = np.zeros(200), np.zeros((200, CODED)), np.full((200, 2), -0.5)
    envelope[:, 0] = -12.0
    for begin, colour in ((20, 1.0), (90, -1.0)):
        f0[begin : begin + 50] = 200.0
        envelope[begin : begin + 50, 0] = -6.0
        envelope[begin : begin + 50, 1:6] = colour * np.clip((np.arange(50) - 5) / 20, 0, 1)[:, None]
        noise[begin : begin + 50] = -20.0
    f0[160:180], envelope[160:180, 0] = 150.0, -10.0
    return Voice(*(part.astype(np.float32) for part in (f0, envelope + 1e-3 * rng.random((200, CODED)), noise)))


def test_vowels_are_where_a_voice_stands_and_not_in_its_noise() -> None:
    voice = spoken()
    found = vowels(voice)
    assert [(begin, stop) for begin, _, stop in found] == [(20, 70), (90, 140)]
    # The glides last for 25 frames; a vowel is still for three frames on both sides.
    assert all(begin + 27 <= middle < stop - 4 for begin, middle, stop in found)
    silence = Voice(np.zeros_like(voice.f0), voice.envelope, voice.aperiodicity)
    assert vowels(silence) == []


@pytest.mark.parametrize("sustain", [0.0, 1.0])
def test_a_sustained_note_stands_on_its_vowel_and_a_slur_does_not_leave_it(
    monkeypatch: pytest.MonkeyPatch, sustain: float
) -> None:
    world = pytest.importorskip("pyworld", reason="WORLD comes with the train extra")
    seen: list[np.ndarray] = []
    decode = world.decode_spectral_envelope

    def watch(coded: np.ndarray, rate: int, size: int) -> np.ndarray:
        seen.append(coded)
        return decode(coded, rate, size)

    monkeypatch.setattr(world, "decode_spectral_envelope", watch)
    line = [(0.2, 0.79, 69), (1.0, 0.79, 71), (1.8, 0.79, 72)]
    settings = {"formant": 1.0, "vibrato": 0.0, "breath": 0.0, "glide_s": 0.02, "scoop": 0.0, "legato": 1.0}
    settings |= {"sustain": sustain, "slur": 1.0}
    out = resing(spoken(), line, 3.0, np.random.default_rng(2), settings=settings)
    assert np.isfinite(out).all()
    # From the first vowel to the last of the slurred notes one colour sounds, the gaps between the notes included.
    colours = seen[0][int(450 / FRAME_MS) : int(2550 / FRAME_MS), 3]
    assert bool((np.abs(np.abs(colours) - 1) < 0.1).all()) == bool(sustain)


def test_an_aria_is_sung_on_the_vowels_of_a_speaker(cache: Path) -> None:
    pytest.importorskip("pyworld", reason="WORLD comes with the train extra")
    pulses = signal.lfilter([1.0], [1.0, -1.6, 0.81], np.arange(RATE) % 100 == 0)
    told = analyse(np.concatenate([np.zeros(RATE // 2), pulses / np.abs(pulses).max(), np.zeros(RATE // 2)]))
    (cache / "world").mkdir()
    np.savez(cache / "world" / "0.npz", f0=told.f0, envelope=told.envelope, aperiodicity=told.aperiodicity)
    library = Library(cache)
    first, again = (singing._aria(library, np.random.default_rng(1)) for _ in range(2))
    assert first.shape == (2, FRAMES)
    assert np.array_equal(first, again)
    assert np.isfinite(first).all()
    assert np.abs(first).max() > 1e-3
