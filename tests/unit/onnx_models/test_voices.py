"""Voices over instrumentals: needs the `train` extra's reader; skipped where torch is absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("torch", reason="training needs the train extra (torch)")

from onnx_models.training.separation import judge, voices


def test_gains_are_those_of_the_separator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    for pattern in (voices.UNHEARD | voices.HEARD).values():
        path = tmp_path / "voice" / pattern.replace("*", "a.flac")
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, rng.standard_normal(30_000) * 0.1, judge.RATE)
    backing = rng.standard_normal((2, 40_000)).astype(np.float32) * 0.1
    monkeypatch.setattr(voices, "instrumentals", lambda audio: {"noise": backing})

    def halves(mixture: np.ndarray) -> np.ndarray:
        return np.stack([mixture - backing / 2, backing / 2, backing * 0, backing * 0])

    rows = voices.gains(tmp_path, tmp_path, halves)
    assert set(rows) == {*voices.UNHEARD, *voices.HEARD}
    # Half of the instrumental is gone: 6 dB.
    assert all(row["noise"] == pytest.approx(6.0, abs=0.1) for row in rows.values())
    with pytest.raises(SystemExit, match="sound kit"):
        voices.gains(tmp_path / "none", tmp_path, halves)


def test_where_a_voice_goes_is_told_by_its_true_stem(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for name in judge.STEMS:
        soundfile.write(tmp_path / f"{name}.ogg", rng.standard_normal((30_000, 2)) * 0.1, judge.RATE)
    voice = voices._read(tmp_path / "vocals.ogg")

    def quarter(mixture: np.ndarray) -> np.ndarray:
        return np.stack([0.25 * voice, mixture * 0, mixture * 0, 0.75 * voice])

    told = voices.whereabouts(tmp_path, quarter)
    assert told == pytest.approx({"vocals": 0.25, "drums": 0.0, "bass": 0.0, "other": 0.75})
    (tmp_path / "bass.ogg").unlink()
    with pytest.raises(SystemExit, match=r"bass\.ogg is not there"):
        voices.whereabouts(tmp_path, quarter)
