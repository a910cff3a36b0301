"""Waveform pictures never lose a peak."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import AudioFileError
from engine.io.pcm import write_pcm
from engine.io.pyramid import Pyramid, build

STEP = 1.0 / 32767.0


@pytest.fixture
def noise(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(-0.9, 0.9, (2, 100_003)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 7, 200, 1440])
def test_columns_hold_every_sample_and_no_more_than_their_neighbourhood(noise: np.ndarray, count: int) -> None:
    pyramid = build(noise)
    low, high = pyramid.columns(0, noise.shape[1], count)
    assert low.shape == high.shape == (2, count)
    edges = np.linspace(0, noise.shape[1], count + 1)
    slack = max(64.0, noise.shape[1] / count)
    for k in range(count):
        inner = noise[:, int(np.ceil(edges[k])) : int(edges[k + 1])]
        outer = noise[:, max(int(edges[k] - slack), 0) : int(edges[k + 1] + slack) + 1]
        if inner.shape[1]:
            assert np.all(high[:, k] >= inner.max(axis=1) - 1e-6)
            assert np.all(low[:, k] <= inner.min(axis=1) + 1e-6)
        assert np.all(high[:, k] <= outer.max(axis=1) + STEP)
        assert np.all(low[:, k] >= outer.min(axis=1) - STEP)


def test_columns_outside_of_the_sound_are_silent(noise: np.ndarray) -> None:
    low, high = build(noise).columns(-10_000, 0, 10)
    assert not low.any()
    assert not high.any()
    low, high = build(noise).columns(noise.shape[1] + 1_000, noise.shape[1] + 10_000, 10)
    assert not high.any()
    assert build(noise).columns(5, 5, 3)[0].shape == (2, 3)


def test_a_single_click_shows_at_any_zoom() -> None:
    x = np.zeros((1, 1 << 20), dtype=np.float32)
    x[0, 777_777] = 1.0
    for count in (1, 10, 1000, 5000):
        _, high = build(x).columns(0, x.shape[1], count)
        assert high.max() == pytest.approx(1.0)


def test_a_pyramid_of_a_pcm_file_survives_saving(tmp_path: Path, noise: np.ndarray) -> None:
    pyramid = build(write_pcm(noise, tmp_path / "x.pcm", rate=44_100))
    pyramid.save(tmp_path / "x.peaks")
    again = Pyramid.load(tmp_path / "x.peaks")
    assert (again.rate, again.frames, again.channels) == (44_100, 100_003, 2)
    assert len(again.levels) == len(pyramid.levels)
    assert all(np.array_equal(a, b) for a, b in zip(again.levels, pyramid.levels, strict=True))


def test_an_empty_sound_has_an_empty_picture() -> None:
    low, high = build(np.zeros((2, 0), dtype=np.float32)).columns(0, 100, 5)
    assert not low.any()
    assert not high.any()


@pytest.mark.parametrize("keep", [0, 5, 40])
def test_a_damaged_picture_is_named(tmp_path: Path, noise: np.ndarray, keep: int) -> None:
    build(noise).save(tmp_path / "x.peaks")
    (tmp_path / "x.peaks").write_bytes((tmp_path / "x.peaks").read_bytes()[:keep])
    with pytest.raises(AudioFileError) as error:
        Pyramid.load(tmp_path / "x.peaks")
    assert error.value.code == "pyramid-invalid"
