"""How a clip is drawn: head with name, body with waveform and fades, hatched where a model made it."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPen

from studio.project.model import Clip, Source
from ui.panels.arrangement.tiles import TILE_PX, TileCache, TileKey
from ui.theme import Theme
from ui.viewmodels.lanes import ClipLook
from ui.widgets.paint import elided, hatch, ink_on, sparkle, top_rounded

HEAD_PX = 16
RADIUS = 4
FADE_STEPS = 16


class ClipPainter:
    """Draws clips with one theme and one cache of tiles."""

    def __init__(self, theme: Theme, tiles: TileCache):
        self.theme = theme
        self.tiles = tiles

    def paint(
        self,
        painter: QPainter,
        rect: QRectF,
        *,
        clip: Clip,
        source: Source | None,
        look: ClipLook,
        pyramid: object | None,
        px_per_s: float,
        visible: QRectF,
        selected: bool,
        hovered: bool,
        ratio: float,
        ready: tuple[tuple[float, float], ...] | None = None,
    ) -> None:
        """Draw one clip into `rect`; only what meets `visible` is filled with tiles. `ready` are the stretches that are
        there of a sound in the making, in seconds after the clip's start."""
        theme = self.theme
        color = theme.color(look.token)
        strength = 0.42 if look.dimmed else 1.0
        lane = theme.color("bg.lane")
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        shape = QPainterPath()
        shape.addRoundedRect(rect, RADIUS, RADIUS)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_blend(color, lane, (0.20 if theme.mode == "dark" else 0.17) * (0.6 if look.dimmed else 1.0)))
        painter.drawPath(shape)
        body = rect.adjusted(0, HEAD_PX, 0, 0)
        painter.setClipPath(shape)
        if source is not None and ready is not None:
            self._growing(painter, body, clip, source, pyramid, color, px_per_s, visible, ratio, ready)
        elif source is not None:
            self.wave(painter, body, clip, source, pyramid, color, strength, px_per_s, visible, ratio)
        self._fades(painter, body, clip, color, lane, px_per_s, strength)
        self._head(painter, rect, look, color, lane, strength, visible)
        if clip.muted:
            painter.setPen(QPen(theme.color("text.faint"), 1))
            painter.drawLine(body.topLeft(), body.bottomRight())
        painter.restore()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        if selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color(theme.accent_ink), 2))
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), RADIUS, RADIUS)
        elif hovered:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(_blend(theme.color("text"), color, 0.4), 1))
            painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        if (selected or hovered) and rect.width() > 40:
            self._handles(painter, body, clip, px_per_s)

    def _head(
        self,
        painter: QPainter,
        rect: QRectF,
        look: ClipLook,
        color: QColor,
        lane: QColor,
        strength: float,
        visible: QRectF,
    ) -> None:
        theme = self.theme
        head = QRectF(rect.left(), rect.top(), rect.width(), HEAD_PX - 1)
        fill = _blend(color, lane, strength if strength == 1.0 else 0.5)
        path = top_rounded(head, RADIUS)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawPath(path)
        if look.generated:
            painter.save()
            painter.setClipPath(path, Qt.ClipOperation.IntersectClip)
            hatch(painter, head, _blend(QColor("#000000"), fill, 0.20), visible=visible)
            painter.restore()
        ink = theme.color("text.muted") if look.dimmed else ink_on(fill)
        # A head that starts left of the view keeps its name in sight.
        left = max(rect.left(), 0.0) + 7
        room = rect.right() - left - 6
        if room < 10:
            return
        middle = head.center().y()
        if look.generated:
            sparkle(painter, QPointF(left + 4, middle), 4.5, ink)
            left += 13
            room -= 13
        if room < 10:
            return
        painter.setPen(ink)
        painter.setFont(theme.font("caption", "semibold"))
        metrics = QFontMetrics(painter.font())
        elided(painter, QRectF(left, head.top(), room, head.height()), look.title, Qt.AlignmentFlag.AlignLeft)
        used = metrics.horizontalAdvance(look.title) + 9
        if look.note and room - used > 34:
            faded = QColor(ink)
            faded.setAlphaF(0.78)
            painter.setPen(faded)
            painter.setFont(theme.font("caption"))
            where = QRectF(left + used, head.top(), room - used, head.height())
            elided(painter, where, look.note, Qt.AlignmentFlag.AlignLeft)

    def _growing(
        self,
        painter: QPainter,
        body: QRectF,
        clip: Clip,
        source: Source,
        pyramid: object | None,
        color: QColor,
        px_per_s: float,
        visible: QRectF,
        ratio: float,
        ready: tuple[tuple[float, float], ...],
    ) -> None:
        """The waveform as far as it is made, a dotted line elsewhere."""
        self.wave(painter, body, clip, source, None, color, 1.0, px_per_s, visible, ratio)
        for start_s, end_s in ready:
            left = body.left() + max(start_s, 0.0) * px_per_s
            there = QRectF(left, body.top(), max((end_s - max(start_s, 0.0)) * px_per_s, 0.0), body.height())
            painter.save()
            painter.setClipRect(there, Qt.ClipOperation.IntersectClip)
            painter.fillRect(there, _blend(color, self.theme.color("bg.lane"), 0.24))
            self.wave(painter, body, clip, source, pyramid, color, 1.0, px_per_s, visible, ratio)
            painter.restore()

    def wave(
        self,
        painter: QPainter,
        body: QRectF,
        clip: Clip,
        source: Source,
        pyramid: object | None,
        color: QColor,
        strength: float,
        px_per_s: float,
        visible: QRectF,
        ratio: float,
    ) -> None:
        """Draw the sound of a clip into `body`, or a dotted line while its peaks are not known."""
        middle = body.center().y()
        if pyramid is None:
            pen = QPen(QColor(color.red(), color.green(), color.blue(), round(140 * strength)), 1.5)
            pen.setDashPattern([1.5, 2.0])
            painter.setPen(pen)
            painter.drawLine(QPointF(body.left(), middle), QPointF(body.right(), middle))
            return
        height = max(int(body.height()) - 6, 8)
        seconds_per_px = 1.0 / px_per_s if clip.warp else clip.tempo_ratio / px_per_s
        drawn = QColor(color)
        drawn.setAlphaF(0.5 if strength < 1 else 1.0)
        gain = round(10 ** (clip.gain_db / 20), 2)
        first_px = 0.0 if clip.warp else clip.source_start_s / seconds_per_px
        left = max(body.left(), visible.left())
        right = min(body.right(), visible.right())
        if right <= left:
            return
        if clip.reverse:
            # Mirrored about the clip's middle, so that the same tiles serve both directions.
            painter.save()
            painter.translate(body.left() + body.right(), 0)
            painter.scale(-1, 1)
            left, right = body.left() + body.right() - right, body.left() + body.right() - left
        start = math.floor((first_px + left - body.left()) / TILE_PX)
        stop = math.floor((first_px + right - body.left()) / TILE_PX)
        for index in range(max(start, 0), stop + 1):
            key = TileKey(
                source=source.id,
                seconds_per_px=seconds_per_px,
                index=index,
                height=height,
                color=drawn.rgba(),
                gain=gain,
                ratio=ratio,
                warp=clip.warp,
            )
            tile = self.tiles.tile(pyramid, source.duration_s, key, drawn)
            painter.drawPixmap(round(body.left() - first_px + index * TILE_PX), round(body.top() + 3), tile)
        if clip.reverse:
            painter.restore()

    def _fades(
        self, painter: QPainter, body: QRectF, clip: Clip, color: QColor, lane: QColor, px_per_s: float, strength: float
    ) -> None:
        shade = QColor(lane)
        shade.setAlphaF(0.62)
        line = QPen(_blend(color, self.theme.color("text"), 0.75), 1.2)
        for length_s, curve, near, side in (
            (clip.fade_in_s, clip.fade_in_curve, body.left(), 1.0),
            (clip.fade_out_s, clip.fade_out_curve, body.right(), -1.0),
        ):
            width = length_s * px_per_s
            if width < 1.5:
                continue
            curved = QPainterPath(QPointF(near, body.bottom()))
            steps = 1 if curve == "linear" else max(min(round(width / 3), FADE_STEPS), 2)
            for step in range(1, steps + 1):
                t = step / steps
                curved.lineTo(near + side * t * width, body.bottom() - fade_gain(curve, t) * body.height())
            above = QPainterPath(curved)
            above.lineTo(near, body.top())
            above.closeSubpath()
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(shade)
            painter.drawPath(above)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(line)
            painter.drawPath(curved)

    def _handles(self, painter: QPainter, body: QRectF, clip: Clip, px_per_s: float) -> None:
        painter.setPen(QPen(self.theme.color("bg.window"), 1))
        painter.setBrush(self.theme.color("text"))
        for x in fade_handles(body, clip, px_per_s):
            painter.drawEllipse(QPointF(x, body.top() + 3), 3.5, 3.5)


def fade_gain(curve: str, t: float) -> float:
    """Amplitude of a fade at `t` of its way, as the engine plays it."""
    if curve == "linear":
        return t
    rise = math.sin(math.pi * t / 2)
    return rise if curve == "equal_power" else rise * rise


def fade_handles(body: QRectF, clip: Clip, px_per_s: float) -> tuple[float, float]:
    """Where the two handles of the fades are."""
    into = min(max(clip.fade_in_s * px_per_s, 8), body.width() - 8)
    out = min(max(clip.fade_out_s * px_per_s, 8), body.width() - 8)
    return body.left() + into, body.right() - out


def _blend(over: QColor, under: QColor, amount: float) -> QColor:
    return QColor(
        round(over.red() * amount + under.red() * (1 - amount)),
        round(over.green() * amount + under.green() * (1 - amount)),
        round(over.blue() * amount + under.blue() * (1 - amount)),
    )
