"""The left side: catalogue, library and styles, with a card to listen before adding."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QPointF, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListView,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from ui.panels.styles import StyleList
from ui.viewmodels import words
from ui.viewmodels.catalogue import ITEM_ROLE, CatalogueModel, subtitle, terms_line
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.fields import SearchField
from ui.widgets.flow import FlowLayout
from ui.widgets.label import Text, label
from ui.widgets.rows import RecordingDelegate
from ui.widgets.scroller import scroller
from ui.widgets.surface import Surface
from ui.widgets.wave import WaveView

TYPING_PAUSE_MS = 180
TABS = (("catalogue", "Catalogue"), ("library", "Library"), ("styles", "Styles"))


class BrowserPanel(Surface):
    """Tabs over lists; `add_asked` carries a recording's id."""

    add_asked = Signal(str)
    style_asked = Signal(str)
    menu_asked = Signal(QPointF)

    def __init__(self, ws: Workspace):
        super().__init__(ws.theme, "bg.panel", lines="r")
        theme = self.theme
        self.ws = ws
        self.setFixedWidth(theme.size("browser"))
        self.tabs = QTabBar()
        self.tabs.setAccessibleName("Browser")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(False)
        for _, title in TABS:
            self.tabs.addTab(title)
        self.search = SearchField(theme, "Title, artist, ISRC, key, tempo")
        self.chip_restyle = Button(theme, "Restyle allowed", kind="chip")
        self.chip_tempo = Button(theme, "110–130 BPM", kind="chip")
        self.chip_stems = Button(theme, "Has stems", kind="chip")
        self.model = CatalogueModel(self)
        self.library_model = CatalogueModel(self)
        self.list = self._list(self.model, "Catalogue")
        self.library = self._list(self.library_model, "Library")
        self.empty = label("The catalogue is on its way …", "muted", wrap=True)
        self.empty.setContentsMargins(20, 24, 20, 24)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.styles = StyleList(ws)
        self.styles.chosen.connect(self.style_asked)

        filters = QWidget()
        flow = FlowLayout(filters, spacing=4)
        for chip in (self.chip_restyle, self.chip_tempo, self.chip_stems):
            flow.addWidget(chip)
            chip.clicked.connect(self._ask)
        catalogue = QWidget()
        inside = QVBoxLayout(catalogue)
        inside.setContentsMargins(0, 8, 1, 0)
        inside.setSpacing(8)
        top = QVBoxLayout()
        top.setContentsMargins(8, 0, 8, 0)
        top.setSpacing(8)
        top.addWidget(self.search)
        top.addWidget(filters)
        inside.addLayout(top)
        inside.addWidget(self.empty)
        inside.addWidget(self.list, 1)
        owned = QWidget()
        owned_layout = QVBoxLayout(owned)
        owned_layout.setContentsMargins(0, 8, 1, 0)
        self._library_empty = label(
            "Songs that you license rest here, encrypted, and work without a network.", "muted", wrap=True
        )
        self._library_empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._library_empty.setContentsMargins(20, 40, 20, 0)
        owned_layout.addWidget(self._library_empty)
        owned_layout.addWidget(self.library, 1)
        self.pages = QStackedWidget()
        scroll = scroller(self.styles)
        for page in (catalogue, owned, scroll):
            self.pages.addWidget(page)

        self.card = _PreviewCard(ws)
        self.card.add_asked.connect(self.add_asked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 1, 0)
        layout.setSpacing(0)
        strip = Surface(theme, "bg.panel", lines="b")
        strip.setFixedHeight(34)
        row = QHBoxLayout(strip)
        row.setContentsMargins(8, 0, 8, 0)
        row.addWidget(self.tabs)
        row.addStretch(1)
        self.menu = Button(
            theme, icon="ellipsis", kind="ghost", height=24, name="Menu", tip="Project, files, preferences"
        )
        self.menu.clicked.connect(
            lambda: self.menu_asked.emit(QPointF(self.menu.mapToGlobal(self.menu.rect().bottomLeft())))
        )
        row.addWidget(self.menu)
        layout.addWidget(strip)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.card)

        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        self._asked = 0
        self.search.textChanged.connect(lambda _: self._pause.start())
        self.search.returnPressed.connect(self.list.setFocus)
        self.tabs.currentChanged.connect(self._on_tab)
        ws.bridge.library_changed.connect(self._ask)
        ws.bridge.account_changed.connect(self._ask)

    def _list(self, model: CatalogueModel, name: str) -> QListView:
        view = QListView()
        view.setModel(model)
        view.setAccessibleName(name)
        view.setMouseTracking(True)
        view.setUniformItemSizes(True)
        view.setDragEnabled(True)
        view.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setItemDelegate(RecordingDelegate(self.theme, lambda index: index.data(ITEM_ROLE), subtitle, view))
        view.selectionModel().currentChanged.connect(self._on_current)
        view.activated.connect(self._on_activated)
        return view

    # search

    def start(self) -> None:
        """Show the catalogue as it was seen last, and ask for what it is now."""
        known = self.ws.session.known_catalogue()
        if known:
            self._show(known, self._asked)
        self._ask()

    def focus_search(self) -> None:
        """Bring the catalogue's search to the keyboard."""
        self.tabs.setCurrentIndex(0)
        self.search.setFocus()
        self.search.selectAll()

    def show_tab(self, name: str) -> None:
        """Bring a tab to the front."""
        self.tabs.setCurrentIndex([key for key, _ in TABS].index(name))

    def _ask(self) -> None:
        self._asked += 1
        number = self._asked
        session = self.ws.session
        operations = ("style:production",) if self.chip_restyle.isChecked() else ()
        self.ws.run(
            lambda: session.search(
                self.search.text().strip(),
                operations=operations,
                bpm=(110.0, 130.0) if self.chip_tempo.isChecked() else None,
                has_stems=True if self.chip_stems.isChecked() else None,
            ),
            lambda items: self._show(items, number),
            lambda error: self._show_failure(error, number),
            quiet=True,
        )

    def _show(self, items: list[Any], number: int) -> None:
        if number != self._asked:
            return
        chosen = self._current_id(self.list)
        self.model.set_items(items)
        self.empty.setText("" if items else "Nothing fits. Take a filter away or type less.")
        self.empty.setVisible(not items)
        row = next((i for i, item in enumerate(items) if item.id == chosen), 0)
        if items:
            self.list.setCurrentIndex(self.model.index(row, 0))
        if not self._filtered():
            owned = [item for item in items if item.owned]
            self.library_model.set_items(owned)
            self._library_empty.setVisible(not owned)

    def _filtered(self) -> bool:
        chips = (self.chip_restyle, self.chip_tempo, self.chip_stems)
        return bool(self.search.text().strip()) or any(chip.isChecked() for chip in chips)

    def _show_failure(self, error: Any, number: int) -> None:
        if number == self._asked:
            # Without a network the songs that were seen last are still those that there are.
            self.model.set_items([] if self._filtered() else self.ws.session.known_catalogue())
            self.empty.setText(f"{error.message}\n{error.remedy}")
            self.empty.setVisible(True)

    def _current_id(self, view: QListView) -> str | None:
        item = view.currentIndex().data(ITEM_ROLE)
        return item.id if item is not None else None

    def _on_current(self, index: QModelIndex) -> None:
        item = index.data(ITEM_ROLE)
        if item is not None:
            self.card.show_item(item)

    def _on_activated(self, index: QModelIndex) -> None:
        item = index.data(ITEM_ROLE)
        if item is not None:
            self.add_asked.emit(item.id)

    def _on_tab(self, index: int) -> None:
        self.pages.setCurrentIndex(index)
        self.card.setVisible(TABS[index][0] != "styles")
        view = self.library if index == 1 else self.list
        if index < 2:
            self._on_current(view.currentIndex())


