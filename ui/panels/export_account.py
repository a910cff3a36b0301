"""The left side of the export review: denials, sources, who is paid, models, and the sound."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ui.panels.inspector.rights_section import clear
from ui.theme import Theme
from ui.viewmodels import words
from ui.viewmodels.overview import MixOverview
from ui.viewmodels.rights import segments
from ui.viewmodels.workspace import Workspace
from ui.widgets.badge import Badge
from ui.widgets.bars import ShareBar
from ui.widgets.button import Button
from ui.widgets.label import Text, label, separator
from ui.widgets.surface import Card
from ui.widgets.wave import WaveView

COLUMNS = ("Recording", "Used", "Licence", "Recording", "Song")


class ExportAccount(QWidget):
    """Shows a `studio.flows.review.Review`; `fix_asked` carries the fix of a denial."""

    fix_asked = Signal(object)

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws, self.theme = ws, ws.theme
        theme = self.theme
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(0)
        self._denials = QVBoxLayout()
        self._denials.setSpacing(8)
        column.addLayout(self._denials)
        head = QHBoxLayout()
        head.addWidget(label("Sources", "strong"))
        head.addStretch(1)
        self._count = Text(theme, token="text.muted", fixed=True)
        head.addWidget(self._count)
        column.addLayout(head)
        column.addSpacing(8)
        self._sources = QGridLayout()
        self._sources.setHorizontalSpacing(16)
        self._sources.setVerticalSpacing(0)
        self._sources.setColumnStretch(0, 2)
        self._sources.setColumnStretch(1, 3)
        column.addLayout(self._sources)
        column.addSpacing(20)
        column.addWidget(label("Who is paid", "strong"))
        column.addSpacing(8)
        bars = QGridLayout()
        bars.setHorizontalSpacing(12)
        bars.setVerticalSpacing(6)
        self.recording = ShareBar(theme, name="Who is paid: recording", height=22, labels=True)
        self.song = ShareBar(theme, name="Who is paid: song", height=22, labels=True)
        for row, (title, bar) in enumerate((("Recording", self.recording), ("Song", self.song))):
            bars.addWidget(Text(theme, title, token="text.muted", fixed=True).reserve("Recording "), row, 0)
            bars.addWidget(bar, row, 1)
        column.addLayout(bars)
        column.addSpacing(6)
        method = "By audible share, K-weighted. Anyone can recompute it from the file."
        column.addWidget(Text(theme, method, token="text.faint", px="caption"))
        column.addSpacing(18)
        column.addWidget(label("Made with models", "strong"))
        column.addSpacing(6)
        self._models = QVBoxLayout()
        self._models.setSpacing(3)
        column.addLayout(self._models)
        column.addStretch(1)
        sound = QHBoxLayout()
        sound.setSpacing(16)
        self.wave = WaveView(theme, name="The mix at a glance", token="stem.mix", height=88)
        sound.addWidget(self.wave, 1)
        self._levels: dict[str, Text] = {}
        facts = QGridLayout()
        facts.setHorizontalSpacing(12)
        facts.setVerticalSpacing(3)
        for row, (key, title) in enumerate((("lufs", "Loudness"), ("peak", "True peak"), ("length", "Length"))):
            facts.addWidget(Text(theme, title, token="text.muted", fixed=True), row, 0)
            value = Text(theme, "–", weight="semibold", fixed=True).reserve("−14.0 LUFS.")
            facts.addWidget(value, row, 1)
            self._levels[key] = value
        sound.addLayout(facts)
        column.addLayout(sound)
        overview = MixOverview(ws.project, ws.session.peaks)
        self.wave.set_sound(overview if overview.frames else None, overview.frames)

    def show_review(self, review: Any, *, ceiling_dbtp: float) -> None:
        """Show what an export would say."""
        clear(self._denials)
        for denial in review.denials:
            self._denials.addWidget(self._denial_card(denial))
        if review.denials:
            self._denials.addSpacing(14)
        self._show_sources(review.sources)
        shares = review.shares
        self.recording.set_segments(segments(shares.master) if shares is not None else [])
        self.song.set_segments(segments(shares.publishing) if shares is not None else [])
        clear(self._models)
        for model in review.models:
            row = QHBoxLayout()
            row.setSpacing(8)
            sign = Text(self.theme, "", icon="sparkle", icon_token="stem.drums", fixed=True)
            row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(label(words.together(model), wrap=True), 1)
            self._models.addLayout(row)
        if not review.models:
            self._models.addWidget(label("No model was used.", "muted"))
        self.show_levels(review.lufs, review.true_peak_dbtp, ceiling_dbtp=ceiling_dbtp)
        self._levels["length"].set_text(words.clock(review.length_s, hundredths=False))

    def show_levels(self, lufs: float, true_peak_dbtp: float, *, ceiling_dbtp: float) -> None:
        """Show loudness and true peak."""
        self._levels["lufs"].set_text(words.level(lufs, "LUFS"))
        within = true_peak_dbtp <= ceiling_dbtp + 0.1
        self._levels["peak"].set_text(words.level(true_peak_dbtp, "dBTP"), "ok" if within else "warn")

    def _show_sources(self, sources: Any) -> None:
        theme, right = self.theme, Qt.AlignmentFlag.AlignRight
        clear(self._sources)
        for column, title in enumerate(COLUMNS):
            align = right if column > 2 else Qt.AlignmentFlag.AlignLeft
            head = Text(theme, title, token="text.muted", px="caption", align=align, fixed=column > 1)
            self._sources.addWidget(head, 0, column, align)
        for index, row in enumerate(sources):
            line = 2 * index + 1
            self._sources.addWidget(separator(theme, token="line.soft"), line, 0, 1, len(COLUMNS))
            names = QWidget()
            # A long title takes no room from the numbers.
            names.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            stack = QVBoxLayout(names)
            stack.setContentsMargins(0, 6, 0, 6)
            stack.setSpacing(0)
            stack.addWidget(Text(theme, row.title, weight="semibold"))
            stack.addWidget(Text(theme, row.artist, token="text.muted", px="caption"))
            self._sources.addWidget(names, line + 1, 0)
            used = label(row.used, "muted", wrap=True)
            used.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            self._sources.addWidget(used, line + 1, 1)
            badge = Badge(theme, row.badge, f"{row.fixes} to fix" if row.fixes else None)
            self._sources.addWidget(badge, line + 1, 2)
            for column, ppm in ((3, row.master_ppm), (4, row.publishing_ppm)):
                self._sources.addWidget(
                    Text(theme, words.percent(ppm), align=right, fixed=True), line + 1, column, right
                )
        count = words.plural(len(sources), "recording")
        mine = sum(row.badge == "mine" for row in sources)
        whose = "yours" if mine == len(sources) else f"{mine} of them yours"
        self._count.set_text(f"{count}, {whose}" if mine else count)

    def _denial_card(self, denial: Any) -> Card:
        token = "warn" if denial.fix is not None else "block"
        card = Card(self.theme, tint=token)
        card.setAccessibleName(f"{denial.why} {denial.remedy}")
        row = QHBoxLayout(card)
        row.setContentsMargins(13, 11, 13, 11)
        row.setSpacing(12)
        row.addWidget(Text(self.theme, "", icon="triangle-alert", icon_token=token, fixed=True))
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addWidget(label(denial.why, "strong", wrap=True))
        clause = f"Clause {denial.number}. " if denial.number else ""
        text.addWidget(label(clause + denial.remedy, "muted", wrap=True))
        row.addLayout(text, 1)
        if denial.fix is not None:
            button = Button(self.theme, denial.fix.label, height=28)
            button.clicked.connect(lambda: self.fix_asked.emit(denial.fix))
            row.addWidget(button)
        return card


class CredentialCard(Card):
    """A preview of what others will see."""

    def __init__(self, theme: Theme, *, marked: bool):
        super().__init__(theme)
        column = QVBoxLayout(self)
        column.setContentsMargins(13, 11, 13, 12)
        column.setSpacing(6)
        column.addWidget(Text(theme, "What others will see", weight="semibold", icon="badge-check", icon_token="ok"))
        self._facts = QGridLayout()
        self._facts.setHorizontalSpacing(10)
        self._facts.setVerticalSpacing(5)
        self._facts.setColumnMinimumWidth(0, 66)
        self._facts.setColumnStretch(1, 1)
        column.addLayout(self._facts)
        hint = "A C2PA credential in the file"
        hint += ", and a faint mark in the sound that finds it again if it is stripped." if marked else " itself."
        column.addWidget(label(hint, "captionfaint", wrap=True))

    def show_facts(self, credential: Any) -> None:
        """Show pairs of a title and a text."""
        clear(self._facts)
        for index, (title, text) in enumerate(credential):
            self._facts.addWidget(Text(self.theme, title, token="text.muted"), index, 0, Qt.AlignmentFlag.AlignTop)
            # Names of licences have no place to break, everything else has.
            plain = " " not in text.strip() or title == "Licence"
            self._facts.addWidget(Text(self.theme, text) if plain else label(text, wrap=True), index, 1)
