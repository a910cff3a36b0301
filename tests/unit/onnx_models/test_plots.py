"""The pictures of training: the curve says what the log says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage

from onnx_models.training.separation import plots

LOG = """minutes,step,audio_s,rate,loss,clip,stem,sdr_db
1.0,10,1800,1e-3,0.3,,,
1.0,10,1800,,,one,vocals,1.0
1.0,10,1800,,,one,drums,3.0
1.0,10,1800,,,two,vocals,2.0
2.0,20,3600,,,one,vocals,3.0
2.0,20,3600,,,one,drums,5.0
2.0,20,3600,,,two,vocals,4.0
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "training.log"
    path.write_text(LOG, encoding="utf-8")
    return path


def test_a_curve_averages_clips_and_stems(log: Path) -> None:
    curve = plots.read_curve(log)
    assert curve.hours == [0.5, 1.0]
    assert curve.stems["vocals"] == [1.5, 3.5]
    assert curve.stems["drums"] == [3.0, 5.0]
    assert curve.stems["mean"] == [2.0, 4.0]


def test_the_picture_is_small_and_not_empty(log: Path, tmp_path: Path, qapp: object) -> None:
    plots.draw_curve(log, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size < 60_000
    image = QImage(str(tmp_path / "curve.png"))
    colours = {image.pixelColor(x, y).name() for x in range(0, 720, 2) for y in range(0, 340, 2)}
    assert len(colours) > 20


def test_a_log_without_judgements_is_no_curve(tmp_path: Path) -> None:
    path = tmp_path / "training.log"
    path.write_text(LOG.splitlines()[0] + "\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="less than twice"):
        plots.draw_curve(path, tmp_path / "curve.png")


def test_the_loudest_passage_is_found() -> None:
    stem = np.zeros((2, 5000), np.float32)
    stem[:, 3000:3500] = 0.5
    assert 2900 <= plots._loudest(stem, 600) <= 3000  # pyright: ignore[reportPrivateUsage]
