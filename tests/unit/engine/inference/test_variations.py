"""Variations: what a seed changes, and a choice without near duplicates."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import Cancelled, StyleError
from engine.inference.arrangement import compose
from engine.inference.restyle_result import Variation
from engine.inference.style_variation import NEAR_DUPLICATE, choose, distance, fingerprint, nearest_pair, varied
from engine.inference.styles import ARRANGEMENT, check_style, list_styles, load_style
from engine.inference.variations import variations_task
from engine.types import PcmRef
from tests.unit.engine.inference.synthetic_song import song, write
from tests.unit.engine.inference.test_arrangement import NOBODY, ROLES, analysis

PACK = Path(__file__).resolve().parents[4] / "onnx_models" / "style-production"
WITH_PARTS = [info.id for info in list_styles() if ARRANGEMENT in info.operators]


@pytest.fixture(scope="module")
def stems(tmp_path_factory: pytest.TempPathFactory) -> dict[str, PcmRef]:
    return write(song(6.0), tmp_path_factory.mktemp("song"))


def make(stems: dict[str, PcmRef], out: Path, styles: list[str], count: int, **more: Any) -> list[Variation]:
    options: dict[str, Any] = {"progress": lambda f, n: None, "cancelled": lambda: False, **more}
    return variations_task(
        stems=stems,
        out_dir=str(out),
        wishes=[{"style": style} for style in styles],
        count=count,
        pack_dir=str(PACK),
        provider="cpu",
        **options,
    )


@pytest.mark.parametrize("style_id", WITH_PARTS)
def test_every_seed_of_a_style_is_a_valid_style_and_zero_is_the_style_itself(style_id: str) -> None:
    style = load_style(style_id)
    assert varied(style, 0) is style
    for seed in range(1, 12):
        changed = varied(style, seed)
        check_style(changed)
        assert changed == varied(style, seed)
        assert changed.id == style.id


def test_seeds_of_one_style_are_nearer_to_each_other_than_to_other_styles() -> None:
    found = analysis()

    def of(style_id: str, seed: int) -> np.ndarray:
        style = varied(load_style(style_id), seed)
        return fingerprint(style, compose(style, found, roles=ROLES, singer=NOBODY, seed=seed))

    house = [of("house", seed) for seed in range(4)]
    others = [of(style_id, 0) for style_id in ("bossa", "rock", "swing")]
    within = max(distance(a, b) for a, b in itertools.combinations(house, 2))
    between = min(distance(a, b) for a in house for b in others)
    assert 0.0 < within < between
    assert distance(house[0], of("house", 0)) == 0.0


def test_the_choice_leaves_out_near_duplicates() -> None:
    prints = [np.zeros(24), np.full(24, 0.001), np.full(24, 0.5), np.full(24, 0.501), np.full(24, 1.0)]
    assert choose(prints, 5) == [0, 4, 2]
    assert choose(prints, 1) == [0]
    assert choose([], 3) == []
    assert nearest_pair([prints[i] for i in choose(prints, 5)]) > NEAR_DUPLICATE


def test_variations_differ_and_come_least_change_first(stems: dict[str, PcmRef], tmp_path: Path) -> None:
    made = make(stems, tmp_path, ["house", "tape", "ambient"], 3, keep=["vocals"])
    assert {v.result.style for v in made} == {"house", "tape", "ambient"}
    assert [v.change for v in made] == sorted(v.change for v in made)
    assert made[0].result.style == "tape"
    assert all(v.nearest >= NEAR_DUPLICATE for v in made)
    for variation in made:
        assert all(Path(part.pcm.path).is_file() for part in variation.result.parts)


def test_one_style_gives_several_takes_that_can_be_told_apart(stems: dict[str, PcmRef], tmp_path: Path) -> None:
    made = make(stems, tmp_path, ["funk"], 2, keep=["vocals"])
    assert len(made) == 2
    assert made[0].result.seed != made[1].result.seed
    assert {p.pcm.digest for p in made[0].result.parts}.isdisjoint(p.pcm.digest for p in made[1].result.parts)


def test_styles_that_do_not_suit_are_left_out_and_cancel_is_heard(tmp_path: Path) -> None:
    t = np.arange(8 * 44100) / 44100
    chord = sum(np.sin(2 * np.pi * f * t) for f in (220.0, 261.6, 329.6)) * 0.05 * np.minimum(1.0, t)
    refs = write({"other": np.repeat(chord[None], 2, axis=0).astype(np.float32)}, tmp_path / "in")
    made = make(refs, tmp_path / "out", ["ambient"], 1)
    assert [v.result.style for v in made] == ["ambient"]
    with pytest.raises(StyleError):
        variations_task(
            stems=refs,
            out_dir=str(tmp_path / "none"),
            wishes=[{"style": "house", "operators": [ARRANGEMENT]}],
            count=2,
            pack_dir=str(PACK),
            progress=lambda f, n: None,
            cancelled=lambda: False,
        )
    with pytest.raises(Cancelled):
        make(refs, tmp_path / "gone", ["ambient"], 1, cancelled=lambda: True)
