"""The equaliser as a curve over a live spectrum: nodes are dragged, the wheel sets their width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import Theme
from ui.widgets.paint import focus_ring, rounded

LOW_HZ, HIGH_HZ = 20.0, 20_000.0
RANGE_DB = 18.0
FLOOR_DB, TOP_DB = -96.0, -6.0
"""Of the spectrum."""
FALL_DB_PER_S = 36.0
GRID_HZ = (50.0, 100.0, 300.0, 1000.0, 2000.0, 5000.0, 10_000.0)
LABELS_HZ = ((50.0, "50"), (300.0, "300"), (2000.0, "2k"), (10_000.0, "10k"))
GRAB_PX = 12.0
NODE_R = 8.0
Q_NOTCH = 2**0.25
FINE = 0.2
HIGH_PASS = -1
"""Index of the high-pass, which has a frequency only."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One handle: band `index`, or `HIGH_PASS`."""

    index: int
    freq_hz: float
    gain_db: float
    q: float
    name: str


class EqEditor(QWidget):
    """Curve, nodes and spectrum. Each drag is `pressed`, any number of `moved`, then `released` or `cancelled`."""

    pressed = Signal()
    moved = Signal(int, float, float)
    """Index, Hz, dB."""
    width_changed = Signal(int, float)
    """Index and the new Q."""
    released = Signal()
    cancelled = Signal()
    reset_asked = Signal(int)
    chosen = Signal(int)
    menu_asked = Signal(int, QPointF)

    def __init__(self, theme: Theme, *, name: str, height: int = 150):
        super().__init__()
        self.theme = theme
        self._curve: tuple[float, ...] = ()
        self._nodes: tuple[Node, ...] = ()
        self._spectrum: list[float] = []
        self._shown: list[float] = []
        self._chosen = 0
        self._drag: int | None = None
        self._anchor = QPointF()
        self._start = (0.0, 0.0)
        self.setFixedHeight(height)
        self.setMinimumWidth(120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(name)
        self.setMouseTracking(True)

    def sizeHint(self) -> QSize:
        return QSize(260, self.height())

    # values

    @property
    def chosen_index(self) -> int:
        """The node that the fields below are about."""
        return self._chosen

    def choose(self, index: int) -> None:
        """Choose a node."""
        if index != self._chosen:
            self._chosen = index
            self._describe()
            self.update()
            self.chosen.emit(index)

    def set_nodes(self, nodes: Sequence[Node], curve_db: Sequence[float]) -> None:
        """Show nodes and the response that they make, in dB at equal steps of log frequency."""
        nodes, curve = tuple(nodes), tuple(curve_db)
        if (nodes, curve) != (self._nodes, self._curve):
            self._nodes, self._curve = nodes, curve
            self._describe()
            self.update()

    def feed(self, levels_db: Sequence[float], elapsed_s: float) -> None:
        """Show the spectrum: levels in dB of bands evenly spaced in octaves; it rises at once and falls slowly."""
        if len(self._shown) != len(levels_db):
            self._shown = [FLOOR_DB] * len(levels_db)
        fall = FALL_DB_PER_S * elapsed_s
        fresh = [max(new, old - fall, FLOOR_DB) for new, old in zip(levels_db, self._shown, strict=True)]
        if any(abs(a - b) > 0.05 for a, b in zip(fresh, self._shown, strict=True)):
            self._shown = fresh
            self.update()

    def clear_spectrum(self) -> None:
        """Show no spectrum."""
        if self._shown:
            self._shown = []
            self.update()

    def node(self, index: int) -> Node | None:
        """The node with this index."""
        return next((node for node in self._nodes if node.index == index), None)

    def _describe(self) -> None:
        node = self.node(self._chosen)
        if node is not None:
            self.setAccessibleDescription(f"{node.name}: {node.freq_hz:.0f} Hz, {node.gain_db:+.1f} dB, Q {node.q:.2f}")

    # geometry

    def x_of(self, hz: float) -> float:
        """Where a frequency lies, in pixels."""
        share = math.log(max(hz, LOW_HZ) / LOW_HZ) / math.log(HIGH_HZ / LOW_HZ)
        return 1 + share * (self.width() - 2)

    def hz_of(self, x: float) -> float:
        """The frequency at a place."""
        share = min(max((x - 1) / max(self.width() - 2, 1), 0.0), 1.0)
        return LOW_HZ * (HIGH_HZ / LOW_HZ) ** share

    def y_of(self, gain_db: float) -> float:
        """Where a gain lies."""
        return self.height() / 2 - gain_db / RANGE_DB * (self.height() / 2 - 8)

    def db_of(self, y: float) -> float:
        """The gain at a place."""
        return (self.height() / 2 - y) / (self.height() / 2 - 8) * RANGE_DB

    def place(self, node: Node) -> QPointF:
        """Where a node is drawn; gains beyond the picture stay at its edge."""
        y = self.y_of(min(max(node.gain_db, -RANGE_DB), RANGE_DB))
        return QPointF(min(max(self.x_of(node.freq_hz), NODE_R), self.width() - NODE_R), y)

    def _at(self, point: QPointF) -> Node | None:
        def far(node: Node) -> float:
            place = self.place(node)
            return math.hypot(place.x() - point.x(), place.y() - point.y())

        nearest = min(self._nodes, key=far, default=None)
        return nearest if nearest is not None and far(nearest) <= GRAB_PX else None

    # mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        node = self._at(event.position())
        if node is None:
            return
        self.choose(node.index)
        self._drag, self._anchor = node.index, event.position()
        self._start = (self.x_of(node.freq_hz), node.gain_db)
        self.pressed.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is None:
            over = self._at(event.position()) is not None
            self.setCursor(Qt.CursorShape.SizeAllCursor if over else Qt.CursorShape.ArrowCursor)
            return
        delta = event.position() - self._anchor
        fine = FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        x, gain_db = self._start
        x, gain_db = x + delta.x() * fine, gain_db - delta.y() * fine / (self.height() / 2 - 8) * RANGE_DB
        # Moving the anchor makes the switch to fine and back free of jumps.
        self._anchor, self._start = event.position(), (x, gain_db)
        self.moved.emit(self._drag, self.hz_of(x), gain_db)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None and event.button() == Qt.MouseButton.LeftButton:
            self._drag = None
            self.released.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        node = self._at(event.position())
        if node is not None:
            self.reset_asked.emit(node.index)

    def wheelEvent(self, event: QWheelEvent) -> None:
        node = self._at(event.position()) or self.node(self._chosen)
        if node is not None and node.index != HIGH_PASS:
            notches = (event.angleDelta().y() or event.angleDelta().x()) / 120.0
            self.choose(node.index)
            self.width_changed.emit(node.index, node.q * Q_NOTCH**notches)
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        node = self._at(QPointF(event.pos())) or self.node(self._chosen)
        if node is not None:
            self.choose(node.index)
            self.menu_asked.emit(node.index, QPointF(event.globalPos()))

    # keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        node, key = self.node(self._chosen), event.key()
        if node is None:
            super().keyPressEvent(event)
            return
        fine = FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            order = [each.index for each in self._nodes]
            step = 1 if key == Qt.Key.Key_Right else -1
            self.choose(order[(order.index(node.index) + step) % len(order)])
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            octaves = (1 if key == Qt.Key.Key_Right else -1) / 12.0 * fine
            self.moved.emit(node.index, max(node.freq_hz, LOW_HZ) * 2**octaves, node.gain_db)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.moved.emit(node.index, node.freq_hz, node.gain_db + (0.5 if key == Qt.Key.Key_Up else -0.5) * fine)
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown) and node.index != HIGH_PASS:
            self.width_changed.emit(node.index, node.q * (Q_NOTCH if key == Qt.Key.Key_PageUp else 1 / Q_NOTCH))
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.reset_asked.emit(node.index)
        elif key == Qt.Key.Key_Escape and self._drag is not None:
            self._drag = None
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)

    # picture

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, rect = self.theme, QRectF(self.rect())
        rounded(painter, rect, 5, theme.color("bg.field"), theme.color("line.soft"))
        painter.setClipRect(rect.adjusted(1, 1, -1, -1))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for hz in GRID_HZ:
            painter.fillRect(QRectF(round(self.x_of(hz)), 1, 1, rect.height() - 2), theme.color("line.soft"))
        for gain_db in (-12.0, -6.0, 6.0, 12.0):
            painter.fillRect(QRectF(1, round(self.y_of(gain_db)), rect.width() - 2, 1), theme.color("line.soft"))
        painter.fillRect(QRectF(1, round(self.y_of(0.0)), rect.width() - 2, 1), theme.color("line.strong"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        self._paint_spectrum(painter)
        painter.setFont(theme.font(10))
        painter.setPen(theme.color("text.faint"))
        for hz, text in LABELS_HZ:
            painter.drawText(
                QRectF(self.x_of(hz) - 20, rect.height() - 16, 40, 14), int(Qt.AlignmentFlag.AlignCenter), text
            )
        self._paint_curve(painter)
        for node in self._nodes:
            self._paint_node(painter, node)
        painter.setClipping(False)
        if self.hasFocus():
            focus_ring(painter, rect, 5, theme.color("focus"))
        painter.end()

    def _paint_spectrum(self, painter: QPainter) -> None:
        levels = self._shown
        if len(levels) < 2 or max(levels) <= FLOOR_DB:
            return
        path = QPainterPath()
        base = float(self.height())
        path.moveTo(1, base)
        for index, level in enumerate(levels):
            share = (min(max(level, FLOOR_DB), TOP_DB) - FLOOR_DB) / (TOP_DB - FLOOR_DB)
            path.lineTo(1 + index / (len(levels) - 1) * (self.width() - 2), base - share * (self.height() - 6))
        path.lineTo(self.width() - 1, base)
        path.closeSubpath()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.color("stem.drums", 0.28))
        painter.drawPath(path)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_curve(self, painter: QPainter) -> None:
        if not self._curve:
            return
        path = QPainterPath()
        for index, value in enumerate(self._curve):
            x = 1 + index / (len(self._curve) - 1) * (self.width() - 2)
            point = QPointF(x, self.y_of(min(max(value, -30.0), 30.0)))
            path.lineTo(point) if index else path.moveTo(point)
        painter.setPen(QPen(self.theme.color(self.theme.accent_ink), 1.8))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)

    def _paint_node(self, painter: QPainter, node: Node) -> None:
        theme, place = self.theme, self.place(node)
        on = node.index == self._chosen
        idle = abs(node.gain_db) < 0.05 if node.index != HIGH_PASS else node.freq_hz <= LOW_HZ
        accent = theme.color(theme.accent_ink)
        painter.setBrush(theme.color("bg.raised"))
        painter.setPen(QPen(accent if on else theme.color("text.muted" if not idle else "line.strong"), 1.6))
        painter.drawEllipse(place, NODE_R, NODE_R)
        painter.setFont(theme.font(10, "semibold"))
        painter.setPen(theme.color("text" if on or not idle else "text.muted"))
        where = QRectF(place.x() - NODE_R, place.y() - NODE_R, 2 * NODE_R, 2 * NODE_R)
        text = "H" if node.index == HIGH_PASS else str(node.index + 1)
        painter.drawText(where, int(Qt.AlignmentFlag.AlignCenter), text)
