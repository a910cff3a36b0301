"""A sung line on another instrument: pitch, places and loudness are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.analysis.melody import notes_of, pitch_errors, track
from engine.dsp.loudness import integrated_lufs
from engine.errors import Cancelled, StyleError
from engine.inference.timbre import TimbreResult, timbre_task
from engine.inference.timbres import TIMBRES, find_timbre
from engine.instruments import list_instruments
from engine.io.pcm import write_pcm
from engine.types import PcmRef

RATE = 44100
TUNE = ((57, 0.5), (60, 0.5), (64, 0.75), (62, 0.25), (60, 1.0), (None, 0.5), (55, 0.5), (57, 1.0))


def sung(vibrato: float = 0.3) -> np.ndarray:
    """A voice-like line with vibrato and two levels, ``(2, frames) float32``."""
    pieces: list[np.ndarray] = []
    phase = 0.0
    for number, (pitch, seconds) in enumerate(TUNE):
        t = np.arange(int(seconds * RATE)) / RATE
        if pitch is None:
            pieces.append(np.zeros(t.size))
            continue
        hz = 440.0 * 2 ** ((pitch - 69 + vibrato * np.sin(2 * np.pi * 5.5 * t)) / 12)
        angle = phase + 2 * np.pi * np.cumsum(hz) / RATE
        phase = float(angle[-1])
        tone = sum(np.sin(k * angle) / k**1.3 for k in range(1, 9))
        edge = np.minimum(1.0, np.minimum(t, seconds - t) * 60.0)
        pieces.append((0.25 if number % 2 else 0.12) * tone * edge)
    return np.repeat(np.concatenate(pieces)[None], 2, axis=0).astype(np.float32)


@pytest.fixture(scope="module")
def stem(tmp_path_factory: pytest.TempPathFactory) -> PcmRef:
    return write_pcm(sung(), tmp_path_factory.mktemp("voice") / "v.f32", rate=RATE)


def play(stem: PcmRef, out: Path, timbre: str, *, stop: bool = False) -> TimbreResult:
    return timbre_task(stem=stem, out_path=str(out), timbre=timbre, progress=lambda f, n: None, cancelled=lambda: stop)


def test_the_line_and_its_notes_are_found() -> None:
    line = track(sung(), rate=RATE)
    at, expected = 0.0, []
    for pitch, seconds in TUNE:
        if pitch is not None:
            expected.append((pitch, at, at + seconds))
        at += seconds
    notes = notes_of(line)
    assert [n.pitch for n in notes] == [p for p, _, _ in expected]
    for note, (_, start, end) in zip(notes, expected, strict=True):
        assert note.start_s == pytest.approx(start, abs=0.05)
        assert note.end_s == pytest.approx(end, abs=0.06)


def test_noise_has_no_line_and_silence_is_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    line = track((0.1 * rng.normal(size=(2, RATE))).astype(np.float32), rate=RATE)
    assert np.isnan(line.pitch).mean() > 0.9
    silent = write_pcm(np.zeros((2, RATE), np.float32), tmp_path / "s.f32", rate=RATE)
    with pytest.raises(StyleError) as caught:
        play(silent, tmp_path / "o.f32", "flute")
    assert caught.value.code == "style-unsuitable"
    with pytest.raises(StyleError):
        find_timbre("kazoo")


def test_there_are_at_least_five_timbres_and_their_instruments_ship() -> None:
    assert len(TIMBRES) >= 5
    assert {t.instrument for t in TIMBRES} <= set(list_instruments())


@pytest.mark.parametrize("timbre", ["saxophone", "flute", "strings", "horn", "saw", "organ"])
def test_pitch_and_loudness_follow_the_voice(stem: PcmRef, tmp_path: Path, timbre: str) -> None:
    made = play(stem, tmp_path / "o.f32", timbre)
    sound = np.asarray(made.pcm.open())
    assert sound.shape == (2, stem.frames)
    assert np.max(np.abs(sound)) <= 0.981
    assert integrated_lufs(sound, rate=RATE) == pytest.approx(integrated_lufs(sung(), rate=RATE), abs=1.5)
    errors = pitch_errors(track(sung(), rate=RATE), track(sound, rate=RATE))
    assert errors.size > 200
    assert float(np.median(errors)) < 30.0
    assert made.notes == 7
    rest = sound[:, int(3.25 * RATE) : int(3.45 * RATE)]
    assert np.sqrt(np.mean(np.square(rest))) < 0.15 * np.sqrt(np.mean(np.square(sound)))


def test_a_timbre_can_be_stopped(stem: PcmRef, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        play(stem, tmp_path / "o.f32", "flute", stop=True)
    assert not (tmp_path / "o.f32").exists()
