"""What the styles do to real songs, in figures: ``python -m tests.bench.style`` or ``contrafact bench style``.

Every style on excerpts of every recording beside the repository and of the songs that come with the program. What each
figure means stands with its function in `tests.bench.style_measure`. It takes long: with ``--rows FILE`` each row is
kept as it is done, and a later run goes on where an earlier one ended.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.analysis import Analysis, analyse
from engine.analysis.corrections import conformed
from engine.analysis.theme import theme_of
from engine.errors import StyleError
from engine.inference import restyle
from engine.inference.arrangement import Score, compose
from engine.inference.arrangement_voice import singer_of
from engine.inference.restyle import restyle_task
from engine.inference.restyle_result import RestyleResult
from engine.inference.styles import ARRANGEMENT, Style, list_styles, load_style
from tests.bench import style_groove, style_recognition, style_timbre
from tests.bench import style_measure as measure
from tests.bench.style_material import CACHE, REPOSITORY, Song, songs

PACK = REPOSITORY / "onnx_models" / "style-production"
KEPT = ("vocals",)


def run(
    *,
    seconds: float = 30.0,
    styles: Sequence[str] = (),
    only: Sequence[str] = (),
    seed: int = 0,
    recognise: bool = False,
    timing: bool = False,
    extras: bool = True,
    kept: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Measure styles on songs.

    Args:
        seconds: length of the excerpts; 0 takes whole songs.
        styles: ids; empty takes all.
        only: ids of songs; empty takes all.
        seed: of the restyles.
        recognise: train a classifier first and let it name each result.
        timing: only how long it takes.
        extras: groove and timbres as well (`style_groove`, `style_timbre`).
        kept: file of rows that were measured before; new ones are added to it.
        say: told about each restyle as it is done.

    Returns:
        The figures with the keys of the project's ``bench style --json``.
    """
    chosen = [load_style(style) for style in (styles or [info.id for info in list_styles()])]
    rows: list[dict[str, Any]] = []
    judge = style_recognition.train(say) if recognise else None
    known = read_rows(kept)
    # The studio has loaded it by the time when stems are there.
    restyle.load()
    for song in songs(seconds, tuple(only)):
        mark = {"song": song.id, "seconds": round(song.seconds, 2), "seed": seed, "timing": timing}
        done = {row["style"]: row for row in known if all(row.get(k) == v for k, v in mark.items())}
        rows += [done[style.id] for style in chosen if style.id in done]
        missing = [style for style in chosen if style.id not in done]
        if missing:
            for row in _song_rows(song, missing, seed, judge, timing=timing):
                rows.append(measure.rounded({**mark, **row}))
                say(" ".join(f"{k}={v}" for k, v in rows[-1].items() if k != "notices"))
                if kept is not None:
                    with kept.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(rows[-1]) + "\n")
    metrics = json.loads((PACK / "pack.json").read_bytes())["metrics"]
    quality = next(row for row in metrics if row["name"] == "gap closed" and "stem" not in row)
    return {
        "gap_closed": quality["value"],
        "matchering_like": quality["baseline"],
        "groove": style_groove.run(say) if extras else None,
        "timbre": style_timbre.run(say) if extras else None,
        "recognised_held_out": judge.held_out if judge is not None else None,
        "styles": [_summary(style, rows) for style in chosen],
        "rows": rows,
    }


def read_rows(path: Path | None) -> list[dict[str, Any]]:
    """Rows of earlier runs, one JSON object a line; none where there is no such file."""
    if path is None or not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _song_rows(
    song: Song, chosen: list[Style], seed: int, judge: style_recognition.Classifier | None, *, timing: bool
) -> Iterator[dict[str, Any]]:
    audio = song.audio()
    source = np.sum(list(audio.values()), axis=0).astype(np.float32)
    harmonic = np.sum([x for role, x in audio.items() if role != "drums"], axis=0).astype(np.float32)
    began = time.perf_counter()
    analysis = conformed(analyse(source, rate=song.rate, harmonic=harmonic), **song.stated)
    listened = time.perf_counter() - began
    singer = singer_of(audio, rate=song.rate)
    known = measure.tuned(harmonic, song.rate)
    for style in chosen:
        began = time.perf_counter()
        try:
            result = _restyled(song, style, analysis, seed=seed)
        except StyleError as error:
            yield {"style": style.id, "refused": error.message}
            continue
        row: dict[str, Any] = {"style": style.id, "rtf": (time.perf_counter() - began + listened) / song.seconds}
        if timing:
            yield row
            continue
        heard = measure.listen(song, result)
        voice = heard.roles["vocals"] if "vocals" in audio else None
        score = _score(style, analysis, song, seed) if result.parts else None
        crowding_source = measure.crowding(voice, source - audio.get("vocals", 0), singer, song.rate)
        row |= {
            "chroma": measure.chroma_agreement(known, measure.tuned(heard.without_drums, song.rate), analysis),
            "beat_f": measure.beat_f(heard.mix, song.rate, analysis, felt_bpm=result.felt_tempo_bpm),
            "crowding": measure.crowding(voice, heard.beside, singer, song.rate) if result.parts else None,
            "crowding_source": crowding_source,
            "low_share": measure.low_share(heard.mix, song.rate),
            "low_share_source": measure.low_share(source, song.rate),
            "tone_error_db": measure.tone_error_db(heard, style, song.rate),
            "repeat": measure.longest_repeat(score, analysis) if score is not None else None,
            "pattern": measure.pattern_likeness(heard.drums, style, analysis, song.rate),
            "holes": measure.holes(heard.mix, source, song.rate),
            "drift_ms": measure.last_beat_drift_ms(heard.drums, analysis, song.rate),
            "peak_dbtp": measure.peak_dbtp(heard.mix, song.rate),
            "null_db": measure.null_db(song, _restyled(song, style, analysis, seed=seed, intensity=0.0)),
            "notices": result.notices,
        }
        if judge is not None and style.id in judge.styles and result.parts:
            row["named"] = judge.name(style_recognition.described(heard.mix, song.rate, analysis))
            row["recognised"] = float(row["named"] == style.id)
        yield row


