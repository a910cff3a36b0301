"""Frame times of the arrangement: scrolling, zooming and playing with 200 clips in an hour."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from engine.io.encode import encode
from studio.project.model import Clip, Project, Track
from tests.ui.driver import Person

TRACKS, CLIPS, MINUTES = 20, 200, 60
SOUND_S = 60
FRAMES = 240
PAUSE_S = 0.004


def big_project(project: Project, source_id: str) -> Project:
    """200 clips of one sound on 20 tracks in an hour."""
    each = CLIPS // TRACKS
    step_s = MINUTES * 60.0 / each
    tracks = tuple(
        Track(
            id=f"bench-{t}",
            name=f"Track {t + 1}",
            clips=tuple(
                Clip(
                    id=f"bench-{t}-{c}",
                    source=source_id,
                    start_s=c * step_s + (t * 7) % 23,
                    length_s=SOUND_S - (t * 3 + c) % 11,
                    fade_in_s=0.5,
                    fade_out_s=1.0,
                )
                for c in range(each)
            ),
        )
        for t in range(TRACKS)
    )
    return replace(project, tracks=tracks)


def figures(times_s: list[float]) -> dict[str, float]:
    """Median and 99th percentile in ms."""
    values = np.asarray(times_s) * 1000.0
    return {"median_ms": round(float(np.median(values)), 2), "p99_ms": round(float(np.percentile(values, 99)), 2)}


def run(window: Any, folder: Path) -> dict[str, Any]:
    """``scroll``, ``zoom`` and ``playback``."""
    person, ws, session = Person(window), window.ws, window.session
    rng = np.random.default_rng(1)
    t = np.arange(48_000 * SOUND_S) / 48_000
    sound = (np.sin(2 * np.pi * 110 * t) * np.exp(-((t * 2) % 1) * 5) * 0.5).astype(np.float32)
    sound = np.stack([sound, sound]) + rng.standard_normal((2, len(t))).astype(np.float32) * 0.02
    path = folder / "bench.wav"
    encode(sound, path, rate=48_000, format="wav", bits=16)
    session.new_project()
    window.intake.files([str(path)])
    person.wait(lambda: ws.project.tracks and not person.busy(), "the import", timeout_s=400)
    source = next(iter(ws.project.sources.values()))
    person.wait(lambda: session.peaks(source) is not None, "the waveform", timeout_s=300)
    session.commit("Many clips", big_project(ws.project, source.id))
    person.settle(500)
    panel = window.arrangement
    panel.zoom_to(0.0, 600.0)
    person.settle(300)
    shift = Qt.KeyboardModifier.ShiftModifier
    found = {"scroll": figures(_frames(lambda n: _wheel(panel, -1 if n < FRAMES // 2 else 1, shift)))}
    found["zoom"] = figures(_frames(lambda n: _wheel(panel, 1 if (n // 12) % 2 == 0 else -1)))
    panel.zoom_to(0.0, 60.0)
    ws.seek(0.0)
    session.play(0.0)
    person.wait(lambda: ws.playing, "play-back", timeout_s=60)
    found["playback"] = figures(_frames(lambda _: ws.show_now()))
    session.stop()
    session.new_project()
    return found


def _wheel(panel: Any, notches: int, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    at = QPointF(panel.width() * 0.6, panel.height() * 0.5)
    event = QWheelEvent(
        at,
        panel.mapToGlobal(at),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(panel, event)


def _frames(step: Callable[[int], None]) -> list[float]:
    """Times from an event to its pixels; what else the program does between is not counted."""
    times: list[float] = []
    for number in range(FRAMES):
        begin = time.perf_counter()
        step(number)
        # Paints what was marked: first the request for an update, then the widgets.
        QApplication.sendPostedEvents(None, QEvent.Type.UpdateRequest)
        times.append(time.perf_counter() - begin)
        time.sleep(PAUSE_S)
        QApplication.processEvents()
    return times
