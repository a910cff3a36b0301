"""The demo catalogue as it ships: the recorded bytes, loud enough, in tune with its own account of itself."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine.dsp import loudness
from studio.platform.song_files import read_song_folder
from studio.platform.terms import parse_terms, resource_of
from studio.rights.identifiers import check_dpid, check_ipi, check_isni, check_isrc, check_iswc

HOME = Path(__file__).resolve().parents[2] / "resources" / "catalogue"
SONGS = sorted(path.parent.name for path in HOME.glob("*/meta.json"))
STEMS = ("vocals", "drums", "bass", "other")
MILLION = 1_000_000


def meta_of(song: str) -> dict[str, Any]:
    return json.loads((HOME / song / "meta.json").read_text(encoding="utf-8"))


def terms_of(song: str) -> dict[str, Any]:
    return json.loads((HOME / song / "terms.json").read_text(encoding="utf-8"))


Reader = Callable[[str, str], np.ndarray]


@pytest.fixture(scope="module")
def read() -> Reader:
    """Decoded files of the catalogue, each read once."""
    known: dict[tuple[str, str], np.ndarray] = {}

    def decode(song: str, name: str) -> np.ndarray:
        if (song, name) not in known:
            samples, rate = soundfile.read(HOME / song / f"{name}.ogg", dtype="float32", always_2d=True)
            assert rate == 44100
            known[song, name] = np.ascontiguousarray(samples.T)
        return known[song, name]

    return decode


def test_there_are_songs_for_each_kind_of_terms() -> None:
    assert len(SONGS) >= 3
    metas = {song: meta_of(song) for song in SONGS}
    assert len({m["key"] for m in metas.values()}) == len(SONGS)
    assert len({m["tempo_bpm"] for m in metas.values()}) == len(SONGS)
    assert len({m["isrc"] for m in metas.values()}) == len(SONGS)
    assert sum(m["has_vocals"] for m in metas.values()) >= 1
    assert [m["order"] for m in sorted(metas.values(), key=lambda m: m["order"])] == list(range(1, len(SONGS) + 1))
    terms = {song: terms_of(song) for song in SONGS}
    assert any("restyle:vocals" in t["deny"] for t in terms.values())
    assert any("style:arrangement" not in t["permit"] for t in terms.values())
    first = min(SONGS, key=lambda song: metas[song]["order"])
    assert metas[first]["has_vocals"]
    assert set(terms[first]["export"]["formats"]) == {"wav", "flac", "mp3"}
    assert {"style:production", "style:arrangement", "export", *(f"stem:{s}" for s in STEMS)} <= set(
        terms[first]["permit"]
    )


def test_the_files_are_the_recorded_ones_within_the_size() -> None:
    recorded: dict[str, str] = json.loads((HOME / "digests.json").read_text(encoding="utf-8"))
    found = {
        f"{song}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for song in SONGS
        for path in (HOME / song).iterdir()
    }
    assert found == recorded
    assert sum(path.stat().st_size for path in HOME.rglob("*") if path.is_file()) < 34_500_000


@pytest.mark.parametrize("song", SONGS)
def test_the_mix_is_levelled_for_release(song: str, read: Reader) -> None:
    mix = read(song, "mix")
    assert mix.shape[0] == 2
    assert mix.shape[1] / 44100 == pytest.approx(meta_of(song)["duration_s"], abs=0.01)
    assert 90 <= mix.shape[1] / 44100 <= 136
    assert loudness.integrated_lufs(mix, rate=44100) == pytest.approx(-14.0, abs=0.3)
    assert loudness.true_peak_dbtp(mix, rate=44100) <= -1.0
    assert np.all(np.abs(mix.mean(axis=1)) < 1e-3)
    assert np.max(np.abs(mix[:, -200:])) < 1e-3
    assert np.corrcoef(mix)[0, 1] > 0.3


@pytest.mark.parametrize("song", SONGS)
def test_stems_are_the_mix(song: str, read: Reader) -> None:
    meta = meta_of(song)
    present = [stem for stem in STEMS if (HOME / song / f"{stem}.ogg").exists()]
    assert present == meta["stems"]
    assert meta["has_vocals"] == ("vocals" in present)
    assert set(present) | set(meta["silent_stems"]) == set(STEMS)
    mix = read(song, "mix")
    total = np.zeros_like(mix)
    for stem in present:
        x = read(song, stem)
        assert x.shape == mix.shape
        assert np.sqrt(np.mean(x**2)) > 0.005
        total += x
    # What is left is the noise of five lossy encodings.
    assert 10 * np.log10(np.mean((mix - total) ** 2) / np.mean(mix**2)) < -20


@pytest.mark.parametrize("song", SONGS)
def test_credits_and_terms_are_what_the_platform_takes(song: str) -> None:
    files = read_song_folder(HOME / song)
    resource = resource_of(files.meta, "0" * 64)
    terms = parse_terms(files.terms)
    meta = meta_of(song)
    assert meta["identifiers_are_fictional"] is True
    assert check_isrc(meta["isrc"])
    for work in meta["works"]:
        assert check_iswc(work["iswc"])
        assert sum(p["share_ppm"] for p in [*work["writers"], *work["publishers"]]) == MILLION
        assert all(check_ipi(p["ipi"]) for p in [*work["writers"], *work["publishers"]])
        assert set(work["pub_weight_by_stem"]) == set(STEMS)
    assert sum(owner["share_ppm"] for owner in meta["master_owners"]) == MILLION
    assert all(check_dpid(owner["dpid"]) for owner in meta["master_owners"])
    assert all(check_isni(performer["isni"]) for performer in meta["performers"])
    assert len(resource.works) == len(meta["works"])
    assert terms.constraints.territory
    assert "*" not in terms.constraints.territory
    assert {"voice_clone", "train", "stem_export"} <= set(terms.deny)


@pytest.mark.parametrize("song", SONGS)
def test_the_form_fits_the_tempo(song: str) -> None:
    meta = meta_of(song)
    bar_s = 60.0 / meta["tempo_bpm"] * meta["beats_per_bar"]
    end = meta["first_beat_s"]
    for section in meta["sections"]:
        assert section["start_s"] == pytest.approx(end, abs=0.01)
        bars = section["length_s"] / bar_s
        assert bars == pytest.approx(round(bars), abs=0.01)
        end = section["start_s"] + section["length_s"]
    assert end <= meta["duration_s"]


@pytest.mark.parametrize("song", SONGS)
def test_every_recording_in_it_is_credited_under_a_free_licence(song: str) -> None:
    page = (HOME / "README.md").read_text(encoding="utf-8")
    attributions = meta_of(song)["attributions"]
    assert attributions
    for source in attributions:
        assert source["text"] in page
        assert re.match(r"CC0|CC BY \d|Public domain|MIT", source["licence"]), source


def test_hits_of_the_drums_lie_on_the_grid(read: Reader) -> None:
    """The house song's kick says where the beats are."""
    song = next(s for s in SONGS if meta_of(s)["style"].endswith("house"))
    meta = meta_of(song)
    x = read(song, "drums").mean(axis=0)
    hop = 441
    energy = np.sqrt(np.mean(x[: len(x) // hop * hop].reshape(-1, hop) ** 2, axis=1))
    rise = np.maximum(0.0, np.diff(energy))
    beat_s = 60.0 / meta["tempo_bpm"]
    peaks = np.flatnonzero(rise > 0.5 * np.percentile(rise, 99.5)) * hop / 44100
    distance = np.abs((peaks - meta["first_beat_s"] + beat_s / 4) % (beat_s / 2) - beat_s / 4)
    assert len(peaks) > 100
    assert np.median(distance) < 0.02
