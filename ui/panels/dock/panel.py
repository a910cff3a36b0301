"""The dock's tabs."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabBar, QVBoxLayout

from studio.project import edits
from ui.panels.dock.automation import AutomationList
from ui.panels.dock.history import HistoryList
from ui.panels.dock.variations import Variations
from ui.panels.editor import ClipEditor
from ui.panels.mixer import Mixer
from ui.panels.mixer.panel import SECTIONS
from ui.viewmodels import words
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.label import Text
from ui.widgets.segmented import Segmented
from ui.widgets.surface import Surface

TABS = (
    ("mixer", "Mixer"),
    ("clip", "Clip"),
    ("variations", "Variations"),
    ("automation", "Automation"),
    ("history", "History"),
)
VARIATIONS = 2
_PICTURES = (("wave", "Waveform"), ("spectrum", "Spectrogram"), ("notes", "Notes"))


class DockPanel(Surface):
    """Mixer, clip editor, variations, automation, history; `tab_changed` tells the window which height fits."""

    tab_changed = Signal(str)

    def __init__(self, ws: Workspace):
        super().__init__(ws.theme, "bg.panel", lines="t")
        theme = ws.theme
        self.ws = ws
        self.tabs = QTabBar()
        self.tabs.setAccessibleName("Dock")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(False)
        for _, title in TABS:
            self.tabs.addTab(title)
        self.mixer = Mixer(ws)
        self.editor = ClipEditor(ws)
        self.variations = Variations(ws)
        self.automation = AutomationList(ws)
        self.history = HistoryList(ws)
        self.pages = QStackedWidget()
        for page in (self.mixer, self.editor, self.variations, self.automation, self.history):
            self.pages.addWidget(page)
        self.source_or_take = Segmented(theme, (("source", "Original"), ("take", "Take")), name="Original or take")
        self.source_or_take.changed.connect(self._on_side)
        self.picture = Segmented(theme, _PICTURES, name="Picture of the clip")
        self.picture.changed.connect(self._show_picture)
        self.editor.mode_changed.connect(self._show_picture)
        self._side_note = Text(theme, "Hear", token="text.faint", px="caption", fixed=True)
        strip = Surface(theme, "bg.panel", lines="b")
        strip.setFixedHeight(34)
        row = QHBoxLayout(strip)
        row.setContentsMargins(8, 0, 12, 0)
        row.addWidget(self.tabs)
        row.addStretch(1)
        self.sections: dict[str, Button] = {}
        for name, title in SECTIONS:
            chip = Button(theme, title, kind="chip", height=22, tip=f"Show {title.lower()} in the mixer")
            chip.closes = False
            chip.setChecked(self.mixer.shown[name])
            chip.clicked.connect(lambda on, name=name: self.mixer.show_section(name, on))
            self.sections[name] = chip
            row.addWidget(chip)
        row.addWidget(self.picture)
        self.lamp = Text(theme, token="text.muted", px="caption", icon="volume-2", icon_token="accent", fixed=True)
        self.lamp.setToolTip("The louder take is turned down, in play-back only, so that the better one wins")
        self.keep = Button(theme, "Keep", height=22, tip="Choose what is heard (Ctrl+Shift+K)")
        self.keep.clicked.connect(lambda: ws.comparing.end(keep=True))
        self.back = Button(theme, "Back", kind="ghost", height=22, tip="Go back to the take that was chosen")
        self.back.clicked.connect(lambda: ws.comparing.end(keep=False))
        for widget in (self.lamp, self.keep, self.back):
            row.addWidget(widget)
        row.addWidget(self._side_note)
        row.addWidget(self.source_or_take)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 1, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(strip)
        layout.addWidget(self.pages, 1)
        self._last_take = 1
        self.tabs.currentChanged.connect(self._on_tab)
        ws.dock_asked.connect(self.show_tab)
        ws.bridge.project_changed.connect(self.refresh)
        ws.selection_changed.connect(self.refresh)
        ws.comparing.changed.connect(self.refresh)
        self.show_tab("variations")
        self.refresh()

    def show_tab(self, name: str) -> None:
        """Bring a tab to the front."""
        self.tabs.setCurrentIndex([key for key, _ in TABS].index(name))

    @property
    def tab(self) -> str:
        """The tab in front."""
        return TABS[self.tabs.currentIndex()][0]

    def _show_picture(self, mode: str) -> None:
        self.picture.set_value(mode)
        self.editor.set_mode(mode)
        if self.tab == "clip":
            self.tab_changed.emit("clip")

    def _on_tab(self, index: int) -> None:
        self.pages.setCurrentIndex(index)
        self.refresh()
        self.tab_changed.emit(TABS[index][0])

    def refresh(self) -> None:
        """Show how many takes there are, and which side plays."""
        track = self.ws.song_track()
        numbers = edits.take_numbers(self.ws.project, track.id) if track is not None else []
        title = f"Variations  {len(numbers)}" if numbers else "Variations"
        if title != self.tabs.tabText(VARIATIONS):
            self.tabs.setTabText(VARIATIONS, title)
        self.picture.setVisible(self.tab == "clip")
        for chip in self.sections.values():
            chip.setVisible(self.tab == "mixer")
        show = bool(numbers) and self.tab == "variations"
        comparing = self.ws.comparing.active
        for widget in (self.lamp, self.keep, self.back):
            widget.setVisible(comparing and show)
        self.lamp.set_text(f"Level-matched {words.decibels(self.ws.comparing.matched_db)}")
        self.source_or_take.setVisible(show)
        self._side_note.setVisible(show)
        if track is None or not numbers:
            return
        shown = self.ws.comparing.heard(track.id)
        if shown is not None:
            self._last_take = shown
        elif self._last_take not in numbers:
            self._last_take = numbers[-1]
        self.source_or_take.set_title("take", f"Take {self._last_take}")
        self.source_or_take.set_value("source" if shown is None else "take")

    def toggle_side(self) -> None:
        """Original against take."""
        self._on_side("source" if self.source_or_take.value == "take" else "take")

    def _on_side(self, value: str) -> None:
        self.variations.choose(None if value == "source" else self._last_take)
