"""Review and export: everything that the file will say about itself, and one button."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, QStandardPaths, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from studio.flows import fixes
from studio.flows.export import ExportOptions
from ui.bridge import FINAL_STATES
from ui.panels.inspector.rights_section import clear
from ui.viewmodels import words
from ui.viewmodels.overview import MixOverview
from ui.viewmodels.rights import segments
from ui.viewmodels.workspace import Workspace
from ui.widgets.badge import Badge
from ui.widgets.bars import ProgressBar, ShareBar
from ui.widgets.button import Button
from ui.widgets.fields import Choice, InlineField
from ui.widgets.label import Text, label, separator
from ui.widgets.segmented import Segmented
from ui.widgets.sheet import Sheet
from ui.widgets.surface import Card, Surface
from ui.widgets.wave import WaveView

SUFFIX = {"wav": ".wav", "flac": ".flac", "mp3": ".mp3"}
QUALITIES = (
    ("48 kHz, 24 bit", 48000, 24),
    ("48 kHz, 16 bit", 48000, 16),
    ("44.1 kHz, 24 bit", 44100, 24),
    ("44.1 kHz, 16 bit", 44100, 16),
)


def default_folder(project_path: Path | None) -> Path:
    """Beside the project, else the person's music folder, else home."""
    if project_path is not None:
        return Path(project_path).parent
    music = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MusicLocation)
    return Path(music) if music and Path(music).is_dir() else Path.home()


