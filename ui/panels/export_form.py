"""The form of the export review: format, quality, loudness, where it goes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QStandardPaths, Signal
from PySide6.QtWidgets import QFileDialog, QGridLayout, QWidget

from studio.flows.export import ExportOptions
from ui.viewmodels import words
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.fields import Choice, InlineField
from ui.widgets.label import Text
from ui.widgets.segmented import Segmented

SUFFIX = {"wav": ".wav", "flac": ".flac", "mp3": ".mp3"}
QUALITIES = (
    ("48 kHz, 24 bit", 48000, 24),
    ("48 kHz, 16 bit", 48000, 16),
    ("44.1 kHz, 24 bit", 44100, 24),
    ("44.1 kHz, 16 bit", 44100, 16),
)
LOUDNESS = (("-14", "−14"), ("-9", "−9"), ("none", "As it is"))


def default_folder(project_path: Path | None) -> Path:
    """Beside the project, else the person's music folder, else home."""
    if project_path is not None:
        return Path(project_path).parent
    music = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MusicLocation)
    return Path(music) if music and Path(music).is_dir() else Path.home()


class ExportForm(QWidget):
    """What is chosen for the file; `changed` after each choice."""

    changed = Signal()

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws, self.theme = ws, ws.theme
        self.folder = default_folder(ws.session.project_path)
        theme, project, settings = self.theme, ws.project, ws.session.settings
        form = QGridLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(8)
        form.setVerticalSpacing(8)
        form.setColumnMinimumWidth(0, 76)
        form.setColumnStretch(1, 1)
        formats = (("wav", "WAV"), ("flac", "FLAC"), ("mp3", "MP3"))
        self.format = Segmented(theme, formats, name="Format", stretch=True)
        self.format.set_value(str(settings.get("export.format")))
        self.quality = Choice(theme, name="Quality")
        for title, _, _ in QUALITIES:
            self.quality.addItem(title)
        self._choose_quality(settings.get("export.rate"), settings.get("export.bits"))
        self.loudness = Segmented(theme, LOUDNESS, name="Loudness in LUFS", stretch=True)
        wanted = settings.get("export.loudness_lufs")
        self.loudness.set_value("none" if wanted is None else f"{wanted:.0f}")
        places = (("platform", "Platform"), ("local_preview", "My disk"))
        self.destination = Segmented(theme, places, name="Goes to", stretch=True)
        self.title_field = InlineField(name="Title")
        self.title_field.set_value(project.title)
        self.artist_field = InlineField(name="Artist")
        account = ws.session.account
        self.artist_field.set_value(account.name if account is not None else "")
        self.place = Button(theme, words.place(self.folder), icon="folder-open", height=24, name="Folder").align_left()
        self.place.setToolTip(str(self.folder))
        self.place.clicked.connect(self._choose_folder)
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Format", self.format),
            ("Quality", self.quality),
            ("Loudness", self.loudness),
            ("Goes to", self.destination),
            ("Title", self.title_field),
            ("Artist", self.artist_field),
            ("Folder", self.place),
        )
        for row, (title, widget) in enumerate(rows):
            form.addWidget(Text(theme, title, token="text.muted"), row, 0)
            form.addWidget(widget, row, 1)
        for control in (self.format, self.loudness, self.destination):
            control.changed.connect(lambda _: self.changed.emit())
        self.quality.currentIndexChanged.connect(lambda _: self.changed.emit())
        for field in (self.title_field, self.artist_field):
            field.submitted.connect(lambda text, field=field: self._typed(field, text))

    def _typed(self, field: InlineField, text: str) -> None:
        field.set_value(text)
        self.changed.emit()

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
            mark=bool(self.ws.session.settings.get("export.mark")),
        )

    def show_options(self, options: ExportOptions) -> None:
        """Choose what a fix asks for; one `changed` at the end."""
        self.format.set_value(options.format)
        self.destination.set_value(options.destination)
        self.quality.blockSignals(True)
        self._choose_quality(options.rate, options.bits)
        self.quality.blockSignals(False)
        self.changed.emit()

    def _choose_quality(self, rate: int, bits: int) -> None:
        index = next((i for i, (_, r, b) in enumerate(QUALITIES) if (r, b) == (rate, bits)), 0)
        self.quality.setCurrentIndex(index)

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
        self.place.setText(words.place(folder))
        self.place.setToolTip(str(folder))
