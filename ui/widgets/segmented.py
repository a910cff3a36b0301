"""A row of choices of which one is on."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import Theme
from ui.widgets.paint import elided, focus_ring, rounded


class Segmented(QWidget):
    """Choices side by side; arrow keys move, a click chooses."""

    changed = Signal(str)

    def __init__(self, theme: Theme, options: Sequence[tuple[str, str]], *, name: str, stretch: bool = False):
        super().__init__()
        self.theme = theme
        self._options = list(options)
        self._value = self._options[0][0]
        self._stretch = stretch
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(
            QSizePolicy.Policy.Expanding if stretch else QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed
        )
        self._describe()

    @property
    def value(self) -> str:
        """The id of the choice that is on."""
        return self._value

    def set_value(self, value: str) -> None:
        """Choose without a signal."""
        if value != self._value and any(value == option for option, _ in self._options):
            self._value = value
            self._describe()
            self.update()

    def set_title(self, value: str, title: str) -> None:
        """Change the text of one choice."""
        if (value, title) in self._options:
            return
        self._options = [(option, title if option == value else text) for option, text in self._options]
        self.updateGeometry()
        self.update()

    def _describe(self) -> None:
        self.setAccessibleDescription(dict(self._options)[self._value])

    def _widths(self) -> list[float]:
        metrics = QFontMetrics(self.theme.font("control", "medium"))
        return [metrics.horizontalAdvance(text) + 20.0 for _, text in self._options]

    def sizeHint(self) -> QSize:
        return QSize(round(sum(self._widths())) + 2, 24)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, 24)

    def _rects(self) -> list[QRectF]:
        widths = self._widths()
        total = sum(widths) + 2
        scale = min(1.0, self.width() / total) if total else 1.0
        rects, x = [], 1.0
        for width in widths:
            rects.append(QRectF(x, 1, width * scale, self.height() - 2))
            x += width * scale
        return rects

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self.theme
        rounded(painter, QRectF(self.rect()), 5, theme.color("bg.field"), theme.color("line"))
        painter.setFont(theme.font("control", "medium"))
        for (option, text), rect in zip(self._options, self._rects(), strict=True):
            on = option == self._value
            if on:
                rounded(painter, rect, 4, theme.color("bg.pressed"))
            painter.setPen(theme.color("text" if on else "text.muted"))
            elided(painter, rect, text, Qt.AlignmentFlag.AlignHCenter)
        if self.hasFocus():
            focus_ring(painter, QRectF(self.rect()), 5, theme.color("focus"))
        painter.end()

    def _choose(self, value: str) -> None:
        if value != self._value:
            self.set_value(value)
            self.changed.emit(value)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for (option, _), rect in zip(self._options, self._rects(), strict=True):
            if rect.contains(event.position()):
                self._choose(option)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        ids = [option for option, _ in self._options]
        self._choose(ids[min(max(ids.index(self._value) + step, 0), len(ids) - 1)])
