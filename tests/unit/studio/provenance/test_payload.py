"""Finding the sound in a file, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from studio.provenance.payload import (
    MAX_CREDENTIALS_BYTES,
    AudioMap,
    Payload,
    PayloadError,
    changed_spans,
    locate,
    map_audio,
)


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WAVE" + b"".join(
        name + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) & 1) for name, data in chunks
    )
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def id3(length: int, data: bytes = b"", flags: int = 0) -> bytes:
    size = bytes([length >> 21 & 127, length >> 14 & 127, length >> 7 & 127, length & 127])
    return b"ID3\x04\x00" + bytes([flags]) + size + data


def reason(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(PayloadError) as caught:
        locate(path)
    return caught.value.reason


def test_the_sound_of_each_format(render: Callable[..., Path]) -> None:
    wav, flac, mp3 = (locate(render(kind)) for kind in ("wav", "flac", "mp3"))
    assert wav == Payload("wav", 44, 2 * 44_100 * 2 * 3, False)
    assert flac.kind == "flac"
    assert flac.start > 42
    assert mp3.kind == "mp3"
    assert mp3.length > 10_000


def test_odd_chunks_and_credentials_in_a_wav(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(
        riff((b"fmt ", b"x" * 16), (b"odd ", b"abc"), (b"data", b"12345"), (b"C2PA", b"c"), (b"data", b"9"))
    )
    found = locate(path)
    assert path.read_bytes()[found.start : found.start + found.length] == b"12345"
    assert found.credentials


def test_what_follows_the_riff_is_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(riff((b"data", b"1234")) + b"junkjunkjunk")
    assert locate(path).length == 4
    for declared in (b"\x00" * 4, b"\xff" * 4):
        data = riff((b"data", b"1234"))
        path.write_bytes(data[:4] + declared + data[8:])
        assert locate(path).length == 4


def test_tags_before_and_after_the_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    frames = b"\xff\xfb\x90\x00" + b"s" * 500
    trailer = b"TAG" + b"t" * 125
    path.write_bytes(id3(20, b"x" * 20) + frames + trailer)
    assert locate(path) == Payload("mp3", 30, len(frames), True)
    path.write_bytes(id3(20, b"x" * 30, flags=0x10) + frames)
    assert locate(path) == Payload("mp3", 40, len(frames), True)
    path.write_bytes(frames)
    assert locate(path) == Payload("mp3", 0, len(frames), False)


def test_structures_that_do_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert reason(path, b"") == "not-audio"
    assert reason(path, bytes(4096)) == "not-audio"
    assert reason(path, b"OggS" + bytes(100)) == "not-audio"
    assert reason(path, b"plain text that was renamed") == "not-audio"
    assert reason(path, b"RIFF\x04\x00\x00\x00WAVE") == "damaged"
    assert reason(path, b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff" + bytes(50)) == "damaged"
    assert reason(path, b"RIFF\xff\xff\xff\xffWAVEC2PA\xff\xff\xff\xff" + bytes(50)) == "credentials-too-large"
    assert reason(path, riff((b"fmt ", b"x" * 16))) == "damaged"
    assert reason(path, b"fLaC") == "damaged"
    assert reason(path, b"fLaC\x00\xff\xff\xff") == "damaged"
    assert reason(path, b"fLaC\x80\xff\xff\xff") == "damaged"
    assert reason(path, b"ID3\x04\x00\x00\xff\xff\xff\xff") == "damaged"
    assert reason(path, b"ID3") == "damaged"
    assert reason(path, id3(1000)) == "damaged"
    assert reason(path, id3(MAX_CREDENTIALS_BYTES + 1)) == "credentials-too-large"


def test_a_map_finds_the_changed_block(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    sound = bytes(range(256)) * 16 * 200
    path.write_bytes(riff((b"data", sound)))
    payload = locate(path)
    made = map_audio(path, payload)
    assert len(made.blocks) <= 128
    assert made.length == len(sound)
    assert changed_spans(path, payload, made) == []
    data = bytearray(path.read_bytes())
    data[payload.start + 3 * made.block_bytes] ^= 1
    data[payload.start + 4 * made.block_bytes] ^= 1
    data[payload.start + payload.length - 1] ^= 1
    path.write_bytes(data)
    block = made.block_bytes
    last = (len(made.blocks) - 1) * block
    assert changed_spans(path, payload, made) == [(3 * block, 5 * block), (last, len(sound))]


def test_longer_and_shorter_sounds(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(riff((b"data", b"a" * 10_000)))
    made = map_audio(path, locate(path))
    path.write_bytes(riff((b"data", b"a" * 9_000)))
    assert changed_spans(path, locate(path), made) == [(8192, 10_000)]
    path.write_bytes(riff((b"data", b"a" * 20_000)))
    assert changed_spans(path, locate(path), made) == [(8192, 20_000)]


def test_a_map_that_contradicts_itself_says_everything(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(riff((b"data", b"a" * 10)))
    for made in (
        AudioMap(length=10, block_bytes=0, sha256="", blocks=()),
        AudioMap(length=10, block_bytes=5, sha256="", blocks=("x",)),
    ):
        assert changed_spans(path, locate(path), made) == [(0, 10)]


def test_a_file_that_shrinks_while_it_is_read_ends_the_map(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"x" * 100)
    assert (
        map_audio(path, Payload("wav", 50, 5000, False)).blocks == map_audio(path, Payload("wav", 50, 50, False)).blocks
    )


def test_a_silent_sound_of_no_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, [], 44_100, format="WAV")
    assert map_audio(path, locate(path)).blocks == ()
