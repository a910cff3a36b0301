"""What asks for a file: new, open, save, import, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QFileDialog

from ui.viewmodels.dropping import AUDIO

AUDIO_FILTER = f"Audio ({' '.join(f'*{each}' for each in sorted(AUDIO))});;All files (*)"

MIDI_FILTER = "MIDI files (*.mid *.midi);;All files (*)"


class Files:
    """Dialogues of the desktop over a window."""

    def __init__(self, window: Any):
        self._window = window

    def new_project(self) -> None:
        """Begin afresh; the old project waits among the recent ones."""
        self._window.ws.attempt(self._window.session.new_project)

    def ask_open(self) -> None:
        """Choose a project to open."""
        folder = QFileDialog.getExistingDirectory(self._window, "Open a project")
        if folder:
            self._window.open_project(folder)

    def save(self) -> None:
        """Save; a project without a place asks for one."""
        if self._window.session.project_path is None:
            self.save_as()
        else:
            self._window.ws.attempt(self._window.session.save_project)

    def save_as(self) -> None:
        """Choose where to save."""
        path, _ = QFileDialog.getSaveFileName(
            self._window,
            "Save the project",
            f"{self._window.ws.project.title}.contrafact",
            "Contrafact project (*.contrafact)",
        )
        if path:
            target = Path(path)
            if target.suffix != ".contrafact":
                target = target.with_name(target.name + ".contrafact")
            self._window.ws.attempt(lambda: self._window.session.save_project(target))

    def ask_import(self) -> None:
        """Choose files of one's own."""
        paths, _ = QFileDialog.getOpenFileNames(self._window, "Use files of mine", "", AUDIO_FILTER)
        if paths:
            self._window.intake.files(paths, self._window.ws.position_s if self._window.ws.project.tracks else 0.0)

    def ask_notes(self) -> None:
        """Choose a MIDI file whose notes take the place of those of the selected clip."""
        path, _ = QFileDialog.getOpenFileName(self._window, "Notes from a MIDI file", "", MIDI_FILTER)
        if path:
            self._window.ws.notes.import_file(Path(path))

    def ask_midi(self) -> None:
        """Choose where to write the notes that are heard."""
        title = f"{self._window.ws.project.title}.mid"
        path, _ = QFileDialog.getSaveFileName(self._window, "Export notes as MIDI", title, MIDI_FILTER)
        if path:
            target = Path(path)
            self._window.ws.notes.export_file(target if target.suffix else target.with_suffix(".mid"))

    def ask_verify(self) -> None:
        """Choose a file to verify."""
        path, _ = QFileDialog.getOpenFileName(self._window, "Verify a file", "", AUDIO_FILTER)
        if path:
            self._window.verify_file(path)
