"""Restyle as a whole, on a synthetic song with the shipped model and styles."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.analysis import analyse
from engine.dsp.loudness import integrated_lufs
from engine.errors import Cancelled, PackError, StyleError
from engine.inference.performance import perform
from engine.inference.production_chain import apply_strip
from engine.inference.restyle import RestyleResult, restyle_task, warm_task
from engine.inference.styles import ARRANGEMENT, PRODUCTION, list_styles, load_style
from engine.midi.score import decode_score, encode_score
from engine.types import PcmRef
from studio.project.model import Strip
from tests.unit.engine.inference.synthetic_song import BPM, RATE, SECONDS, song, write

PACK = Path(__file__).resolve().parents[4] / "onnx_models" / "style-production"
STYLES = [info.id for info in list_styles()]


@pytest.fixture(scope="module")
def stems(tmp_path_factory: pytest.TempPathFactory) -> dict[str, PcmRef]:
    return write(song(), tmp_path_factory.mktemp("song"))


def restyle(stems: dict[str, PcmRef], out: Path, style: str = "house", **more: Any) -> RestyleResult:
    options: dict[str, Any] = {"progress": lambda f, n: None, "cancelled": lambda: False, **more}
    return restyle_task(stems=stems, out_dir=str(out), style=style, pack_dir=str(PACK), provider="cpu", **options)


def check_part(ref: PcmRef) -> None:
    audio = np.asarray(ref.open())
    assert audio.shape == (2, round(SECONDS * RATE))
    assert np.all(np.isfinite(audio))
    assert 1e-3 < float(np.max(np.abs(audio))) <= 1.0  # the surface noise of lo-fi is the quietest


@pytest.mark.parametrize("style", STYLES)
def test_every_style_makes_whole_sounding_parts_and_valid_strips(
    stems: dict[str, PcmRef], tmp_path: Path, style: str
) -> None:
    result = restyle(stems, tmp_path, style)
    arranges = ARRANGEMENT in load_style(style).operators
    assert bool(result.parts) == arranges
    assert result.tempo_bpm == pytest.approx(BPM, abs=0.05)
    assert result.first_beat_s == pytest.approx(0.0, abs=0.01)
    assert result.key in ("A minor", "C major")
    for part in result.parts:
        check_part(part.pcm)
        assert part.operation == ARRANGEMENT
        assert part.replaces in result.muted
        assert Path(part.pcm.path).parent == tmp_path
    strips = [*result.strips.values(), *[p.strip for p in result.parts if p.strip is not None]]
    assert strips
    for strip in strips:
        msgspec.convert(strip, Strip, strict=True)
    mix = sum(apply_strip(np.array(p.pcm.open()), p.strip or {}, rate=RATE) for p in result.parts)
    mix = mix + sum(apply_strip(np.array(stems[r].open()), s, rate=RATE) for r, s in result.strips.items())
    source = sum(np.asarray(ref.open()) for ref in stems.values())
    assert np.all(np.isfinite(mix))
    assert abs(integrated_lufs(mix, rate=RATE) - integrated_lufs(source, rate=RATE)) < 2.5


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(stems: dict[str, PcmRef], tmp_path: Path) -> None:
    first, again, other = (
        restyle(stems, tmp_path / name, "orchestral", seed=seed) for name, seed in (("a", 4), ("b", 4), ("c", 5))
    )
    assert [p.pcm.digest for p in first.parts] == [p.pcm.digest for p in again.parts]
    assert first.strips == again.strips
    assert [p.strip for p in first.parts] == [p.strip for p in again.parts]
    assert {p.pcm.digest for p in first.parts}.isdisjoint(p.pcm.digest for p in other.parts)
    # The score of a part is all that its sound was made from.
    for part in first.parts:
        assert part.score is not None
        played, _ = perform(decode_score(encode_score(part.score)), scale=part.score.scale)
        assert np.array_equal(played, np.asarray(part.pcm.open()))
    assert any(p.score is not None and p.score.room is not None for p in first.parts)


def test_intensity_zero_changes_nothing(stems: dict[str, PcmRef], tmp_path: Path) -> None:
    result = restyle(stems, tmp_path, intensity=0.0)
    assert (result.parts, result.strips, result.muted) == ([], {}, [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("intensity", "roles", "muted"),
    [
        (0.2, set(), set()),
        (0.35, {"drums"}, set()),
        (0.45, {"drums"}, {"drums"}),
        (0.65, {"drums", "bass"}, {"drums", "bass"}),
    ],
)
def test_intensity_replaces_one_role_after_the_other(
    stems: dict[str, PcmRef], tmp_path: Path, intensity: float, roles: set[str], muted: set[str]
) -> None:
    result = restyle(stems, tmp_path, intensity=intensity)
    assert {p.role for p in result.parts} == roles
    assert set(result.muted) == muted
    assert set(result.strips) == set(stems) - muted


def test_at_small_intensity_the_strips_are_nearly_at_rest(stems: dict[str, PcmRef], tmp_path: Path) -> None:
    gentle = restyle(stems, tmp_path / "a", "tape", intensity=0.03).strips["drums"]
    full = restyle(stems, tmp_path / "b", "tape", intensity=0.3).strips["drums"]
    assert max(abs(b["gain_db"]) for b in gentle["eq"]) < 1.0
    assert sum(abs(b["gain_db"]) for b in gentle["eq"]) < sum(abs(b["gain_db"]) for b in full["eq"])


def test_kept_roles_are_not_touched(stems: dict[str, PcmRef], tmp_path: Path) -> None:
    result = restyle(stems, tmp_path, keep=["vocals", "bass"])
    assert {p.role for p in result.parts} == {"drums", "other"}
    assert set(result.muted) == {"drums", "other"}
    assert not {"vocals", "bass"} & set(result.strips)


def test_an_operator_that_the_licence_forbids_is_left_out_and_said(stems: dict[str, PcmRef], tmp_path: Path) -> None:
    result = restyle(stems, tmp_path, operators=[PRODUCTION])
    assert result.parts == []
    assert set(result.strips) == set(stems)
    assert any(ARRANGEMENT in notice for notice in result.notices)
    result = restyle(stems, tmp_path, operators=[ARRANGEMENT])
    assert {p.role for p in result.parts} == {"drums", "bass", "other"}
    assert result.strips == {}
    assert any(PRODUCTION in notice for notice in result.notices)
    with pytest.raises(StyleError) as caught:
        restyle(stems, tmp_path, operators=[])
    assert caught.value.code == "style-unsuitable"


@pytest.mark.parametrize("after", [1, 3, 6, 12])
def test_cancel_leaves_nothing(stems: dict[str, PcmRef], tmp_path: Path, after: int) -> None:
    polls = iter(range(10_000))
    with pytest.raises(Cancelled):
        restyle(stems, tmp_path / "out", cancelled=lambda: next(polls) >= after)
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_progress_never_falls(stems: dict[str, PcmRef], tmp_path: Path) -> None:
    seen: list[float] = []
    restyle(stems, tmp_path, progress=lambda fraction, note: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_silence_is_refused_with_a_remedy(tmp_path: Path) -> None:
    refs = write({"other": np.zeros((2, 3 * RATE), np.float32)}, tmp_path / "in")
    with pytest.raises(StyleError) as caught:
        restyle(refs, tmp_path / "out")
    assert caught.value.code == "style-unsuitable"
    assert caught.value.remedy


def test_without_a_beat_house_treats_the_mix_and_says_so_and_ambient_plays(tmp_path: Path) -> None:
    t = np.arange(10 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * f * t) for f in (220.0, 261.6, 329.6)) * 0.05 * np.minimum(1.0, t)
    refs = write({"other": np.repeat(chord[None], 2, axis=0).astype(np.float32)}, tmp_path / "in")
    result = restyle(refs, tmp_path / "house", "house")
    assert result.parts == []
    assert set(result.strips) == {"other"}
    assert any("No steady beat" in notice for notice in result.notices)
    result = restyle(refs, tmp_path / "ambient", "ambient")
    assert {p.role for p in result.parts} == {"other"}
    with pytest.raises(StyleError):
        restyle(refs, tmp_path / "none", "house", operators=[ARRANGEMENT])


def test_an_unsplit_mix_is_treated_as_one(stems: dict[str, PcmRef], tmp_path: Path) -> None:
    mix = {"mix": sum(np.asarray(ref.open()) for ref in stems.values()).astype(np.float32)}
    result = restyle(write(mix, tmp_path / "in"), tmp_path / "out")
    assert set(result.strips) == {"mix"}
    assert result.parts == []
    assert result.notices


def test_arguments_that_make_no_sense_are_refused(stems: dict[str, PcmRef], tmp_path: Path) -> None:
    for wrong in ({"stems": {}}, {"intensity": 1.5}, {"intensity": float("nan")}, {"style": "polka"}):
        options: dict[str, Any] = {"stems": stems, "style": "house", "intensity": 1.0, **wrong}
        with pytest.raises(StyleError):
            restyle(options.pop("stems"), tmp_path, **options)
    with pytest.raises(PackError):
        restyle_task(
            stems=stems,
            out_dir=str(tmp_path),
            style="house",
            pack_dir=str(tmp_path / "nothing"),
            progress=lambda f, n: None,
            cancelled=lambda: False,
        )
    assert list(tmp_path.iterdir()) == []


def test_the_model_is_named(stems: dict[str, PcmRef], tmp_path: Path) -> None:
    result = restyle(stems, tmp_path, "tape")
    assert result.model_id == "style-production"
    assert len(result.model_digest) == 64
    assert result.provider == "cpu"
    assert set(result.timings_s) >= {"analysis", "production", "total"}


def test_a_song_is_listened_to_once_and_corrections_still_count(
    stems: dict[str, PcmRef], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = restyle(stems, tmp_path / "a", "tape")
    monkeypatch.setattr("engine.inference.restyle.analyse", lambda *_, **__: pytest.fail("it listened again"))
    again = restyle(stems, tmp_path / "b", "bright", stated={"key": "E minor"})
    assert again.beats_s == first.beats_s
    assert again.key == "E minor"


def test_other_stems_are_listened_to(stems: dict[str, PcmRef], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    restyle(stems, tmp_path / "a", "tape")
    heard: list[int] = []
    monkeypatch.setattr(
        "engine.inference.restyle.analyse", lambda x, **o: (heard.append(x.shape[1]), analyse(x, **o))[1]
    )
    without = {role: ref for role, ref in stems.items() if role != "drums"}
    restyle(without, tmp_path / "b", "tape")
    nameless = {role: msgspec.structs.replace(ref, digest="") for role, ref in stems.items()}
    restyle(nameless, tmp_path / "c", "tape")
    restyle(nameless, tmp_path / "d", "tape")
    assert len(heard) == 3


def test_warming_loads_beside_what_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    heard, go = threading.Event(), threading.Event()

    def slow(*_: object, **__: object) -> None:
        go.wait(10.0)
        heard.set()

    monkeypatch.setattr("engine.inference.restyle.analyse", slow)
    warm_task(progress=lambda *_: None, cancelled=lambda: False)
    assert not heard.is_set()
    go.set()
    assert heard.wait(10.0)