class ExportReview(Sheet):
    """Asks the session what an export would say, lets denials be fixed, and exports."""

    verify_asked = Signal(object)

    def __init__(self, ws: Workspace, host: QWidget):
        super().__init__(
            ws.theme,
            host,
            title="Review and export",
            subtitle="Everything that the file will say about itself. Nothing is signed until you press the button.",
            size=QSize(1020, 736),
        )
        self.ws = ws
        self.folder = default_folder(ws.session.project_path)
        self._asked = 0
        self._review: Any | None = None
        self._job: Any | None = None
        self._exported: Path | None = None
        self._state = ""
        theme = ws.theme

        left = QWidget()
        self._left = QVBoxLayout(left)
        self._left.setContentsMargins(24, 16, 24, 16)
        self._left.setSpacing(0)
        self._denials = QVBoxLayout()
        self._denials.setSpacing(8)
        self._left.addLayout(self._denials)
        head = QHBoxLayout()
        head.addWidget(label("Sources", "strong"))
        head.addStretch(1)
        self._count = Text(theme, token="text.muted", fixed=True)
        head.addWidget(self._count)
        self._left.addLayout(head)
        self._left.addSpacing(8)
        self._sources = QGridLayout()
        self._sources.setHorizontalSpacing(16)
        self._sources.setVerticalSpacing(0)
        self._sources.setColumnStretch(1, 1)
        self._left.addLayout(self._sources)
        self._left.addSpacing(20)
        self._left.addWidget(label("Who is paid", "strong"))
        self._left.addSpacing(8)
        bars = QGridLayout()
        bars.setHorizontalSpacing(12)
        bars.setVerticalSpacing(6)
        self.recording = ShareBar(theme, name="Who is paid: recording", height=22, labels=True)
        self.song = ShareBar(theme, name="Who is paid: song", height=22, labels=True)
        for row, (title, bar) in enumerate((("Recording", self.recording), ("Song", self.song))):
            bars.addWidget(Text(theme, title, token="text.muted", fixed=True).reserve("Recording "), row, 0)
            bars.addWidget(bar, row, 1)
        self._left.addLayout(bars)
        self._left.addSpacing(6)
        self._method = Text(
            theme,
            "By audible share, K-weighted. Anyone can recompute it from the file.",
            token="text.faint",
            px="caption",
        )
        self._left.addWidget(self._method)
        self._left.addSpacing(18)
        self._left.addWidget(label("Made with models", "strong"))
        self._left.addSpacing(6)
        self._models = QVBoxLayout()
        self._models.setSpacing(3)
        self._left.addLayout(self._models)
        self._left.addStretch(1)
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
        self._left.addLayout(sound)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(left)

        right = QWidget()
        right.setFixedWidth(348)
        self._right = QVBoxLayout(right)
        self._right.setContentsMargins(24, 16, 24, 16)
        self._right.setSpacing(8)
        self._right.addWidget(label("File", "strong"))
        self._right.addLayout(self._form())
        self._right.addSpacing(6)
        self._credential = Card(theme)
        credential = QVBoxLayout(self._credential)
        credential.setContentsMargins(13, 11, 13, 12)
        credential.setSpacing(6)
        credential.addWidget(
            Text(theme, "What others will see", weight="semibold", icon="badge-check", icon_token="ok")
        )
        self._facts = QGridLayout()
        self._facts.setHorizontalSpacing(10)
        self._facts.setVerticalSpacing(5)
        self._facts.setColumnMinimumWidth(0, 66)
        self._facts.setColumnStretch(1, 1)
        credential.addLayout(self._facts)
        credential.addWidget(
            label(
                "A C2PA credential in the file, and an inaudible mark that finds it again if it is stripped.",
                "captionfaint",
                wrap=True,
            )
        )
        self._right.addWidget(self._credential)
        self._network = QWidget()
        network = QHBoxLayout(self._network)
        network.setContentsMargins(2, 4, 0, 0)
        network.addWidget(
            Text(theme, "", icon="cloud-off", icon_token="text.muted", fixed=True), 0, Qt.AlignmentFlag.AlignTop
        )
        network.addWidget(
            label("No network now: the signed manifest waits here and is sent when you are back.", "muted", wrap=True),
            1,
        )
        self._network.hide()
        self._right.addWidget(self._network)
        self._right.addStretch(1)

        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(scroll, 1)
        edge = Surface(theme, "line")
        edge.setFixedWidth(1)
        middle.addWidget(edge)
        middle.addWidget(right)
        self.body.addLayout(middle, 1)

        self._foot_text = Text(theme, token="text.muted")
        self._progress = ProgressBar(theme, name="Export")
        self._progress.setFixedWidth(180)
        self._progress.hide()
        self.cancel = Button(theme, "Cancel", height=32)
        self.verify = Button(theme, "Verify the file", icon="badge-check", height=32)
        self.verify.hide()
        self.export = Button(theme, "Export and sign", icon="signature", kind="primary", height=32)
        self.export.setEnabled(False)
        self.foot.addWidget(self._foot_text, 1)
        self.foot.addWidget(self._progress)
        self.foot.addWidget(self.cancel)
        self.foot.addWidget(self.verify)
        self.foot.addWidget(self.export)
        self.cancel.clicked.connect(self._on_cancel)
        self.export.clicked.connect(self._on_export)
        self.verify.clicked.connect(lambda: self.verify_asked.emit(self._exported))
        ws.bridge.jobs_changed.connect(self._on_job)
        ws.bridge.project_changed.connect(self._ask)
        ws.bridge.sync_changed.connect(self._on_sync)
        self._show_wave()
        self._ask()

    def _form(self) -> QGridLayout:
        theme, project = self.theme, self.ws.project
        form = QGridLayout()
        form.setHorizontalSpacing(8)
        form.setVerticalSpacing(8)
        form.setColumnMinimumWidth(0, 76)
        form.setColumnStretch(1, 1)
        self.format = Segmented(theme, (("wav", "WAV"), ("flac", "FLAC"), ("mp3", "MP3")), name="Format", stretch=True)
        self.quality = Choice(theme, name="Quality")
        for title, _, _ in QUALITIES:
            self.quality.addItem(title)
        self.loudness = Segmented(
            theme, (("-14", "−14"), ("-9", "−9"), ("none", "As it is")), name="Loudness in LUFS", stretch=True
        )
        self.destination = Segmented(
            theme, (("platform", "Platform"), ("local_preview", "My disk")), name="Goes to", stretch=True
        )
        self.title_field = InlineField(name="Title")
        self.title_field.set_value(project.title)
        self.artist_field = InlineField(name="Artist")
        account = self.ws.session.account
        self.artist_field.set_value(account.name if account is not None else "")
        self.place = Button(theme, str(self.folder), icon="folder-open", height=24, name="Folder").align_left()
        self.place.setToolTip(str(self.folder))
        self.place.clicked.connect(self._choose_folder)
        for row, (title, widget) in enumerate(
            (
                ("Format", self.format),
                ("Quality", self.quality),
                ("Loudness", self.loudness),
                ("Goes to", self.destination),
                ("Title", self.title_field),
                ("Artist", self.artist_field),
                ("Folder", self.place),
            )
        ):
            form.addWidget(Text(theme, title, token="text.muted"), row, 0)
            form.addWidget(widget, row, 1)
        for control in (self.format, self.loudness, self.destination):
            control.changed.connect(lambda _: self._ask())
        self.quality.currentIndexChanged.connect(lambda _: self._ask())
        self.title_field.submitted.connect(lambda text: (self.title_field.set_value(text), self._ask()))
        self.artist_field.submitted.connect(lambda text: (self.artist_field.set_value(text), self._ask()))
        return form

    # options

    def options(self) -> ExportOptions:
        """What is chosen."""
        _, rate, bits = QUALITIES[max(self.quality.currentIndex(), 0)]
        loudness = None if self.loudness.value == "none" else float(self.loudness.value)
        return ExportOptions(
            format=self.format.value,  # type: ignore[arg-type]
            rate=rate,
            bits=bits,
            loudness_lufs=loudness,
            ceiling_dbtp=self.ws.project.master.ceiling_dbtp,
            destination=self.destination.value,  # type: ignore[arg-type]
            title=self.title_field.text().strip() or self.ws.project.title,
            artist=self.artist_field.text().strip(),
        )

    def target(self) -> Path:
        """Where the file goes: the title in the folder, beside what is there already."""
        title = "".join("-" if c in '/\\:*?"<>|' else c for c in self.options().title).strip(". ") or "Remix"
        suffix = SUFFIX[self.format.value]
        path = self.folder / f"{title}{suffix}"
        number = 2
        while path.exists():
            path = self.folder / f"{title} {number}{suffix}"
            number += 1
        return path

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Export to", str(self.folder))
        if folder:
            self.set_folder(Path(folder))

    def set_folder(self, folder: Path) -> None:
        """Export into another folder."""
        self.folder = folder
        self.place.setText(str(folder))
        self.place.setToolTip(str(folder))

    # review

    def _ask(self) -> None:
        if self._job is not None or self._exported is not None:
            return
        self._asked += 1
        number = self._asked
        options = self.options()
        self.quality.setEnabled(options.format != "mp3")
        self.export.setEnabled(False)
        self._foot_text.set_text("Measuring the mix …", "text.muted")
        self.ws.run(
            lambda: self.ws.session.review(options),
            lambda review: self._show(review) if number == self._asked else None,
            lambda error: self._show_error(error) if number == self._asked else None,
            quiet=True,
        )

    def _show_error(self, error: Any) -> None:
        self._foot_text.set_text(f"{error.message} {error.remedy}", "block")
        self._foot_text.setToolTip(f"{error.message}\n{error.remedy}")

    def _show_wave(self) -> None:
        overview = MixOverview(self.ws.project, self.ws.session.peaks)
        self.wave.set_sound(overview if overview.frames else None, overview.frames)

    def _show(self, review: Any) -> None:
        self._review = review
        theme = self.theme
        clear(self._denials)
        for denial in review.denials:
            self._denials.addWidget(self._denial_card(denial))
        if review.denials:
            self._denials.addSpacing(14)
        clear(self._sources)
        for column, title in enumerate(("Recording", "Used", "Licence", "Recording", "Song")):
            align = Qt.AlignmentFlag.AlignRight if column > 2 else Qt.AlignmentFlag.AlignLeft
            self._sources.addWidget(Text(theme, title, token="text.muted", px="caption", align=align), 0, column)
        mine = 0
        for index, row in enumerate(review.sources):
            line = 2 * index + 1
            self._sources.addWidget(separator(theme, token="line.soft"), line, 0, 1, 5)
            names = QWidget()
            column = QVBoxLayout(names)
            column.setContentsMargins(0, 6, 0, 6)
            column.setSpacing(0)
            column.addWidget(Text(theme, row.title, weight="semibold"))
            column.addWidget(Text(theme, row.artist, token="text.muted", px="caption"))
            self._sources.addWidget(names, line + 1, 0)
            self._sources.addWidget(Text(theme, row.used, token="text.muted"), line + 1, 1)
            self._sources.addWidget(Badge(theme, row.badge, f"{row.fixes} to fix" if row.fixes else None), line + 1, 2)
            right = Qt.AlignmentFlag.AlignRight
            self._sources.addWidget(Text(theme, words.percent(row.master_ppm), align=right), line + 1, 3)
            self._sources.addWidget(Text(theme, words.percent(row.publishing_ppm), align=right), line + 1, 4)
            mine += row.badge == "mine"
        count = words.plural(len(review.sources), "recording")
        self._count.set_text(f"{count}, {mine} of them yours" if mine else count)
        shares = review.shares
        self.recording.set_segments(segments(shares.master) if shares is not None else [])
        self.song.set_segments(segments(shares.publishing) if shares is not None else [])
        clear(self._models)
        for model in review.models:
            row = QHBoxLayout()
            row.setSpacing(8)
            sign = Text(theme, "", icon="sparkle", icon_token="stem.drums", fixed=True)
            row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(label(model, wrap=True), 1)
            self._models.addLayout(row)
        if not review.models:
            self._models.addWidget(label("No model was used.", "muted"))
        self._levels["lufs"].set_text(words.level(review.lufs, "LUFS"))
        peak = review.true_peak_dbtp
        self._levels["peak"].set_text(
            words.level(peak, "dBTP"),
            "ok" if peak is not None and peak <= self.options().ceiling_dbtp + 0.1 else "warn",
        )
        self._levels["length"].set_text(words.clock(review.length_s, hundredths=False))
        clear(self._facts)
        for index, (title, text) in enumerate(review.credential):
            self._facts.addWidget(Text(theme, title, token="text.muted"), index, 0, Qt.AlignmentFlag.AlignTop)
            # Names of licences have no place to break, everything else has.
            value = label(text, wrap=True) if " " in text.strip() and title != "Licence" else Text(theme, text)
            self._facts.addWidget(value, index, 1)
        self._network.setVisible(not review.online)
        blocked = bool(review.denials)
        self.export.setEnabled(not blocked)
        if blocked:
            text = f"{words.plural(len(review.denials), 'thing')} to fix before this may be exported"
        elif review.exports_left is None:
            text = ""
        else:
            text = f"{words.plural(review.exports_left, 'offline export')} left"
        self._foot_text.set_text(text, "warn" if blocked else "text.muted")

    def _denial_card(self, denial: Any) -> Card:
        theme = self.theme
        card = Card(theme, tint="warn" if denial.fix is not None else "block")
        card.setAccessibleName(f"{denial.why} {denial.remedy}")
        row = QHBoxLayout(card)
        row.setContentsMargins(13, 11, 13, 11)
        row.setSpacing(12)
        row.addWidget(
            Text(theme, "", icon="triangle-alert", icon_token="warn" if denial.fix is not None else "block", fixed=True)
        )
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addWidget(label(denial.why, "strong", wrap=True))
        clause = f"Clause {denial.number}. " if denial.number else ""
        text.addWidget(label(clause + denial.remedy, "muted", wrap=True))
        row.addLayout(text, 1)
        if denial.fix is not None:
            button = Button(theme, denial.fix.label, height=28)
            button.clicked.connect(lambda: self._fix(denial.fix))
            row.addWidget(button)
        return card

    def _fix(self, fix: Any) -> None:
        """Do what the button says: a fix of the file changes the form, any other the project."""
        if not fixes.concerns_options(fix):
            self.ws.attempt(lambda: self.ws.session.apply_fix(fix))
            return
        fixed = fixes.fix_options(self.options(), fix)
        self.format.set_value(fixed.format)
        self.destination.set_value(fixed.destination)
        index = next((i for i, (_, rate, bits) in enumerate(QUALITIES) if (rate, bits) == (fixed.rate, fixed.bits)), 0)
        self.quality.blockSignals(True)
        self.quality.setCurrentIndex(index)
        self.quality.blockSignals(False)
        self._ask()

    # export

    def _on_export(self) -> None:
        if self._exported is not None:
            self.dismiss()
            return
        path, options = self.target(), self.options()
        self._job = self.ws.run(lambda: self.ws.session.export(path, options), self._done, self._failed)
        if self._job is None:
            return
        self.export.setEnabled(False)
        self._progress.set_fraction(0.0)
        self._progress.show()
        self._foot_text.set_text("Rendering …", "text.muted")

    def _on_job(self, job: Any) -> None:
        if self._job is None or job.id != self._job.id:
            return
        self._progress.set_fraction(job.fraction)
        note = job.note or "Rendering"
        left = words.time_left(job.eta_s)
        self._foot_text.set_text(f"{note}, {left}" if left else note, "text.muted")
        if job.state in FINAL_STATES and job.state == "cancelled":
            self._idle()

    def _idle(self) -> None:
        self._job = None
        self._progress.hide()
        self._ask()

    def _failed(self, error: Any) -> None:
        self._job = None
        self._progress.hide()
        self.export.setEnabled(True)
        self._show_error(error)

    def _done(self, result: Any) -> None:
        self._job = None
        self._exported = Path(result.path)
        self._state = result.state
        self._progress.hide()
        if result.receipt_id:
            sent = f"received by the platform, receipt {result.receipt_id[:8]}…"
        else:
            sent = "its account is on its way to the platform"
        self.title_label.setText("Exported and signed")
        self.subtitle_text.set_text(str(self._exported))
        self._foot_text.set_text(f"{result.state}; {sent}.", "ok")
        self._foot_text.set_icon("circle-check", "ok")
        self._levels["lufs"].set_text(words.level(result.lufs, "LUFS"))
        self._levels["peak"].set_text(words.level(result.true_peak_dbtp, "dBTP"))
        self.cancel.hide()
        self.verify.show()
        self.export.setText("Done")
        self.export.set_icon("check")
        self.export.setAccessibleName("Done")
        self.export.setEnabled(True)

    def _on_sync(self) -> None:
        """Say so once the platform has the account, or that it cannot be reached."""
        if self._exported is None:
            return
        state = self.ws.session.sync_state()
        if state.state == "synced":
            self._foot_text.set_text(f"{self._state}; received by the platform.", "ok")
        elif state.note:
            self._foot_text.set_text(f"{self._state}; its account waits here. {state.note}", "ok")

    def _on_cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
        else:
            self.dismiss()

    def dismiss(self) -> None:
        if self._job is not None:
            self._job.cancel()
        super().dismiss()
