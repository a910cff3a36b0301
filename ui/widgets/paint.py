"""Shapes that several widgets draw the same way."""

from __future__ import annotations

import math

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QIcon, QPainter, QPainterPath, QPen, QPixmap


def rounded(painter: QPainter, rect: QRectF, radius: float, fill: QColor | None, line: QColor | None = None) -> None:
    """A rounded rectangle with a fill and a 1 px line that stays inside `rect`."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setBrush(QBrush(fill) if fill is not None else Qt.BrushStyle.NoBrush)
    if line is None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(rect, radius, radius)
    else:
        painter.setPen(QPen(line, 1.0))
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)


def focus_ring(painter: QPainter, rect: QRectF, radius: float, color: QColor) -> None:
    """The ring around what has the keyboard."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(color, 1.5))
    painter.drawRoundedRect(rect.adjusted(0.75, 0.75, -0.75, -0.75), radius, radius)


def top_rounded(rect: QRectF, radius: float) -> QPainterPath:
    """A path with round corners at the top only, for clip heads."""
    path = QPainterPath()
    path.moveTo(rect.left(), rect.bottom())
    path.lineTo(rect.left(), rect.top() + radius)
    path.quadTo(rect.topLeft(), QPointF(rect.left() + radius, rect.top()))
    path.lineTo(rect.right() - radius, rect.top())
    path.quadTo(rect.topRight(), QPointF(rect.right(), rect.top() + radius))
    path.lineTo(rect.right(), rect.bottom())
    path.closeSubpath()
    return path


def hatch(painter: QPainter, rect: QRectF, color: QColor, *, step: float = 6.0, visible: QRectF | None = None) -> None:
    """Slanting lines over what is `visible` of `rect`: the sign of what a model made. The caller sets the clip."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QPen(color, 1.6))
    x, end = rect.left() - rect.height(), rect.right()
    if visible is not None:
        # Whole steps from the left edge keep the hatch still while a clip is scrolled that is wider than the window.
        x += max(math.floor((visible.left() - rect.left()) / step), 0) * step
        end = min(end, visible.right())
    lines: list[QLineF] = []
    while x < end:
        lines.append(QLineF(x, rect.bottom(), x + rect.height(), rect.top()))
        x += step
    painter.drawLines(lines)


def sparkle(painter: QPainter, center: QPointF, radius: float, color: QColor) -> None:
    """The four-pointed sign before the name of what a model made."""
    path = QPainterPath()
    waist = radius * 0.24
    path.moveTo(center.x(), center.y() - radius)
    path.quadTo(center.x() + waist * 0.5, center.y() - waist * 0.5, center.x() + radius, center.y())
    path.quadTo(center.x() + waist * 0.5, center.y() + waist * 0.5, center.x(), center.y() + radius)
    path.quadTo(center.x() - waist * 0.5, center.y() + waist * 0.5, center.x() - radius, center.y())
    path.quadTo(center.x() - waist * 0.5, center.y() - waist * 0.5, center.x(), center.y() - radius)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawPath(path)


def ink_on(fill: QColor) -> QColor:
    """Black or white, whichever has more contrast with `fill` (WCAG 2.2)."""
    light = (fill.redF(), fill.greenF(), fill.blueF())
    parts = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in light]
    luminance = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    # (luminance + 0.05) / (dark + 0.05) against 1.05 / (luminance + 0.05), with the dark ink's luminance of 0.009.
    return QColor("#15171C") if (luminance + 0.05) ** 2 > 1.05 * 0.059 else QColor("#FFFFFF")


def dot(color: QColor, size: int = 12) -> QIcon:
    """A filled circle for a menu."""
    picture = QPixmap(size * 2, size * 2)
    picture.setDevicePixelRatio(2)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawEllipse(QRectF(1, 1, size - 2, size - 2))
    painter.end()
    return QIcon(picture)


def whole_parts(text: str, metrics: QFontMetrics, width: float) -> str:
    """As many parts of ``A · B · C`` as fit into `width`, at least the first: a number that is cut would be another."""
    parts = text.split(" · ")
    while len(parts) > 1 and metrics.horizontalAdvance(" · ".join(parts)) > width:
        parts.pop()
    return " · ".join(parts)


def two_lines(text: str, metrics: QFontMetrics, width: float) -> list[str]:
    """`text` on one line where it fits into `width`, else broken at the last space of which the first line can be."""
    if metrics.horizontalAdvance(text) <= width:
        return [text]
    words = text.split(" ")
    for count in range(len(words) - 1, 0, -1):
        first = " ".join(words[:count])
        if metrics.horizontalAdvance(first) <= width:
            return [first, " ".join(words[count:])]
    return [text]


def elided(painter: QPainter, rect: QRectF | QRect, text: str, flags: Qt.AlignmentFlag) -> bool:
    """Draw `text` in `rect`, cut with an ellipsis where it does not fit; True when it was cut."""
    area = rect.toRect() if isinstance(rect, QRectF) else rect
    metrics = QFontMetrics(painter.font())
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(area.width(), 0))
    painter.drawText(area, int(flags | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine), shown)
    return shown != text
