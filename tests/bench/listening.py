"""Makes the listening page: ``python -m tests.bench.listening --out FOLDER``.

A source and its restyles at matched loudness, each with its spectrogram, its figures and what they say of it. The page
is HTML without scripts; sounds are Ogg Vorbis and pictures PNG files. The one of the project:
``python -m tests.bench.listening --out docs/listening --page docs/listening.html --songs caesium --seconds 8``.
"""

from __future__ import annotations

import argparse
import html
import itertools
import os
import shutil
import struct
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from engine.analysis import analyse
from engine.dsp.limiter import limit_true_peak
from engine.dsp.loudness import integrated_lufs
from engine.inference.arrangement_voice import singer_of
from engine.inference.restyle import restyle_task
from engine.inference.styles import list_styles, load_style
from tests.bench import style_measure as measure
from tests.bench.style_material import CACHE, REPOSITORY, Samples, Song, songs

LUFS = -16.0
_HEIGHT, _WIDTH = 128, 560
_LOW_HZ, _HIGH_HZ = 30.0, 16_000.0
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Contrafact: styles to listen to</title>
<style>
body {{ background: #15171c; color: #d8dbe2; font: 15px/1.5 Inter, system-ui, sans-serif; margin: 2rem auto;
  max-width: 46rem; padding: 0 1rem; }}
