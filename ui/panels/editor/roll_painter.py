"""Paints the piano roll: lines, bars, chords, notes and velocities. Only what is in sight is drawn."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from engine.midi.score import Score
from studio.project.model import Clip
from studio.project.notes import STEPS, Row
from ui.panels.editor.roll_shape import HEAD_PX, KEYS_PX, Paper, RollView, Shape
from ui.theme import Theme
from ui.widgets.paint import elided

SHADES = 6
"""Velocities are told by so many shades."""
LINE_ROOM_PX = 7.0
NAME_PX = 9
_BLACK = frozenset({1, 3, 6, 8, 10})


class RollPainter:
    """One picture of a piano roll."""

    def __init__(self, theme: Theme, view: RollView, score: Score, clip: Clip, rows: tuple[Row, ...], paper: Paper):
        self.theme, self.view, self.score, self.clip, self.rows = theme, view, score, clip, rows
        self.paper = paper

    def paint(self, painter: QPainter, shape: Shape, chosen: frozenset[int], token: str, grid: str) -> None:
        """Everything but what moves."""
        view, theme = self.view, self.theme
        painter.fillRect(QRectF(0, 0, view.width, view.height), theme.color("bg.lane"))
        painter.save()
        painter.setClipRect(view.body)
        self._rows(painter)
        self._chords(painter)
        self._lines(painter, grid)
        self._notes(painter, shape, chosen, token)
        painter.restore()
        self._velocities(painter, shape, chosen, token)
        self._outside(painter)
        self._head(painter)
        self._keys(painter)

    # the paper

    def _seen_rows(self) -> range:
        body = self.view.body
        return range(self.view.row_at(body.bottom() - 1), self.view.row_at(body.top()) + 1)

    def _rows(self, painter: QPainter) -> None:
        view, theme, kit = self.view, self.theme, self.score.is_kit
        scale = frozenset(self.score.song.scale)
        body = view.body
        dark, line = theme.color("bg.window"), theme.color("line.soft")
        for index in self._seen_rows():
            row, y = self.rows[index], view.y_of(index)
            beside = (index % 2 == 1) if kit else row.pitch % 12 not in (scale or (frozenset(range(12)) - _BLACK))
            if beside:
                painter.fillRect(QRectF(body.left(), y, body.width(), view.row_px), dark)
            if kit or row.pitch % 12 == 0:
                painter.fillRect(QRectF(body.left(), y + view.row_px - 1, body.width(), 1), line)

    def _chords(self, painter: QPainter) -> None:
        if self.score.is_kit:
            return
        tint, root = self.theme.color("accent", 0.10), self.theme.color("accent", 0.17)
        view, seen = self.view, self._seen_rows()
        for start_s, end_s, low, tones, _ in self.paper.chords:
            left, right = max(view.x_of(start_s), KEYS_PX), min(view.x_of(end_s), view.width)
            if right <= left:
                continue
            for index in seen:
                tone = self.rows[index].pitch % 12
                if tone in tones:
                    area = QRectF(left, view.y_of(index), right - left - 1, view.row_px - 1)
                    painter.fillRect(area, root if tone == low else tint)

    def _beat_places(self) -> list[tuple[float, bool]]:
        """Pixels of the beats in sight and of a few beside them, and whether a bar begins there."""
        view, paper = self.view.viewport, self.paper
        x = KEYS_PX + paper.beat_s * view.px_per_s - view.origin_px
        near = (x >= KEYS_PX - 400) & (x <= self.view.width + 400)
        return list(zip(x[near].tolist(), paper.bar[near].tolist(), strict=True))

    def _lines(self, painter: QPainter, grid: str) -> None:
        theme, body = self.theme, self.view.body
        beats = self._beat_places()
        beat_px = (beats[-1][0] - beats[0][0]) / max(len(beats) - 1, 1) if len(beats) > 1 else 0.0
        count = round(STEPS[grid])
        fine: list[QLineF] = []
        plain: list[QLineF] = []
        strong: list[QLineF] = []
        bottom = self.view.velocities.bottom()
        for number, (x, bar) in enumerate(beats):
            line = QLineF(round(x) + 0.5, body.top(), round(x) + 0.5, bottom)
            if bar:
                strong.append(line)
            elif beat_px >= LINE_ROOM_PX:
                plain.append(line)
            if count > 1 and beat_px / count >= LINE_ROOM_PX and number + 1 < len(beats):
                step = (beats[number + 1][0] - x) / count
                fine += [QLineF(x + k * step, body.top(), x + k * step, bottom) for k in range(1, count)]
        for lines, color in (
            (fine, theme.color("grid.beat")),
            (plain, theme.color("grid.bar")),
            (strong, theme.color("line.strong")),
        ):
            painter.setPen(color)
            painter.drawLines(lines)

    # the notes

    def _shade(self, token: str, level: int) -> QColor:
        return self.theme.mix(token, "bg.lane", 0.42 + 0.58 * level / (SHADES - 1))

    def _notes(self, painter: QPainter, shape: Shape, chosen: frozenset[int], token: str) -> None:
        view = self.view
        which = view.visible(shape, self.clip)
        levels = (shape.velocity[which] * (SHADES - 1) + 0.5).astype(int).tolist()
        groups: dict[int, list[QRectF]] = {}
        picked: list[QRectF] = []
        for index, rect, level in zip(which.tolist(), view.rects(shape, which), levels, strict=True):
            if index in chosen:
                picked.append(rect)
            else:
                groups.setdefault(level, []).append(rect)
        painter.setPen(Qt.PenStyle.NoPen)
        for level, rects in sorted(groups.items()):
            painter.setBrush(self._shade(token, level))
            painter.drawRects(rects)
        if picked:
            painter.setBrush(self.theme.color("accent"))
            painter.setPen(self.theme.color("text.on_accent"))
            painter.drawRects(picked)
        if groups:
            # Where a note begins must be seen, also where two follow one another.
            edge = self.theme.color("bg.window", 0.7)
            painter.setPen(edge)
            painter.drawLines(
                [QLineF(r.left(), r.top(), r.left(), r.bottom()) for rects in groups.values() for r in rects]
            )

    def _velocities(self, painter: QPainter, shape: Shape, chosen: frozenset[int], token: str) -> None:
        view, theme, area = self.view, self.theme, self.view.velocities
        painter.fillRect(area, theme.color("bg.panel"))
        painter.fillRect(QRectF(0, area.top(), view.width, 1), theme.color("line"))
        painter.save()
        painter.setClipRect(area)
        plain: list[QRectF] = []
        picked: list[QRectF] = []
        which = view.in_time(shape, self.clip)
        places = np.round(KEYS_PX + shape.start_s[which] * view.viewport.px_per_s - view.viewport.origin_px).tolist()
        heights = np.maximum((area.height() - 8) * shape.velocity[which], 1.0).tolist()
        foot = area.bottom() - 2
        for index, x, height in zip(which.tolist(), places, heights, strict=True):
            (picked if index in chosen else plain).append(QRectF(x, foot - height, 3, height))
        painter.setPen(Qt.PenStyle.NoPen)
        for rects, color in ((plain, theme.color(token)), (picked, theme.color("accent"))):
            painter.setBrush(color)
            painter.drawRects(rects)
        painter.restore()

    # the frame

    def _outside(self, painter: QPainter) -> None:
        """What lies beyond the end of the clip."""
        view = self.view
        x = view.x_of(self.clip.length_s)
        if x < view.width:
            painter.fillRect(QRectF(x, HEAD_PX, view.width - x, view.height), self.theme.color("bg.window"))

    def _head(self, painter: QPainter) -> None:
        view, theme = self.view, self.theme
        painter.fillRect(QRectF(0, 0, view.width, HEAD_PX), theme.color("bg.window"))
        painter.fillRect(QRectF(0, HEAD_PX - 1, view.width, 1), theme.color("line.soft"))
        painter.save()
        painter.setClipRect(QRectF(KEYS_PX, 0, view.width - KEYS_PX, HEAD_PX))
        for x, bar in self._beat_places():
            painter.fillRect(
                QRectF(round(x), HEAD_PX - (8 if bar else 4), 1, 8 if bar else 4),
                theme.color("text.muted" if bar else "line.strong"),
            )
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("text.muted"))
        for start_s, end_s, _, _, label in self.paper.chords:
            left, right = max(view.x_of(start_s), KEYS_PX), min(view.x_of(end_s), view.width)
            if right - left > 18:
                area = QRectF(left + 4, 0, right - left - 6, HEAD_PX - 2)
                elided(painter, area, label, Qt.AlignmentFlag.AlignLeft)
        painter.restore()

    def _keys(self, painter: QPainter) -> None:
        view, theme, kit = self.view, self.theme, self.score.is_kit
        body = view.body
        painter.fillRect(QRectF(0, HEAD_PX, KEYS_PX, view.height - HEAD_PX), theme.color("bg.panel"))
        dark, light = theme.color("bg.window"), theme.mix("text", "bg.panel", 0.78)
        ebony, ivory = (dark, light) if theme.mode == "dark" else (light, theme.color("bg.raised"))
        if not kit:
            # Shows between the keys.
            painter.fillRect(QRectF(KEYS_PX - 34, HEAD_PX, 33, body.height()), theme.color("line"))
        painter.save()
        painter.setClipRect(QRectF(0, HEAD_PX, KEYS_PX, body.height()))
        painter.setFont(theme.font("caption"))
        for index in self._seen_rows():
            row, y = self.rows[index], view.y_of(index)
            area = QRectF(0, y, KEYS_PX, view.row_px)
            if kit:
                painter.fillRect(QRectF(0, y + view.row_px - 1, KEYS_PX, 1), theme.color("line.soft"))
            else:
                black = row.pitch % 12 in _BLACK
                painter.fillRect(QRectF(KEYS_PX - 34, y, 33, view.row_px - 1), ebony if black else ivory)
            named = kit or row.pitch % 12 == 0 or view.row_px >= 20
            if named and view.row_px >= NAME_PX:
                painter.setPen(theme.color("text.muted"))
                width = KEYS_PX - 12 if kit else KEYS_PX - 42
                elided(painter, QRectF(8, y, width, area.height() - 1), row.name, Qt.AlignmentFlag.AlignLeft)
        painter.restore()
        painter.fillRect(QRectF(KEYS_PX - 1, HEAD_PX, 1, view.height), theme.color("line"))
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("text.faint"))
        area = QRectF(8, view.velocities.top(), KEYS_PX - 12, view.velocities.height())
        elided(painter, area, "Velocity", Qt.AlignmentFlag.AlignLeft)
