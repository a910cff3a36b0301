"""The table as QActions of one window."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit

from ui.actions.keymap import KeyMap
from ui.actions.table import ACTIONS, Action


class ActionSet(QObject):
    """Builds a QAction for each row; `refresh` brings what is possible up to date."""

    def __init__(
        self, window: Any, parent: QObject, table: Iterable[Action] = ACTIONS, *, keymap: KeyMap | None = None
    ):
        super().__init__(parent)
        self._window = window
        self.table = tuple(table)
        self.keymap = keymap
        self._actions: dict[str, QAction] = {}
        for row in self.table:
            action = QAction(row.title, self)
            action.setObjectName(row.id)
            action.setShortcuts([QKeySequence(key) for key in self.keys(row.id)])
            action.setShortcutVisibleInContextMenu(True)
            action.triggered.connect(lambda _=False, row=row: self.trigger(row.id))
            self._actions[row.id] = action
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._on_focus)
        self.refresh()

    def __getitem__(self, action_id: str) -> QAction:
        return self._actions[action_id]

    def keys(self, action_id: str) -> tuple[str, ...]:
        """The keys of an action as they are now."""
        return self.keymap.keys(action_id) if self.keymap is not None else self.row(action_id).keys

    def apply_keys(self) -> None:
        """Take the keys of the key map over."""
        for action_id, action in self._actions.items():
            action.setShortcuts([QKeySequence(key) for key in self.keys(action_id)])

    def actions(self) -> list[QAction]:
        """All of them in the order of the table."""
        return list(self._actions.values())

    def row(self, action_id: str) -> Action:
        """The row of the table."""
        return next(row for row in self.table if row.id == action_id)

    def trigger(self, action_id: str) -> bool:
        """Do it, if it can be done now."""
        row = self.row(action_id)
        if not row.enabled(self._window):
            return False
        row.run(self._window)
        return True

    def refresh(self) -> None:
        """Enable what is possible now; plain keys rest while somebody types or a dialogue is open."""
        typing = isinstance(QApplication.focusWidget(), QLineEdit | QAbstractSpinBox)
        covered = getattr(self._window, "sheet", None) is not None
        for row in self.table:
            possible = row.enabled(self._window)
            self._actions[row.id].setEnabled(possible and not ((typing or covered) and not row.in_text))

    def _on_focus(self, _old: object, _new: object) -> None:
        self.refresh()
