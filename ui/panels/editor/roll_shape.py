"""Where the notes of a clip lie on the piano roll, worked out once for each score, clip and view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF

from engine.midi.score import Score
from studio.project.model import Clip
from studio.project.notes import Row, row_of
from studio.project.warp import WarpMap
from ui.viewmodels.clip_editor import ClipViewport
from ui.viewmodels.harmony import chord_name

Floats = npt.NDArray[np.float64]

KEYS_PX = 84
"""The names of the lines."""
HEAD_PX = 18
"""The strip of bars and chords."""
VELOCITY_PX = 44
ROW_PX = (7, 30)
EDGE_PX = 6
LEAST_PX = 3.0
"""How wide even the shortest note is drawn."""


@dataclass(frozen=True)
class Shape:
    """The notes of a score in seconds of the clip and on lines, one entry a note."""

    start_s: Floats
    end_s: Floats
    row: npt.NDArray[np.int64]
    velocity: Floats

    @classmethod
    def of(cls, score: Score, clip: Clip, rows: tuple[Row, ...]) -> Shape:
        """As a clip plays them, with its tempo, warp and direction."""
        places = {(row.voice, row.pitch): index for index, row in enumerate(rows)}
        row = np.fromiter(
            (
                found if (found := places.get((n.voice, round(n.pitch)))) is not None else row_of(rows, n)
                for n in score.notes
            ),
            dtype=np.int64,
            count=len(score.notes),
        )
        first = np.array([n.start_s for n in score.notes])
        last = np.array([n.start_s + n.duration_s for n in score.notes])
        along = WarpMap.of(clip)
        if clip.warp:
            start_s = np.array([along.clip_at(float(each)) for each in first])
            end_s = np.array([along.clip_at(float(each)) for each in last])
        else:
            start_s = (first - clip.source_start_s) / clip.tempo_ratio
            end_s = (last - clip.source_start_s) / clip.tempo_ratio
        if clip.reverse:
            start_s, end_s = clip.length_s - end_s, clip.length_s - start_s
        return cls(start_s, end_s, row, np.array([n.velocity for n in score.notes]))


@dataclass(frozen=True)
class Paper:
    """What notes are written on, in seconds of the clip: beats, whether a bar begins there, and chords with their root,
    tones and name."""

    beat_s: Floats
    bar: npt.NDArray[np.bool_]
    chords: tuple[tuple[float, float, int, frozenset[int], str], ...]

    @classmethod
    def of(cls, score: Score, clip: Clip) -> Paper:
        """As a clip plays it; what lies outside of it is left out."""
        along, song = WarpMap.of(clip), score.song

        def at(source_s: float) -> float:
            at_s = along.clip_at(source_s)
            return clip.length_s - at_s if clip.reverse else at_s

        bars = {round(each, 3) for each in song.downbeats_s}
        beats = sorted((at(beat), round(beat, 3) in bars) for beat in song.beats_s)
        beats = [each for each in beats if -1e-6 <= each[0] <= clip.length_s + 1e-6]
        chords: list[tuple[float, float, int, frozenset[int], str]] = []
        for chord in song.chords:
            start_s, end_s = sorted((at(chord.start_s), at(chord.end_s)))
            start_s, end_s = max(start_s, 0.0), min(end_s, clip.length_s)
            name = chord_name(chord.label)
            if end_s <= start_s or chord.root < 0 or not name:
                continue
            if chords and chords[-1][4] == name and start_s - chords[-1][1] < 0.02:
                chords[-1] = (chords[-1][0], end_s, *chords[-1][2:])
            else:
                chords.append((start_s, end_s, chord.root, frozenset(chord.pitch_classes), name))
        return cls(np.array([b for b, _ in beats]), np.array([bar for _, bar in beats], dtype=bool), tuple(chords))


class RollView:
    """The place of time and lines in a widget; `viewport` is that of the clip editor's other views."""

    def __init__(self, viewport: ClipViewport):
        self.viewport = viewport
        self.row_px = 14
        self.scroll_y = 0.0
        self.width = 640
        self.height = 240
        self.count = 1

    @property
    def body(self) -> QRectF:
        """Where the notes are."""
        return QRectF(KEYS_PX, HEAD_PX, max(self.width - KEYS_PX, 1), max(self.height - HEAD_PX - VELOCITY_PX, 1))

    @property
    def velocities(self) -> QRectF:
        """Where their velocities are."""
        body = self.body
        return QRectF(KEYS_PX, body.bottom(), body.width(), VELOCITY_PX)

    def x_of(self, at_s: float) -> float:
        """Pixel of a time of the clip."""
        return KEYS_PX + self.viewport.x_of(at_s)

    def s_of(self, x: float) -> float:
        """Time of the clip at a pixel."""
        return self.viewport.s_of(x - KEYS_PX)

    def y_of(self, row: int) -> float:
        """Upper edge of a line."""
        return HEAD_PX + (self.count - 1 - row) * self.row_px - self.scroll_y

    def row_at(self, y: float) -> int:
        """The line at a pixel."""
        row = self.count - 1 - int((y - HEAD_PX + self.scroll_y) // self.row_px)
        return min(max(row, 0), self.count - 1)

    def scroll_to(self, y: float) -> bool:
        """Scroll the lines; False where that changes nothing."""
        most = max(self.count * self.row_px - self.body.height(), 0.0)
        y = min(max(y, 0.0), most)
        if y == self.scroll_y:
            return False
        self.scroll_y = y
        return True

    def show_rows(self, low: int, high: int) -> None:
        """Bring lines into sight, in the middle where they fit."""
        middle = (self.count - 1 - (low + high) / 2 + 0.5) * self.row_px
        self.scroll_to(middle - self.body.height() / 2)

    def reveal(self, row: int) -> None:
        """Scroll as little as needed to have a line in sight."""
        y, body = self.y_of(row), self.body
        if y < body.top():
            self.scroll_to(self.scroll_y - (body.top() - y))
        elif y + self.row_px > body.bottom():
            self.scroll_to(self.scroll_y + y + self.row_px - body.bottom())

    # notes

    def visible(self, shape: Shape, clip: Clip) -> npt.NDArray[np.int64]:
        """The notes of which something is in sight."""
        view = self.viewport
        low, high = self.row_at(self.body.bottom() - 1), self.row_at(self.body.top())
        inside = (shape.start_s > -1e-6) & (shape.start_s < clip.length_s)
        seen = (shape.end_s > view.start_s - 0.01) & (shape.start_s < view.end_s)
        return np.flatnonzero(inside & seen & (shape.row >= low) & (shape.row <= high))

    def in_time(self, shape: Shape, clip: Clip) -> npt.NDArray[np.int64]:
        """The notes that begin within the time in sight."""
        view = self.viewport
        inside = (shape.start_s > -1e-6) & (shape.start_s < clip.length_s)
        return np.flatnonzero(inside & (shape.start_s > view.start_s - 0.05) & (shape.start_s < view.end_s))

    def rect(self, shape: Shape, index: int) -> QRectF:
        """Where a note is drawn."""
        x = self.x_of(float(shape.start_s[index]))
        width = max((float(shape.end_s[index]) - float(shape.start_s[index])) * self.viewport.px_per_s, LEAST_PX)
        return QRectF(x, self.y_of(int(shape.row[index])) + 1, width, self.row_px - 1)

    def rects(self, shape: Shape, which: npt.NDArray[np.int64]) -> list[QRectF]:
        """Where notes are drawn."""
        view = self.viewport
        x = KEYS_PX + shape.start_s[which] * view.px_per_s - view.origin_px
        width = np.maximum((shape.end_s[which] - shape.start_s[which]) * view.px_per_s, LEAST_PX)
        y = HEAD_PX + (self.count - 1 - shape.row[which]) * self.row_px - self.scroll_y + 1
        height = self.row_px - 1
        return [QRectF(a, b, c, height) for a, b, c in zip(x.tolist(), y.tolist(), width.tolist(), strict=True)]

    def note_at(self, shape: Shape, clip: Clip, point: QPointF, chosen: frozenset[int]) -> int | None:
        """The note under a point: a chosen one first, else the one that begins last."""
        if not self.body.contains(point):
            return None
        row, at_s = self.row_at(point.y()), self.s_of(point.x())
        slack_s = 2.0 / self.viewport.px_per_s
        found = np.flatnonzero(
            (shape.row == row)
            & (shape.start_s <= at_s + slack_s)
            & (np.maximum(shape.end_s, shape.start_s + LEAST_PX / self.viewport.px_per_s) >= at_s - slack_s)
            & (shape.start_s < clip.length_s)
            & (shape.start_s > -1e-6)
        )
        hits = [int(each) for each in found]
        return next((each for each in reversed(hits) if each in chosen), hits[-1] if hits else None)

    def notes_in(self, shape: Shape, clip: Clip, band: QRectF) -> frozenset[int]:
        """The notes that a rectangle touches."""
        left_s = (band.left() - KEYS_PX + self.viewport.origin_px) / self.viewport.px_per_s
        right_s = (band.right() - KEYS_PX + self.viewport.origin_px) / self.viewport.px_per_s
        low, high = self.row_at(band.bottom()), self.row_at(band.top())
        found = np.flatnonzero(
            (shape.start_s < right_s)
            & (shape.end_s > left_s)
            & (shape.row >= low)
            & (shape.row <= high)
            & (shape.start_s > -1e-6)
            & (shape.start_s < clip.length_s)
        )
        return frozenset(int(each) for each in found)

    def struck_at(self, shape: Shape, clip: Clip, x: float, chosen: frozenset[int]) -> list[int]:
        """The notes whose velocity a press at `x` means: those that begin there, chosen ones alone where there are
        some."""
        at_s, reach_s = self.s_of(x), 5.0 / self.viewport.px_per_s
        near = [int(i) for i in self.in_time(shape, clip) if abs(float(shape.start_s[i]) - at_s) <= reach_s]
        if not near:
            return []
        best = min(abs(float(shape.start_s[i]) - at_s) for i in near)
        near = [i for i in near if abs(float(shape.start_s[i]) - at_s) <= best + 1e-4]
        return [i for i in near if i in chosen] or near
