"""The theme: one object that every widget is given and asks at paint time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
Mode = Literal["dark", "light"]


class Theme:
    """Tokens of one mode, with fonts and coloured icons made from them.

    `mode` may change while the program runs; widgets read colours when they paint, so that a repaint is all that a
    change needs.
    """

    def __init__(self, mode: Mode = "dark", *, resources: Path = RESOURCES):
        self._tokens: dict[str, Any] = json.loads((resources / "theme" / "tokens.json").read_text("utf-8"))
        self._icons_dir = resources / "icons"
        self._pictures_dir = resources / "theme"
        self._svg: dict[str, str] = {}
        self._colors: dict[str, QColor] = {}
        self._pixmaps: dict[tuple[str, str, int, float], QPixmap] = {}
        self._renderers: dict[tuple[str, str], QSvgRenderer] = {}
        self._fonts: dict[tuple[int, str], QFont] = {}
        self._listeners: list[Callable[[], None]] = []
        self.mode: Mode = mode
        self.reduced_motion = False

    # tokens

    @property
    def groove(self) -> str:
        """The token of what a slider or knob runs in, which must be seen on a chosen track too."""
        return "bg.pressed" if self.mode == "dark" else "line"

    @property
    def accent_ink(self) -> str:
        """The token of the accent for lines, icons and words, which must be seen on any ground."""
        return "accent" if self.mode == "dark" else "focus"

    def set_mode(self, mode: Mode) -> None:
        """Switch between dark and light; the caller re-applies the style sheet."""
        self.mode = mode
        self._colors.clear()
        self._pixmaps.clear()
        self._renderers.clear()
        for listener in list(self._listeners):
            listener()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each change of mode (for the few things that cannot ask at paint time)."""
        self._listeners.append(listener)

    def value(self, token: str) -> str:
        """The colour of `token` as it stands in the file, such as ``#C4F04D``.

        Raises:
            KeyError: for a token that the theme does not have.
        """
        return self._tokens[self.mode][token]

    def color(self, token: str, alpha: float = 1.0) -> QColor:
        """The colour of `token`; `alpha` in 0..1 multiplies its own."""
        color = self._colors.get(token)
        if color is None:
            text = self.value(token)
            color = QColor(text[:7])
            if len(text) == 9:
                color.setAlpha(int(text[7:9], 16))
            self._colors[token] = color
        if alpha >= 1.0:
            return color
        faded = QColor(color)
        faded.setAlphaF(color.alphaF() * alpha)
        return faded

    def mix(self, over: str, under: str, amount: float) -> QColor:
        """`amount` (0..1) of the colour `over` on `under`, opaque."""
        a, b = self.color(over), self.color(under)
        return QColor(
            round(a.red() * amount + b.red() * (1 - amount)),
            round(a.green() * amount + b.green() * (1 - amount)),
            round(a.blue() * amount + b.blue() * (1 - amount)),
        )

    def picture(self, name: str) -> str:
        """Path of a picture for the style sheet, with slashes on every system."""
        return (self._pictures_dir / name).as_posix()

    def size(self, name: str) -> int:
        """A size token in logical pixels, rounded."""
        return round(self._tokens["size"][name])

    def contrast_floor(self) -> dict[str, float]:
        """Pairs of tokens (``text/bg.panel``) and the contrast that each must keep."""
        return {pair: float(ratio) for pair, ratio in self._tokens["contrast"].items()}

    def motion_ms(self, name: str) -> int:
        """Length of a motion (``fast`` or ``panel``) in ms; 0 with reduced motion."""
        return 0 if self.reduced_motion else int(self._tokens["motion"][f"{name}_ms"])

    # type

    def font(self, px: str | int = "body", weight: str = "regular") -> QFont:
        """Inter with tabular digits: `px` a type token or a pixel size, `weight` regular, medium or semibold."""
        size = px if isinstance(px, int) else int(self._tokens["type"]["px"][px])
        key = (size, weight)
        font = self._fonts.get(key)
        if font is None:
            font = QFont(self._tokens["type"]["family"])
            font.setPixelSize(size)
            font.setWeight(QFont.Weight(int(self._tokens["type"]["weight"][weight])))
            font.setFeature(QFont.Tag("tnum"), 1)
            font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
            self._fonts[key] = font
        return font

    # icons

    def pixmap(self, name: str, token: str = "text.muted", size: int = 16, *, ratio: float | None = None) -> QPixmap:
        """The Lucide icon `name` in the colour of `token`, `size` logical pixels square."""
        if ratio is None:
            app = QGuiApplication.instance()
            ratio = app.devicePixelRatio() if isinstance(app, QGuiApplication) else 1.0
        key = (name, token, size, ratio)
        pixmap = self._pixmaps.get(key)
        if pixmap is None:
            pixmap = QPixmap(round(size * ratio), round(size * ratio))
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            self._renderer(name, token).render(painter, QRectF(0, 0, pixmap.width(), pixmap.height()))
            painter.end()
            pixmap.setDevicePixelRatio(ratio)
            self._pixmaps[key] = pixmap
        return pixmap

    def icon(self, name: str, token: str = "text.muted") -> QIcon:
        """The same as a QIcon, with a disabled look."""
        icon = QIcon()
        for size in (16, 24, 32):
            icon.addPixmap(self.pixmap(name, token, size))
            icon.addPixmap(self.pixmap(name, "text.faint", size), QIcon.Mode.Disabled)
        return icon

    def paint_icon(self, painter: QPainter, name: str, token: str, rect: QRectF) -> None:
        """Draw an icon into `rect` (vector, so right at every zoom)."""
        self._renderer(name, token).render(painter, rect)

    def _renderer(self, name: str, token: str) -> QSvgRenderer:
        known = self._renderers.get((name, token))
        if known is not None:
            return known
        svg = self._svg.get(name)
        if svg is None:
            svg = (self._icons_dir / f"{name}.svg").read_text("utf-8")
            svg = svg.replace('stroke-width="2"', f'stroke-width="{self._tokens["size"]["stroke"]}"')
            self._svg[name] = svg
        made = QSvgRenderer(QByteArray(svg.replace("currentColor", self.value(token)[:7]).encode()))
        self._renderers[name, token] = made
        return made
