"""The speed of a model is measured by splitting, and leaves nothing."""

from __future__ import annotations

from pathlib import Path

from engine.inference.measure import measure_task
from tests.samples.packs import write_pack


def test_a_model_is_measured_and_nothing_stays(tmp_path: Path) -> None:
    seen: list[float] = []
    (tmp_path / "scratch").mkdir()
    speed = measure_task(
        pack_dir=str(write_pack(tmp_path / "shares")),
        provider="cpu",
        seconds=2.0,
        folder=str(tmp_path / "scratch"),
        progress=lambda fraction, note: seen.append(fraction),
        cancelled=lambda: False,
    )
    assert speed.provider == "cpu"
    assert 0 < speed.first_stem_s <= speed.rtf * speed.seconds
    assert seen == sorted(seen)
    assert not list((tmp_path / "scratch").iterdir())
