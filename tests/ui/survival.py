"""Plays the demo song and works the window as roughly as a person can: ``python -m tests.ui.survival``.

Prints the gaps that were counted; the exit code is 0 only without gaps of our own and with play-back still running, and
77 where there is no JACK.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any


def work(window: Any, person: Any, seconds: float) -> None:
    """Drag a clip to and fro, open menus, resize, turn faders and change tabs, all the time."""
    from PySide6.QtCore import QPoint, QPointF
    from PySide6.QtWidgets import QApplication

    from tests.ui.driver import drag

    canvas, ws = window.arrangement.canvas, window.ws
    end, turn = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        lane = canvas.lanes()[0]
        clip = lane.track.clips[0]
        start = canvas.clip_rect(lane, clip).center().toPoint()
        start.setX(min(start.x(), canvas.width() - 20))
        drag(canvas, start, start + QPoint(24 if turn % 2 == 0 else -24, 0))
        window.resize(1440 - (turn % 5) * 60, 900 - (turn % 3) * 40)
        window.menus.main(QPointF(100, 100))
        person.settle(30)
        popup = QApplication.activePopupWidget()
        if popup is not None:
            popup.close()
        window.dock.show_tab(("mixer", "variations", "clip", "automation", "history")[turn % 5])
        ws.commit("Volume", lambda p, t=turn: _gain(p, -(t % 12) / 2))
        person.settle(30)
        turn += 1


def _gain(project: Any, gain_db: float) -> Any:
    from studio.project import edits

    return edits.set_strip(project, project.tracks[0].id, gain_db=gain_db)


def run(seconds: float) -> int:
    """Do it; returns the exit code."""
    from PySide6.QtWidgets import QApplication

    from studio.session import Session
    from tests.ui.driver import Person
    from ui.app import open_window, prepare, settle_memory
    from ui.theme import Theme

    app = QApplication(sys.argv[:1])
    theme = Theme("dark")
    prepare(app, theme)
    session = Session.open()
    window = open_window(app, session, theme)
    settle_memory()
    person = Person(window)
    try:
        person.wait(lambda: session.account is not None, "the demo account", timeout_s=180)
        window.intake.open_demo()
        person.wait(lambda: window.ws.project.tracks and window.ws.playing, "the song playing", timeout_s=180)
        person.settle(1500)
        before = session.player.status()
        track = window.inspector.track
        track.ask_split(prefer="model")
        work(window, person, seconds)
        after = session.player.status()
        for job in session.jobs.active:
            job.cancel()
        own = after.xruns_own - before.xruns_own
        system = after.xruns_system - before.xruns_system
        driver = after.xruns_driver - before.xruns_driver
        print(
            f"{seconds:g} s on {after.device_name}: {own} gaps of our own, {system} while others had the processor, "
            f"{driver} of the driver"
        )
        return 0 if own == 0 and after.playing else 1
    finally:
        window.close()
        session.close()


def main() -> int:
    """The command line."""
    from tests.bench import jack

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    arguments = parser.parse_args()
    try:
        with jack.server(frames=256):
            return run(arguments.seconds)
    except jack.NoJack as problem:
        print(problem)
        return 77


if __name__ == "__main__":
    sys.exit(main())
