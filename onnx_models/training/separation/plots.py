"""Pictures of a model: the curve of its training from its log, and spectrograms of where it fails.

    python -m onnx_models.training.separation.plots curve --log FILE --out FILE.png
    python -m onnx_models.training.separation.plots failures --audio DIR --out FILE.png [--pack DIR]

They are drawn with Qt, which the program needs anyway.
"""

from __future__ import annotations

import argparse
import csv
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QGuiApplication, QImage, QPainter, QPen

INK, GRID, PAPER = QColor(40, 40, 44), QColor(222, 222, 226), QColor(255, 255, 255)
COLOURS = {
    "vocals": QColor(200, 60, 90),
    "drums": QColor(60, 110, 200),
    "bass": QColor(120, 80, 180),
    "other": QColor(40, 150, 110),
    "mean": INK,
}
EDGE = 46.0
FLOOR_DB, CEILING_DB = -70.0, 10.0
TOP_HZ = 8300.0


@dataclass
class Curve:
    """What a log holds: hours of mixtures heard against SDR in dB, by stem (averaged over clips) and on average."""

    hours: list[float] = field(default_factory=list)
    stems: dict[str, list[float]] = field(default_factory=dict)


def read_curve(log: Path) -> Curve:
    """The judged points of ``training.log``."""
    points: dict[float, dict[str, list[float]]] = {}
    with log.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            if row["clip"]:
                point = points.setdefault(float(row["audio_s"]) / 3600, {})
                point.setdefault(row["stem"], []).append(float(row["sdr_db"]))
    curve = Curve(hours=sorted(points))
    for hours in curve.hours:
        everything = [value for values in points[hours].values() for value in values]
        means = {stem: sum(values) / len(values) for stem, values in points[hours].items()}
        for stem, value in (means | {"mean": sum(everything) / len(everything)}).items():
            curve.stems.setdefault(stem, []).append(value)
    return curve


def _canvas(width: int, height: int) -> tuple[QImage, QPainter]:
    if QGuiApplication.instance() is None:
        QGuiApplication([])
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(PAPER)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    font = QFont("DejaVu Sans")
    font.setPixelSize(11)
    painter.setFont(font)
    painter.setPen(INK)
    return image, painter


def _save(image: QImage, painter: QPainter, path: Path) -> None:
    painter.end()
    path.parent.mkdir(parents=True, exist_ok=True)

    if not image.save(str(path), "PNG", 0):  # pyright: ignore[reportCallIssue, reportArgumentType]
        raise SystemExit(f"{path} could not be written")


def draw_curve(log: Path, out: Path, *, width: int = 720, height: int = 340) -> None:
    """SDR over hours of mixtures heard, one line a stem and a thick one for the mean of all clips and stems."""
    curve = read_curve(log)
    if len(curve.hours) < 2:
        raise SystemExit(f"{log} has been judged less than twice: there is no curve to draw")
    values = [value for line in curve.stems.values() for value in line]
    low, high = np.floor(min(values)), np.ceil(max(values))
    area = QRectF(EDGE, 28, width - EDGE - 90, height - EDGE - 28)
    image, painter = _canvas(width, height)

    def at(hours: float, value: float) -> QPointF:
        return QPointF(
            area.left() + area.width() * hours / curve.hours[-1],
            area.bottom() - area.height() * (value - low) / max(high - low, 1e-6),
        )

    for value in np.arange(low, high + 0.5):
        painter.setPen(GRID)
        painter.drawLine(at(0, value), at(curve.hours[-1], value))
        painter.setPen(INK)
        painter.drawText(QPointF(area.left() - 26, at(0, value).y() + 4), f"{value:.0f}")
    step = next((step for step in (0.5, 1, 2, 5, 10, 20) if curve.hours[-1] / step < 10), 50)
    for hours in np.arange(0, curve.hours[-1] + 0.01, step):
        painter.drawText(QPointF(at(hours, low).x() - 8, area.bottom() + 16), f"{hours:g}")
    painter.drawText(QPointF(area.center().x() - 60, height - 10), "hours of mixtures heard")
    painter.drawText(QPointF(6, 14), "SDR, dB")
    taken: list[float] = []
    for stem, line in sorted(curve.stems.items(), key=lambda item: -item[1][-1]):
        painter.setPen(QPen(COLOURS[stem], 3.0 if stem == "mean" else 1.6))
        points = [at(hours, value) for hours, value in zip(curve.hours, line, strict=True)]
        painter.drawPolyline(points)
        y = points[-1].y() + 4
        y = max([y, *(other + 13 for other in taken[-1:])])
        taken.append(y)
        painter.drawText(QPointF(area.right() + 8, y), f"{stem} {line[-1]:.1f}")
    _save(image, painter, out)


