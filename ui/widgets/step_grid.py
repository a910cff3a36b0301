"""Rows of steps: what a drum machine shows, by mouse and by keys."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import Theme
from ui.widgets.paint import elided, focus_ring, rounded

ROW_PX = 24
NAME_PX = 172
GAP_PX = 3
HEIGHTS = {"X": 1.0, "x": 0.68, "o": 0.36}
HELD_PX = 4
LETTER_PX = 11
"""The least width of a step that shows its letter."""


@dataclass(frozen=True, kw_only=True)
class StepRow:
    """A row: its name, a word about it, its steps, and how many steps make a beat."""

    title: str
    note: str
    steps: str
    steps_per_beat: int


class StepGrid(QWidget):
    """A press changes a step, a drag paints the same on others; arrows walk, Space or Return changes, and the letter of
    a step sets it. `letters` shows what a step is by its letter; with Shift a press makes a letter small, which is
    soft."""

    stepped = Signal(int, int, str)
    """Row, step and what it is now."""

    def __init__(
        self,
        theme: Theme,
        *,
        cycle: str,
        words: dict[str, str],
        token: str = "stem.drums",
        name: str = "",
        tip: str = "",
        letters: bool = False,
    ):
        super().__init__()
        self._letters = letters
        self.theme, self._cycle, self._words, self._token = theme, cycle, words, token
        self.rows: tuple[StepRow, ...] = ()
        self._at = (0, 0)
        self._painting: str | None = None
        self.setAccessibleName(name or "Drum pattern")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(tip or "Press a step: plain, accent, ghost, rest; drag to paint")

    def set_rows(self, rows: tuple[StepRow, ...]) -> None:
        """Show these rows."""
        if rows != self.rows:
            self.rows = rows
            self._at = (min(self._at[0], max(len(rows) - 1, 0)), self._at[1])
            self.updateGeometry()
            self._describe()
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(NAME_PX + 340, max(len(self.rows), 1) * ROW_PX)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _describe(self) -> None:
        row, step = self._at
        if row < len(self.rows) and step < len(self.rows[row].steps):
            found = self.rows[row]
            said = f"{found.title}, step {step + 1} of {len(found.steps)}, {self._words[found.steps[step]]}"
            self.setAccessibleDescription(said)

    def cell(self, row: int, step: int) -> QRectF:
        """Where a step is drawn."""
        count = len(self.rows[row].steps)
        width = (self.width() - NAME_PX) / count
        return QRectF(NAME_PX + step * width, row * ROW_PX + 2, width - GAP_PX, ROW_PX - 4)

    def _place(self, point: QPointF) -> tuple[int, int] | None:
        row = int(point.y() // ROW_PX)
        if not 0 <= row < len(self.rows) or point.x() < NAME_PX:
            return None
        count = len(self.rows[row].steps)
        step = int((point.x() - NAME_PX) / ((self.width() - NAME_PX) / count))
        return (row, step) if 0 <= step < count else None

    def _change(self, row: int, step: int, value: str) -> None:
        self._at = (row, step)
        if self.rows[row].steps[step] != value:
            self.stepped.emit(row, step, value)
        self._describe()
        self.update()

    def _next(self, value: str) -> str:
        known = value if value in self._cycle else value.upper()
        return self._cycle[(self._cycle.find(known) + 1) % len(self._cycle)]

    def _pressed(self, value: str, *, soft: bool) -> str:
        """What a press makes of a step."""
        if not (soft and self._letters):
            return self._next(value)
        other = value.lower() if value.isupper() else value.upper()
        return other if other in self._words else value

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._place(event.position())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            soft = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._painting = self._pressed(self.rows[place[0]].steps[place[1]], soft=soft)
            self._change(*place, self._painting)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self._place(event.position())
        if place is not None and self._painting is not None and place != self._at:
            self._change(*place, self._painting)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._painting = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, step = self._at
        by = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }.get(Qt.Key(event.key()))
        if not self.rows:
            super().keyPressEvent(event)
        elif by is not None:
            row = min(max(row + by[0], 0), len(self.rows) - 1)
            self._at = (row, min(max(step + by[1], 0), len(self.rows[row].steps) - 1))
            self._describe()
            self.update()
        elif event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            step = min(step, len(self.rows[row].steps) - 1)
            soft = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._change(row, step, self._pressed(self.rows[row].steps[step], soft=soft))
        elif event.text() in self._words:
            self._change(row, min(step, len(self.rows[row].steps) - 1), event.text())
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self.theme
        for number, row in enumerate(self.rows):
            top = number * ROW_PX
            painter.setFont(theme.font("control"))
            painter.setPen(theme.color("text"))
            elided(painter, QRectF(0, top, 98, ROW_PX), row.title, Qt.AlignmentFlag.AlignLeft)
            painter.setFont(theme.font("caption"))
            painter.setPen(theme.color("text.faint"))
            elided(painter, QRectF(104, top, NAME_PX - 112, ROW_PX), row.note, Qt.AlignmentFlag.AlignLeft)
            for step, value in enumerate(row.steps):
                cell = self.cell(number, step)
                on_beat = step % max(row.steps_per_beat, 1) == 0
                fill = theme.mix("text", "bg.panel", 0.09) if on_beat else theme.color("bg.field")
                rounded(painter, cell, 3, fill, theme.color("line"))
                if value == "=":
                    held = QRectF(cell.left() - GAP_PX, cell.center().y() - HELD_PX / 2, cell.width() + GAP_PX, HELD_PX)
                    painter.fillRect(held, theme.color(self._token, 0.55))
                elif self._letters and value != "-":
                    rounded(painter, cell, 3, theme.color(self._token, 1.0 if value.isupper() else 0.5))
                    if cell.width() >= LETTER_PX:
                        painter.setFont(theme.font("caption", "semibold"))
                        painter.setPen(theme.color("bg.window"))
                        painter.drawText(cell, int(Qt.AlignmentFlag.AlignCenter), value.upper())
                elif value in HEIGHTS:
                    tall = (cell.height() - 4) * HEIGHTS[value]
                    bar = QRectF(cell.left() + 2, cell.bottom() - 2 - tall, cell.width() - 4, tall)
                    rounded(painter, bar, 2, theme.color(self._token, 0.55 if value == "o" else 1.0))
                if self.hasFocus() and (number, step) == self._at:
                    focus_ring(painter, cell, 3, theme.color("focus"))
        painter.end()
