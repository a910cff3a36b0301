"""A tour of the real program with a camera: first run, demo song, stems, a restyle, review, export, verify."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication

from studio.session import Session
from tests.ui.driver import Person
from tests.ui.short_songs import shorter
from ui.app import prepare
from ui.theme import Theme
from ui.window import MainWindow

SIZE = QSize(1440, 900)
LIMIT_BYTES = 300_000


class Camera:
    """Takes the pictures."""

    def __init__(self, window: MainWindow, person: Person, out: Path):
        self.window, self.person, self.out = window, person, out

    def take(self, name: str) -> None:
        """Save the window, after the messages that say nothing went wrong were closed."""
        for toast in self.window.toasts:
            if toast.level == "info":
                toast.dismiss()
        self.person.settle(250)
        path = self.out / f"{name}.png"
        image = self.window.grab().toImage()
        image.save(str(path))
        if path.stat().st_size > LIMIT_BYTES:
            image.convertToFormat(image.Format.Format_RGB888).save(str(path), quality=0)
        print(f"{path}  {path.stat().st_size / 1000:.0f} kB")


def _peaks_known(window: MainWindow) -> bool:
    project = window.ws.project
    used = {clip.source for track in project.tracks for clip in track.clips}
    return all(window.session.peaks(project.sources[each]) is not None for each in used)


def run(out: Path, styles: list[str], *, whole: bool = False) -> None:
    """Take all pictures into `out`, of songs that are cut short unless they are to be `whole`."""
    out.mkdir(parents=True, exist_ok=True)
    app = QApplication(sys.argv[:1])
    theme = Theme("dark")
    prepare(app, theme)
    with tempfile.TemporaryDirectory(prefix="contrafact-pictures-") as folder:
        home = Path(folder)
        os.environ["CONTRAFACT_HOME"] = str(home / "home")
        (home / "home").mkdir()
        (home / "Music").mkdir()
        with shorter(Path(folder) / "resources") if not whole else nullcontext():
            session = Session.open(home / "home")
        window = MainWindow(session, theme)
        window.resize(SIZE)
        window.show()
        window.start()
        try:
            _tour(window, Camera(window, Person(window), out), home / "Music", styles)
        finally:
            window.close()
            session.close()


def _tour(window: MainWindow, camera: Camera, folder: Path, styles: list[str]) -> None:
    person, ws = camera.person, window.ws
    person.wait(lambda: window.browser.model.rowCount() > 0, "the catalogue")
    person.wait(lambda: window.session.account is not None and not person.busy(), "the demo account")
    camera.take("first-run-dark")
    person.click(window.first_run.demo)
    person.wait(lambda: ws.project.tracks and not person.busy() and _peaks_known(window), "the demo song")
    person.click(window.inspector.track.split)
    person.wait(lambda: len(ws.project.tracks) >= 5 and not person.busy() and _peaks_known(window), "the stems")
    for style in styles:
        person.wait(lambda: not person.busy(), "rest")
        before = len(window.dock.variations.cards())
        track = window.inspector.track
        if not track.style_buttons[style].isVisible():
            person.click(track.more_styles)
        person.click(track.style_buttons[style])
        person.wait(
            lambda before=before: len(window.dock.variations.cards()) > before and not person.busy(),
            style,
            timeout_s=240,
        )
    person.wait(lambda: _peaks_known(window), "waveforms", timeout_s=90)
    made = [
        clip
        for track in ws.project.tracks
        for clip in track.clips
        if ws.project.sources[clip.source].origin == "generated"
    ]
    ws.select(
        track=next(t.id for t in ws.project.tracks if made and made[0] in t.clips) if made else ws.project.tracks[1].id,
        clips=[made[0].id] if made else [],
    )
    ws.inspector_asked.emit("clip")
    ws.seek(ws.length_s * 0.4)
    window.session.player.play()
    person.wait(lambda: ws.playing, "play-back")
    person.settle(1200)
    camera.take("studio-dark")
    window.set_mode("light")
    camera.take("studio-light")
    window.set_mode("dark")
    window.dock.show_tab("mixer")
    window.inspector.show_tab("effects")
    person.settle(600)
    camera.take("mixer-dark")
    window.inspector.show_tab("track")
    window.session.player.pause()
    window.dock.show_tab("variations")
    person.click(window.inspector.review)
    sheet = window.sheet
    assert sheet is not None
    sheet.form.set_folder(folder)
    person.wait(sheet.export.isEnabled, "the review", timeout_s=120)
    sheet.form.place.setText("Music")
    camera.take("export-dark")
    person.click(sheet.export)
    person.wait(lambda: sheet.verify.isVisible(), "the export", timeout_s=180)
    person.click(sheet.verify)
    person.wait(lambda: window.sheet is not sheet and getattr(window.sheet, "verification", None) is not None, "verify")
    camera.take("verify-dark")
    window.sheet.dismiss()
    window.show_preferences()
    camera.take("preferences-dark")
    window.sheet.dismiss()
    window.set_mode("light")
    window.show_artist()
    person.wait(lambda: window.sheet.detail is not None and not person.busy(), "the catalogue of the label")
    camera.take("artist-light")
    window.sheet.dismiss()
    window.set_mode("dark")
    person.no_errors()
    _split_with_the_model(window, camera)


def _split_with_the_model(window: MainWindow, camera: Camera) -> None:
    """The same song once more, taken apart by the model: while it works, and what it made."""
    person, ws = camera.person, window.ws
    window.files.new_project()
    person.wait(lambda: not ws.project.tracks, "an empty project")
    window.intake.open_demo()
    person.wait(lambda: ws.project.tracks and not person.busy() and _peaks_known(window), "the demo song")
    window.session.player.pause()
    window.inspector.show_tab("track")
    window.inspector.track.ask_split(prefer="model")
    person.wait(lambda: any(job.fraction > 0.3 for job in window.session.jobs.active), "separation", timeout_s=240)
    camera.take("splitting-dark")
    person.wait(
        lambda: len(ws.project.tracks) >= 5 and not person.busy() and _peaks_known(window), "stems", timeout_s=400
    )
    ws.select(track=ws.project.tracks[1].id)
    camera.take("stems-dark")
    person.no_errors()
