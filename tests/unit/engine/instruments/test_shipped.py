"""The instruments that ship: complete, attributed, level and in tune."""

from __future__ import annotations

import numpy as np
import pytest

from engine.instruments import Note, list_instruments, load, render_notes, shipped_root

RATE = 44100
EXPECTED = {
    "timpani",
    "glockenspiel",
    "harp",
    "horn",
    "spiccato",
    "pizzicato",
    "guitar_chug",
    "guitar_power",
    "guitar_muted",
    "guitar_steel",
    "lead_saw",
    "bass_sub",
    "bass_finger",
    "bass_synth",
    "bass_upright",
    "brass",
    "epiano",
    "flute",
    "guitar_clean",
    "guitar_nylon",
    "kit_acoustic",
    "kit_electronic",
    "kit_jazz",
    "marimba",
    "organ",
    "pad",
    "percussion",
    "piano",
    "sax",
    "strings",
    "vibraphone",
    "wurlitzer",
}
UNEVEN = {"pad", "glockenspiel", "guitar_chug", "guitar_muted", "pizzicato", "timpani"}
"""Tones that beat, are not harmonic, or are too short for a spectrum to say more."""


def test_every_instrument_is_there_within_the_size() -> None:
    assert set(list_instruments()) == EXPECTED
    assert sum(path.stat().st_size for path in shipped_root().rglob("*") if path.is_file()) < 8_800_000


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_files_are_present_and_sources_are_named(name: str) -> None:
    instrument = load(name)
    named = {region.file for region in instrument.info.regions}
    present = {path.name for path in instrument.folder.iterdir()} - {"instrument.json"}
    assert named == present
    for source in instrument.info.attributions:
        assert source.text
        assert source.licence
        assert not any(word in source.licence.upper() for word in ("NC", "ND", "SA"))


@pytest.mark.parametrize("name", sorted(n for n in EXPECTED if not n.startswith(("kit", "perc"))))
def test_melodic_instruments_are_level_and_in_tune(name: str) -> None:
    instrument = load(name)
    low, high = instrument.key_range
    levels = []
    for pitch in range(max(low, 36), min(high, 84) + 1, 6):
        x = render_notes(instrument, [Note(0.1, 1.0, pitch, 0.7)], rate=RATE, length_frames=int(1.6 * RATE), seed=1)
        assert np.all(np.isfinite(x))
        # A click is a jump; the bright bars of a glockenspiel rise by 0.31 from sample to sample without one.
        assert float(np.max(np.abs(np.diff(x)))) < 0.32
        mono = x.mean(axis=0)
        windows = np.lib.stride_tricks.sliding_window_view(mono, 13230)[::2205]
        levels.append(10 * np.log10(float(np.max(np.mean(windows**2, axis=1)))))
        assert abs(_cents(mono[round(0.15 * RATE) : round(1.1 * RATE)], pitch)) < (42 if name in UNEVEN else 20), pitch
    assert -29 < float(np.median(levels)) < -17


@pytest.mark.parametrize("name", sorted(n for n in EXPECTED if n.startswith(("kit", "perc"))))
def test_every_piece_of_a_kit_sounds_on_time(name: str) -> None:
    kit = load(name)
    assert kit.pieces
    for piece, pitch in kit.pieces.items():
        x = render_notes(kit, [Note(0.5, 0.2, pitch, 0.9)], rate=RATE, length_frames=2 * RATE, seed=2)
        peak = float(np.max(np.abs(x)))
        assert 0.005 < peak < 1.0, piece
        if piece != "swell":
            heard = int(np.argmax(np.abs(x).max(axis=0) > 0.35 * peak)) / RATE - 0.5
            assert -0.03 < heard < 0.03, piece


def _cents(x: np.ndarray, pitch: float) -> float:
    """Deviation of the strongest of the first three partials from where the pitch puts it."""
    size = 1 << 18
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x)), size))
    best = (0.0, 0.0)
    for partial in (1, 2, 3):
        nominal = 440 * 2 ** ((pitch - 69) / 12) * partial
        low, high = (int(nominal * 2 ** (c / 1200) * size / RATE) for c in (-45, 45))
        at = low + int(np.argmax(spectrum[low : high + 1]))
        best = max(best, (float(spectrum[at]), 1200 * np.log2(at * RATE / size / nominal)))
    return best[1]
