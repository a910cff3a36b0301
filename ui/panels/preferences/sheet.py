"""The sheet with the pages of the preferences."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from ui.actions import ActionSet
from ui.panels.preferences.audio import AudioPage
from ui.panels.preferences.pages import ControllersPage, KeysPage, ModelsPage, StoragePage
from ui.panels.preferences.rows import Rows
from ui.viewmodels.preferences import PAGES, preference_row
from ui.viewmodels.workspace import SNAP_KEY, Workspace
from ui.widgets.button import Button
from ui.widgets.label import label, separator
from ui.widgets.scroller import scroller
from ui.widgets.sheet import Sheet
from ui.widgets.surface import Surface

LIST_PX = 188
PRIVACY = (
    "What leaves this computer: the licences that you ask for, and the exports that you make, with their credentials. "
    "Projects, recordings and plug-ins stay here. Nothing is counted or reported beside."
)


class Preferences(Sheet):
    """Pages on the left, settings on the right."""

    theme_asked = Signal(str)

    def __init__(self, ws: Workspace, host: QWidget, actions: ActionSet, *, page: str = ""):
        super().__init__(ws.theme, host, title="Preferences", subtitle="A change holds at once.", size=QSize(860, 640))
        self.ws, self._actions = ws, actions
        self.controls: dict[str, QWidget] = {}
        self.pages: dict[str, QWidget] = {}
        self._stack = QStackedWidget()
        self._tabs: dict[str, Button] = {}
        side = Surface(ws.theme, "bg.panel", lines="r")
        side.setFixedWidth(LIST_PX)
        tabs = QVBoxLayout(side)
        tabs.setContentsMargins(12, 14, 12, 14)
        tabs.setSpacing(2)
        for title, icon, keys in PAGES:
            tab = Button(ws.theme, title, icon=icon, kind="toggle", height=30).align_left()
            tab.clicked.connect(lambda _=False, title=title: self.show_page(title))
            tabs.addWidget(tab)
            self._tabs[title] = tab
            made = self._page(title, keys)
            self.pages[title] = made
            self.controls.update(getattr(made, "controls", {}))
            self._stack.addWidget(_scrolled(made))
        tabs.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(side)
        row.addWidget(self._stack, 1)
        self.body.addLayout(row, 1)
        done = Button(ws.theme, "Done", kind="primary", height=32)
        done.clicked.connect(self.dismiss)
        self.foot.addStretch(1)
        self.foot.addWidget(done)
        self.show_page(page if page in self.pages else PAGES[0][0])

    @property
    def page(self) -> str:
        """The page in front."""
        return PAGES[self._stack.currentIndex()][0]

    def show_page(self, title: str) -> None:
        """Bring a page to the front."""
        self._stack.setCurrentIndex([each for each, _, _ in PAGES].index(title))
        for name, tab in self._tabs.items():
            tab.setChecked(name == title)

    def _page(self, title: str, keys: tuple[str, ...]) -> QWidget:
        ws = self.ws
        if title == "Audio":
            return AudioPage(ws, self._changed, keys)
        if title == "Controllers":
            return ControllersPage(ws, self._changed, keys)
        if title == "Models":
            return ModelsPage(ws, self._changed, keys)
        if title == "Storage":
            return StoragePage(ws, self._changed, keys)
        if title == "Keys":
            return KeysPage(ws, self._actions)
        rows = Rows(ws, self._changed)
        for key in keys:
            rows.add(preference_row(ws.session, key))
        if title == "Rights and privacy":
            rows.column.addWidget(separator(ws.theme))
            rows.column.addWidget(label(PRIVACY, "muted", wrap=True))
        rows.finish()
        return rows

    def _changed(self, key: str, value: str) -> None:
        ws = self.ws
        if key == "appearance.theme":
            self.theme_asked.emit(value)
        elif key == "appearance.reduced_motion":
            ws.theme.reduced_motion = bool(ws.session.settings.get(key))
        elif key == "appearance.scale":
            ws.say("The new size holds from the next start on.")
        elif key == SNAP_KEY:
            ws.set_snap(ws.session.settings.get(SNAP_KEY))
        elif key.startswith("audio."):
            # Another output opens without an input.
            ws.recorder.apply_input()
        elif key == "inference.provider":
            ws.bridge.sync_changed.emit()


def _scrolled(page: QWidget) -> Any:
    scroll = scroller(page)
    return scroll
