"""Finished files decode to what was written, carry their tags, and have the right noise floor."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from engine.errors import EncodeError
from engine.io import encode as encode_module
from engine.io.decode import decode
from engine.io.encode import encode, stream
from engine.io.tags import read_tags, write_tags

TAGS = {
    "title": "Contrafäkt №1",
    "artist": "Somebody",
    "album": "First",
    "date": "2026-01-02",
    "isrc": "QZXXX2600001",
    "comment": "made of two songs",
    "copyright": "© 2026 Somebody",
}


@pytest.fixture
def tone() -> np.ndarray:
    t = np.arange(48_000) / 48_000
    return np.stack([0.5 * np.sin(2 * np.pi * 440 * t), 0.25 * np.sin(2 * np.pi * 660 * t)]).astype(np.float32)


@pytest.mark.parametrize(("format", "bits"), [("wav", 16), ("wav", 24), ("flac", 16), ("flac", 24)])
def test_lossless_formats_come_back_within_the_dither(tmp_path: Path, tone: np.ndarray, format: str, bits: int) -> None:
    path = tmp_path / f"x.{format}"
    encode(tone, path, rate=48_000, format=format, bits=bits, tags=TAGS)  # type: ignore[arg-type]
    back = decode(path)
    assert back.rate == 48_000
    lsb = 2.0 ** (1 - bits)
    error = back.samples.astype(np.float64) - tone
    assert np.abs(error).max() <= 1.51 * lsb
    # TPDF dither and rounding together have a variance of 1/4 LSB^2.
    assert np.std(error) == pytest.approx(0.5 * lsb, rel=0.05)
    assert sf.info(str(path)).subtype == f"PCM_{bits}"


def test_without_dither_the_error_is_half_a_step(tmp_path: Path, tone: np.ndarray) -> None:
    encode(tone, tmp_path / "x.wav", rate=48_000, bits=16, dither=False)
    assert np.abs(decode(tmp_path / "x.wav").samples - tone).max() <= 0.501 / 32768


def test_full_scale_is_clipped_not_wrapped(tmp_path: Path) -> None:
    loud = np.array([[1.5, -1.5, 1.0, -1.0] * 100] * 2, dtype=np.float32)
    encode(loud, tmp_path / "x.wav", rate=48_000)
    back = decode(tmp_path / "x.wav").samples
    assert np.array_equal(np.sign(back), np.sign(loud))
    assert np.abs(back).min() > 0.9999


def test_mp3_is_aligned_and_at_320_kbit(tmp_path: Path, tone: np.ndarray) -> None:
    path = tmp_path / "x.mp3"
    encode(np.tile(tone, 4), path, rate=48_000, format="mp3", tags=TAGS)
    back = decode(path).samples
    assert back.shape == (2, 192_000)
    assert np.sqrt(np.mean((back[:, 2000:-2000] - np.tile(tone, 4)[:, 2000:-2000]) ** 2)) < 1e-3
    assert path.stat().st_size * 8 / 4 == pytest.approx(320_000, rel=0.05)


@pytest.mark.parametrize("format", ["wav", "flac", "mp3"])
def test_tags_read_back(tmp_path: Path, tone: np.ndarray, format: str) -> None:
    path = tmp_path / f"x.{format}"
    encode(tone, path, rate=48_000, format=format, tags=TAGS)  # type: ignore[arg-type]
    assert read_tags(path) == TAGS
    # An independent reader finds those that it knows.
    with sf.SoundFile(str(path)) as file:
        assert file.title == TAGS["title"]
        assert file.artist == TAGS["artist"]
        assert file.album == TAGS["album"]


def test_no_tags_leave_no_tags(tmp_path: Path, tone: np.ndarray) -> None:
    encode(tone, tmp_path / "x.wav", rate=48_000, tags={"title": "", "artist": "  "})
    assert read_tags(tmp_path / "x.wav") == {}


def test_blocks_give_the_same_bytes_as_one_piece(tmp_path: Path, tone: np.ndarray) -> None:
    encode(tone, tmp_path / "one.wav", rate=48_000)
    with stream(tmp_path / "many.wav", rate=48_000) as out:
        for start in range(0, 48_000, 777):
            out.write(tone[:, start : start + 777])
    assert out.frames == 48_000
    assert (tmp_path / "one.wav").read_bytes() == (tmp_path / "many.wav").read_bytes()


def test_an_error_on_the_way_keeps_the_old_file(tmp_path: Path, tone: np.ndarray) -> None:
    path = tmp_path / "x.wav"
    encode(tone, path, rate=48_000)
    before = path.read_bytes()

    def interrupted() -> None:
        with stream(path, rate=48_000) as out:
            out.write(tone)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["x.wav"]


@pytest.mark.parametrize(("format", "rate", "bits"), [("ogg", 48_000, 24), ("wav", 48_000, 12), ("mp3", 96_000, 24)])
def test_what_cannot_be_written_is_refused(tmp_path: Path, tone: np.ndarray, format: str, rate: int, bits: int) -> None:
    with pytest.raises(EncodeError) as error:
        encode(tone, tmp_path / "x", rate=rate, format=format, bits=bits)  # type: ignore[arg-type]
    assert error.value.code == "format-unknown"
    assert list(tmp_path.iterdir()) == []


def test_what_a_wav_file_cannot_hold_is_refused_before_it_is_written(
    tmp_path: Path, tone: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encode_module, "WAV_BYTES", 48_000 * 2 * 2)
    encode(tone, tmp_path / "fits.wav", rate=48_000, bits=16)
    with pytest.raises(EncodeError, match="four gigabytes") as refused:
        encode(tone, tmp_path / "long.wav", rate=48_000, bits=24)
    assert refused.value.code == "wav-too-long"
    encode(tone, tmp_path / "long.flac", rate=48_000, format="flac", bits=24)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fits.wav", "long.flac"]


@pytest.mark.parametrize("format", ["flac", "mp3"])
def test_tags_of_a_long_file_pass_it_through_a_buffer(tmp_path: Path, tone: np.ndarray, format: str) -> None:
    long = np.tile(np.random.default_rng(0).uniform(-0.5, 0.5, tone.shape).astype(np.float32), (1, 100))
    encode(long, tmp_path / f"x.{format}", rate=48_000, format=format)  # type: ignore[arg-type]
    size = (tmp_path / f"x.{format}").stat().st_size
    before = decode(tmp_path / f"x.{format}").samples
    tracemalloc.start()
    write_tags(tmp_path / f"x.{format}", format, TAGS)
    assert read_tags(tmp_path / f"x.{format}") == TAGS
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 3 << 20 < size
    assert np.array_equal(decode(tmp_path / f"x.{format}").samples, before)
    assert [path.name for path in tmp_path.iterdir()] == [f"x.{format}"]
