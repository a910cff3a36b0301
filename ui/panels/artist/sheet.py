"""Own recordings on the left, how they could sound and what became of them in the middle, terms on the right."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QListView,
    QVBoxLayout,
    QWidget,
)

from studio.session.artists import save_statement
from ui.panels.artist.terms import TermsPanel
from ui.panels.inspector.rights_section import clear
from ui.viewmodels import artist as model
from ui.viewmodels import words
from ui.viewmodels.catalogue import ITEM_ROLE, CatalogueModel, subtitle
from ui.viewmodels.workspace import Workspace
from ui.widgets.badge import Badge
from ui.widgets.button import Button
from ui.widgets.columns import Columns
from ui.widgets.label import Text, label
from ui.widgets.rows import RecordingDelegate
from ui.widgets.scroller import scroller
from ui.widgets.sheet import Sheet
from ui.widgets.surface import Card, Surface

DAYS = 90
COLUMNS = 4
ARRANGES = "style:arrangement"


class ArtistSheet(Sheet):
    """Works on the rightsholder's own session with the platform: who remixes here stays signed in."""

    hear_asked = Signal(str, str)
    """Recording and style: open it in the studio."""

    def __init__(self, ws: Workspace, host: QWidget):
        super().__init__(
            ws.theme,
            host,
            title="My catalogue",
            subtitle="What others may do with your recordings, and what became of them.",
            size=host.size(),
            icon=("music-4", "accent"),
            foot=False,
            between_px=(ws.theme.size("transport"), ws.theme.size("status")),
        )
        self.ws = ws
        theme = ws.theme
        self._statement: Any | None = None
        self._raw = b""
        self.detail: Any | None = None
        self.model = CatalogueModel(self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setAccessibleName("My recordings")
        self.list.setMouseTracking(True)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setItemDelegate(RecordingDelegate(theme, lambda index: index.data(ITEM_ROLE), subtitle, self.list))
        self.list.selectionModel().currentChanged.connect(self._on_chosen)
        left = Surface(theme, "bg.panel", lines="r")
        left.setFixedWidth(theme.size("browser") + 52)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 12, 1, 10)
        self._count = Text(theme, "My recordings", weight="semibold")
        heading = QHBoxLayout()
        heading.setContentsMargins(12, 0, 12, 0)
        heading.addWidget(self._count)
        column.addLayout(heading)
        column.addWidget(self.list, 1)
        middle = QWidget()
        inside = QVBoxLayout(middle)
        inside.setContentsMargins(18, 14, 18, 14)
        inside.setSpacing(10)
        self._title = Text(theme, "", px="dialog_title", weight="semibold")
        inside.addWidget(self._title)
        inside.addWidget(
            Text(theme, "How it could sound, under the terms on the right. Press one to hear it.", token="text.muted")
        )
        self._grid = QGridLayout()
        self._grid.setSpacing(8)
        inside.addLayout(self._grid)
        inside.addWidget(self._earned())
        inside.addStretch(1)
        scroll = scroller(middle)
        self.terms = TermsPanel(ws)
        self.terms.setFixedWidth(330)
        self.terms.changed.connect(self._show_grid)
        self.terms.published.connect(self._load)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(left)
        row.addWidget(scroll, 1)
        row.addWidget(self.terms)
        self.body.addLayout(row, 1)
        # Opened before the sign-in was through, it is filled once it is.
        ws.bridge.account_changed.connect(self._load)
        self._load()

    def _earned(self) -> Card:
        theme = self.theme
        card = Card(theme, token="bg.panel")
        column = QVBoxLayout(card)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.addWidget(Text(theme, "Earned by remixes", weight="semibold", fixed=True))
        head.addWidget(Text(theme, f"last {DAYS} days", token="text.muted"), 1)
        self.download = Button(theme, "Statement", icon="receipt-text", height=26)
        self.download.setToolTip("Every export with its receipt, signed by the platform")
        self.download.clicked.connect(self._on_download)
        head.addWidget(self.download)
        column.addLayout(head)
        self.chart = Columns(theme, ("stem.drums", "stem.vocals"), name="Shares of remixes by day")
        column.addWidget(self.chart)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        self.sums: dict[str, Text] = {}
        for key, title, token in (("master", "Recording", "stem.drums"), ("publishing", "Song", "stem.vocals")):
            dot = Surface(theme, token)
            dot.setFixedSize(9, 9)
            foot.addWidget(dot)
            foot.addWidget(Text(theme, title, fixed=True))
            number = Text(theme, "0.000000", weight="semibold", fixed=True)
            self.sums[key] = number
            foot.addWidget(number)
            foot.addSpacing(8)
        self._facts = Text(theme, "", token="text.muted")
        foot.addWidget(self._facts, 1)
        column.addLayout(foot)
        self._uses = QVBoxLayout()
        self._uses.setSpacing(3)
        column.addLayout(self._uses)
        return card

    # what is known

    def _load(self) -> None:
        self.ws.run(self.ws.session.own_recordings, self._show_list, quiet=True)
        self.ws.run(self.ws.session.statement, self._show_statement, quiet=True)

    def _show_list(self, found: list[Any]) -> None:
        chosen = self.detail.summary.id if self.detail is not None else None
        self._count.set_text(f"My recordings  {len(found)}")
        self.model.set_items(found)
        row = next((index for index, each in enumerate(found) if each.id == chosen), 0)
        if found:
            self.list.setCurrentIndex(self.model.index(row, 0))
        else:
            self._title.set_text("No recordings yet")

    def _on_chosen(self, index: QModelIndex) -> None:
        item = index.data(ITEM_ROLE)
        if item is not None:
            recording_id = item.id
            self.ws.run(lambda: self.ws.session.own_recording(recording_id), self._show_detail, quiet=True)

    def _show_detail(self, detail: Any) -> None:
        self.detail = detail
        self._title.set_text(detail.summary.title)
        self.terms.show_detail(detail)
        self._show_uses()

    def _show_statement(self, answer: tuple[Any, bytes]) -> None:
        self._statement, self._raw = answer
        self._show_uses()

    def _show_uses(self) -> None:
        statement, detail = self._statement, self.detail
        clear(self._uses)
        self.download.setEnabled(statement is not None)
        if statement is None or detail is None:
            return
        found = next((each for each in statement.recordings if each.recording_id == detail.summary.id), None)
        uses = found.uses if found is not None else []
        today = datetime.datetime.now(datetime.UTC).date()
        days = model.by_day(uses, days=DAYS, today=today)
        master, publishing = sum(day[1] for day in days), sum(day[2] for day in days)
        self.chart.set_columns(
            [(day[1], day[2]) for day in days],
            f"{words.plural(len(uses), 'remix', 'remixes')}: "
            f"recording {model.shares(master)}, song {model.shares(publishing)}",
        )
        self.sums["master"].set_text(model.shares(master))
        self.sums["publishing"].set_text(model.shares(publishing))
        licences = found.licences if found is not None else 0
        self._facts.set_text(
            f"shares of {words.plural(len(uses), 'export')}; {words.plural(licences, 'person', 'people')} licensed it"
        )
        if not uses:
            self._uses.addWidget(label("Nobody has published a remix of it yet.", "captionfaint"))
        for use in uses[:6]:
            row = QHBoxLayout()
            row.addWidget(Text(self.theme, use.title or "Untitled"), 1)
            facts = (
                words.moment(use.at[:10]),
                f"recording {words.percent(use.master_ppm)}",
                f"song {words.percent(use.publishing_ppm)}",
            )
            row.addWidget(Text(self.theme, " · ".join(facts), token="text.muted", fixed=True))
            self._uses.addLayout(row)

    # how it could sound

    def _show_grid(self) -> None:
        clear(self._grid)
        summary = self.terms.summary
        if self.detail is None or summary is None:
            return
        terms = self.terms.terms
        for index, style in enumerate(self.ws.styles):
            wanted = tuple(style.operators)
            fits = model.allowed(terms, wanted) and model.allowed(terms, ("play",))
            self._grid.addWidget(self._style_card(style, fits), index // COLUMNS, index % COLUMNS)
        for at in range(COLUMNS):
            self._grid.setColumnStretch(at, 1)

    def _style_card(self, style: Any, fits: bool) -> Card:
        card = Card(self.theme, token="bg.panel")
        card.setToolTip(style.description)
        column = QVBoxLayout(card)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(4)
        head = QHBoxLayout()
        head.addWidget(Text(self.theme, style.name, weight="semibold"), 1)
        hear = Button(self.theme, icon="play", kind="ghost", height=22, icon_size=14, name=f"Hear it as {style.name}")
        hear.setEnabled(fits)
        hear.clicked.connect(lambda: self.hear_asked.emit(self.detail.summary.id, style.id) if self.detail else None)
        head.addWidget(hear)
        column.addLayout(head)
        parts = "new parts" if ARRANGES in style.operators else "production"
        column.addWidget(Text(self.theme, parts, token="text.muted", px="caption"))
        badge = Badge(self.theme, "open" if fits else "blocked", "Allowed" if fits else "Not allowed")
        column.addWidget(badge, 0, Qt.AlignmentFlag.AlignLeft)
        return card

    # the statement

    def _on_download(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the statement", "statement.json", "Statement (*.json)")
        if name:
            self.save(Path(name))

    def save(self, path: Path) -> None:
        """Save the statement as the platform signed it."""
        if self.ws.attempt(lambda: (save_statement(path, self._raw), True)):
            self.ws.say(f"The statement was saved as {path.name}.", level="ok")
