"""Rows of the preferences, made from the table of settings."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ui.viewmodels.preferences import PreferenceRow
from ui.viewmodels.workspace import Workspace
from ui.widgets.fields import Choice, InlineField
from ui.widgets.label import Text, label
from ui.widgets.segmented import Segmented
from ui.widgets.toggle import Toggle

CAPTION_PX = 150
LINE_PX = 32
NUMBER_PX = 104


class Rows(QWidget):
    """A column of settings: name, control, and what it does. `changed` is called with the key after each change."""

    def __init__(self, ws: Workspace, changed: Callable[[str, str], None]):
        super().__init__()
        self.ws, self.theme, self._changed = ws, ws.theme, changed
        self.controls: dict[str, QWidget] = {}
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnMinimumWidth(0, CAPTION_PX)
        self._grid.setColumnStretch(1, 1)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(24, 16, 24, 16)
        self.column.setSpacing(8)
        self.column.addLayout(self._grid)

    def add(self, row: PreferenceRow) -> QWidget:
        """Add a setting."""
        control = self._control(row)
        self.controls[row.key] = control
        if row.unit:
            self.add_row(row.title, control, Text(self.theme, row.unit, token="text.muted"), help_text=row.help)
        else:
            self.add_widget(row.title, control, row.help)
        return control

    def add_widget(self, title: str, control: QWidget, help_text: str = "") -> None:
        """Add any control with a name."""
        at = self._grid.rowCount()
        caption = Text(self.theme, title, weight="medium")
        # Its line stands at the middle of the control's first line.
        caption.setFixedHeight(max(min(control.sizeHint().height(), LINE_PX), caption.sizeHint().height()))
        self._grid.addWidget(caption, at, 0, Qt.AlignmentFlag.AlignTop)
        if control.sizePolicy().horizontalPolicy() == control.sizePolicy().Policy.Fixed:
            self._grid.addWidget(control, at, 1, Qt.AlignmentFlag.AlignLeft)
        else:
            self._grid.addWidget(control, at, 1)
        if help_text:
            hint = label(help_text, "captionfaint", wrap=True)
            hint.setContentsMargins(0, 0, 0, 10)
            self._grid.addWidget(hint, at + 1, 1)
        else:
            self._grid.setRowMinimumHeight(at + 1, 8)

    def add_row(self, title: str, *widgets: QWidget, help_text: str = "") -> None:
        """Add several controls side by side."""
        host = QWidget()
        row = QHBoxLayout(host)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for widget in widgets:
            row.addWidget(widget)
        row.addStretch(1)
        self.add_widget(title, host, help_text)

    def finish(self) -> None:
        """Leave the rest of the page free."""
        self.column.addStretch(1)

    def _control(self, row: PreferenceRow) -> QWidget:
        if row.kind == "toggle":
            toggle = Toggle(self.theme, name=row.title, on=row.value == "True")
            toggle.toggled.connect(lambda on: self._set(row, "on" if on else "off"))
            return toggle
        if row.kind != "device" and 0 < len(row.choices) <= 4 and sum(len(title) for _, title in row.choices) < 60:
            segmented = Segmented(self.theme, row.choices, name=row.title)
            segmented.set_value(row.value)
            segmented.changed.connect(lambda value: self._set(row, value))
            return segmented
        if row.choices:
            choice = Choice(self.theme, name=row.title)
            for value, title in row.choices:
                choice.addItem(title, value)
            choice.setCurrentIndex(max(choice.findData(row.value), 0))
            choice.currentIndexChanged.connect(lambda _, box=choice: self._set(row, box.currentData()))
            return choice
        field = InlineField(name=row.title, width=NUMBER_PX if row.unit else None)
        field.set_value("" if row.value == "none" else row.value)
        field.setPlaceholderText("not set")
        field.submitted.connect(lambda text, box=field: self._typed(row, box, text))
        return field

    def _typed(self, row: PreferenceRow, field: InlineField, text: str) -> None:
        shown = self._set(row, text)
        field.set_value("" if shown == "none" else shown)

    def _set(self, row: PreferenceRow, value: str) -> str:
        result = self.ws.attempt(lambda: row.apply(value))
        if result is None:
            return row.value
        self._changed(row.key, str(result))
        return str(result)
