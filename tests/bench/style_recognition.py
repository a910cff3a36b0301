"""Is a style recognisable? A small classifier that has heard every style on imagined songs, and judges real ones.

``python -m tests.bench.style_recognition`` renders what it learns from (kept under ``build/bench/style``) and says how
well it tells renders that were held out. Features: the figures of the production model, and strokes in three bands on
the sixteen steps of the source's bar. Classifier: ridge regression on one output a style. Styles without parts of their
own have no rhythm to be known by and are left out.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import soundfile

from engine.analysis import Analysis, spectra
from engine.dsp.loudness import integrated_lufs
from engine.inference.production_features import features
from engine.inference.style_preview import RATE, imagined_song, preview_task
from engine.inference.styles import ARRANGEMENT, list_styles, load_style
from tests.bench.style_material import CACHE, REPOSITORY, Samples

Floats = npt.NDArray[np.float64]
SECONDS = 8.0
RENDERS = 3
"""Of each style; the last one is held out."""
_VOICES = REPOSITORY.parent / "shared" / "samples" / "voice" / "legato_hadzifia_phrases"
_RIDGE = 12.0
_BANDS = ((30.0, 150.0), (150.0, 2500.0), (5000.0, 11000.0))
PACK = REPOSITORY / "onnx_models" / "style-production"


class Classifier(msgspec.Struct, frozen=True):
    """Weights of a linear classifier on standardised features."""

    styles: tuple[str, ...]
    mean: Floats
    spread: Floats
    weights: Floats
    held_out: float
    """Share of the held-out renders that it names rightly."""

    def name(self, heard: Floats) -> str:
        """The style that it takes something for."""
        x = np.append((heard - self.mean) / self.spread, 1.0)
        return self.styles[int(np.argmax(x @ self.weights))]


def described(mix: Samples, rate: int, analysis: Analysis) -> Floats:
    """What the classifier hears."""
    return np.concatenate([features(mix, rate=rate).astype(np.float64) / 6.0, strokes(mix, rate, analysis)])


def strokes(mix: Samples, rate: int, analysis: Analysis) -> Floats:
    """Onset strength of three bands on the sixteen steps of a bar, each with unit length; ``(48,)``."""
    from engine.dsp.resample import resample

    mono = np.ascontiguousarray(np.asarray(mix, np.float32).mean(axis=0, keepdims=True))
    low = resample(mono, from_rate=rate, to_rate=spectra.RATE)[0]
    size, hop = 1024, 128
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(low, (size, 0)), size)[::hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32), axis=1))
    frequency = np.fft.rfftfreq(size, 1.0 / spectra.RATE)
    out: list[Floats] = []
    beats = np.asarray(analysis.beats_s)
    first = analysis.downbeats_s[0] if analysis.downbeats_s else (beats[0] if beats.size else 0.0)
    index = np.arange(beats.size) - (int(np.argmin(np.abs(beats - first))) if beats.size else 0)
    for band in _BANDS:
        inside = (frequency >= band[0]) & (frequency < band[1])
        level = np.log1p(20.0 * power[:, inside].mean(axis=1))
        rise = np.maximum(np.diff(level, prepend=level[:1]), 0.0)
        bar = np.zeros(16)
        for k in range(beats.size - 1):
            for step in range(4):
                at = beats[k] + step / 4.0 * (beats[k + 1] - beats[k])
                centre = round(at * spectra.RATE / hop)
                window = rise[max(centre - 3, 0) : centre + 8]
                bar[(4 * int(index[k]) + step) % 16] += float(window.max(initial=0.0))
        out.append(4.0 * bar / max(float(np.linalg.norm(bar)), 1e-9))
    return np.concatenate(out)


def train(say: Callable[[str], None] = lambda _: None) -> Classifier:
    """Render, describe and fit; renders that were described before are not made again."""
    rows: dict[str, list[Floats]] = {}
    for info in list_styles():
        if ARRANGEMENT in info.operators:
            rows[info.id] = [_render(info.id, number, say) for number in range(RENDERS)]
    names = tuple(rows)
    held_out = _accuracy(_fit(names, rows, RENDERS - 1), {n: r[RENDERS - 1 :] for n, r in rows.items()})
    return msgspec.structs.replace(_fit(names, rows, RENDERS), held_out=held_out)


def _fit(names: tuple[str, ...], rows: dict[str, list[Floats]], count: int) -> Classifier:
    x = np.array([row for name in names for row in rows[name][:count]])
    y = np.array([[1.0 if name == other else 0.0 for other in names] for name in names for _ in range(count)])
    mean, spread = x.mean(axis=0), x.std(axis=0) + 0.15
    z = np.concatenate([(x - mean) / spread, np.ones((x.shape[0], 1))], axis=1)
    weights = np.linalg.solve(z.T @ z + _RIDGE * np.eye(z.shape[1]), z.T @ y)
    return Classifier(names, mean, spread, weights, 0.0)


def _accuracy(model: Classifier, rows: dict[str, list[Floats]]) -> float:
    right = [model.name(row) == name for name, own in rows.items() for row in own]
    return float(np.mean(right))


def _render(style_id: str, number: int, say: Callable[[str], None]) -> Floats:
    """One render of a style, described: other seed, key and tempo each time, half of them under a voice."""
    digest = zlib.crc32(msgspec.json.encode(load_style(style_id)))
    folder = CACHE / "recognition"
    folder.mkdir(parents=True, exist_ok=True)
    known = folder / f"{style_id}-{number}-{digest:08x}.npy"
    if known.is_file():
        return np.load(known)
    rng = np.random.default_rng([number, zlib.crc32(style_id.encode())])
    tempo, tonic = float(rng.uniform(76.0, 132.0)), int(rng.integers(12))
    path = folder / "render.f32"
    ref = preview_task(
        style=style_id,
        out_path=str(path),
        pack_dir=str(PACK),
        seconds=SECONDS,
        seed=number,
        tonic=tonic,
        tempo_bpm=tempo,
        provider="cpu",
        progress=lambda _, __: None,
        cancelled=lambda: False,
    )
    mix = np.array(ref.open())
    if number % 2 == 1:
        mix = mix + _voice(rng, mix.shape[1])
    heard = described(mix, RATE, imagined_song(tempo, seconds=SECONDS, tonic=tonic))
    np.save(known, heard)
    path.unlink(missing_ok=True)
    say(f"{style_id} {number}")
    return heard


def _voice(rng: np.random.Generator, frames: int) -> Samples:
    """Real singing of the kit, as loud as a voice is in a mix; silence where there is no kit."""
    out = np.zeros((2, frames), np.float32)
    paths = sorted(Path(_VOICES).glob("*.*")) if _VOICES.is_dir() else []
    if not paths:
        return out
    samples, _ = soundfile.read(paths[int(rng.integers(len(paths)))], dtype="float32", always_2d=True)
    length = min(frames, samples.shape[0])
    out[:, :length] = samples[:length].mean(axis=1)
    lufs = integrated_lufs(out, rate=RATE)
    return out * np.float32(10.0 ** ((-19.0 - lufs) / 20.0)) if np.isfinite(lufs) else out


def main() -> int:
    argparse.ArgumentParser(prog="python -m tests.bench.style_recognition", description=__doc__).parse_args()
    model = train(lambda text: print(text, file=sys.stderr, flush=True))
    print(f"{len(model.styles)} styles, {RENDERS} renders each; held-out renders named rightly: {model.held_out:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