class _PreviewCard(Surface):
    """What is selected: its waveform once known, preview, and add."""

    add_asked = Signal(str)

    def __init__(self, ws: Workspace):
        super().__init__(ws.theme, "bg.panel", lines="t")
        theme = self.theme
        self.ws = ws
        self._item: Any | None = None
        self._job: Any | None = None
        self._title = Text(theme, "Nothing selected", weight="semibold")
        self._length = Text(theme, token="text.faint", fixed=True)
        self._facts = Text(theme, token="text.muted", px="caption")
        self.wave = WaveView(theme, name="Waveform of the selected song", token="stem.mix", height=34)
        self.preview = Button(theme, "Preview", icon="play", height=28)
        self.add = Button(theme, "Add to project", icon="plus", height=28)
        top = QHBoxLayout()
        top.addWidget(self._title, 1)
        top.addWidget(self._length)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.preview)
        buttons.addWidget(self.add, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 8, 10)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addWidget(self._facts)
        layout.addWidget(self.wave)
        layout.addLayout(buttons)
        self.preview.clicked.connect(self._on_preview)
        self.add.clicked.connect(self._on_add)
        self.wave.hide()
        self._facts.set_text("Click a song to listen and to add it.")
        self.preview.setEnabled(False)
        self.add.setEnabled(False)
        ws.bridge.peaks_ready.connect(lambda _: self._show_wave())
        ws.bridge.project_changed.connect(self._show_wave)
        ws.preview_ended.connect(self._ended)
        ws.tick.connect(self._on_tick)

    def show_item(self, item: Any) -> None:
        """Show a catalogue item."""
        if self._job is not None:
            self._stop()
        self._item = item
        self._title.set_text(item.title)
        self._length.set_text(words.clock(item.duration_s, hundredths=False))
        self._facts.set_text(terms_line(item))
        self.preview.setEnabled(True)
        self.add.setEnabled(True)
        self._show_wave()

    def _show_wave(self) -> None:
        """The waveform, where the song is in the project; the platform does not send one."""
        sources = self.ws.project.sources.values()
        item = self._item
        source = next(
            (s for s in sources if item is not None and s.asset_sha256 == item.asset_sha256 and not s.parents), None
        )
        pyramid = self.ws.session.peaks(source) if source is not None else None
        self.wave.setVisible(pyramid is not None)
        if pyramid is not None:
            self.wave.set_sound(pyramid, pyramid.frames)

    def _on_preview(self) -> None:
        if self._job is not None:
            self._stop()
            return
        item = self._item
        if item is None:
            return
        # From now on, not from when it sounds: the player leaves the project before the job is known to have ended.
        self.ws.begin_preview()
        self._job = self.ws.run(lambda: self.ws.session.preview(item.id), None, self._failed)
        self.preview.setText("Stop")
        self.preview.set_icon("square")

    def _failed(self, error: Any) -> None:
        self._stop()
        self.ws.fail(error)

    def _stop(self) -> None:
        self.ws.end_preview()
        self._ended()

    def _ended(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._job = None
        self.preview.setText("Preview")
        self.preview.set_icon("play")
        self.wave.set_marker(None)

    def _on_tick(self, elapsed_s: float, status: Any, meters: Any) -> None:
        if self.ws.previewing and self._item is not None and self._item.duration_s > 0:
            self.wave.set_marker(min(status.position_s / self._item.duration_s, 1.0))

    def _on_add(self) -> None:
        if self._item is not None:
            self.add_asked.emit(self._item.id)
