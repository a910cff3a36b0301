"""Menus that delete themselves, and entries with a tick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget


def menu_on(host: QWidget) -> QMenu:
    """A menu that deletes itself when it is closed."""
    menu = QMenu(host)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return menu


def check(menu: QMenu, title: str, on: bool, run: Callable[[], Any]) -> None:
    """An entry with a tick."""
    action = menu.addAction(title, run)
    action.setCheckable(True)
    action.setChecked(on)
