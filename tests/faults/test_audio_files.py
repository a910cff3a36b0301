"""Broken, odd and hostile sound files: each gets its named error, and nothing half-made stays behind."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from engine.errors import AudioFileError, EncodeError
from engine.io.decode import decode
from engine.io.encode import encode
from engine.io.pcm import import_task, write_pcm

TONE = (0.4 * np.sin(np.arange(48_000) * 0.06)).astype(np.float32)
STEREO = np.stack([TONE, -0.5 * TONE])


def _sound(path: Path, *, rate: int = 48_000, seconds: int = 1, channels: int = 2, **options: str) -> Path:
    data = np.tile(TONE, seconds)[: rate * seconds]
    sf.write(path, np.stack([data] * channels, axis=1), rate, **options)
    return path


def _code(path: Path, tmp_path: Path) -> str:
    """The code that both ways in give, with nothing left behind by the importer."""
    with pytest.raises(AudioFileError) as error:
        decode(path)
    assert error.value.message
    assert error.value.remedy
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(AudioFileError) as imported:
        import_task(path=str(path), out_path=str(out / "sound.pcm"), rate=48_000)
    assert imported.value.code == error.value.code
    assert list(out.iterdir()) == []
    return error.value.code


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert _code(tmp_path / "gone.wav", tmp_path) == "audio-missing"


def test_a_folder_is_no_sound(tmp_path: Path) -> None:
    assert _code(tmp_path, tmp_path) == "audio-unreadable"


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    path.touch()
    assert _code(path, tmp_path) == "audio-empty"


@pytest.mark.parametrize("name", ["none.wav", "none.flac", "none.aiff"])
def test_a_file_with_no_frames_is_empty(tmp_path: Path, name: str) -> None:
    sf.write(tmp_path / name, np.zeros((0, 2), dtype=np.float32), 44_100)
    assert _code(tmp_path / name, tmp_path) == "audio-empty"


def test_text_renamed_to_wav_is_called_text(tmp_path: Path) -> None:
    path = tmp_path / "lyrics.wav"
    path.write_text("la la la, Tralalá\n" * 100, encoding="utf-8")
    assert _code(path, tmp_path) == "audio-unreadable"
    with pytest.raises(AudioFileError, match="text"):
        decode(path)


M4A = struct.pack(">I", 28) + b"ftypM4A \0\0\2\0M4A mp42isom" + bytes(4000)


def test_an_m4a_file_without_ffmpeg_is_told_how_to_get_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / "song.m4a"
    path.write_bytes(M4A)
    with pytest.raises(AudioFileError, match=r"M4A.*not installed") as error:
        decode(path)
    assert error.value.code == "audio-unreadable"
    assert "FFmpeg" in error.value.remedy
    assert "WAV" in error.value.remedy


needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="FFmpeg is not installed")


@needs_ffmpeg
@pytest.mark.parametrize(("name", "head"), [("a.m4a", M4A), ("a.wma", b"\x30\x26\xb2\x75" + bytes(4000))])
def test_a_broken_foreign_file_is_refused_and_nothing_stays_behind(tmp_path: Path, name: str, head: bytes) -> None:
    (tmp_path / name).write_bytes(head)
    before = set(Path(tempfile.gettempdir()).glob("contrafact-foreign-*"))
    with pytest.raises(AudioFileError, match="FFmpeg found no sound") as error:
        decode(tmp_path / name)
    assert error.value.code == "audio-unreadable"
    assert set(Path(tempfile.gettempdir()).glob("contrafact-foreign-*")) <= before


@needs_ffmpeg
def test_a_playlist_that_calls_itself_m4a_reads_no_other_file(tmp_path: Path) -> None:
    sf.write(tmp_path / "secret.wav", np.full((48_000, 1), 0.25, np.float32), 48_000)
    listed = f"ffconcat version 1.0\nfile {tmp_path / 'secret.wav'}\n".encode()
    (tmp_path / "song.m4a").write_bytes(struct.pack(">I", 16) + b"ftypM4A " + bytes(4) + listed)
    with pytest.raises(AudioFileError):
        decode(tmp_path / "song.m4a")


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "codec"), [("a.m4a", "aac"), ("b.m4a", "alac"), ("c.aac", "aac"), ("d.wma", "wmav2"), ("e.mka", "flac")]
)
def test_foreign_files_are_read_through_ffmpeg(tmp_path: Path, name: str, codec: str) -> None:
    t = np.arange(2 * 44_100) / 44_100
    tone = (0.4 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
    sf.write(tmp_path / "tone.wav", np.stack([tone, 0.5 * tone], axis=1), 44_100)
    command = ["ffmpeg", "-v", "error", "-i", str(tmp_path / "tone.wav"), "-c:a", codec, str(tmp_path / name)]
    if subprocess.run(command, check=False).returncode != 0:
        pytest.skip(f"this FFmpeg does not write {codec}")
    found = decode(tmp_path / name)
    assert found.rate == 44_100
    assert found.samples.shape[0] == 2
    assert abs(found.samples.shape[1] - t.size) <= 4096
    middle = found.samples[:, 20_000:60_000]
    assert np.sqrt(np.mean(np.square(middle), axis=1)) == pytest.approx([0.4 / 2**0.5, 0.2 / 2**0.5], rel=0.03)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("cut.wav", {"subtype": "PCM_16"}),
        ("cut.flac", {}),
        ("cut.aiff", {}),
        ("cut.mp3", {}),
        ("cut.ogg", {}),
        ("cut.opus", {"format": "OGG", "subtype": "OPUS"}),
    ],
)
@pytest.mark.parametrize("share", [0.35, 0.8])
def test_a_file_that_is_cut_off_is_truncated(tmp_path: Path, name: str, options: dict[str, str], share: float) -> None:
    path = _sound(tmp_path / name, seconds=20, **options)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    assert _code(path, tmp_path) == "audio-truncated"


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_values_that_are_not_sound_are_refused(tmp_path: Path, value: float) -> None:
    data = STEREO.T.copy()
    data[30_000:, 1] = value
    sf.write(tmp_path / "bad.wav", data, 48_000, subtype="FLOAT")
    assert _code(tmp_path / "bad.wav", tmp_path) == "audio-not-finite"


def test_noise_named_as_mp3_is_refused(tmp_path: Path, rng: np.random.Generator) -> None:
    path = tmp_path / "noise.mp3"
    path.write_bytes(rng.bytes(20_000))
    assert _code(path, tmp_path) == "audio-unreadable"


def test_eight_channels_are_folded_with_a_notice(tmp_path: Path) -> None:
    decoded = decode(_sound(tmp_path / "surround.wav", channels=8))
    assert decoded.samples.shape == (2, 48_000)
    assert any("8 channels" in notice for notice in decoded.notices)
    assert 0.2 < np.abs(decoded.samples).max() <= 1.0


def test_8_khz_is_converted_with_a_notice(tmp_path: Path) -> None:
    path = tmp_path / "phone.wav"
    sf.write(path, np.sin(np.arange(16_000) * 2 * np.pi * 440 / 8_000), 8_000)
    decoded = decode(path)
    assert decoded.rate == 48_000
    assert decoded.samples.shape == (1, 96_000)
    assert any("8000 Hz" in notice for notice in decoded.notices)
    spectrum = np.abs(np.fft.rfft(decoded.samples[0] * np.hanning(96_000)))
    assert np.argmax(spectrum) * 0.5 == pytest.approx(440, abs=1)


def _wav_header(*, channels: int, rate: int, data_bytes: int) -> bytes:
    block = 2 * channels
    fmt = struct.pack("<HHIIHH", 1, channels, rate, (rate * block) & 0xFFFFFFFF, block & 0xFFFF, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 0xFFFFFFFF)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + fmt
        + b"data"
        + struct.pack("<I", data_bytes)
    )


@pytest.mark.parametrize(
    "header",
    [
        _wav_header(channels=30_000, rate=48_000, data_bytes=60_000),
        _wav_header(channels=100, rate=48_000, data_bytes=60_000),
        _wav_header(channels=0, rate=48_000, data_bytes=60_000),
        _wav_header(channels=2, rate=0, data_bytes=60_000),
        _wav_header(channels=2, rate=4_000_000_000, data_bytes=60_000),
        _wav_header(channels=2, rate=48_000, data_bytes=0xFFFFFFF0),
    ],
)
def test_a_hostile_wav_header_is_refused(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "hostile.wav"
    path.write_bytes(header + bytes(60_000))
    assert _code(path, tmp_path) in {"audio-unreadable", "audio-truncated"}


def test_a_flac_that_claims_weeks_is_refused_before_allocation(tmp_path: Path) -> None:
    path = _sound(tmp_path / "weeks.flac")
    data = bytearray(path.read_bytes())
    # STREAMINFO keeps the number of samples in 36 bits that end at byte 26.
    data[21] |= 0x0F
    data[22:26] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert _code(path, tmp_path) == "audio-too-long"


@pytest.mark.parametrize("format", ["wav", "flac", "mp3"])
def test_a_folder_that_is_not_there_cannot_be_written(tmp_path: Path, format: str) -> None:
    with pytest.raises(EncodeError) as error:
        encode(STEREO, tmp_path / "no" / "such" / f"x.{format}", rate=48_000, format=format)  # type: ignore[arg-type]
    assert error.value.code == "path-not-writable"
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_is_a_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "x.wav").mkdir()
    with pytest.raises(EncodeError) as error:
        encode(STEREO, tmp_path / "x.wav", rate=48_000)
    assert error.value.code == "path-not-writable"
    with pytest.raises(EncodeError):
        write_pcm(STEREO, tmp_path / "x.wav", rate=48_000)
    assert [p.name for p in tmp_path.iterdir()] == ["x.wav"]


_FULL_DISK = """
import sys
import numpy as np
from engine.errors import EngineError
from engine.io.encode import encode
from engine.io.pcm import import_task, write_pcm
kind, source, target = sys.argv[1:]
noise = np.random.default_rng(1).uniform(-0.5, 0.5, (2, 400_000)).astype(np.float32)
try:
    if kind == "pcm":
        write_pcm(noise, target, rate=48_000)
    elif kind == "import":
        import_task(path=source, out_path=target, rate=48_000)
    else:
        encode(noise, target, rate=48_000, format=kind)
except EngineError as error:
    print(error.code)
"""


def _limit_file_size() -> None:
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


@pytest.mark.skipif(sys.platform != "linux", reason="file size limits are set with setrlimit")
@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "pcm", "import"])
def test_a_full_disk_is_named_and_nothing_stays(tmp_path: Path, kind: str) -> None:
    """A limit on the file size fails the same write calls as a full disk does."""
    source = _sound(tmp_path / "source.wav", seconds=5)
    out = tmp_path / "out"
    out.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, kind, str(source), str(out / "x")],
        cwd=Path(__file__).resolve().parents[2],
        env={"PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=_limit_file_size,
    )
    assert done.stdout.strip() == "disk-full", done.stderr
    assert list(out.iterdir()) == []