h1, h2 {{ font-weight: 600; }} h2 {{ margin: 2rem 0 .3rem; }}
img {{ width: 100%; border-radius: 6px; display: block; }} audio {{ width: 100%; margin: .4rem 0; }}
p.figures {{ color: #9aa1ad; font-size: 13px; margin: 0; }} a {{ color: #7fb3ff; }}
</style>
</head>
<body>
<h1>Styles to listen to</h1>
<p>{intro}</p>
<p>{summary}</p>
{entries}
</body>
</html>
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page and all that belongs to it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.listening", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the page")
    parser.add_argument("--songs", default="caesium,paper-lanterns", help="ids, separated by commas")
    parser.add_argument("--styles", default="", help="ids, separated by commas; all where it is empty")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--page", type=Path, help="the page; listening.html in the folder where it is not given")
    parser.add_argument("--no-sounds", action="store_true", help="pictures and figures only")
    arguments = parser.parse_args(argv)
    chosen = [s for s in arguments.styles.split(",") if s] or [info.id for info in list_styles()]
    page: Path = arguments.page or arguments.out / "listening.html"
    arguments.out.mkdir(parents=True, exist_ok=True)
    studio = _Studio(arguments.out, os.path.relpath(arguments.out, page.parent), sounds=not arguments.no_sounds)
    faults: dict[str, list[str]] = {}
    for song in songs(arguments.seconds, tuple(s for s in arguments.songs.split(",") if s)):
        for style, found in studio.play(song, chosen):
            faults.setdefault(style, []).extend(found)
            print(f"{song.id} {style}: {'; '.join(found) or 'nothing'}", file=sys.stderr, flush=True)
    clean = [style for style, found in faults.items() if not found]
    flawed = [f"{style} ({', '.join(dict.fromkeys(found))})" for style, found in faults.items() if found]
    intro = (
        f"Made by <code>python -m tests.bench.listening</code>. All sounds at {LUFS:.0f} LUFS, the voice kept as it "
        "is. Pictures: 30 Hz to 16 kHz, logarithmic, 80 dB. Nobody has judged these by ear yet: the figures are all "
        "that is known of them."
    )
    summary = (
        f"By these figures nothing is wrong with: {html.escape(', '.join(clean)) or 'none'}. "
        f"What is poor: {html.escape('; '.join(flawed)) or 'nothing'}."
    )
    page.write_text(_PAGE.format(intro=intro, summary=summary, entries="\n".join(studio.entries)), encoding="utf-8")
    return 0


class _Studio:
    """Plays songs in styles and keeps what belongs on the page."""

    def __init__(self, folder: Path, link: str, *, sounds: bool):
        self._folder, self._link, self._sounds = folder, link, sounds
        self.entries: list[str] = []

    def play(self, song: Song, styles: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        """Each style and what is wrong with it by the figures."""
        audio = song.audio()
        source = np.sum(list(audio.values()), axis=0).astype(np.float32)
        harmonic = np.sum([x for role, x in audio.items() if role != "drums"], axis=0).astype(np.float32)
        analysis = analyse(source, rate=song.rate, harmonic=harmonic)
        singer = singer_of(audio, rate=song.rate)
        heading = f"{song.id}: source ({analysis.tempo_bpm:.0f} BPM, {analysis.key or 'no clear key'})"
        self._entry(f"{song.id}-source", heading, "", source, song.rate)
        known = measure.tuned(harmonic, song.rate)
        for name in styles:
            style = load_style(name)
            folder = CACHE / "listening"
            shutil.rmtree(folder, ignore_errors=True)
            result = restyle_task(
                stems=song.stems,
                out_dir=str(folder),
                style=name,
                keep=["vocals"],
                pack_dir=str(REPOSITORY / "onnx_models" / "style-production"),
                provider="cpu",
                analysis=analysis,
                progress=lambda _, __: None,
                cancelled=lambda: False,
            )
            heard = measure.listen(song, result)
            voice = heard.roles["vocals"] if "vocals" in audio else None
            figures = {
                "harmony kept": measure.chroma_agreement(
                    known, measure.tuned(heard.without_drums, song.rate), analysis
                ),
                "pattern": measure.pattern_likeness(heard.drums, style, analysis, song.rate),
                "voice crowded": measure.crowding(voice, heard.beside, singer, song.rate) if result.parts else None,
                "tone error dB": measure.tone_error_db(heard, style, song.rate),
                "energy below 120 Hz": measure.low_share(heard.mix, song.rate),
                "silences": float(measure.holes(heard.mix, source, song.rate)),
            }
            found = faults_of(figures)
            said = "; ".join(f"{k} {v:.2f}" for k, v in figures.items() if v is not None and np.isfinite(v))
            text = f"{said}. Poor: {', '.join(found) or 'nothing'}. {' '.join(result.notices)}"
            self._entry(f"{song.id}-{name}", f"{song.id}: {style.name}", text, heard.mix, song.rate)
            yield name, found

    def _entry(self, name: str, title: str, figures: str, sound: Samples, rate: int) -> None:
        self.entries.append(_entry(self._folder, self._link, name, title, figures, sound, rate, sounds=self._sounds))


LIMITS: tuple[tuple[str, float, bool, str], ...] = (
    ("harmony kept", 0.8, True, "harmony drifts from the song's"),
    ("pattern", 0.6, True, "rhythm is hard to tell"),
    ("voice crowded", 0.15, False, "crowds the voice"),
    ("tone error dB", 4.0, False, "far from its own tone"),
    ("energy below 120 Hz", 0.55, False, "boomy"),
    ("silences", 0.0, False, "falls silent"),
)
"""Figure, its bound, whether it is a lower one, and what it means to be beyond it."""


def faults_of(figures: Mapping[str, float | None]) -> list[str]:
    """What the figures say is poor."""
    found: list[str] = []
    for name, bound, lower, words in LIMITS:
        value = figures.get(name)
        if value is not None and np.isfinite(value) and (value < bound if lower else value > bound):
            found.append(words)
    return found


def _entry(
    folder: Path, link: str, name: str, title: str, figures: str, sound: Samples, rate: int, *, sounds: bool
) -> str:
    lufs = integrated_lufs(sound, rate=rate)
    gain = 10.0 ** ((LUFS - lufs) / 20.0) if np.isfinite(lufs) else 1.0
    sound = limit_true_peak((sound * np.float32(gain)).astype(np.float32), rate=rate)
    if sounds:
        _write_ogg(folder / f"{name}.ogg", sound, rate)
    write_png(folder / f"{name}.png", spectrogram(sound, rate))
    shown, place = html.escape, "" if link == "." else f"{link}/"
    player = f'<audio controls preload="none" src="{shown(place + name)}.ogg"></audio>\n' if sounds else ""
    return (
        f"<h2>{shown(title)}</h2>\n"
        f'<img src="{shown(place + name)}.png" alt="Spectrogram of {shown(title)}">\n'
        f"{player}"
        f'<p class="figures">{shown(figures)}</p>'
    )


def _write_ogg(path: Path, sound: Samples, rate: int) -> None:
    with soundfile.SoundFile(path, "w", rate, 2, format="OGG", subtype="VORBIS", compression_level=0.85) as file:
        # libsndfile keeps a whole block on the stack: large blocks overflow it.
        for start in range(0, sound.shape[1], 4096):
            file.write(np.ascontiguousarray(sound[:, start : start + 4096].T))


def spectrogram(sound: Samples, rate: int) -> np.ndarray:
    """``(height, width) uint8``: frequency upward on a logarithmic scale, 80 dB from black to white."""
    size = 4096
    mono = np.pad(sound.mean(axis=0), (size // 2, size))
    starts = np.linspace(0, max(mono.size - size, 0), _WIDTH).astype(int)
    frames = np.stack([mono[s : s + size] for s in starts]) * np.hanning(size).astype(np.float32)
    power = 20.0 * np.log10(np.abs(np.fft.rfft(frames, axis=1)) + 1e-6)
    edges = np.geomspace(_LOW_HZ, _HIGH_HZ, _HEIGHT + 1) * size / rate
    rows = []
    for low, high in itertools.pairwise(edges):
        first = int(low)
        rows.append(power[:, first : max(int(np.ceil(high)), first + 1)].max(axis=1))
    picture = np.array(rows)[::-1]
    return (np.clip((picture - picture.max() + 80.0) / 80.0, 0.0, 1.0) * 255).astype(np.uint8)


def write_png(path: Path, grey: np.ndarray) -> None:
    """A grey picture ``(height, width) uint8`` as PNG (RFC 2083)."""
    rows = b"".join(b"\x00" + row.tobytes() for row in np.ascontiguousarray(grey))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 8, 0, 0, 0, 0)
    parts: list[Any] = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows, 9))]
    path.write_bytes(b"".join([*parts, chunk(b"IEND", b"")]))


if __name__ == "__main__":
    sys.exit(main())
