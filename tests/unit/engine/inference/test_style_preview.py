"""Previews, and styles from a reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.dsp.loudness import integrated_lufs
from engine.errors import Cancelled, StyleError
from engine.inference.production_features import SIZE
from engine.inference.style_like import reference_task
from engine.inference.style_preview import LUFS, RATE, imagined_song, preview_task
from engine.inference.style_reference import style_like
from engine.inference.styles import PRODUCTION, check_style
from engine.types import PcmRef
from tests.unit.engine.inference.synthetic_song import song, write

PACK = Path(__file__).resolve().parents[4] / "onnx_models" / "style-production"


def preview(out: Path, style: str, *, stop: bool = False, seed: int = 0) -> PcmRef:
    return preview_task(
        style=style,
        out_path=str(out),
        pack_dir=str(PACK),
        seconds=6.0,
        seed=seed,
        provider="cpu",
        progress=lambda f, n: None,
        cancelled=lambda: stop,
    )


@pytest.mark.parametrize("style", ["trap", "tape"])
def test_a_preview_sounds_at_its_loudness_and_leaves_no_other_file(tmp_path: Path, style: str) -> None:
    ref = preview(tmp_path / "a.f32", style)
    sound = np.asarray(ref.open())
    assert sound.shape == (2, round(6.0 * RATE))
    assert integrated_lufs(sound, rate=RATE) == pytest.approx(LUFS, abs=1.5)
    assert [path.name for path in tmp_path.iterdir()] == ["a.f32"]


def test_a_preview_can_be_stopped_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        preview(tmp_path / "a.f32", "trap", stop=True)
    assert list(tmp_path.iterdir()) == []


def test_an_imagined_song_is_transposed_with_its_chords() -> None:
    up = imagined_song(120.0, tonic=2)
    assert (up.key, up.key_runner_up) == ("B minor", "D major")
    assert [c.root for c in up.chords[:4]] == [11, 7, 2, 9]


def test_a_reference_gives_targets_for_the_stems_that_sound_and_their_balance(tmp_path: Path) -> None:
    stems = song(8.0)
    stems["bass"] = stems["bass"] * 0.0
    refs = write(stems, tmp_path)
    heard = reference_task(stems=refs, progress=lambda f, n: None, cancelled=lambda: False)
    assert set(heard.targets) == {"vocals", "drums", "other"}
    assert all(len(target) == SIZE for target in heard.targets.values())
    assert all(abs(value) <= 6.0 for value in heard.balance_db.values())
    louder = write({**stems, "drums": stems["drums"] * 2.0}, tmp_path / "louder")
    again = reference_task(stems=louder, progress=lambda f, n: None, cancelled=lambda: False)
    assert again.balance_db["drums"] > heard.balance_db["drums"]
    style = style_like(heard, style_id="like-it", name="Like it", title="It")
    check_style(style)
    assert style.operators == (PRODUCTION,)
    with pytest.raises(StyleError):
        style_like(heard, style_id="Like It!", name="Like it", title="It")


def test_silence_is_no_reference(tmp_path: Path) -> None:
    refs = write({"other": np.zeros((2, RATE), np.float32)}, tmp_path)
    with pytest.raises(StyleError) as caught:
        reference_task(stems=refs, progress=lambda f, n: None, cancelled=lambda: False)
    assert caught.value.code == "style-unsuitable"
