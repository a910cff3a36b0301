"""The rules of audible-share/1, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from studio.base.errors import RightsError
from studio.rights.grants import Publisher, Splits, Work, Writer
from studio.rights.shares import (
    OWN,
    Payee,
    Share,
    Shares,
    ShareSource,
    audible_share,
    own_source,
    parse_evidence,
    recompute,
    source_of,
)
from tests.samples.rights import ASSET, GRANT, OTHER, RESOURCE, WORK, changed, signed

LOUD = 0.01
SONG = source_of(changed(GRANT, splits=Splits(master_floor_ppm=0)), ("mix",))


def share(powers: dict[str, Sequence[float]], mix: Sequence[float] | None = None, **sources: ShareSource) -> Shares:
    known: dict[str, ShareSource] = {ASSET: SONG, OWN: own_source()}
    known.update({{"other": OTHER, "song": ASSET}.get(name, name): source for name, source in sources.items()})
    whole = mix if mix is not None else [sum(blocks) for blocks in zip(*powers.values(), strict=True)]
    return audible_share(powers, whole, known)


def ppm(side: tuple[Share, ...]) -> dict[str, int]:
    return {each.id: each.ppm for each in side}


def test_equal_power_is_equal_pay() -> None:
    found = share({ASSET: [LOUD] * 10, OWN: [LOUD] * 10})
    assert ppm(found.master) == {ASSET: 500_000, OWN: 500_000}
    assert found.method == "audible-share/1"
    assert [row.blocks for row in found.rows] == [10, 10]


def test_the_exponent_tames_a_fader() -> None:
    # RIGHTS.md: +12 dB moves a share far less than the raw energy would. 12 dB more power ** 0.3 is a factor of 2.29.
    found = share({ASSET: [LOUD] * 10, OWN: [LOUD * 10**1.2] * 10})
    expected = 10**0.36 / (1 + 10**0.36)
    assert ppm(found.master)[OWN] == pytest.approx(expected * 1e6, abs=400)
    assert expected < 0.7 < 10**1.2 / (1 + 10**1.2)


def test_the_gates() -> None:
    # 20 LU under the mix still counts, 20.1 LU does not; nor does what is below -70 LUFS.
    mix = [LOUD] * 4
    above, below = LOUD / 10**1.999, LOUD / 10**2.01
    assert share({ASSET: [LOUD] * 4, OWN: [above] * 4}, mix).rows[1].blocks == 4
    gated = share({ASSET: [LOUD] * 4, OWN: [below] * 4}, mix)
    assert gated.rows[1].blocks == 0
    assert ppm(gated.master) == {ASSET: 1_000_000}
    silent = share({ASSET: [LOUD] * 4, OWN: [1e-8] * 4}, mix)
    assert [row.id for row in silent.rows] == [ASSET]


def test_a_block_is_shared_by_those_who_sound_in_it() -> None:
    found = share({ASSET: [LOUD, LOUD, 0.0, 0.0], OWN: [0.0, LOUD, LOUD, 0.0]})
    assert ppm(found.master) == {ASSET: 500_000, OWN: 500_000}


def test_a_mix_that_cancels_gates_nothing() -> None:
    assert ppm(share({ASSET: [LOUD], OWN: [LOUD]}, [0.0]).master) == {ASSET: 500_000, OWN: 500_000}


def test_floors_hold_for_what_is_heard_at_all() -> None:
    floored = source_of(signed(), ("mix",))
    quiet = [LOUD / 1000] * 5
    found = share({ASSET: quiet, OWN: [LOUD] * 5}, song=floored)
    assert ppm(found.master) == {ASSET: 120_000, OWN: 880_000}
    assert found.rows[0].floor_ppm == 120_000
    # It is far below the mix, so that its writers have no audible share; the floor is of the recording alone.
    assert ppm(found.publishing) == {OWN: 1_000_000}
    never = share({ASSET: [0.0] * 5, OWN: [LOUD] * 5}, song=floored)
    assert ppm(never.master) == {OWN: 1_000_000}


def test_floors_beyond_everything_refuse() -> None:
    greedy = changed(SONG, master_floor_ppm=600_000)
    with pytest.raises(RightsError) as caught:
        share({ASSET: [LOUD], OTHER: [LOUD]}, song=greedy, other=greedy)
    assert caught.value.code == "floors-exceed"


def test_silence_is_the_makers() -> None:
    found = share({ASSET: [0.0, 0.0]})
    assert ppm(found.master) == ppm(found.publishing) == {OWN: 1_000_000}
    assert found.rows == ()
    assert share({}, []).master[0].name == "You"
    assert ppm(share({OWN: [0.0]}, you=own_source("Ada")).master) == {OWN: 1_000_000}


def test_the_song_side_follows_the_stems() -> None:
    def side(*stems: Any) -> dict[str, int]:
        source = source_of(changed(GRANT, splits=Splits()), stems)
        return ppm(share({ASSET: [LOUD] * 4, OWN: [LOUD] * 4}, song=source).publishing)

    assert side("mix")[OWN] == 500_000
    assert side("drums")[OWN] == 800_000
    assert side("bass")[OWN] == 666_667
    # The greatest, so that using more never pays less.
    assert side("drums", "vocals")[OWN] == 500_000
    # A stem that the rightsholder did not weigh carries all.
    assert side("other")[OWN] == 500_000


def test_writers_share_a_work_and_administrators_are_named() -> None:
    found = share({ASSET: [LOUD]})
    assert [(each.name, each.ppm, each.work) for each in found.publishing] == [
        ("Writer A, Tidewater Publishing", 600_000, "T0345246801"),
        ("Writer B, Tidewater Publishing", 400_000, "T0345246801"),
    ]
    assert found.rows[0].publishing_ppm == 1_000_000


def test_publishers_with_a_share_are_paid_themselves() -> None:
    work = Work(
        writers=(Writer(name="A", share_ppm=500_000), Writer(name="A", share_ppm=100_000)),
        publishers=(Publisher(name="P", share_ppm=400_000), Publisher(name="Q")),
    )
    source = source_of(changed(GRANT, resource=changed(RESOURCE, works=(work,))), ("mix",))
    (made,) = source.works
    assert made.id == f"work:{ASSET[:16]}.0"
    assert made.payees == (
        Payee(id=f"{made.id}/A", name="A, Q", ppm=600_000),
        Payee(id=f"{made.id}/P", name="P", ppm=400_000),
    )


def test_two_works_of_a_medley_share_equally() -> None:
    second = changed(WORK, iswc="T0000000010", writers=(Writer(name="C", share_ppm=1_000_000),), publishers=())
    medley = source_of(changed(GRANT, resource=changed(RESOURCE, works=(WORK, second))), ("mix",))
    found = share({ASSET: [LOUD]}, song=medley)
    assert sum(each.ppm for each in found.publishing if each.work == "T0000000010") == 500_000


def test_the_same_work_in_two_recordings_is_one_line() -> None:
    found = share({ASSET: [LOUD], OTHER: [LOUD]}, other=SONG)
    assert [each.ppm for each in found.publishing] == [600_000, 400_000]


def test_writers_that_are_not_named_keep_their_money() -> None:
    nameless = source_of(changed(GRANT, resource=changed(RESOURCE, works=())), ("drums",))
    (line,) = share({ASSET: [LOUD]}, song=nameless).publishing
    assert (line.id, line.kind, line.ppm) == (f"unclaimed:{ASSET}", "unclaimed", 1_000_000)


def test_when_nothing_carries_a_song_the_sound_decides() -> None:
    work = changed(WORK, pub_weight_by_stem={"drums": 0.0})
    drums = source_of(changed(GRANT, resource=changed(RESOURCE, works=(work,))), ("drums",))
    assert [each.ppm for each in share({ASSET: [LOUD]}, song=drums).publishing] == [600_000, 400_000]
    assert ppm(share({ASSET: [LOUD], OWN: [LOUD]}, song=drums).publishing) == {OWN: 1_000_000}


def test_a_cover_pays_the_song_and_not_the_recording() -> None:
    cover = source_of(GRANT, ("mix",), master=False)
    assert cover.master_floor_ppm == 0
    found = share({ASSET: [LOUD]}, song=cover)
    assert ppm(found.master) == {OWN: 1_000_000}
    assert [each.ppm for each in found.publishing] == [600_000, 400_000]
    both = share({ASSET: [LOUD], OWN: [LOUD]}, song=cover)
    assert ppm(both.master) == {OWN: 1_000_000}


def test_sound_from_nothing_is_the_training_pools() -> None:
    pool = ShareSource(kind="pool", name="Choir pool")
    found = audible_share({"pool:choir": [LOUD], OWN: [LOUD]}, [LOUD], {"pool:choir": pool, OWN: own_source()})
    assert [(each.id, each.kind, each.ppm) for each in found.master] == [
        ("pool:choir", "pool", 500_000), (OWN, "own", 500_000),
    ]  # fmt: skip
    assert ppm(found.publishing) == ppm(found.master)


@pytest.mark.parametrize(
    ("powers", "mix"),
    [
        ({ASSET: [float("nan")]}, [1.0]),
        ({ASSET: [float("inf")]}, [1.0]),
        ({ASSET: [-1e-9]}, [1.0]),
        ({ASSET: [1.0]}, [float("nan")]),
        ({ASSET: [1.0, 1.0]}, [1.0]),
        ({"nobody": [1.0]}, [1.0]),
        ({ASSET: [1e300]}, [1.0]),
    ],
)
def test_powers_that_are_none_are_named(powers: dict[str, list[float]], mix: list[float]) -> None:
    with pytest.raises(RightsError) as caught:
        audible_share(powers, mix, {ASSET: SONG})
    assert caught.value.code == "shares-invalid"


def test_the_evidence_is_enough() -> None:
    found = share({ASSET: [LOUD, 0.02, 0.0], OWN: [0.004, 0.001, 0.03]}, song=source_of(signed(), ("drums",)))
    fields = msgspec.json.decode(msgspec.json.encode(found.evidence))
    assert recompute(parse_evidence(fields)) == found


@pytest.mark.parametrize(
    "spoil",
    [
        {"method": "audible-share/2"},
        {"extra": 1},
        {"mix": [0]},
        {"mix": [1, 99_999]},
        {"levels": {}},
        {"sources": {ASSET: {"kind": "own", "name": "x"}}},
        {"sources": {ASSET: {"kind": "licensed", "name": "x", "master_floor_ppm": -1}}},
        {"sources": {ASSET: {"kind": "licensed", "name": "x", "works": [{"id": "w", "payees": []}]}}},
        {
            "sources": {
                ASSET: {
                    "kind": "licensed", "name": "x",
                    "works": [
                        {"id": "w", "payees": [{"id": "a", "name": "a", "ppm": 1_000_000}], "weight_ppm": {"bass": -1}}
                    ],
                }
            }
        },
    ],
)  # fmt: skip
def test_evidence_that_contradicts_itself_is_refused(spoil: dict[str, Any]) -> None:
    fields = {**msgspec.to_builtins(share({ASSET: [LOUD, LOUD]}).evidence), **spoil}
    with pytest.raises(RightsError) as caught:
        recompute(parse_evidence(fields))
    assert caught.value.code == "shares-invalid"
