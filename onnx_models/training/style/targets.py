"""Production targets of the styles: references made from sample-kit material and instruments with each style's own
settings, kept as features.

``python -m onnx_models.training.style.targets --samples DIR`` rewrites ``production.targets`` of every style in
``resources/styles``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine.dsp.loudness import integrated_lufs
from engine.inference.arrangement import compose, play
from engine.inference.arrangement_chords import Voice
from engine.inference.production_chain import apply_strip, encode, to_strip
from engine.inference.production_features import SIZE, features
from engine.inference.style_preview import home_tempo, imagined_song
from engine.inference.styles import Style, check_style, shipped_root
from engine.types import Audio
from onnx_models.training.style.material import RATE, ROLES, Library, Stem

SECONDS = 24.0
_SINGERS = ("voice/legato_hadzifia_phrases", "voice/vocadito", "voice/vocalset")


def dry_references(style: Style, library: Library) -> dict[str, list[Audio]]:
    """Unprocessed sounds of each role: what the style's own instruments play, and kit material where it has none."""
    found: dict[str, list[Audio]] = {role: [] for role in ROLES}
    if style.arrangement is not None:
        song = imagined_song(home_tempo(style), seconds=SECONDS)
        nobody = Voice(step_s=0.25, sings=(), centre=None)
        score = compose(style, song, roles=("drums", "bass", "other"), singer=nobody, seed=7)
        mixes: dict[str, Audio] = {}
        for layer in score.layers:
            audio = play(layer, score, rate=RATE, length_frames=int(SECONDS * RATE), seed=7)
            audio = audio * np.float32(10.0 ** (layer.level_db / 20.0))
            mixes[layer.role] = mixes.get(layer.role, np.zeros_like(audio)) + audio
        for role, audio in mixes.items():
            found[role].append(audio)
    rng = np.random.default_rng(11)
    for role in ROLES:
        if role == "vocals":
            for name in _SINGERS:
                folder = next(f for f in library.folders if f.name == name)
                joined = [library.sound(p) for p in folder.files[:3]]
                found[role].append(np.concatenate([np.repeat(s[:1], 2, axis=0) for s in joined], axis=1))
        elif not found[role]:
            found[role] += [Stem(library, role, rng, held_out=False).section(rng, seconds=5.0) for _ in range(6)]
    return found


def targets(style: Style, library: Library) -> dict[str, list[float]]:
    """Mean features of the processed references of each role, rounded to a hundredth."""
    out: dict[str, list[float]] = {}
    for role, sounds in dry_references(style, library).items():
        coded = encode(style.production.reference.get(role, {}))
        rows = []
        for sound in sounds:
            lufs = integrated_lufs(sound, rate=RATE)
            if np.isfinite(lufs):
                rows.append(features(apply_strip(sound, to_strip(coded, lufs=lufs), rate=RATE), rate=RATE))
        out[role] = [round(float(v), 2) for v in np.mean(rows, axis=0)]
        assert len(out[role]) == SIZE
    return out


def layout(value: Any, indent: int = 0) -> str:
    """JSON that a person can read: short things on one line, long ones broken."""
    flat = json.dumps(value, ensure_ascii=False)
    pad = " " * (indent + 2)
    numbers = isinstance(value, list) and all(isinstance(x, int | float) for x in value)
    if len(flat) < 110 or numbers or not isinstance(value, dict | list):
        return flat
    if isinstance(value, dict):
        rows = [f"{pad}{json.dumps(k)}: {layout(v, indent + 2)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(pad + layout(v, indent + 2) for v in value) + "\n" + " " * indent + "]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--styles", type=Path, default=shipped_root())
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    library = Library(arguments.samples)
    for path in sorted(arguments.styles.glob("*.json")):
        if arguments.only and path.stem not in arguments.only.split(","):
            continue
        raw = json.loads(path.read_bytes())
        style = msgspec.convert(raw, Style)
        raw["production"]["targets"] = targets(style, library)
        check_style(msgspec.convert(raw, Style))
        half = path.with_suffix(".half")
        half.write_text(layout(raw) + "\n", encoding="utf-8")
        half.replace(path)
        print(path.stem, flush=True)


if __name__ == "__main__":
    main()
