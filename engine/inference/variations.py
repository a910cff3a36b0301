"""Several restyles of one song at once: it is heard once, many arrangements are written, the ones that differ most are
played.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine.analysis import Analysis, analyse
from engine.analysis.corrections import conformed
from engine.errors import StyleError
from engine.inference.arrangement import compose
from engine.inference.arrangement_voice import singer_of
from engine.inference.restyle import restyle_task, unsuitable
from engine.inference.restyle_result import RestyleResult, Variation, Wish
from engine.inference.style_variation import Fingerprint, choose, distance, fingerprint, varied
from engine.inference.styles import ARRANGEMENT, Style, load_style
from engine.types import Audio, PcmRef, Progress

MOST = 24
_SEEDS = 1_000_000_000
_TRIES = 6
"""Arrangements written for each one that is played."""


def variations_task(
    *,
    stems: dict[str, PcmRef],
    out_dir: str,
    wishes: Sequence[Wish | dict[str, Any]],
    count: int,
    seed: int = 1,
    keep: Sequence[str] = (),
    stated: dict[str, Any] | None = None,
    pack_dir: str,
    provider: str = "auto",
    progress: Progress,
    cancelled: Callable[[], bool],
) -> list[Variation]:
    """Worker task: make `count` restyles that differ, sorted by how much they change. Fewer where the styles give no
    more that can be told apart.

    Args:
        stems: as for `restyle_task`.
        out_dir: each variation has a folder of its own there.
        wishes: styles to choose from; each is used before one is used twice, as far as they suit the music.
        count: 1 to 24.
        seed: another seed, other variations.
        keep: roles that are not touched.
        stated: as for `restyle_task`.
        pack_dir: folder of the production model.
        provider: auto, cpu or cuda.

    Raises:
        StyleError: as `restyle_task`, where none of the styles can be used. Cancelled: when the caller wants to stop.
    """
    count = max(1, min(int(count), MOST))
    audio = {role: np.asarray(ref.open()) for role, ref in stems.items()}
    rate = next(iter(stems.values())).rate
    given: dict[str, Any] = stated or {}
    analysis = conformed(_listen(audio, rate, progress, cancelled), **given)
    wished = [msgspec.convert(wish, Wish) for wish in wishes]
    plans = _plans(wished, analysis, audio, rate, count, seed, frozenset(keep))
    prints = [print_ for _, _, _, print_ in plans]
    chosen = [plans[i] for i in _spread(plans, choose(prints, len(plans)), count)]
    made: list[Variation] = []
    for number, (wish, _, its_seed, print_) in enumerate(chosen):
        first = 0.2 + 0.8 * number / len(chosen)

        def share(fraction: float, note: str, first: float = first) -> None:
            progress(first + 0.8 * fraction / len(chosen), note)

        result = restyle_task(
            stems=stems,
            out_dir=str(Path(out_dir) / f"{number + 1}"),
            style=wish.style,
            intensity=wish.intensity,
            seed=its_seed,
            keep=list(keep),
            operators=wish.operators,
            pack_dir=pack_dir,
            provider=provider,
            styles_dir=wish.styles_dir,
            analysis=analysis,
            progress=share,
            cancelled=cancelled,
        )
        others = [other for i, (_, _, _, other) in enumerate(chosen) if i != number]
        nearest = min((distance(print_, other) for other in others), default=1.0)
        made.append(Variation(result=result, change=_change(result, stems), nearest=nearest))
    return sorted(made, key=lambda v: v.change)


def _listen(audio: dict[str, Audio], rate: int, progress: Progress, cancelled: Callable[[], bool]) -> Analysis:
    mix = np.sum(list(audio.values()), axis=0).astype(np.float32)
    tuned = [sound for role, sound in audio.items() if role != "drums"]
    harmonic = np.sum(tuned, axis=0).astype(np.float32) if tuned else None
    return analyse(
        mix, rate=rate, harmonic=harmonic, progress=lambda f, note: progress(0.2 * f, note), cancelled=cancelled
    )


def _plans(
    wishes: Sequence[Wish],
    analysis: Analysis,
    audio: dict[str, Audio],
    rate: int,
    count: int,
    seed: int,
    keep: frozenset[str],
) -> list[tuple[Wish, Style, int, Fingerprint]]:
    """Candidates: each style as it is written, and as other seeds play it."""
    singer = singer_of(audio, rate=rate)
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 4242])
    tries = max(2, -(-_TRIES * count // max(len(wishes), 1)))
    roles = tuple(role for role in ("drums", "bass", "other") if role not in keep)
    plans: list[tuple[Wish, Style, int, Fingerprint]] = []
    refused: StyleError | None = None
    for wish in wishes:
        style = load_style(wish.style, None if wish.styles_dir is None else Path(wish.styles_dir))
        problem = unsuitable(style, analysis, operators=wish.operators)
        if problem is not None:
            refused = problem
            continue
        arranges = style.arrangement is not None and (wish.operators is None or ARRANGEMENT in wish.operators)
        arranges = arranges and not (style.needs_beat and len(analysis.beats_s) < 4)
        seeds = [0 if seed == 0 else _seed(rng)]
        seeds += [_seed(rng) for _ in range(tries - 1)] if arranges else []
        for its_seed in seeds:
            as_played = varied(style, its_seed)
            score = None
            if arranges:
                score = compose(as_played, analysis, roles=roles, singer=singer, seed=its_seed)
            plans.append((wish, style, its_seed, fingerprint(as_played, score)))
    if not plans:
        raise refused or StyleError(
            "There is no style to make variations of.", remedy="Choose at least one style.", code="style-unknown"
        )
    return plans


def _seed(rng: np.random.Generator) -> int:
    return 1 + int(rng.integers(_SEEDS))


def _spread(plans: list[tuple[Wish, Style, int, Fingerprint]], order: list[int], count: int) -> list[int]:
    """The first `count` of an order of preference, no style used again before all had their turn."""
    rounds: dict[str, int] = {}
    ranked: list[tuple[int, int, int]] = []
    for place, index in enumerate(order):
        style = plans[index][1].id
        ranked.append((rounds.get(style, 0), place, index))
        rounds[style] = rounds.get(style, 0) + 1
    return [index for _, _, index in sorted(ranked)[:count]]


def _change(result: RestyleResult, stems: dict[str, PcmRef]) -> float:
    """Share of the stems that are replaced, and a quarter for each that is treated."""
    replaced = {part.replaces for part in result.parts} | set(result.muted)
    treated = {role for role in result.strips if role not in replaced}
    layers = 0.02 * min(len(result.parts), 10)
    return min(1.0, (len(replaced) + 0.25 * len(treated)) / max(len(stems), 1) + layers)
