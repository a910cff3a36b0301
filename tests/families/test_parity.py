"""Every family of graphs is run as its own tools run it: against references that were worked out in torch
(`tests.families.build`), to 1e-3. The graphs are small; `test_real_size` has the numbers of the real models."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine.inference.packs import load_pack
from tests.families.compare import BOUND, deviation, engine_stems

FIXTURES = Path(__file__).parent / "fixtures"
NAMES = sorted(path.stem for path in FIXTURES.glob("*.npz"))


def test_every_family_has_a_fixture() -> None:
    from engine.inference.pack_format import FamilyName

    assert {load_pack(FIXTURES / "packs" / name).family for name in NAMES} == set(
        msgspec.inspect.type_info(FamilyName).values
    )  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", NAMES)
def test_the_engine_runs_it_as_its_own_tools_do(tmp_path: Path, name: str) -> None:
    stored = np.load(FIXTURES / f"{name}.npz")
    pack = FIXTURES / "packs" / name
    got = engine_stems(pack, list(load_pack(pack).stems), int(stored["frames"]), tmp_path)
    assert deviation(got[:, :, stored["at"]], stored["stems"]) < BOUND
