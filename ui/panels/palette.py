"""All commands by name: type a few letters, press Enter."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from ui.actions import ActionSet
from ui.theme import Theme
from ui.viewmodels.fuzzy import rank
from ui.viewmodels.workspace import Workspace
from ui.widgets.fields import SearchField
from ui.widgets.label import label
from ui.widgets.paint import elided, rounded
from ui.widgets.sheet import Sheet

KEYS_ROLE = int(Qt.ItemDataRole.UserRole) + 1


class _CommandDelegate(QStyledItemDelegate):
    """The command's title on the left, its key on the right."""

    def __init__(self, theme: Theme, parent: QObject):
        super().__init__(parent)
        self._theme = theme

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        theme, rect = self._theme, QRectF(option.rect)  # type: ignore[attr-defined]
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):  # type: ignore[attr-defined]
            selected = option.state & QStyle.StateFlag.State_Selected  # type: ignore[attr-defined]
            rounded(painter, rect, 4, theme.color("bg.hover" if selected else "bg.raised"))
        painter.setFont(theme.font("body"))
        painter.setPen(theme.color("text"))
        elided(painter, rect.adjusted(10, 0, -120, 0), str(index.data()), Qt.AlignmentFlag.AlignLeft)
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("text.muted"))
        elided(
            painter,
            rect.adjusted(rect.width() - 120, 0, -10, 0),
            str(index.data(KEYS_ROLE) or ""),
            Qt.AlignmentFlag.AlignRight,
        )


class Palette(Sheet):
    """A search over the action table; what is not possible now is left out."""

    def __init__(self, ws: Workspace, host: QWidget, actions: ActionSet):
        super().__init__(ws.theme, host, title="All commands", size=QSize(520, 420), head=False, foot=False)
        self._actions = actions
        window = self.window()
        self._rows = [row for row in actions.table if row.enabled(window) and row.id != "app.palette"]
        self.search = SearchField(ws.theme, "Type what you want to do")
        self.list = QListWidget()
        self.list.setAccessibleName("Commands")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMouseTracking(True)
        self.list.setItemDelegate(_CommandDelegate(ws.theme, self.list))
        self.list.itemClicked.connect(self._run)
        box = QVBoxLayout()
        box.setContentsMargins(12, 12, 12, 8)
        box.setSpacing(8)
        box.addWidget(self.search)
        box.addWidget(self.list, 1)
        self._none = label(
            "No command is called that. Try another word, such as “export” or “fade”.", "muted", wrap=True
        )
        self._none.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._none.setContentsMargins(24, 24, 24, 0)
        box.addWidget(self._none, 1)
        self.body.addLayout(box)
        self.search.textChanged.connect(self._show)
        self.search.installEventFilter(self)
        self._show("")

    def open(self) -> None:
        super().open()
        self.search.setFocus()

    def _show(self, text: str) -> None:
        self.list.clear()
        for row in rank(text, self._rows, lambda row: f"{row.title} {row.group}"):
            now = self._actions.keys(row.id)
            keys = QKeySequence(now[0]).toString(QKeySequence.SequenceFormat.NativeText) if now else ""
            item = QListWidgetItem(row.title)
            item.setData(KEYS_ROLE, keys)
            item.setData(Qt.ItemDataRole.UserRole, row.id)
            item.setSizeHint(QSize(0, 28))
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.setVisible(self.list.count() > 0)
        self._none.setVisible(self.list.count() == 0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None:
                count = max(self.list.count(), 1)
                self.list.setCurrentRow((self.list.currentRow() + step) % count)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _run(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        action_id = item.data(Qt.ItemDataRole.UserRole)
        actions = self._actions
        self.dismiss()
        # After the sheet has gone, so that a command may open another one.
        QTimer.singleShot(0, actions, lambda: actions.trigger(action_id))
