"""Files that grow while they are recorded."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import EncodeError, EngineError
from engine.io import wav
from engine.io.wav import WavStream
from engine.playback.deck import Deck
from engine.playback.recorder import RingWriter
from engine.types import Audio

RATE = 48_000


def noise(frames: int, *, channels: int = 2) -> Audio:
    return np.random.default_rng(1).uniform(-0.9, 0.9, (channels, frames)).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2])
def test_a_closed_file_holds_every_sample(tmp_path: Path, channels: int) -> None:
    sound = noise(10_001, channels=channels)
    stream = WavStream(tmp_path / "take.wav", rate=RATE, channels=channels)
    for start in range(0, 10_001, 777):
        stream.write(sound[:, start : start + 777])
    stream.close()
    read, rate = soundfile.read(tmp_path / "take.wav", dtype="float32", always_2d=True)
    assert rate == RATE
    assert np.array_equal(read.T, sound)


def test_a_file_that_was_never_closed_opens_up_to_the_last_settling(tmp_path: Path) -> None:
    sound = noise(5_000)
    stream = WavStream(tmp_path / "take.wav", rate=RATE, channels=2)
    stream.write(sound[:, :3_000])
    stream.settle()
    stream.write(sound[:, 3_000:])
    copy = tmp_path / "after-the-crash.wav"
    copy.write_bytes((tmp_path / "take.wav").read_bytes())
    read, _ = soundfile.read(copy, dtype="float32", always_2d=True)
    assert np.array_equal(read.T, sound[:, :3_000])
    stream.close()


def test_a_file_beyond_four_gigabytes_becomes_rf64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wav, "_LIMIT", 20_000)
    sound = noise(5_000)
    stream = WavStream(tmp_path / "take.wav", rate=RATE, channels=2)
    stream.write(sound[:, :1_000])
    stream.settle()
    assert (tmp_path / "take.wav").read_bytes()[:4] == b"RIFF"
    stream.write(sound[:, 1_000:])
    stream.close()
    data = (tmp_path / "take.wav").read_bytes()
    assert data[:4] == b"RF64"
    assert data[12:16] == b"ds64"
    # What 64-bit readers look at: the sizes in ds64.
    assert int.from_bytes(data[20:28], "little") == len(data) - 8
    assert int.from_bytes(data[28:36], "little") == sound.nbytes
    assert int.from_bytes(data[36:44], "little") == 5_000
    assert np.array_equal(np.frombuffer(data[-sound.nbytes :], "<f4").reshape(-1, 2).T, sound)


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "take.wav").write_bytes(b"mine")
    with pytest.raises(EncodeError) as caught:
        WavStream(tmp_path / "take.wav", rate=RATE, channels=2)
    assert caught.value.code == "path-not-writable"
    assert (tmp_path / "take.wav").read_bytes() == b"mine"
    with pytest.raises(EncodeError):
        WavStream(tmp_path / "no" / "folder.wav", rate=RATE, channels=2)


class Ring:
    """A ring that has kept what came in since `oldest`."""

    def __init__(self, sound: Audio):
        self.sound = sound
        self.end = 0
        self.oldest = 0

    def read(self, since: int) -> tuple[Audio, int]:
        return self.sound[:, max(since, self.oldest) : self.end], self.end


def record(ring: Ring, path: Path, *, start: int, end: int, arrive: list[int]) -> tuple[Audio, int]:
    over = threading.Event()
    found: list[tuple[int, int, EngineError | None]] = []

    def done(frames: int, lost: int, error: EngineError | None) -> None:
        found.append((frames, lost, error))
        over.set()

    writer = RingWriter(ring.read, WavStream(path, rate=RATE, channels=2), start=start, done=done)
    writer.finish(end)
    for until in arrive:
        ring.end = until
        threading.Event().wait(0.06)
    assert over.wait(10.0)
    frames, lost, error = found[0]
    assert error is None
    read, _ = soundfile.read(path, dtype="float32", always_2d=True)
    assert read.shape[0] == frames
    return read.T, lost


def test_a_take_begins_and_ends_on_its_frames(tmp_path: Path) -> None:
    ring = Ring(noise(20_000))
    ring.end = 3_000
    kept, lost = record(ring, tmp_path / "a.wav", start=1_234, end=15_432, arrive=[5_000, 9_000, 20_000])
    assert lost == 0
    assert np.array_equal(kept, ring.sound[:, 1_234:15_432])
    # It may begin in the future, too.
    ring.end = 0
    kept, _ = record(ring, tmp_path / "b.wav", start=7_000, end=8_000, arrive=[3_000, 7_100, 9_000])
    assert np.array_equal(kept, ring.sound[:, 7_000:8_000])


def test_frames_that_the_ring_has_lost_are_silent_and_counted(tmp_path: Path) -> None:
    ring = Ring(noise(20_000))
    ring.oldest, ring.end = 5_000, 8_000
    kept, lost = record(ring, tmp_path / "a.wav", start=4_000, end=10_000, arrive=[12_000])
    assert lost == 1_000
    assert not kept[:, :1_000].any()
    assert np.array_equal(kept[:, 1_000:], ring.sound[:, 5_000:10_000])


def test_the_deck_never_hands_out_what_is_being_overwritten() -> None:
    deck = Deck()
    block, after = deck.heard(0)
    assert (block.shape, after) == ((2, 0), 0)
