"""How rows with artwork, two lines and a badge are painted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ui.theme import Theme
from ui.widgets.artwork import paint_artwork
from ui.widgets.badge import BADGES, badge_width, paint_badge
from ui.widgets.paint import elided, focus_ring, whole_parts

ROW_PX = 48


class RecordingDelegate(QStyledItemDelegate):
    """Artwork, title, subtitle and badge of what `item_of` gives for an index."""

    def __init__(self, theme: Theme, item_of: Callable[[Any], Any], subtitle: Callable[[Any], str], parent=None):
        super().__init__(parent)
        self.theme, self._item_of, self._subtitle = theme, item_of, subtitle

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        item = self._item_of(index)
        if item is None:
            return
        theme, rect = self.theme, QRectF(option.rect)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme.color("bg.chosen"))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, theme.color("bg.hover", 0.5))
        start, end = item.artwork
        paint_artwork(painter, QRectF(rect.left() + 8, rect.top() + 6, 36, 36), start, end)
        word = BADGES.get(item.badge, BADGES["mine"])[0]
        wide = badge_width(theme, word)
        badge = QRectF(rect.right() - wide - 8, rect.top() + 24, wide, 18)
        paint_badge(painter, theme, badge, item.badge)
        room = badge.left() - rect.left() - 52 - 6
        painter.setFont(theme.font("body", "medium"))
        painter.setPen(theme.color("text"))
        title = QRectF(rect.left() + 52, rect.top() + 6, rect.right() - rect.left() - 60, 18)
        elided(painter, title, item.title, Qt.AlignmentFlag.AlignLeft)
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("text.muted"))
        line = whole_parts(self._subtitle(item), painter.fontMetrics(), room)
        elided(painter, QRectF(rect.left() + 52, rect.top() + 25, room, 16), line, Qt.AlignmentFlag.AlignLeft)
        if state & QStyle.StateFlag.State_HasFocus and state & QStyle.StateFlag.State_KeyboardFocusChange:
            focus_ring(painter, rect, 4, theme.color("focus"))
        painter.restore()
