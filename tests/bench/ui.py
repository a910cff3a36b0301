"""The window in figures: ``python -m tests.bench.ui`` or ``contrafact bench ui``.

Cold start is from the start of the process to a window that is drawn, has answered a click and shows the catalogue,
warm (a second start). Frames are those of the real arrangement with 200 clips in 60 minutes, each from the event to the
pixels. T1 and the monkey send real Qt events to the real window with a real session. Without a screen it all runs on
Qt's offscreen platform, which paints in software as Xvfb does.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

READY = "window-ready"
PARTS = ("cold_start", "frames", "t1", "monkey")


def cold_start_s(home: Path, *, starts: int = 2) -> float:
    """Seconds from starting the process to a usable window; the last of `starts` counts."""
    environment = {**os.environ, "CONTRAFACT_HOME": str(home)}
    taken = 0.0
    for _ in range(starts):
        begin = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "tests.bench.ui", "--child"], stdout=subprocess.PIPE, text=True, env=environment
        ) as child:
            assert child.stdout is not None
            for line in child.stdout:
                if line.strip() == READY:
                    taken = time.perf_counter() - begin
                    break
            child.stdout.read()
        if child.returncode != 0:
            raise RuntimeError(f"the window did not start: exit code {child.returncode}")
    return taken


def child() -> int:
    """The process whose start is measured: what ``contrafact`` does, until the window answers a click and shows the
    catalogue."""
    from ui.__main__ import run_window

    return run_window(started=_ready_when_usable)


def _ready_when_usable(window: Any) -> None:
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    tabs = window.browser.tabs

    def look() -> None:
        if window.browser.pages.currentIndex() == 1 and window.browser.model.rowCount() > 0:
            print(READY, flush=True)
            leave()
        else:
            QTimer.singleShot(2, look)

    def leave() -> None:
        # What the next start remembers is there once somebody is signed in and has seen the catalogue.
        session = window.session
        if session.account is None or session.jobs.active or not session.known_catalogue():
            QTimer.singleShot(50, leave)
            return
        window.close()
        QApplication.quit()

    def press() -> None:
        QTest.mouseClick(tabs, Qt.MouseButton.LeftButton, pos=tabs.tabRect(1).center())
        look()

    QTimer.singleShot(0, press)


def measure(parts: set[str], *, events: int, seed: int) -> dict[str, Any]:
    """All figures that are asked for."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="contrafact-bench-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        os.environ["CONTRAFACT_HOME"] = str(home)
        if "cold_start" in parts:
            found["cold_start_s"] = round(cold_start_s(home), 3)
        if parts - {"cold_start"}:
            found.update(_in_window(home, parts, events=events, seed=seed))
    return found


def _in_window(home: Path, parts: set[str], *, events: int, seed: int) -> dict[str, Any]:
    from PySide6.QtWidgets import QApplication

    from studio.session import Session
    from tests.bench import ui_frames, ui_monkey, ui_t1
    from tests.ui.driver import Person
    from ui.app import open_window, prepare, settle_memory
    from ui.theme import Theme

    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    theme = Theme("dark")
    prepare(app, theme)
    session = Session.open(home)
    found: dict[str, Any] = {}
    window = open_window(app, session, theme)
    settle_memory()
    person = Person(window)
    try:
        person.wait(lambda: session.account is not None, "the demo account", timeout_s=120)
        if "t1" in parts:
            found["t1"] = ui_t1.run(window, home)
        if "frames" in parts:
            found.update(ui_frames.run(window, home))
        if "monkey" in parts:
            found["monkey"] = ui_monkey.run(window, home, events=events, seed=seed)
    finally:
        window.close()
        session.close()
    return found


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="JSON alone on standard output")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--events", type=int, default=5000, help="of the monkey")
    parser.add_argument("--seed", type=int, default=1, help="of the monkey")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if arguments.child:
        return child()
    figures = measure(set(arguments.parts), events=arguments.events, seed=arguments.seed)
    if arguments.json:
        print(json.dumps(figures, indent=2))
    else:
        for key, value in figures.items():
            print(f"{key}: {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
