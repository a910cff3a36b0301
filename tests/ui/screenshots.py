"""Pictures of the real program: ``python -m tests.ui.screenshots --out docs/screenshots``.

Drives the real window with a real session in a temporary home, at 1440 x 900, through first run, the demo song, stems,
a restyle, review, export and verify.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication

from studio.session import Session
from tests.ui.driver import Person
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
        """Save the window as it is."""
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


def run(out: Path, styles: list[str]) -> None:
    """Take all pictures into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    app = QApplication(sys.argv[:1])
    theme = Theme("dark")
    prepare(app, theme)
    with tempfile.TemporaryDirectory(prefix="contrafact-pictures-") as folder:
        home = Path(folder)
        os.environ["CONTRAFACT_HOME"] = str(home / "home")
        (home / "home").mkdir()
        (home / "Music").mkdir()
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
    camera.take("first-run-dark")
    person.click(window.first_run.demo)
    person.wait(lambda: ws.project.tracks and not person.busy() and _peaks_known(window), "the demo song")
    camera.take("demo-dark")
    person.click(window.inspector.track.split)
    person.wait(lambda: len(ws.project.tracks) >= 5 and not person.busy() and _peaks_known(window), "the stems")
    for style in styles:
        person.wait(lambda: not person.busy(), "rest")
        before = len(window.dock.variations.cards())
        person.click(window.inspector.track.style_buttons[style])
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
    ws.seek(ws.grid.seconds(17 * ws.project.beats_per_bar))
    window.session.player.play()
    person.wait(lambda: ws.playing, "play-back")
    person.settle(1200)
    camera.take("studio-dark")
    window.set_mode("light")
    camera.take("studio-light")
    window.set_mode("dark")
    window.dock.show_tab("mixer")
    window.inspector.show_tab("track")
    person.settle(600)
    camera.take("mixer-dark")
    window.session.player.pause()
    window.dock.show_tab("variations")
    person.click(window.inspector.review)
    sheet = window.sheet
    assert sheet is not None
    sheet.set_folder(folder)
    person.wait(sheet.export.isEnabled, "the review", timeout_s=120)
    sheet.place.setText("Music")
    camera.take("export-dark")
    person.click(sheet.export)
    person.wait(lambda: sheet.verify.isVisible(), "the export", timeout_s=180)
    camera.take("exported-dark")
    person.click(sheet.verify)
    person.wait(lambda: window.sheet is not sheet and getattr(window.sheet, "verification", None) is not None, "verify")
    camera.take("verify-dark")
    window.sheet.dismiss()
    window.show_preferences()
    camera.take("preferences-dark")
    window.sheet.dismiss()
    window.show_help()
    camera.take("keys-dark")
    window.sheet.dismiss()
    person.no_errors()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/screenshots"))
    parser.add_argument("--styles", nargs="*", default=["bossa", "house"])
    arguments = parser.parse_args()
    run(arguments.out, arguments.styles)
    return 0


if __name__ == "__main__":
    sys.exit(main())