def _restyled(song: Song, style: Style, analysis: Analysis, *, seed: int, intensity: float = 1.0) -> RestyleResult:
    folder = CACHE / "out"
    shutil.rmtree(folder, ignore_errors=True)
    return restyle_task(
        stems=song.stems,
        out_dir=str(folder),
        style=style.id,
        intensity=intensity,
        seed=seed,
        keep=list(KEPT),
        pack_dir=str(PACK),
        provider="cpu",
        analysis=analysis,
        progress=lambda _, __: None,
        cancelled=lambda: False,
    )


def _score(style: Style, analysis: Analysis, song: Song, seed: int) -> Score:
    audio = song.audio()
    singer = singer_of(audio, rate=song.rate)
    theme = theme_of(audio, rate=song.rate, beats_s=analysis.beats_s)
    return compose(style, analysis, roles=("drums", "bass", "other"), singer=singer, seed=seed, theme=theme)


def _summary(style: Style, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One style over all songs: means, and the worst where that is what counts."""
    own = [row for row in rows if row["style"] == style.id and "refused" not in row]

    def values(name: str) -> list[float]:
        return [float(row[name]) for row in own if row.get(name) is not None and np.isfinite(row[name])]

    def mean(name: str) -> float | None:
        found = values(name)
        return float(np.mean(found)) if found else None

    def worst(name: str, pick: Callable[[list[float]], float] = max) -> float | None:
        found = values(name)
        return pick(found) if found else None

    return measure.rounded(
        {
            "id": style.id,
            "arranges": ARRANGEMENT in style.operators,
            "songs": len(own),
            "recognised": mean("recognised"),
            "chroma": mean("chroma"),
            "chroma_worst": worst("chroma", min),
            "beat_f": mean("beat_f"),
            "beat_f_worst": worst("beat_f", min),
            "crowding": worst("crowding"),
            "low_share": mean("low_share"),
            "tone_error_db": mean("tone_error_db"),
            "repeat": worst("repeat"),
            "pattern": mean("pattern"),
            "holes": worst("holes"),
            "drift_ms": worst("drift_ms"),
            "peak_dbtp": worst("peak_dbtp"),
            "null_db": worst("null_db"),
            "rtf": mean("rtf"),
            "rtf_worst": worst("rtf"),
        }
    )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.style", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--styles", default="", help="ids, separated by commas")
    parser.add_argument("--songs", default="", help="ids, separated by commas")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--recognise", action="store_true", help="train a classifier and let it name each result")
    parser.add_argument("--timing", action="store_true", help="only how long it takes")
    parser.add_argument("--no-extras", action="store_true", help="leave groove and timbres out")
    parser.add_argument("--rows", type=Path, help="rows measured before; new ones are added")
    parser.add_argument("--json", action="store_true", help="print all figures as JSON")
    parser.add_argument("--out", type=Path, help="where to write all figures")
    arguments = parser.parse_args(argv)
    figures = run(
        seconds=arguments.seconds,
        styles=[s for s in arguments.styles.split(",") if s],
        only=[s for s in arguments.songs.split(",") if s],
        seed=arguments.seed,
        recognise=arguments.recognise,
        timing=arguments.timing,
        extras=not (arguments.timing or arguments.no_extras),
        kept=arguments.rows,
        say=lambda text: print(text, file=sys.stderr, flush=True),
    )
    if arguments.out is not None:
        arguments.out.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    if arguments.json:
        print(json.dumps(figures, indent=1))
        return 0
    for name in ("groove", "timbre"):
        print(name, {k: v for k, v in (figures[name] or {}).items() if isinstance(v, float)})
    for row in figures["styles"]:
        print("  ".join(f"{k} {v}" for k, v in row.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
