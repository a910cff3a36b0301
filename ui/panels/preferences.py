"""Preferences, made from the schema of the settings."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from ui.viewmodels.preferences import PreferenceRow, preference_rows
from ui.viewmodels.workspace import SNAP_KEY, Workspace
from ui.widgets.button import Button
from ui.widgets.fields import Choice, InlineField
from ui.widgets.label import Text, label
from ui.widgets.segmented import Segmented
from ui.widgets.sheet import Sheet


class Preferences(Sheet):
    """One row a setting; a change holds at once."""

    theme_asked = Signal(str)

    def __init__(self, ws: Workspace, host: QWidget):
        super().__init__(ws.theme, host, title="Preferences", subtitle="A change holds at once.", size=QSize(640, 600))
        self.ws = ws
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(24, 16, 24, 16)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnMinimumWidth(0, 150)
        self._grid.setColumnStretch(1, 1)
        column.addLayout(self._grid)
        column.addStretch(1)
        self.controls: dict[str, QWidget] = {}
        for row in preference_rows(ws.session):
            self._add(row)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(content)
        self.body.addWidget(scroll, 1)
        done = Button(ws.theme, "Done", kind="primary", height=32)
        done.clicked.connect(self.dismiss)
        self.foot.addStretch(1)
        self.foot.addWidget(done)

    def _add(self, row: PreferenceRow) -> None:
        at = self._grid.rowCount()
        control: QWidget
        if row.choices and len(row.choices) <= 4:
            segmented = Segmented(self.theme, row.choices, name=row.title)
            segmented.set_value(str(row.value))
            segmented.changed.connect(lambda value: self._set(row, value))
            control = segmented
        elif row.choices:
            choice = Choice(self.theme, name=row.title)
            for value, title in row.choices:
                choice.addItem(title, value)
            choice.setCurrentIndex(max(choice.findData(str(row.value)), 0))
            choice.currentIndexChanged.connect(lambda _, box=choice: self._set(row, box.currentData()))
            control = choice
        else:
            field = InlineField(name=row.title)
            field.set_value("" if row.value == "none" else row.value)
            field.setPlaceholderText("not set")
            field.submitted.connect(lambda text, box=field: self._typed(row, box, text))
            control = field
        self.controls[row.key] = control
        self._grid.addWidget(Text(self.theme, row.title, weight="medium"), at, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(control, at, 1)
        if row.help:
            hint = label(row.help, "captionfaint", wrap=True)
            hint.setContentsMargins(0, 0, 0, 10)
            self._grid.addWidget(hint, at + 1, 1)

    def _typed(self, row: PreferenceRow, field: InlineField, text: str) -> None:
        shown = self._set(row, text)
        field.set_value("" if shown == "none" else shown)

    def _set(self, row: PreferenceRow, value: str) -> str:
        result = self.ws.attempt(lambda: row.apply(value))
        if row.key == "appearance.theme" and result is not None:
            self.theme_asked.emit(value)
        if row.key == SNAP_KEY and result is not None:
            self.ws.set_snap(self.ws.session.settings.get(SNAP_KEY))
        return str(result) if result is not None else row.value
