"""All steps that were taken; a click goes there."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from ui.viewmodels.history import history_rows, steps_to
from ui.viewmodels.workspace import Workspace


class HistoryList(QWidget):
    """The history, newest last."""

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws = ws
        self.list = QListWidget()
        self.list.setAccessibleName("History")
        self.list.setFlow(QListWidget.Flow.TopToBottom)
        self.list.setWrapping(True)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.setIconSize(QSize(16, 16))
        self.list.setSpacing(1)
        self.list.itemActivated.connect(self._go)
        self.list.itemClicked.connect(self._go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.addWidget(self.list)
        ws.bridge.history_changed.connect(self.refresh)
        ws.bridge.project_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """List the steps."""
        self.list.clear()
        for row in history_rows(self.ws.session.history):
            item = QListWidgetItem(row.label)
            item.setData(Qt.ItemDataRole.UserRole, row.index)
            theme = self.ws.theme
            color = theme.color("text" if row.now else "text.faint" if row.undone else "text.muted")
            item.setForeground(QColor(color))
            item.setIcon(
                theme.icon("chevron-right" if row.now else "history", theme.accent_ink if row.now else "text.faint")
            )
            self.list.addItem(item)
            if row.now:
                self.list.setCurrentItem(item)

    def _go(self, item: QListWidgetItem) -> None:
        steps = steps_to(self.ws.session.history, item.data(Qt.ItemDataRole.UserRole))
        for _ in range(abs(steps)):
            self.ws.attempt(self.ws.session.undo if steps < 0 else self.ws.session.redo)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()
