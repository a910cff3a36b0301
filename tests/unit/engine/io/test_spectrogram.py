from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import AudioFileError
from engine.io import spectrogram
from engine.io.spectrogram import BANDS, Spectrogram, band_edges_hz


def _tone(freq_hz: float, *, seconds: float = 1.0, rate: int = 48_000, level: float = 1.0) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * freq_hz * t)).astype(np.float32)[None, :]


@pytest.mark.parametrize("freq_hz", [110.0, 440.0, 5_000.0])
def test_a_tone_stands_in_its_band_at_its_level(freq_hz: float) -> None:
    made = spectrogram.build(_tone(freq_hz, level=0.5))
    column = made.levels[:, made.levels.shape[1] // 2].astype(int)
    edges = band_edges_hz()
    loudest = int(column.argmax())
    assert edges[max(loudest - 1, 0)] <= freq_hz <= edges[min(loudest + 2, BANDS)]
    level_db = column.max() / 255 * -spectrogram.FLOOR_DB + spectrogram.FLOOR_DB
    assert level_db == pytest.approx(-6.0, abs=2.0)


def test_silence_is_black_and_a_click_has_its_column() -> None:
    samples = np.zeros((2, 48_000), dtype=np.float32)
    assert not spectrogram.build(samples).levels.any()
    samples[:, 24_000] = 1.0
    made = spectrogram.build(samples)
    assert abs(int(made.levels.sum(axis=0).argmax()) * made.hop_s - 0.5) <= 0.05


def test_it_is_kept_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    made = spectrogram.build(_tone(220.0, seconds=0.2))
    path = tmp_path / "a.spectrum"
    made.save(path)
    again = Spectrogram.load(path)
    assert (again.levels == made.levels).all()
    assert again.hop_s == made.hop_s
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(AudioFileError) as refused:
        Spectrogram.load(path)
    assert refused.value.code == "spectrogram-invalid"


def test_the_shortest_and_the_oddest_sounds_have_a_picture() -> None:
    assert spectrogram.build(np.zeros((1, 1), dtype=np.float32)).levels.shape == (BANDS, 1)
    assert spectrogram.build(_tone(300.0, rate=8_000), rate=8_000).levels.max() > 0
