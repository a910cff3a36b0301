"""A tour of the real program with a camera: first run, demo song, stems, a restyle, review, export, verify."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication

from engine.io.encode import encode
from studio.project import edits
from studio.project.model import Insert
from studio.session import Session
from tests.ui import palette_png
from tests.ui.driver import Person
from tests.ui.short_songs import shorter
from ui.app import prepare
from ui.panels.missing import MissingSheet
from ui.panels.tour import Tour
from ui.theme import Theme
from ui.viewmodels.preferences import PAGES
from ui.window import MainWindow

SIZE = QSize(1440, 900)
MODES = ("dark", "light")
REST_MS = 2500
"""In which all meters fall."""
PLAYED = (
    ("Guitar", (146.8, 220.0, 293.7, 220.0, 196.0, 293.7, 246.9, 196.0) * 4),
    ("Guitar double", (146.8, 146.8, 196.0, 196.0) * 5),
    ("Voice", (293.7, 329.6, 370.0, 293.7, 0.0, 392.0) * 3),
)
"""Notes of one's own in Hz, for the picture of a folder."""


class Camera:
    """Takes the pictures, each in both themes."""

    def __init__(self, window: MainWindow, person: Person, out: Path):
        self.window, self.person, self.out = window, person, out
        self.bytes = 0

    def take(self, name: str, show_mode: Callable[[str], None] = lambda _mode: None) -> None:
        """Save the window, after the messages that say nothing went wrong were closed; `show_mode` is told the theme of
        each picture."""
        for mode in MODES:
            self.window.set_mode(mode)
            show_mode(mode)
            for toast in self.window.toasts:
                if toast.level in ("info", "ok"):
                    toast.dismiss()
            self.person.settle(250)
            path = self.out / f"{name}-{mode}.png"
            size = palette_png.save(self.window.grab().toImage(), path)
            self.bytes += size
            print(f"{path}  {size / 1000:.0f} kB", flush=True)
        self.window.set_mode(MODES[0])


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
        os.environ["CONTRAFACT_HOME"] = str(home / "Contrafact")
        # A temporary folder would stand in the pictures; what lies in one's own begins with ~.
        os.environ["HOME"] = str(home)
        (home / "Contrafact").mkdir()
        (home / "Music").mkdir()
        with shorter(Path(folder) / "resources") if not whole else nullcontext():
            session = Session.open(home / "Contrafact")
        window = MainWindow(session, theme)
        window.resize(SIZE)
        window.show()
        window.start()
        try:
            camera = Camera(window, Person(window), out)
            _tour(window, camera, home / "Music", styles)
            print(f"{camera.bytes / 1e6:.1f} MB")
        finally:
            window.close()
            session.close()


def _tour(window: MainWindow, camera: Camera, folder: Path, styles: list[str]) -> None:
    person, ws = camera.person, window.ws
    person.wait(lambda: window.browser.model.rowCount() > 0, "the catalogue")
    person.wait(lambda: window.session.account is not None and not person.busy(), "the demo account")
    camera.take("first-run")
    person.click(window.first_run.demo)
    person.wait(lambda: ws.project.tracks and not person.busy() and _peaks_known(window), "the demo song")
    person.click(window.inspector.track.split)
    person.wait(lambda: len(ws.project.tracks) >= 5 and not person.busy() and _peaks_known(window), "the stems")
    for style in styles:
        _restyle(window, person, style)
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
    # A slow machine must not come to the end of a short song between two pictures.
    ws.commit("Loop", lambda p: edits.set_loop(p, start_s=p.length_s * 0.35, end_s=p.length_s * 0.7, enabled=True))
    ws.seek(ws.length_s * 0.4)
    window.session.player.play()
    person.wait(lambda: ws.playing, "play-back")
    person.settle(1200)
    camera.take("studio")
    _mixed(window)
    window.dock.show_tab("mixer")
    window.inspector.show_tab("effects")
    person.settle(600)
    camera.take("mixer")
    window.session.player.pause()
    person.settle(REST_MS)
    window.inspector.show_tab("track")
    for tab in ("clip", "automation", "history"):
        window.dock.show_tab(tab)
        person.wait(lambda: not person.busy(), tab)
        camera.take({"clip": "clip-editor"}.get(tab, tab))
    _clips(window, camera)
    window.dock.show_tab("variations")
    _lists(window, camera)
    _dialogues(window, camera)
    _export(window, camera, folder)
    window.show_artist()
    person.wait(lambda: window.sheet.detail is not None and not person.busy(), "the catalogue of the label")
    camera.take("artist")
    window.sheet.dismiss()
    person.no_errors()
    _own_tracks(window, camera, folder)
    _left_behind(window, camera, folder)
    _split_with_the_model(window, camera)


