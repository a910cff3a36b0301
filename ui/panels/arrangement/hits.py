"""What lies under a point of the lanes, and the mouse cursor that tells what a drag would do there."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt

from studio.project.model import Clip
from ui.panels.arrangement.clip_painter import HEAD_PX, fade_handles
from ui.viewmodels.drags import Zone
from ui.viewmodels.lanes import AutomationRow, Lane

EDGE_PX = 6
HANDLES_FROM_PX = 40
"""Clips narrower than this show no handles: their edges would be all handle."""

_CURSORS = {
    "start": Qt.CursorShape.SizeHorCursor,
    "end": Qt.CursorShape.SizeHorCursor,
    "fade_in": Qt.CursorShape.PointingHandCursor,
    "fade_out": Qt.CursorShape.PointingHandCursor,
    "slip": Qt.CursorShape.SplitHCursor,
    "body": Qt.CursorShape.OpenHandCursor,
}


@dataclass(frozen=True, kw_only=True)
class Hit:
    """What lies under a point: a lane, and on it a clip with its zone or an automation lane."""

    lane: Lane
    clip: Clip | None = None
    zone: Zone = "body"
    row: AutomationRow | None = None


def zone_at(rect: QRectF, clip: Clip, point: QPointF, px_per_s: float) -> Zone:
    """Which part of the clip drawn in `rect` lies under `point`."""
    body = rect.adjusted(0, HEAD_PX, 0, 0)
    if rect.width() > HANDLES_FROM_PX:
        into, out = fade_handles(body, clip, px_per_s)
        if abs(point.y() - body.top() - 3) <= 7:
            if abs(point.x() - into) <= 6:
                return "fade_in"
            if abs(point.x() - out) <= 6:
                return "fade_out"
    edge = min(EDGE_PX, rect.width() / 4)
    if point.x() - rect.left() < edge:
        return "start"
    if rect.right() - point.x() < edge:
        return "end"
    return "body"


def cursor_for(hit: Hit | None, modifiers: Qt.KeyboardModifier, *, held: bool = False) -> Qt.CursorShape:
    """The cursor over `hit`; `held` while a drag goes on."""
    if hit is None:
        return Qt.CursorShape.ArrowCursor
    if hit.row is not None:
        return Qt.CursorShape.CrossCursor
    if hit.clip is None:
        return Qt.CursorShape.ArrowCursor
    if hit.zone == "body":
        if modifiers & Qt.KeyboardModifier.AltModifier:
            return _CURSORS["slip"]
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            return Qt.CursorShape.DragCopyCursor
        return Qt.CursorShape.ClosedHandCursor if held else Qt.CursorShape.OpenHandCursor
    return _CURSORS[hit.zone]
