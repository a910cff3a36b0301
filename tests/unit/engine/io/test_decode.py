"""Real files in each format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from engine.io.containers import kind_of
from engine.io.decode import AudioReader, decode

TONE = 0.4 * np.sin(np.arange(96_000) * 2 * np.pi * 997 / 48_000)


@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [
        ("x.wav", {"subtype": "PCM_24"}, 1e-6),
        ("x.wav", {"subtype": "FLOAT"}, 1e-7),
        ("x.flac", {}, 1e-4),
        ("x.aiff", {}, 1e-4),
        ("x.mp3", {}, 0.02),
        ("x.ogg", {}, 0.02),
        ("x.opus", {"format": "OGG", "subtype": "OPUS"}, 0.03),
        ("x.rf64", {"format": "RF64", "subtype": "PCM_24"}, 1e-6),
    ],
)
def test_each_format_is_decoded_aligned(tmp_path: Path, name: str, options: dict[str, str], tolerance: float) -> None:
    sf.write(tmp_path / name, np.stack([TONE, -TONE], axis=1), 48_000, **options)
    decoded = decode(tmp_path / name)
    assert decoded.rate == 48_000
    assert decoded.notices == ()
    assert decoded.samples.dtype == np.float32
    assert decoded.samples.shape == (2, 96_000)
    assert np.abs(decoded.samples - np.stack([TONE, -TONE]))[:, 5_000:-5_000].max() < tolerance


def test_the_recordings_decode(shared: Path) -> None:
    paths = sorted((shared / "audio").rglob("*.ogg"))
    assert paths
    for path in paths[:3]:
        with AudioReader(path) as reader:
            frames = sum(block.shape[1] for block in reader.blocks())
            assert frames == reader.frames_out == sf.info(str(path)).frames


def test_a_wav_written_to_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pipe.wav"
    sf.write(path, TONE, 48_000, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    at = data.index(b"data")
    data[4:8] = data[at + 4 : at + 8] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert decode(path).samples.shape == (1, 96_000)


def test_very_high_rates_come_down(tmp_path: Path) -> None:
    sf.write(tmp_path / "x.wav", TONE, 384_000)
    decoded = decode(tmp_path / "x.wav")
    assert decoded.rate == 96_000
    assert decoded.samples.shape == (1, 24_000)
    assert decoded.notices == ("384000 Hz was converted to 96000 Hz.",)


def test_surround_keeps_its_sides_and_leaves_out_the_lfe(tmp_path: Path) -> None:
    for channel, sides in enumerate([(1, 0), (0, 1), (1, 1), (0, 0), (1, 0), (0, 1)]):
        x = np.zeros((1000, 6))
        x[:, channel] = 0.5
        sf.write(tmp_path / "x.wav", x, 48_000, subtype="FLOAT")
        level = decode(tmp_path / "x.wav").samples.max(axis=1)
        assert tuple((level > 0.1).astype(int)) == sides


def test_text_and_other_containers_are_told_apart() -> None:
    assert kind_of("Grüße\n".encode() * 50) == "text"
    assert kind_of(bytes(100)) == "unknown"
    assert kind_of(b"\0\0\0\x20ftypisom") == "mp4"
    assert kind_of(b"\xff\xf1\x50\x80") == "aac"
    assert kind_of(b"\xff\xfb\x90\x64") == "mp3"
    assert kind_of(b"RIFF\0\0\0\0AVI ") == "unknown"
