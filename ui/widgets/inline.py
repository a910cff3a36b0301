"""A field that opens over something to type a new name or value for it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget


class InlineEditor(QLineEdit):
    """Opens over `rect` of `host` with `text` chosen; Enter or leaving it gives what was typed to `done`, Esc does not.

    It deletes itself. Text that was not changed, or nothing, is not given.
    """

    def __init__(self, host: QWidget, rect: QRectF, text: str, done: Callable[[str], object], *, name: str):
        super().__init__(text, host)
        self._done, self._before = done, text
        self._over = False
        self.setAccessibleName(name)
        area = rect.toRect()
        area.moveLeft(max(min(area.left(), host.width() - area.width() - 2), 2))
        area.moveTop(max(min(area.top(), host.height() - area.height() - 2), 0))
        self.setGeometry(area)
        self.editingFinished.connect(self._finish)
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.selectAll()

    def _finish(self) -> None:
        if self._over:
            return
        self._over = True
        text = self.text().strip()
        self.hide()
        self.deleteLater()
        if text and text != self._before:
            self._done(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._over = True
            self.hide()
            self.deleteLater()
        else:
            super().keyPressEvent(event)
