"""The mark survives what happens to sound, stays small, and is not seen where there is none."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from engine.dsp import eq, watermark
from engine.dsp.resample import resample
from engine.dsp.watermark import code, layout
from engine.io.decode import AudioReader

KEY = b"a key"
ID = 0xFEDC_BA98_0123_4567
RATE = 44_100


def music(seconds: int, rate: int = RATE, seed: int = 5) -> np.ndarray:
    """Chords and noise bursts with envelopes: crude, but with partials and attacks."""
    rng = np.random.default_rng(seed)
    out = np.zeros((2, seconds * rate))
    t = np.arange(rate) / rate
    for beat in range(seconds * 4 - 4):
        at = beat * rate // 4
        for note in rng.choice([55, 110, 220, 277, 330, 440, 554, 660, 880], 3, replace=False):
            tone = sum(np.sin(2 * np.pi * note * k * t + rng.uniform(0, 6)) / k for k in range(1, 9))
            out[:, at : at + rate] += 0.05 * tone * np.exp(-3 * t) * rng.uniform(0.3, 1.0, (2, 1))
        out[:, at : at + rate] += 0.1 * rng.standard_normal((2, rate)) * np.exp(-25 * t)
    return (0.8 * out / np.abs(out).max()).astype(np.float32)


SONG = Path(__file__).resolve().parents[4] / "resources" / "catalogue" / "paper-lanterns" / "mix.ogg"


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    """40 s of a finished song of the demo catalogue."""
    if not SONG.exists():
        pytest.skip("the demo catalogue has not been rendered")
    with AudioReader(SONG, rate=RATE) as reader:
        blocks = [block for block, _ in zip(reader.blocks(), range(40), strict=False)]
    return np.concatenate(blocks, axis=1)[:, 8 * RATE : 48 * RATE]


@pytest.fixture(scope="module")
def marked(clean: np.ndarray) -> np.ndarray:
    return watermark.embed(clean, ID, rate=RATE, key=KEY)


def snr_db(clean: np.ndarray, marked: np.ndarray) -> float:
    return 10 * float(np.log10(np.sum(clean.astype(float) ** 2) / np.sum((marked - clean).astype(float) ** 2)))


def through(x: np.ndarray, rate: int, format: str, subtype: str, level: float) -> np.ndarray:
    """Through a lossy codec and back."""
    memory = io.BytesIO()
    with sf.SoundFile(memory, "w", rate, x.shape[0], format=format, subtype=subtype, compression_level=level) as file:
        file.write(x.T)
    memory.seek(0)
    return np.ascontiguousarray(sf.read(memory, dtype="float32", always_2d=True)[0].T)


def found(x: np.ndarray, rate: int = RATE) -> bool:
    seen = watermark.detect(x, rate=rate, key=KEY)
    return seen is not None and seen.payload == ID


def test_the_mark_is_small_and_inside_its_band(clean: np.ndarray, marked: np.ndarray) -> None:
    assert marked.shape == clean.shape
    assert snr_db(clean, marked) >= 28.0
    added = np.abs(np.fft.rfft(marked[0] - clean[0])) ** 2
    freqs = np.fft.rfftfreq(clean.shape[1], 1 / RATE)
    assert added[(freqs < 300) | (freqs > 7_600)].sum() < 0.01 * added.sum()


def test_it_is_found_whole_and_from_anywhere(marked: np.ndarray) -> None:
    seen = watermark.detect(marked, rate=RATE, key=KEY)
    assert seen is not None
    assert seen.payload == ID
    assert seen.offset_s < 0.01
    for start in (3.3, 11.7, 20.01):
        assert found(marked[:, round(start * RATE) : round((start + 15) * RATE)])


def test_it_survives_what_happens_to_sound(marked: np.ndarray, rng: np.random.Generator) -> None:
    part = marked[:, 7 * RATE : 27 * RATE]
    bands = np.stack([eq.low_shelf(150, 6, rate=RATE), eq.peak(1500, -6, rate=RATE), eq.high_shelf(6000, 5, rate=RATE)])
    noise = rng.standard_normal(part.shape).astype(np.float32) * part.std() * np.float32(10**-1.5)
    assert found(part.mean(axis=0, keepdims=True)), "mono"
    assert found(part * np.float32(0.5)), "softer"
    assert found(np.clip(part * np.float32(2.0), -1, 1)), "louder and clipped"
    assert found(eq.apply_sos(part, bands)[0]), "equaliser"
    assert found(part + noise), "noise at 30 dB"
    assert found(resample(part, from_rate=RATE, to_rate=48_000), 48_000), "48 kHz"
    assert found(through(part, RATE, "MP3", "MPEG_LAYER_III", 0.7)), "MP3"
    assert found(through(resample(part, from_rate=RATE, to_rate=48_000), 48_000, "OGG", "OPUS", 0.9), 48_000), "Opus"


def test_recordings_carry_it_through_mp3(shared: Path) -> None:
    for name in ("kevin_macleod_vibe_ace.ogg", "kevin_macleod_sugar_plum_fairy.ogg"):
        with AudioReader(shared / "audio" / name) as reader:
            sound = np.concatenate([b for b, _ in zip(reader.blocks(), range(20), strict=False)], axis=1)
        mark = watermark.embed(sound, ID, rate=reader.rate, key=KEY)
        assert snr_db(sound, mark) >= 28.0
        part = mark[:, 10 * reader.rate : 25 * reader.rate]
        seen = watermark.detect(through(part, reader.rate, "MP3", "MPEG_LAYER_III", 0.7), rate=reader.rate, key=KEY)
        assert seen is not None
        assert seen.payload == ID
        assert watermark.detect(sound, rate=reader.rate, key=KEY) is None


def test_nothing_is_found_where_nothing_is(clean: np.ndarray, marked: np.ndarray, rng: np.random.Generator) -> None:
    assert watermark.detect(clean, rate=RATE, key=KEY) is None
    assert watermark.detect(marked, rate=RATE, key=b"another key") is None
    assert watermark.detect(np.zeros((2, RATE * 5), np.float32), rate=RATE, key=KEY) is None
    assert watermark.detect(np.zeros((2, 100), np.float32), rate=RATE, key=KEY) is None
    assert watermark.detect(rng.standard_normal((2, RATE * 20)).astype(np.float32), rate=RATE, key=KEY) is None


def test_in_clean_sound_scores_are_those_of_chance(clean: np.ndarray) -> None:
    """The false-alarm figure rests on the score being a standard normal one: measured over keys and positions."""
    from engine.dsp.watermark.detect import PHASES, correlations, shifted_sync

    folded = correlations(clean, rate=RATE)
    scores: list[np.ndarray] = []
    for index in range(40):
        sync = shifted_sync(b"key %d" % index)
        for phase in range(PHASES):
            flat = folded[phase].reshape(-1)
            scores.append(sync @ flat / np.sqrt((sync[0] ** 2).mean() * (flat**2).sum()))
    z = np.concatenate(scores)
    assert z.size > 30_000
    assert z.mean() == pytest.approx(0.0, abs=0.05)
    assert z.std() == pytest.approx(1.0, abs=0.05)
    assert (z > 3.0).mean() < 0.003


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_pieces_join_without_a_seam(rate: int) -> None:
    x = music(10, rate)
    whole = watermark.embed(x, ID, rate=rate, key=KEY)
    short = watermark.embed(x[:, : 9 * rate], ID, rate=rate, key=KEY)
    assert np.abs(whole[:, : 8 * rate] - short[:, : 8 * rate]).max() < 1e-6
    assert np.abs(np.diff(whole - x, n=2, axis=1)).max() < 0.05


def test_silence_stays_silent() -> None:
    silence = np.zeros((2, RATE * 3), np.float32)
    assert not watermark.embed(silence, ID, rate=RATE, key=KEY).any()
    assert watermark.embed(silence[:, :0], ID, rate=RATE, key=KEY).shape == (2, 0)


@pytest.mark.parametrize("payload", [-1, 1 << 64])
def test_ids_that_do_not_fit_are_refused(payload: int) -> None:
    with pytest.raises(OverflowError):
        watermark.embed(np.zeros((2, 100), np.float32), payload, rate=RATE, key=KEY)


@pytest.mark.parametrize("payload", [0, 1, ID, (1 << 64) - 1])
def test_the_code_corrects_and_knows_when_it_cannot(rng: np.random.Generator, payload: int) -> None:
    signs = code.encode(payload).astype(float)
    assert signs.shape == (code.CODED_BITS,)
    assert code.decode(signs) == payload
    assert code.decode(signs + 0.8 * rng.standard_normal(signs.size)) == payload
    assert code.decode(rng.standard_normal(signs.size)) is None
    assert code.crc16(int.from_bytes(b"12345678", "big")) == 0xA12B


def test_layouts_depend_on_the_key_and_share_out_the_cells() -> None:
    signs, bits = layout.layout(KEY)
    again = layout.layout(KEY)
    assert np.array_equal(signs, again.signs)
    assert not np.array_equal(signs, layout.layout(b"other").signs)
    counts = np.bincount(bits[bits >= 0])
    assert counts.size == code.CODED_BITS
    assert counts.min() >= 31
    assert (bits < 0).mean() == pytest.approx(0.35, abs=0.001)
