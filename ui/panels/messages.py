"""Short messages at the foot of the window, the newest lowest."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from ui.theme import Theme
from ui.widgets.roles import announce
from ui.widgets.sheet import Toast

LIMIT = 3
WIDTH = 420
GAP = 8


class Messages(QObject):
    """Keeps at most three messages in sight and places them over `host`."""

    def __init__(self, theme: Theme, host: QWidget, *, foot_px: int):
        super().__init__(host)
        self._theme, self._host, self._foot_px = theme, host, foot_px
        self._toasts: list[Toast] = []

    @property
    def toasts(self) -> list[Toast]:
        """Messages in sight, the oldest first."""
        return [toast for toast in self._toasts if shiboken6.isValid(toast) and not toast.isHidden()]

    def say(self, level: str, text: str, remedy: str) -> None:
        """Show a message; the same one again only takes the place of the old."""
        for toast in self.toasts:
            if (toast.text, toast.remedy) == (text, remedy):
                toast.dismiss()
        toast = Toast(self._theme, self._host, text=text, remedy=remedy, level=level)
        toast.destroyed.connect(self._forget)
        self._toasts.append(toast)
        for old in self.toasts[:-LIMIT]:
            old.dismiss()
        toast.adjustSize()
        toast.show()
        announce(toast, toast.accessibleName())
        self.place()

    def _forget(self) -> None:
        QTimer.singleShot(0, self, self.place)

    def place(self) -> None:
        """Stack them above the foot of the host."""
        self._toasts = self.toasts
        bottom = self._host.height() - self._foot_px - 12
        for toast in reversed(self._toasts):
            toast.adjustSize()
            toast.setFixedWidth(WIDTH)
            bottom -= toast.height()
            toast.move((self._host.width() - WIDTH) // 2, bottom)
            toast.raise_()
            bottom -= GAP
