"""Renders a song and writes its files: mix, stems, credits, terms."""

from __future__ import annotations

import hashlib
import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from engine.dsp import loudness
from engine.types import STEMS, Audio
from resources.catalogue.recipe.band import Band
from resources.catalogue.recipe.credits import META, MODULES, TERMS
from resources.catalogue.recipe.mixing import RATE, Mixed, mix_down
from resources.catalogue.recipe.song import Arrangement
from resources.instruments.ogg import write_ogg

MIX_QUALITY = 0.6
STEM_QUALITY = 0.6
_CEILING_DBTP = -1.0
_SERIALS = {"mix": 1, "vocals": 2, "drums": 3, "bass": 4, "other": 5}


def press(song_id: str, samples: Path, out: Path) -> dict[str, Any]:
    """Render one song into `out/<song id>` and return its figures."""
    band = Band(samples)
    module = importlib.import_module(f"resources.catalogue.recipe.songs.{MODULES[song_id]}")
    arrangement: Arrangement = module.arrange(band)
    folder = out / song_id
    folder.mkdir(parents=True, exist_ok=True)
    mixed, figures = _encode_within_ceiling(arrangement, folder)
    (folder / "meta.json").write_text(_json(_meta(song_id, arrangement, mixed, band)), encoding="utf-8")
    (folder / "terms.json").write_text(_json(TERMS[song_id]), encoding="utf-8")
    return figures


def digests(out: Path) -> dict[str, str]:
    """sha256 of every file of every song under `out`, by its path."""
    found: dict[str, str] = {}
    for song_id in sorted(MODULES):
        for path in sorted((out / song_id).glob("*")):
            found[f"{song_id}/{path.name}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _encode_within_ceiling(arrangement: Arrangement, folder: Path) -> tuple[Mixed, dict[str, Any]]:
    """Encode, and mix again a little lower where the codec pushed the peaks over the ceiling."""
    ceiling = -1.7
    while True:
        mixed = mix_down(
            arrangement.tracks,
            arrangement.spaces,
            frames=arrangement.frames,
            ceiling_dbtp=ceiling,
            glue_db=arrangement.glue_db,
            fade_out_s=arrangement.fade_out_s,
            master_bands=arrangement.master_bands,
        )
        write_ogg(folder / "mix.ogg", mixed.mix, rate=RATE, quality=MIX_QUALITY, serial=_SERIALS["mix"])
        decoded = _read(folder / "mix.ogg")
        peak = loudness.true_peak_dbtp(decoded, rate=RATE)
        if peak <= _CEILING_DBTP:
            break
        ceiling -= peak - _CEILING_DBTP + 0.1
    total = np.zeros_like(decoded)
    for stem in STEMS:
        path = folder / f"{stem}.ogg"
        path.unlink(missing_ok=True)
        if stem not in arrangement.silent_stems:
            write_ogg(path, mixed.stems[stem], rate=RATE, quality=STEM_QUALITY, serial=_SERIALS[stem])
            total = total + _read(path)
    figures = {
        "lufs": round(loudness.integrated_lufs(decoded, rate=RATE), 2),
        "true_peak_dbtp": round(peak, 2),
        "limiter_db": round(mixed.limited_db, 1),
        "stems_residual_db": round(_residual_db(decoded, total), 1),
        "bytes": sum(path.stat().st_size for path in folder.iterdir()),
    }
    return mixed, figures


def _residual_db(mix: Audio, stems: Audio) -> float:
    return 10.0 * float(np.log10(np.mean((mix - stems) ** 2) / np.mean(mix**2)))


def _read(path: Path) -> Audio:
    samples, _ = soundfile.read(path, dtype="float32", always_2d=True)
    return np.ascontiguousarray(samples.T)


def _meta(song_id: str, arrangement: Arrangement, mixed: Mixed, band: Band) -> dict[str, Any]:
    grid = arrangement.grid
    sections = [
        {
            "name": name,
            "start_s": round(grid.seconds(first * grid.beats_per_bar), 3),
            "length_s": round(grid.seconds(end * grid.beats_per_bar) - grid.seconds(first * grid.beats_per_bar), 3),
        }
        for name, first, end in grid.spans()
    ]
    used = sorted(band.used, key=lambda a: (a.source, a.text, a.changes))
    stems = [stem for stem in STEMS if stem not in arrangement.silent_stems]
    return {
        "id": song_id,
        **META[song_id],
        "duration_s": round(mixed.mix.shape[1] / RATE, 3),
        "tempo_bpm": grid.tempo_bpm,
        "first_beat_s": round(grid.seconds(0.0), 3),
        "beats_per_bar": grid.beats_per_bar,
        "sections": sections,
        "stems": stems,
        "silent_stems": list(arrangement.silent_stems),
        "has_vocals": "vocals" in stems,
        "identifiers_are_fictional": True,
        "attributions": [
            {"source": a.source, "licence": a.licence, "text": a.text, "changes": a.changes} for a in used
        ],
    }


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
