"""Decoded sources at rest."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from engine.errors import AudioFileError, Cancelled
from engine.io.pcm import PcmReader, PcmWriter, import_task, write_pcm


def test_pcm_comes_back_bit_for_bit_with_its_digest(tmp_path: Path, rng: np.random.Generator) -> None:
    x = rng.uniform(-1, 1, (2, 10_000)).astype(np.float32)
    ref = write_pcm(x, tmp_path / "x.pcm", rate=48_000)
    assert np.array_equal(ref.open(), x)
    assert ref.digest == hashlib.sha256(x.tobytes()).hexdigest()


def test_stretches_are_read_bit_for_bit_and_silence_lies_around(tmp_path: Path, rng: np.random.Generator) -> None:
    x = rng.uniform(-1, 1, (3, 1_000)).astype(np.float32)
    ref = write_pcm(x, tmp_path / "x.pcm", rate=48_000)
    with PcmReader(ref) as reader:
        assert np.array_equal(reader.read(0, 1_000), x)
        assert np.array_equal(reader.read(-7, 20)[:, 7:], x[:, :13])
        assert np.array_equal(reader.read(990, 20)[:, :10], x[:, 990:])
        for start, count in ((-7, 7), (1_000, 10), (2_000, 10), (-30, 10)):
            assert np.array_equal(reader.read(start, count), np.zeros((3, count)))
        (tmp_path / "x.pcm").write_bytes(x.tobytes()[:8_000])
        with pytest.raises(AudioFileError, match="read to its end"):
            reader.read(0, 1_000)
    with pytest.raises(AudioFileError, match="shorter on disk") as caught:
        PcmReader(ref)
    assert caught.value.code == "audio-damaged"
    (tmp_path / "x.pcm").unlink()
    with pytest.raises(AudioFileError, match="cannot be opened") as caught:
        PcmReader(ref)
    assert caught.value.code == "audio-missing"


def test_a_stream_of_blocks_is_the_same_file(tmp_path: Path, rng: np.random.Generator) -> None:
    x = rng.uniform(-1, 1, (2, 10_000)).astype(np.float32)
    with PcmWriter(tmp_path / "y.pcm", rate=48_000) as writer:
        for start in range(0, 10_000, 999):
            writer.write(x[:, start : start + 999])
        ref = writer.close()
    assert ref == write_pcm(x, tmp_path / "x.pcm", rate=48_000).__class__(
        path=str(tmp_path / "y.pcm"),
        rate=48_000,
        channels=2,
        frames=10_000,
        digest=hashlib.sha256(x.tobytes()).hexdigest(),
    )
    assert np.array_equal(ref.open(), x)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.pcm", "y.pcm"]


def test_a_writer_left_open_leaves_nothing(tmp_path: Path) -> None:
    with PcmWriter(tmp_path / "y.pcm", rate=48_000) as writer:
        writer.write(np.zeros((2, 100), dtype=np.float32))
    assert list(tmp_path.iterdir()) == []


def test_import_converts_rate_and_copies_mono_to_both_sides(tmp_path: Path) -> None:
    x = np.sin(np.arange(44_100) * 2 * np.pi * 1000 / 44_100)
    sf.write(tmp_path / "x.flac", x, 44_100, subtype="PCM_24")
    seen: list[float] = []
    done = import_task(
        path=str(tmp_path / "x.flac"),
        out_path=str(tmp_path / "x.pcm"),
        rate=48_000,
        progress=lambda fraction, note: seen.append(fraction),
        cancelled=lambda: False,
    )
    assert (done.original_rate, done.original_channels, done.duration_s) == (44_100, 1, 1.0)
    y = done.pcm.open()
    assert y.shape == (2, 48_000)
    assert np.array_equal(y[0], y[1])
    wanted = np.sin(np.arange(48_000) * 2 * np.pi * 1000 / 48_000)
    assert np.abs(y[0] - wanted)[2000:-2000].max() < 1e-4
    assert seen[-1] == 1.0
    assert hashlib.sha256(Path(done.pcm.path).read_bytes()).hexdigest() == done.pcm.digest


def test_a_cancelled_import_leaves_nothing(tmp_path: Path) -> None:
    sf.write(tmp_path / "x.wav", np.zeros((48_000, 2)), 48_000)
    with pytest.raises(Cancelled):
        import_task(path=str(tmp_path / "x.wav"), out_path=str(tmp_path / "x.pcm"), rate=48_000, cancelled=lambda: True)
    assert [p.name for p in tmp_path.iterdir()] == ["x.wav"]


def test_silence_is_imported_with_a_notice(tmp_path: Path) -> None:
    sf.write(tmp_path / "x.wav", np.zeros((48_000, 2)), 48_000)
    done = import_task(path=str(tmp_path / "x.wav"), out_path=str(tmp_path / "x.pcm"), rate=48_000)
    assert any("silent" in notice for notice in done.notices)
