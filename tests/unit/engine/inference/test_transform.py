"""Transforms of passages: block by block they are what they are as a whole."""

from __future__ import annotations

import numpy as np
import pytest

from engine.inference.families.transform import (
    BLOCK,
    Spectrum,
    analyse,
    frames_of,
    hann,
    square_sum,
    synthesise,
    synthesise_into,
)

SIZES = [(512, 128), (512, 200), (512, 256), (500, 100)]


@pytest.mark.parametrize(("n_fft", "hop"), SIZES)
@pytest.mark.parametrize("times", [1, 7, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_the_inverse_gives_the_sound_again(rng: np.random.Generator, n_fft: int, hop: int, times: int) -> None:
    samples = rng.standard_normal((2, n_fft + (times - 1) * hop)).astype(np.float32)
    spectra = analyse(samples, n_fft=n_fft, hop=hop)
    assert spectra.shape == (2, times, n_fft // 2 + 1)
    assert spectra.dtype == np.complex64
    for time in (0, times // 2, times - 1):
        whole = np.fft.rfft(samples[:, time * hop : time * hop + n_fft] * hann(n_fft))
        assert np.abs(spectra[:, time] - whole).max() < 1e-4
    covered = square_sum(times, n_fft=n_fft, hop=hop) > 1e-2
    assert np.abs(synthesise(spectra, n_fft=n_fft, hop=hop) - samples)[:, covered].max() < 1e-4


def test_what_hardly_any_window_covers_is_silent(rng: np.random.Generator) -> None:
    spectra = analyse(rng.standard_normal((1, 4000)).astype(np.float32), n_fft=512, hop=128)
    made = synthesise(spectra, n_fft=512, hop=128)
    assert np.isfinite(made).all()
    assert made[0, 0] == 0.0


@pytest.mark.parametrize("skip", [0, 1, 384, 1000])
def test_a_stretch_of_it_is_made_from_spectra_that_come_block_by_block(rng: np.random.Generator, skip: int) -> None:
    samples = rng.standard_normal((2, 20_000)).astype(np.float32)
    spectra = analyse(samples, n_fft=512, hop=128)
    times = frames_of(20_000, n_fft=512, hop=128)
    scratch = np.empty((BLOCK, 257), np.complex64)

    def part(at: slice) -> Spectrum:
        here = scratch[: at.stop - at.start]
        here[:] = spectra[1, at]
        return here

    out = np.full(9_000, np.nan, np.float32)
    synthesise_into(out, part, times=times, n_fft=512, hop=128, skip=skip)
    assert np.array_equal(out, synthesise(spectra, n_fft=512, hop=128)[1, skip : skip + 9_000])
