"""How well a timbre follows: ``python -m tests.bench.style_timbre``

One melody with bends and swells is sung by an instrument of the sampler that is not the target, given to each timbre,
and compared with the same notes played on the target itself (the oracle). Transcription and sampler are what is
shipped; there is no model beside them.

- ``f0_cents``: median distance of the pitch heard in the result from the one sung, octaves left aside.
- ``f0_share``: share of the sung time in which it is within 50 cents.
- ``loudness_db``: median distance of the loudness curves, means taken out.
- ``mr_stft``: multi-resolution STFT distance from the oracle; ``mr_stft_source``: the same of the sung line.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.analysis.melody import pitch_errors, track
from engine.dsp.loudness import integrated_lufs
from engine.inference.timbre import timbre_task
from engine.inference.timbres import TIMBRES
from engine.instruments import Note, load, render_notes
from engine.io.pcm import write_pcm

Samples = npt.NDArray[np.float32]
RATE = 44_100
SECONDS = 10.0
TUNE = ((0.3, 62), (0.9, 64), (1.5, 66), (2.4, 69), (3.2, 67), (3.8, 66), (4.8, 64), (5.6, 62), (6.4, 57), (7.2, 62))
SINGER = "flute"
OTHER_SINGER = "strings"
"""Sings for the timbre that is the singer itself."""


def melody(up: int) -> list[Note]:
    """The tune: slurred, with scoops into the notes, vibrato on long ones and a swell over the whole."""
    out: list[Note] = []
    for k, (start, pitch) in enumerate(TUNE):
        length = (TUNE[k + 1][0] if k + 1 < len(TUNE) else SECONDS - 1.2) - start - 0.06
        points = np.arange(0.0, length, 0.05)
        bend = tuple((float(t), float(-0.4 * np.exp(-t / 0.06) + 0.2 * np.sin(34.0 * t) * (t > 0.35))) for t in points)
        out.append(Note(start, length, float(pitch + up), 0.45 + 0.5 * np.sin(np.pi * k / len(TUNE)), bend=bend))
    return out


def run(say: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Figures of each timbre, and their means."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for timbre in TIMBRES:
            singer = OTHER_SINGER if timbre.instrument == SINGER else SINGER
            up = 12 if singer == SINGER else 0
            sung = _played(singer, up)
            made = timbre_task(
                stem=write_pcm(sung, Path(folder) / "sung.f32", rate=RATE),
                out_path=str(Path(folder) / f"{timbre.id}.f32"),
                timbre=timbre.id,
                progress=lambda _, __: None,
                cancelled=lambda: False,
            )
            result = np.array(made.pcm.open())
            rows.append({"id": timbre.id, **figures(sung, result, _played(timbre.instrument, up + 12 * made.octaves))})
            say(" ".join(f"{k}={v}" for k, v in rows[-1].items()))
    names = [name for name in rows[0] if name != "id"]
    return {**{name: round(float(np.mean([row[name] for row in rows])), 3) for name in names}, "timbres": rows}


def figures(sung: Samples, result: Samples, oracle: Samples) -> dict[str, float]:
    """What one timbre made of the line."""
    wanted, heard = track(sung, rate=RATE), track(result, rate=RATE)
    errors = pitch_errors(wanted, heard)
    pitched = int((~np.isnan(wanted.pitch)).sum())
    loud = ~np.isnan(wanted.pitch)[: heard.level_db.size]
    apart = (wanted.level_db[: loud.size] - heard.level_db[: loud.size])[loud]
    return {
        "f0_cents": round(float(np.median(errors)) if errors.size else 1200.0, 1),
        "f0_share": round(float((errors < 50.0).sum() / max(pitched, 1)), 3),
        "loudness_db": round(float(np.median(np.abs(apart - np.median(apart)))), 2),
        "mr_stft": round(mr_stft(result, oracle), 3),
        "mr_stft_source": round(mr_stft(sung, oracle), 3),
    }


def mr_stft(a: Samples, b: Samples) -> float:
    """Log-magnitude difference and spectral convergence, mean over three window lengths, at equal loudness."""
    x, y = (_levelled(sound).mean(axis=0) for sound in (a, b))
    total = 0.0
    for size in (512, 2048, 8192):
        p, q = _magnitudes(x, size), _magnitudes(y, size)
        total += float(np.mean(np.abs(np.log10(p + 1e-3) - np.log10(q + 1e-3)))) / 3.0
        total += float(np.linalg.norm(p - q) / max(float(np.linalg.norm(q)), 1e-9)) / 3.0
    return total


def _magnitudes(x: npt.NDArray[np.float32], size: int) -> npt.NDArray[np.float64]:
    frames = np.lib.stride_tricks.sliding_window_view(x, size)[:: size // 4]
    return np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) / np.sqrt(size)


def _levelled(sound: Samples) -> Samples:
    return (sound * np.float32(10.0 ** ((-20.0 - integrated_lufs(sound, rate=RATE)) / 20.0))).astype(np.float32)


def _played(instrument: str, up: int) -> Samples:
    frames = round(SECONDS * RATE)
    return render_notes(load(instrument), melody(up), rate=RATE, length_frames=frames)


def main() -> int:
    argparse.ArgumentParser(prog="python -m tests.bench.style_timbre", description=__doc__).parse_args()
    print(json.dumps(run(lambda text: print(text, file=sys.stderr, flush=True)), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
