"""Small PNG files of windows: at most 256 colours, chosen by median cut, without dithering."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

COLOURS = 256
Colours = npt.NDArray[np.float64]


def save(image: QImage, path: Path) -> int:
    """Write `image` with a palette; returns the bytes of the file."""
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    pixels = rows[:, : 3 * plain.width()].reshape(-1, 3).astype(np.uint32)
    packed = pixels[:, 0] << 16 | pixels[:, 1] << 8 | pixels[:, 2]
    known, place, count = np.unique(packed, return_inverse=True, return_counts=True)
    values = np.stack([known >> 16, known >> 8 & 255, known & 255], axis=1).astype(np.float64)
    table = values if known.size <= COLOURS else palette_of(values, count.astype(np.float64))
    nearest = np.empty(known.size, np.uint8)
    for first in range(0, known.size, 4096):
        part = values[first : first + 4096]
        nearest[first : first + 4096] = ((part[:, None, :] - table[None]) ** 2).sum(axis=2).argmin(axis=1)
    indices = nearest[place].reshape(plain.height(), plain.width())
    stride = (plain.width() + 3) // 4 * 4
    padded = np.zeros((plain.height(), stride), np.uint8)
    padded[:, : plain.width()] = indices
    small = QImage(padded.tobytes(), plain.width(), plain.height(), stride, QImage.Format.Format_Indexed8)
    small.setColorTable([0xFF000000 | int(r) << 16 | int(g) << 8 | int(b) for r, g, b in np.rint(table)])
    small.save(str(path), "PNG", 0)
    return path.stat().st_size


def palette_of(values: Colours, count: Colours) -> Colours:
    """At most `COLOURS` colours for `values` ``(n, 3)``, seen `count` times each: the box that errs most is cut at its
    weighted mean, again and again (P. Heckbert, Color image quantization for frame buffer display, 1982)."""
    # The root keeps small coloured signs from drowning in large grey faces.
    weight = np.sqrt(count)
    boxes = [np.arange(len(values))]
    errors = [_error(values[boxes[0]], weight[boxes[0]])]
    while len(boxes) < COLOURS and max(errors) > 0.0:
        worst = int(np.argmax(errors))
        box = boxes.pop(worst)
        errors.pop(worst)
        inside, heavy = values[box], weight[box]
        mean = np.average(inside, axis=0, weights=heavy)
        axis = int(np.argmax(np.average((inside - mean) ** 2, axis=0, weights=heavy)))
        low = inside[:, axis] <= mean[axis]
        for part in (box[low], box[~low]):
            if part.size:
                boxes.append(part)
                errors.append(_error(values[part], weight[part]))
    return np.array([np.average(values[box], axis=0, weights=weight[box]) for box in boxes])


def _error(values: Colours, weight: Colours) -> float:
    mean = np.average(values, axis=0, weights=weight)
    return float((((values - mean) ** 2).sum(axis=1) * weight).sum())