def _restyle(window: MainWindow, person: Person, style: str) -> None:
    person.wait(lambda: not person.busy(), "rest")
    before = len(window.dock.variations.cards())
    track = window.inspector.track
    if not track.style_buttons[style].isVisible():
        person.click(track.more_styles)
    person.click(track.style_buttons[style])
    person.wait(
        lambda: len(window.dock.variations.cards()) > before and not person.busy(),
        style,
        timeout_s=240,
    )


def _mixed(window: MainWindow) -> None:
    """A bus with a reverb, sends, an equaliser and a compressor, and an automation lane."""
    ws = window.ws
    voice = next(track.id for track in ws.project.tracks if track.role == "vocals")
    drums = next(track.id for track in ws.project.tracks if track.role == "drums" and track.clips)
    ws.commit("Add bus", lambda p: edits.add_bus(p, "Room", ids=["room"]))
    ws.commit("Reverb", lambda p: edits.add_insert(p, "room", Insert(id="reverb", kind="reverb")))
    ws.commit("Send", lambda p: edits.set_send(p, voice, "room", gain_db=-12.0))
    ws.commit("Send", lambda p: edits.set_send(p, drums, "room", gain_db=-18.0))
    ws.commit("Equaliser", lambda p: edits.set_eq_band(p, voice, 2, freq_hz=2_800.0, gain_db=3.5))
    ws.commit("Equaliser", lambda p: edits.set_strip(p, voice, high_pass_hz=45.0))
    ws.commit("Compressor", lambda p: edits.set_compressor(p, voice, ratio=3.0, threshold_db=-20.0))
    span = ws.length_s
    points = [(0.0, -12.0), (span * 0.25, 0.0), (span * 0.7, 0.0), (span, -24.0)]
    ws.commit("Volume automation", lambda p: edits.set_automation(p, voice, "gain_db", points))
    ws.select(track=voice, clips=[ws.project.track(voice).clips[0].id])


def _clips(window: MainWindow, camera: Camera) -> None:
    """The clip editor's other pictures: the spectrogram of the voice, and the notes of a bass that a restyle wrote."""
    ws, person = window.ws, camera.person
    window.dock.show_tab("clip")
    window.dock.picture.changed.emit("spectrum")
    person.settle(600)
    person.wait(lambda: not person.busy(), "the spectrogram")
    camera.take("clip-spectrogram")
    window.dock.picture.changed.emit("wave")
    bass = next(track for track in ws.project.tracks if track.role == "bass" and track.clips)
    ws.select(track=bass.id, clips=[bass.clips[0].id])
    person.wait(lambda: window.dock.editor.mode == "notes" and not person.busy(), "the notes")
    camera.take("notes")


def _lists(window: MainWindow, camera: Camera) -> None:
    """The other tabs of the browser."""
    browser = window.browser
    for index in range(1, browser.tabs.count()):
        browser.tabs.setCurrentIndex(index)
        camera.person.wait(lambda: not camera.person.busy(), "the list")
        camera.take(f"browser-{browser.tabs.tabText(index).lower()}")
    browser.tabs.setCurrentIndex(0)


def _dialogues(window: MainWindow, camera: Camera) -> None:
    person = camera.person
    for page, _icon, _keys in PAGES:
        window.show_preferences(page)
        person.wait(lambda: not person.busy(), page)
        theme = window.sheet.pages[page].controls.get("appearance.theme") if page == "Appearance" else None
        show_mode = theme.set_value if theme is not None else lambda _mode: None
        camera.take(f"preferences-{page.lower().replace(' ', '-')}", show_mode)
        window.sheet.dismiss()
    for name, show in (
        ("style-editor", lambda: window.edit_style("house")),
        ("keys", window.show_help),
        ("commands", window.show_palette),
        ("about", window.show_about),
    ):
        show()
        person.wait(lambda: not person.busy(), name)
        camera.take(name)
        window.sheet.dismiss()
    tour = Tour(window)
    tour.start()
    camera.take("tour")
    tour.end()