def _decibels(audio: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Spectrogram of the middle, ``(bins up to TOP_HZ, times)``, dB."""
    from onnx_models.training.separation import judge

    size = np.abs(judge.stft(audio).mean(0))[: int(TOP_HZ * judge.N_FFT / judge.RATE)]
    return (20 * np.log10(size + 1e-6)).astype(np.float32)


def _tile(painter: QPainter, area: QRectF, values: npt.NDArray[np.float32], title: str) -> None:
    """One spectrogram: low frequencies below, logarithmic from 60 Hz, louder is darker."""
    bins, times = values.shape
    rows, columns = int(area.height()), int(area.width())
    picked = np.geomspace(bins * 60 / TOP_HZ, bins - 1, rows)[::-1].astype(int)
    shown = values[picked][:, np.linspace(0, times - 1, columns).astype(int)]
    grey = 255 - 255 * np.clip((shown - FLOOR_DB - CEILING_DB) / (CEILING_DB - FLOOR_DB), 0, 1)
    pixels = np.ascontiguousarray(grey.astype(np.uint8) & 0xF0)
    tile = QImage(pixels.data, columns, rows, columns, QImage.Format.Format_Grayscale8)
    painter.drawImage(area.topLeft(), tile)
    painter.drawText(QPointF(area.left(), area.top() - 4), title)


def draw_failures(audio: Path, pack: Path, out: Path, *, seconds: float = 8.0) -> None:
    """What the model makes of passages where it fails: the truth above, the estimate below."""
    from onnx_models.training.separation import judge
    from onnx_models.training.separation.evaluate import pack_separator

    separate = pack_separator(pack)
    clips = {clip.name: clip for clip in judge.load_clips(audio)}
    trumpet = _mono(audio / "mihai_sorohan_solo_trumpet.ogg")
    span = int(seconds * judge.RATE)
    pairs: list[tuple[str, Any, str, Any]] = []
    for name, stem, seen in (("caesium", 0, 1), ("lithium", 3, 0)):
        clip = clips[name]
        start = _loudest(clip.stems[stem], span)
        made = separate(clip.mixture)[:, :, start : start + span]
        words = judge.STEMS
        true = clip.stems[stem][:, start : start + span]
        pairs.append((f"{name}: {words[stem]}, true", true, f"what came out as {words[stem]}", made[stem]))
        pairs.append((f"{name}: {words[stem]}, true", true, f"what came out as {words[seen]}", made[seen]))
    made = separate(trumpet)[:, :, :span]
    pairs.append(("solo trumpet", trumpet[:, :span], "what came out as vocals", made[0]))
    wide, tall, gap = 210, 130, 24
    image, painter = _canvas((wide + 12) * len(pairs) + 12, (tall + gap) * 2 + 8)
    for column, (above, true, below, estimate) in enumerate(pairs):
        left = 12 + column * (wide + 12)
        _tile(painter, QRectF(left, gap, wide, tall), _decibels(true), above)
        _tile(painter, QRectF(left, gap * 2 + tall, wide, tall), _decibels(estimate), below)
    _save(image, painter, out)


def _mono(path: Path) -> npt.NDArray[np.float32]:
    import soundfile

    samples, _ = soundfile.read(path, dtype="float32", always_2d=True)
    return np.ascontiguousarray(samples.T if samples.shape[1] == 2 else np.repeat(samples.T, 2, 0))


def _loudest(stem: npt.NDArray[np.float32], span: int) -> int:
    """Where the passage of `span` samples with most energy starts."""
    energy = np.cumsum((stem**2).sum(0, dtype=np.float64))
    return int(np.argmax(energy[span:] - energy[:-span])) + 1 if energy.size > span else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    curve = commands.add_parser("curve", help="SDR over what was heard")
    curve.add_argument("--log", type=Path, default=Path("onnx_models/separation-default/training.log"))
    failures = commands.add_parser("failures", help="spectrograms of what goes wrong")
    failures.add_argument("--audio", type=Path, required=True)
    failures.add_argument("--pack", type=Path, default=Path("onnx_models/separation-default"))
    for command in (curve, failures):
        command.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.command == "curve":
        draw_curve(options.log, options.out)
    else:
        draw_failures(options.audio, options.pack, options.out)


if __name__ == "__main__":
    main()
