"""Longer versions: the length that was asked, seams where the music is alike, no clicks."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.extension import ENERGY_CURVES, FADE_S, extension_task, find_way, lay, wanted_energy
from engine.errors import Cancelled, EngineError
from engine.io.pcm import write_pcm
from engine.types import PcmRef
from tests.unit.engine.analysis.test_analysis import RATE, song


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> PcmRef:
    beats = np.arange(0.0, 48.5, 0.5)
    return write_pcm(song(beats, seconds=48.0, soft_until=8), tmp_path_factory.mktemp("x") / "a.f32", rate=RATE)


def repeating(count: int = 32, kinds: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bars that come back every four, of rising level."""
    rng = np.random.default_rng(2)
    base = rng.normal(size=(20, kinds))
    features = base[:, np.arange(count) % kinds] + 0.05 * rng.normal(size=(20, count))
    return features, np.linspace(0.0, 1.0, count), np.arange(count + 1) * 2.0


@pytest.mark.parametrize("minutes", [1.0, 3.0, 10.0])
@pytest.mark.parametrize("curve", ENERGY_CURVES)
def test_the_way_has_the_length_and_the_ends_of_the_song_and_jumps_where_it_is_alike(
    minutes: float, curve: str
) -> None:
    features, level, bars = repeating()
    runs, costs = find_way(features, level, bars, minutes * 60.0, energy=curve, seed=1)  # type: ignore[arg-type]
    length = sum(bars[stop] - bars[first] for first, stop in runs)
    assert abs(length - minutes * 60.0) <= 8.0 * 2.0
    assert runs[0][0] == 0
    assert runs[-1][1] == 32
    assert all(0 <= first < stop <= 32 for first, stop in runs)
    assert all(after[0] % 4 == before[1] % 4 for before, after in itertools.pairwise(runs))
    assert max(costs, default=0.0) < 0.5


def test_seeds_give_other_ways_and_the_same_seed_the_same() -> None:
    features, level, bars = repeating()
    ways = [find_way(features, level, bars, 600.0, energy="flat", seed=s)[0] for s in (1, 1, 2)]
    assert ways[0] == ways[1] != ways[2]


def test_energy_follows_the_curve() -> None:
    features, level, bars = repeating(64)
    runs, _ = find_way(features, level, bars, 900.0, energy="rise", seed=3)
    played = [bar for first, stop in runs for bar in range(first, stop)]
    third = len(played) // 3
    assert np.mean(level[played[third : 2 * third]]) < np.mean(level[played[2 * third : -16]])
    assert wanted_energy("fall", 0.0, 5.0) > wanted_energy("fall", 1.0, 5.0)
    assert wanted_energy("arc", 0.5, 5.0) > wanted_energy("arc", 0.0, 5.0)


def test_segments_overlap_by_their_fades_and_keep_the_bars_in_time() -> None:
    bars = np.arange(9) * 2.0
    segments = lay([(0, 4), (2, 6), (4, 8)], bars, 16.0, fade_s=FADE_S)
    assert [s.at_s + s.fade_in_s for s in segments] == [0.0, 8.0, 16.0]
    for before, after in itertools.pairwise(segments):
        assert before.at_s + before.length_s - after.at_s == pytest.approx(FADE_S)
        assert before.fade_out_s == after.fade_in_s == FADE_S
        assert after.source_s + after.fade_in_s in bars
    assert segments[-1].fade_out_s == 0.0


def test_a_song_is_made_longer_without_clicks_and_on_its_beat(recording: PcmRef) -> None:
    made = extension_task(pcm=recording, minutes=2.0, seed=4, progress=lambda f, n: None, cancelled=lambda: False)
    assert made.length_s == pytest.approx(120.0, abs=9.0)
    audio = np.asarray(recording.open())
    out = np.zeros((2, int(made.length_s * RATE) + 1))
    for s in made.segments:
        piece = audio[:, round(s.source_s * RATE) : round((s.source_s + s.length_s) * RATE)].astype(float)
        fade_in, fade_out = round(s.fade_in_s * RATE), round(s.fade_out_s * RATE)
        piece[:, :fade_in] *= np.linspace(0, 1, fade_in)
        if fade_out:
            piece[:, -fade_out:] *= np.linspace(1, 0, fade_out)
        start = round(s.at_s * RATE)
        length = min(piece.shape[1], out.shape[1] - start)
        out[:, start : start + length] += piece[:, :length]
    assert np.max(np.abs(np.diff(out))) < 1.3 * np.max(np.abs(np.diff(audio)))
    assert len(made.segments) > 2
    for s in made.segments[1:]:
        begins = s.at_s + s.fade_in_s
        assert abs(begins / 0.5 - round(begins / 0.5)) * 0.5 < 0.006
    quiet = np.square(out[:, : out.shape[1] // 2205 * 2205]).reshape(2, -1, 2205).mean(axis=(0, 2))
    assert np.count_nonzero(quiet < 1e-9) < 8


def test_absurd_wishes_are_refused_and_cancel_is_heard(recording: PcmRef, tmp_path: Path) -> None:
    for minutes, curve in ((0.0, "flat"), (1e9, "flat"), (float("nan"), "flat"), (5.0, "loud")):
        with pytest.raises(EngineError) as caught:
            extension_task(
                pcm=recording,
                minutes=minutes,
                energy=curve,
                progress=lambda f, n: None,
                cancelled=lambda: False,  # type: ignore[arg-type]
            )
        assert caught.value.code == "extension-invalid"
    short = write_pcm(np.zeros((2, RATE), np.float32), tmp_path / "s.f32", rate=RATE)
    with pytest.raises(EngineError):
        extension_task(pcm=short, minutes=1.0, progress=lambda f, n: None, cancelled=lambda: False)
    with pytest.raises(Cancelled):
        extension_task(pcm=recording, minutes=1.0, progress=lambda f, n: None, cancelled=lambda: True)