def _export(window: MainWindow, camera: Camera, folder: Path) -> None:
    person = camera.person
    person.click(window.inspector.review)
    sheet = window.sheet
    assert sheet is not None
    sheet.form.set_folder(folder)
    person.wait(sheet.export.isEnabled, "the review", timeout_s=120)
    camera.take("export")
    person.click(sheet.export)
    person.wait(lambda: sheet.verify.isVisible(), "the export", timeout_s=180)
    camera.take("exported")
    person.click(sheet.verify)
    person.wait(lambda: window.sheet is not sheet and getattr(window.sheet, "verification", None) is not None, "verify")
    camera.take("verify")
    window.sheet.dismiss()


def _plucked(path: Path, notes: tuple[float, ...]) -> Path:
    """A file with plucked notes, one every 0.65 s."""
    rate, step = 44_100, 28_700
    sound = np.zeros(step * len(notes) + rate, np.float32)
    t = np.arange(rate) / rate
    for index, hz in enumerate(notes):
        tone = sum(np.sin(2 * np.pi * hz * k * t) / k for k in (1, 2, 3, 4)) * np.exp(-4.0 * t) * 0.25
        sound[index * step : index * step + rate] += tone.astype(np.float32)
    encode(np.stack([sound, sound]), path, rate=rate, format="wav", bits=16)
    return path


def _own_tracks(window: MainWindow, camera: Camera, folder: Path) -> None:
    """Tracks of one's own in a folder, two of them armed, and a song beside."""
    ws = window.ws
    known = {track.id for track in ws.project.tracks}
    files = [_plucked(folder / f"{name}.wav", notes) for name, notes in PLAYED]
    window.intake.files([str(path) for path in files])
    camera.person.wait(
        lambda: len(ws.project.tracks) == len(known) + len(files) and not camera.person.busy() and _peaks_known(window),
        "the files",
    )
    guitar, double, voice = (track.id for track in ws.project.tracks if track.id not in known)
    ws.commit("Group tracks", lambda p: edits.group_tracks(p, [guitar, double], "Guitars", ids=["folder"]))
    ws.commit("Track colour", lambda p: edits.set_colour(p, "folder", "bass"))
    song = next(track for track in ws.project.tracks if track.role == "mix" and track.kind == "audio")
    ws.collapsed.add(song.id)
    ws.lanes_changed.emit()
    ws.recorder.arm([guitar, voice])
    ws.select(track=guitar, tracks=[double])
    ws.inspector_asked.emit("track")
    camera.take("folder")
    ws.recorder.arm([])
    ws.collapsed.clear()
    camera.person.no_errors()


def _left_behind(window: MainWindow, camera: Camera, folder: Path) -> None:
    """The dialogues after a crash and of sounds that are gone."""
    session, ws = window.session, window.ws
    saved = session.save_project(folder / "Night bus")
    ws.commit("Louder", lambda p: edits.set_strip(p, p.tracks[-1].id, gain_db=-6.0))
    ws.commit("Rename the project", lambda p: edits.rename_project(p, "Night bus, later"))
    gone = ws.project.sources[ws.project.tracks[1].clips[0].source]
    own = next(each for each in ws.project.sources.values() if each.title == "Guitar")
    session.new_project()
    window.ask_recover(next(each for each in session.recoverable() if each.path == saved))
    camera.take("recovery")
    window.sheet.dismiss()
    window._open_sheet(MissingSheet(ws, window._root, (gone, own)))
    camera.take("missing-sounds")
    window.sheet.dismiss()


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
    camera.take("splitting")
    person.wait(
        lambda: len(ws.project.tracks) >= 5 and not person.busy() and _peaks_known(window), "stems", timeout_s=400
    )
    ws.select(track=ws.project.tracks[1].id)
    camera.take("stems")
    person.no_errors()
