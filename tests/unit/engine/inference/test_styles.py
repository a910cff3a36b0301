"""Style recipes: the shipped ones, and what a style file must not be."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.errors import StyleError
from engine.inference import styles
from engine.inference.styles import ARRANGEMENT, OPERATORS, PRODUCTION, list_styles, load_style, read_style
from engine.instruments import load

SHIPPED = [info.id for info in list_styles()]


def test_there_are_styles_with_parts_and_styles_that_need_no_beat() -> None:
    found = {info.id: info for info in list_styles()}
    assert {"house", "bossa", "lofi", "dnb", "synthwave", "dub", "rock", "ambient", "tape", "bright"} <= set(found)
    assert {"garage", "trap", "funk", "swing", "orchestral", "dembow", "afrobeat", "folk"} <= set(found)
    assert found["house"].operators == OPERATORS
    assert found["tape"].operators == (PRODUCTION,)
    assert sum(ARRANGEMENT in info.operators for info in found.values()) >= 16
    assert not load_style("tape").needs_beat
    assert not load_style("ambient").needs_beat
    assert not load_style("orchestral").needs_beat
    assert all(info.name and info.description for info in found.values())


@pytest.mark.parametrize("style_id", SHIPPED)
def test_every_instrument_and_piece_of_a_shipped_style_exists(style_id: str) -> None:
    plan = load_style(style_id).arrangement
    if plan is None:
        return
    if plan.drums is not None:
        for lane in plan.drums.lanes:
            assert load(lane.instrument or plan.drums.instrument).pitch_of(lane.piece) >= 0
        for fill in plan.drums.fills:
            for name in fill:
                instrument, _, piece = name.rpartition("/")
                assert load(instrument or plan.drums.instrument).pitch_of(piece) >= 0
        if plan.drums.section_start:
            assert load(plan.drums.instrument).pitch_of(plan.drums.section_start) >= 0
    for name in [*([plan.bass.instrument] if plan.bass else []), *[layer.instrument for layer in plan.harmony]]:
        assert not load(name).is_kit


def test_listing_styles_loads_nothing_heavy() -> None:
    code = (
        "import sys; from engine.inference.styles import list_styles; assert list_styles(); "
        "bad = {'numba', 'librosa', 'onnxruntime', 'scipy', 'soundfile', 'soxr'} & set(sys.modules); "
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[4])


def test_an_unknown_style_is_named_with_the_known_ones() -> None:
    for wrong in ("polka", "../house", "", "House"):
        with pytest.raises(StyleError) as caught:
            load_style(wrong)
        assert caught.value.code == "style-unknown"
        assert "house" in caught.value.remedy


def written(folder: Path, value: dict[str, Any]) -> Path:
    path = folder / "house.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def house() -> dict[str, Any]:
    return json.loads((styles.shipped_root() / "house.json").read_bytes())


def test_a_copy_of_a_shipped_style_is_read(tmp_path: Path) -> None:
    assert read_style(written(tmp_path, house())) == load_style("house")
    assert [info.id for info in list_styles(tmp_path)] == ["house"]


def set_at(value: dict[str, Any], path: tuple[Any, ...], new: Any) -> dict[str, Any]:
    changed = copy.deepcopy(value)
    at: Any = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new
    return changed


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "style/2"),
        (("schema",), "recipe/1"),
        (("surprise",), 1),
        (("id",), "disco"),
        (("name",), ""),
        (("version",), "one"),
        (("operators",), ["style:timbre"]),
        (("operators",), [PRODUCTION]),
        (("tempo_bpm",), [0, 128]),
        (("tempo_bpm",), [130, 118]),
        (("tempo_bpm",), [116, 1e300]),
        (("swing",), 0.95),
        (("swing_steps_per_beat",), 3),
        (("production", "amount"), 3.0),
        (("production", "targets", "drums"), [0.0] * 99),
        (("production", "targets", "drums"), [1e9] * 100),
        (("production", "targets", "kazoo"), [0.0] * 100),
        (("production", "balance_db"), {"drums": 60.0}),
        (("production", "inserts"), {"drums": [{"kind": "guillotine"}]}),
        (("production", "inserts"), {"drums": [{"kind": "delay", "parameters": {"feedback": 4.0}}]}),
        (("production", "inserts"), {"drums": [{"kind": "reverb", "sync_beats": 1.0}]}),
        (("arrangement", "sidechain_db"), -3.0),
        (("arrangement", "noise_db"), 0.0),
        (("arrangement", "mutes"), ["kazoo"]),
        (("arrangement", "drums", "steps_per_beat"), 5),
        (("arrangement", "drums", "lanes", 0, "steps"), "X---Y---X---X---"),
        (("arrangement", "drums", "lanes", 0, "steps"), ""),
        (("arrangement", "drums", "lanes", 0, "late_s"), 5.0),
        (("arrangement", "drums", "lanes"), []),
        (("arrangement", "drums", "fills", 0), {"snare": "boom"}),
        (("arrangement", "bass", "low"), 46),
        (("arrangement", "bass", "patterns"), ["R-Z-R---"]),
        (("arrangement", "harmony", 0, "high"), 140),
        (("arrangement", "harmony", 0, "kind"), "choir"),
        (("arrangement", "harmony", 0, "strum_s"), 1.0),
    ],
)
def test_absurd_values_are_refused_by_name(tmp_path: Path, path: tuple[Any, ...], value: Any) -> None:
    with pytest.raises(StyleError) as caught:
        read_style(written(tmp_path, set_at(house(), path, value)))
    assert caught.value.code == "style-invalid"
    assert caught.value.message
    assert caught.value.remedy
    assert list_styles(tmp_path) == []


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff\xfe\x00", b'{"schema": 7}', b'{"schema": "style/1"}'])
def test_rubbish_is_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "house.json"
    path.write_bytes(raw)
    with pytest.raises(StyleError) as caught:
        read_style(path)
    assert caught.value.code == "style-invalid"


def test_a_newer_version_says_so(tmp_path: Path) -> None:
    with pytest.raises(StyleError, match="newer version"):
        read_style(written(tmp_path, set_at(house(), ("schema",), "style/2")))


def test_a_file_of_megabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "house.json"
    path.write_bytes(b" " * 1_500_000)
    with pytest.raises(StyleError, match="too large"):
        read_style(path)
