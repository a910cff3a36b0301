"""Starts the window: fonts, theme, session."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFont, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QMessageBox

from engine.errors import EngineError
from studio.base.errors import StudioError
from studio.base.paths import AppPaths
from studio.session import Session
from studio.settings import Settings
from ui.theme import Theme, load_fonts
from ui.theme.style import style_sheet
from ui.widgets.logo import paint_logo
from ui.widgets.roles import install
from ui.window import MainWindow


def system_mode() -> str:
    """``light`` or ``dark`` as the desktop says; dark where it does not."""
    scheme = QGuiApplication.styleHints().colorScheme()
    return "light" if scheme == Qt.ColorScheme.Light else "dark"


GC_THRESHOLDS = (20_000, 20, 50)
"""Collect rarely and little: a pause in the middle of a drag is seen."""
WARM_AFTER_MS = 3_000
"""The worker's first task in a new project is the analysis; the stem model comes after it."""


def prepare(app: QApplication, theme: Theme) -> None:
    """Fonts, style sheet and icon of the application, and the roles of its widgets."""
    install()
    load_fonts()
    app.setStyle("Fusion")
    app.setFont(QFont(theme.font("body")))
    app.setStyleSheet(style_sheet(theme))
    app.setWindowIcon(app_icon(theme))


def open_window(app: QApplication, session: Session, theme: Theme) -> MainWindow:
    """The window, drawn for the first time and at work."""
    # A style sheet that is there already is applied anew at every step of building; one that comes last, once.
    app.setStyleSheet("")
    window = MainWindow(session, theme)
    app.setStyleSheet(style_sheet(theme))
    window.resize(1440, 900)
    window.show()
    # What follows takes the processor from the first picture.
    app.processEvents()
    window.start()
    return window


def warm_when_needed(window: MainWindow) -> None:
    """Make the stem model ready a while after the first track is there, so that the first split is heard at once."""
    bridge, session = window.ws.bridge, window.session

    def look() -> None:
        if any(track.kind == "audio" and track.parent is None for track in session.project.tracks):
            bridge.project_changed.disconnect(look)
            QTimer.singleShot(WARM_AFTER_MS, window, session.warm_stems)

    bridge.project_changed.connect(look)
    look()


def settle_memory() -> None:
    """Leave what the program is made of out of all later collections of garbage."""
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()


def app_icon(theme: Theme) -> QIcon:
    """The program's icon, drawn from its sign."""
    pixmap = QPixmap(128, 128)
    pixmap.fill(theme.color("bg.panel"))
    painter = QPainter(pixmap)
    paint_logo(painter, theme, pixmap.rect().toRectF().adjusted(24, 20, -20, -20))
    painter.end()
    return QIcon(pixmap)


def has_display(environment: Mapping[str, str], platform: str) -> bool:
    """Whether there is a screen to open a window on; Qt would end the process where there is none."""
    if not platform.startswith("linux") or environment.get("QT_QPA_PLATFORM"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def apply_scale(environment: MutableMapping[str, str], home: Path | None = None) -> None:
    """Hand the size that the person chose to Qt, which reads it once, before there is an application."""
    try:
        paths = AppPaths.open(home)
    except StudioError:
        # The session says what is wrong with the folders.
        return
    try:
        scale = float(Settings(paths.config / "settings.json").get("appearance.scale"))
    finally:
        paths.close()
    if abs(scale - 1.0) > 1e-3 and "QT_SCALE_FACTOR" not in environment:
        environment["QT_SCALE_FACTOR"] = f"{scale:g}"


def run(project: Path | None = None, *, started: Callable[[MainWindow], None] | None = None) -> int:
    """Open the window and stay until it is closed; returns the exit code. `started` is told once it is drawn."""
    if not has_display(os.environ, sys.platform):
        print("There is no screen to open the window on.", file=sys.stderr)
        print("Start it from a desktop, or use a command: contrafact --help", file=sys.stderr)
        return 1
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    apply_scale(os.environ)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Contrafact")
    app.setOrganizationName("Contrafact")
    theme = Theme("dark")
    try:
        session = Session.open()
    except (StudioError, EngineError) as problem:
        print(f"{problem.message}\n{problem.remedy}", file=sys.stderr)
        prepare(app, theme)
        QMessageBox.critical(None, "Contrafact", f"{problem.message}\n\n{problem.remedy}")
        return 1
    chosen = str(session.settings.get("appearance.theme"))
    theme.reduced_motion = bool(session.settings.get("appearance.reduced_motion"))
    theme.set_mode("light" if (system_mode() if chosen == "system" else chosen) == "light" else "dark")
    prepare(app, theme)
    window = open_window(app, session, theme)
    settle_memory()
    warm_when_needed(window)
    if project is not None:
        window.open_project(project)
    if started is not None:
        started(window)
    # Python sees a Ctrl+C only while it runs code of its own.
    signal.signal(signal.SIGINT, lambda *_: app.quit())
    wake = QTimer()
    wake.start(500)
    wake.timeout.connect(lambda: None)
    try:
        return app.exec()
    finally:
        wake.stop()
        window.shut_down()
        session.close()
