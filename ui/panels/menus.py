"""Menus, made from the action table."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QMenu

from ui.actions import ActionSet

CLIP = (
    "clip.split clip.duplicate clip.join clip.delete - clip.mute clip.reverse - view.zoom_selection",
    "file.import search.focus - view.zoom_fit",
)
"""On a clip, and beside one."""
TRACK = "track.split track.rename track.duplicate track.delete - track.mute track.solo"
ADD = "file.import search.focus - file.verify"
MAIN = (
    "file.new file.open file.demo - file.save file.save_as - file.import file.verify file.export file.sync - "
    "app.palette app.preferences app.help - app.quit"
)


class Menus:
    """Pops menus up over a window; ids stand in their order, a dash is a line."""

    def __init__(self, window: Any, actions: ActionSet):
        self._window, self._actions = window, actions

    def _menu(self, title: str = "") -> QMenu:
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if title:
            head = menu.addAction(title)
            head.setEnabled(False)
            menu.addSeparator()
        return menu

    def popup(self, at: QPointF, ids: str) -> QMenu:
        """Show actions at a place of the screen."""
        menu = self._menu()
        for each in ids.split():
            if each == "-":
                menu.addSeparator()
            else:
                menu.addAction(self._actions[each])
        menu.popup(at.toPoint())
        return menu

    def clip(self, at: QPointF, on_clip: bool) -> None:
        """Of the lanes."""
        self.popup(at, CLIP[0] if on_clip else CLIP[1])

    def track(self, at: QPointF) -> None:
        """Of a track's head."""
        self.popup(at, TRACK)

    def add(self, at: QPointF) -> None:
        """Of the plus over the heads."""
        self.popup(at, ADD)

    def main(self, at: QPointF) -> None:
        """Of the whole program."""
        self.popup(at, MAIN)

    def account(self) -> None:
        """Who is signed in, above the chip that says so."""
        window = self._window
        session, ws, chip = window.session, window.ws, window.status.account
        account = session.account
        menu = self._menu(f"{account.name}, {account.email}" if account is not None else "Not signed in")
        menu.addAction("Sign in in the browser …", window.sign_in)
        menu.addAction("Use the demo account", lambda: ws.run(session.sign_in_demo))
        leave = menu.addAction("Sign out", lambda: ws.run(session.sign_out))
        leave.setEnabled(account is not None)
        menu.popup(chip.mapToGlobal(chip.rect().topLeft()) - QPoint(0, menu.sizeHint().height()))

    def signed_file(self, paths: list[str], at_s: float, track_id: str | None) -> None:
        """A file with a credential was dropped on the arrangement: which of the two was meant?"""
        window = self._window
        menu = self._menu("This file says what it is made of")
        menu.addAction("Verify it", lambda: window.verify_file(paths[0]))
        menu.addAction("Add it as a track of mine", lambda: window.import_files(paths, at_s, track_id))
        menu.popup(QCursor.pos())
