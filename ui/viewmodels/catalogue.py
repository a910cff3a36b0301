"""Rows of the catalogue and the library."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QByteArray, QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt

from ui.viewmodels import words

ITEM_ROLE = int(Qt.ItemDataRole.UserRole)
RECORDING_MIME = "application/x-contrafact-recording"
_Index = QModelIndex | QPersistentModelIndex


def artists_of(item: Any) -> str:
    """The artists as one line."""
    artists = item.artists
    return artists if isinstance(artists, str) else ", ".join(artists)


def subtitle(item: Any) -> str:
    """``House Ensemble · 124 · F♯m``."""
    parts = [artists_of(item)]
    if item.bpm:
        parts.append(f"{item.bpm:.0f}")
    if item.key:
        parts.append(words.short_key(item.key))
    return " · ".join(part for part in parts if part)


def terms_line(item: Any) -> str:
    """What a song brings, in one line: true stems, and whether it may be restyled and exported."""
    parts = ["true stems" if item.has_stems else "stems made here"]
    parts.append("may be restyled" if any(word.startswith("style:") for word in item.permit) else "not to be restyled")
    if "export" not in item.permit:
        parts.append("no export")
    line = ", ".join(parts)
    return line[0].upper() + line[1:]


class CatalogueModel(QAbstractListModel):
    """Catalogue items as a list; a row can be dragged to the arrangement."""

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._items: list[Any] = []

    def set_items(self, items: list[Any]) -> None:
        """Show other items."""
        self.beginResetModel()
        self._items = list(items)
        self.endResetModel()

    def item(self, row: int) -> Any | None:
        """The item of a row."""
        return self._items[row] if 0 <= row < len(self._items) else None

    def items(self) -> list[Any]:
        """All items."""
        return list(self._items)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._items)

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        item = self.item(index.row())
        if item is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return item.title
        if role == ITEM_ROLE:
            return item
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{item.title}\n{subtitle(item)}\n{words.clock(item.duration_s, hundredths=False)}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{item.title}, {subtitle(item)}, licence {item.badge}"
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else flags

    def mimeTypes(self) -> list[str]:
        return [RECORDING_MIME]

    def mimeData(self, indexes) -> QMimeData:
        mime = QMimeData()
        item = self.item(indexes[0].row()) if indexes else None
        if item is not None:
            mime.setData(RECORDING_MIME, QByteArray(str(item.id).encode()))
        return mime
