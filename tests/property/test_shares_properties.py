"""audible-share/1 whatever the mix: sums, order, splitting, silence, floors."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from studio.rights.allocation import allocate, with_floors
from studio.rights.shares import (
    OWN,
    Payee,
    ShareSource,
    ShareWork,
    audible_share,
    own_source,
    parse_evidence,
    recompute,
)

BLOCK = 256
IDS = ("a" * 64, "b" * 64, "c" * 64)

works = st.lists(st.integers(1, 999_999), min_size=1, max_size=3).map(
    lambda parts: tuple(
        ShareWork(
            id=f"w{index}",
            payees=(
                Payee(id=f"w{index}/x", name="x", ppm=part),
                Payee(id=f"w{index}/y", name="y", ppm=1_000_000 - part),
            ),
            weight_ppm={"drums": part},
        )
        for index, part in enumerate(parts)
    )
)
licensed = st.builds(
    ShareSource,
    kind=st.just("licensed"),
    name=st.just("song"),
    stems=st.sampled_from([("mix",), ("drums",), ("drums", "vocals")]),
    works=st.just(()) | works,
    master_floor_ppm=st.integers(0, 300_000),
    master=st.booleans(),
)
power = st.just(0.0) | st.floats(1e-12, 10.0)


@st.composite
def mixes(draw: st.DrawFn) -> tuple[dict[str, list[float]], list[float], dict[str, ShareSource]]:
    blocks = draw(st.integers(0, 12))
    sources = {name: draw(licensed) for name in IDS[: draw(st.integers(0, 3))]}
    if draw(st.booleans()):
        sources[OWN] = own_source()
    if draw(st.booleans()):
        sources["pool:m"] = ShareSource(kind="pool", name="pool")
    powers = {name: draw(st.lists(power, min_size=blocks, max_size=blocks)) for name in sources}
    mix = draw(st.lists(power, min_size=blocks, max_size=blocks))
    return powers, mix, sources


@given(mixes())
def test_both_sides_sum_to_a_million(mix: Any) -> None:
    found = audible_share(*mix)
    for side in (found.master, found.publishing):
        assert sum(share.ppm for share in side) == 1_000_000
        assert all(share.ppm > 0 for share in side)
        assert len({share.id for share in side}) == len(side)


@given(mixes(), st.randoms(use_true_random=False))
def test_the_order_of_sources_does_not_matter(mix: Any, random: Any) -> None:
    powers, whole, sources = mix
    names = list(powers)
    random.shuffle(names)
    assert audible_share({name: powers[name] for name in names}, whole, sources) == audible_share(*mix)


@given(mixes())
def test_silence_changes_nothing(mix: Any) -> None:
    powers, whole, sources = mix
    before = audible_share(*mix)
    longer = {name: [0.0, *blocks, 0.0, 0.0] for name, blocks in powers.items()}
    after = audible_share(longer, [0.0, *whole, 0.0, 0.0], sources)
    assert (after.master, after.publishing, after.rows) == (before.master, before.publishing, before.rows)
    silent = audible_share(
        {**powers, "d" * 64: [0.0] * len(whole)},
        whole,
        {**sources, "d" * 64: ShareSource(kind="licensed", name="silent", master_floor_ppm=900_000)},
    )
    assert (silent.master, silent.publishing, silent.rows) == (before.master, before.publishing, before.rows)


@given(mixes())
def test_the_evidence_is_enough(mix: Any) -> None:
    found = audible_share(*mix)
    assert recompute(parse_evidence(msgspec.json.decode(msgspec.json.encode(found.evidence)))) == found


@given(mixes())
def test_floors_hold(mix: Any) -> None:
    found = audible_share(*mix)
    for row in found.rows:
        assert row.master_ppm >= row.floor_ppm


def _powers(sound: np.ndarray) -> list[float]:
    return [float(np.mean(np.square(block))) for block in sound.reshape(-1, BLOCK)]


@given(st.integers(0, 2**31), st.integers(1, 8), st.floats(-30.0, 12.0))
def test_splitting_a_source_into_clips_changes_nothing(seed: int, clips: int, gain_db: float) -> None:
    rng = np.random.default_rng(seed)
    song = rng.standard_normal(BLOCK * 6) * 10 ** (gain_db / 20) * 0.1
    own = rng.standard_normal(BLOCK * 6) * 0.1
    # Overlapping clips of parts that sum to the song, as one gets by cutting, layering and cross-fading it.
    fades = rng.random((clips, song.size))
    parts = song * fades / fades.sum(axis=0)
    sources = {IDS[0]: ShareSource(kind="licensed", name="song"), OWN: own_source()}
    whole = audible_share({IDS[0]: _powers(song), OWN: _powers(own)}, _powers(song + own), sources)
    split = audible_share({IDS[0]: _powers(parts.sum(axis=0)), OWN: _powers(own)}, _powers(song + own), sources)
    assert split.master == whole.master


@given(
    st.integers(0, 10**12),
    st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 10**9), min_size=1, max_size=9),
)
def test_money_is_neither_made_nor_lost(pool: int, weights: dict[str, int]) -> None:
    parts = allocate(pool, weights)
    assert sum(parts.values()) == pool
    total = sum(weights.values())
    if total:
        for name, part in parts.items():
            assert abs(part - weights[name] * pool / total) <= 1.001


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 1000), max_size=6),
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 160_000), max_size=6),
)
def test_floors_and_weights_sum_and_hold(weights: dict[str, int], floors: dict[str, int]) -> None:
    if not any(weights.values()) and not floors:
        return
    parts = with_floors(weights, floors)
    assert sum(parts.values()) == 1_000_000
    assert all(parts[name] >= floor for name, floor in floors.items())
