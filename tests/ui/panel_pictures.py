"""Small pictures of every panel, in both themes and at three scales, to compare with those that are stored.

``python -m tests.ui.panel_pictures`` takes them anew into ``tests/ui/pictures``; look at them before you keep them.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

from studio.project import edits
from tests.ui.driver import Person

STORE = Path(__file__).with_name("pictures")
SCALES = (1.0, 1.5, 2.0)
MODES = ("dark", "light")
WIDTH = 480
"""Of a stored picture: enough to see what stands where, too little to see a pixel's rounding."""
GRID = (48, 30)
MEAN_LIMIT, CELL_LIMIT = 0.02, 0.20
"""Of the difference of brightness, 0 to 1: over the picture, and in any cell of the grid."""


def _dock(tab: str) -> Callable[[Any], None]:
    return lambda window: window.dock.show_tab(tab)


def _effects(window: Any) -> None:
    window.dock.show_tab("mixer")
    window.inspector.show_tab("effects")


def _page(page: str) -> Callable[[Any], None]:
    return lambda window: window.show_preferences(page)


PANELS: dict[str, Callable[[Any], None]] = {
    "studio": _dock("variations"),
    "mixer": _effects,
    "clip-editor": _dock("clip"),
    "automation": _dock("automation"),
    "history": _dock("history"),
    "preferences-audio": _page("Audio"),
    "preferences-keys": _page("Keys"),
    "preferences-models": _page("Models"),
    "keys": lambda window: window.show_help(),
    "commands": lambda window: window.show_palette(),
    "about": lambda window: window.show_about(),
    "style": lambda window: window.edit_style("house"),
    "artist": lambda window: window.show_artist(),
}
"""What is shown, and how one comes there."""


def prepare(window: Any, person: Person, sound: Path) -> None:
    """A project with a bit of everything, of sounds that every run makes alike."""
    ws = window.ws
    window.intake.files([str(sound)])
    person.wait(lambda: ws.project.tracks and not person.busy(), "the import")
    person.wait(lambda: window.browser.model.rowCount() >= 3, "the catalogue")
    track = ws.project.tracks[0].id
    ws.commit("Bus", lambda p: edits.add_bus(p, "Room", ids=["bus"]))
    ws.commit("Send", lambda p: edits.set_send(p, track, "bus", gain_db=-9.0))
    ws.commit("Equaliser", lambda p: edits.set_eq_band(p, track, 1, gain_db=6.0))
    ws.commit("Volume", lambda p: edits.set_automation(p, track, "gain_db", [(0.5, -12.0), (2.0, 0.0), (3.5, -6.0)]))
    ws.commit("Compressor", lambda p: edits.set_compressor(p, track, ratio=3.0))
    ws.select(track=track, clips=[ws.project.tracks[0].clips[0].id])
    ws.seek(1.0)
    source = next(iter(ws.project.sources.values()))
    person.wait(lambda: window.session.peaks(source) is not None, "the waveform")


def take(window: Any, person: Person, name: str, mode: str, scale: float) -> QImage:
    """One panel as a small picture; 1.5 and 2 are painted at that scale and then made small, as 1 is."""
    image = QImage(window.size() * scale, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(scale)
    window.render(image)
    image.setDevicePixelRatio(1.0)
    return image.scaledToWidth(WIDTH, Qt.TransformationMode.SmoothTransformation)


def _rest(window: Any, person: Person, name: str) -> None:
    """Wait until nothing moves any more: however slow the machine is, two pictures in a row are alike."""
    before = QImage()
    for _ in range(100):
        person.wait(lambda: not person.busy(), name)
        person.settle(120)
        for toast in window.toasts:
            toast.dismiss()
        now = take(window, person, name, "", 1.0)
        if now == before:
            return
        before = now
    raise AssertionError(f"{name} does not come to rest")


def all_of(window: Any, person: Person, *, scales: tuple[float, ...] = SCALES) -> Iterator[tuple[str, QImage]]:
    """All pictures with their names."""
    for name, show in PANELS.items():
        for mode in MODES:
            window.set_mode(mode)
            window.inspector.show_tab("track")
            show(window)
            _rest(window, person, name)
            for scale in scales:
                yield f"{name}-{mode}-{scale:g}x", take(window, person, name, mode, scale)
            if window.sheet is not None:
                window.sheet.dismiss()
                person.settle(50)


def brightness(image: QImage) -> np.ndarray:
    """Mean brightness 0..1 in each cell of the grid."""
    small = image.convertToFormat(QImage.Format.Format_Grayscale8).scaled(
        QSize(*GRID), Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    rows = np.frombuffer(small.constBits(), np.uint8).reshape(small.height(), small.bytesPerLine())
    return rows[:, : small.width()].astype(np.float64) / 255.0


def difference(a: QImage, b: QImage) -> tuple[float, float]:
    """Mean and largest difference of brightness over the cells."""
    apart = np.abs(brightness(a) - brightness(b))
    return float(apart.mean()), float(apart.max())


def stored(name: str) -> QImage:
    """A stored picture; null where there is none."""
    return QImage(str(STORE / f"{name}.png"))


def _kept(image: QImage) -> QImage:
    """What is stored: brightness alone, for that is what is compared; 256 colours would shift it."""
    return image.convertToFormat(QImage.Format.Format_Grayscale8)


def main() -> int:
    """Take all pictures anew."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from engine.io.encode import encode
    from studio.session import Session
    from ui.app import prepare as prepare_app
    from ui.theme import Theme
    from ui.window import MainWindow

    app = QApplication(sys.argv[:1])
    theme = Theme("dark")
    prepare_app(app, theme)
    STORE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="contrafact-pictures-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        os.environ["CONTRAFACT_HOME"] = str(home)
        sound = Path(folder) / "mine.wav"
        t = np.arange(44_100 * 4) / 44_100
        tones = np.stack([np.sin(2 * np.pi * 220 * t), np.sin(2 * np.pi * 330 * t)]).astype(np.float32) * 0.3
        encode(tones, sound, rate=44_100, format="wav", bits=16)
        session = Session.open(home)
        window = MainWindow(session, theme)
        window.resize(1440, 900)
        window.show()
        window.start()
        person = Person(window)
        try:
            prepare(window, person, sound)
            for name, image in all_of(window, person):
                _kept(image).save(str(STORE / f"{name}.png"), "PNG", 0)
        finally:
            window.close()
            session.close()
    total = sum(path.stat().st_size for path in STORE.glob("*.png"))
    print(f"{len(list(STORE.glob('*.png')))} pictures, {total / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
