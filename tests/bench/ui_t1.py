"""T1, the time to the first licensed remix: restyle the drums, keep the vocals, cut the intro, export, verify."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt

from studio.flows import acquire
from studio.flows.media import Silent
from tests.ui.driver import Person

INTRO_S = 4.0


def run(window: Any, folder: Path) -> dict[str, float]:
    """Do it with counted clicks and keys, signed in and with the song licensed and downloaded before. The time is that
    of the person: until each click is possible, waiting for the stems and the restyle left out, which play meanwhile.

    Raises:
        AssertionError: when a step does not work, or the file does not verify.
    """
    person, ws, session = Person(window), window.ws, window.session
    attention_s = 0.0
    phases: dict[str, float] = {}
    begin = time.monotonic()
    acquire.fetch(session.services, acquire.search(session.services)[0].id, Silent())
    phases["fetch_s"] = time.monotonic() - begin
    begin = time.monotonic()
    person.click(window.first_run.demo)
    person.wait(lambda: ws.project.tracks and ws.playing, "the song playing", timeout_s=120)
    track = window.inspector.track
    person.wait(track.split.isVisible, "the split button")
    phases["open_s"] = time.monotonic() - begin
    attention_s += phases["open_s"]
    split_at = time.monotonic()
    person.click(track.split)
    person.wait(lambda: len(ws.shown.tracks) >= 2, "the first stem", timeout_s=180)
    first_stem_s = time.monotonic() - split_at
    person.wait(lambda: len(ws.project.tracks) >= 5 and not person.busy(), "the stems", timeout_s=240)
    phases["stems_s"] = time.monotonic() - split_at
    restyle_at = time.monotonic()
    person.click(track.style_buttons["bossa"])
    person.wait(lambda: window.dock.variations.cards() and not person.busy(), "a take", timeout_s=600)
    phases["restyle_s"] = time.monotonic() - restyle_at
    begin = time.monotonic()
    ruler, view = window.arrangement.ruler, ws.viewport
    person.click(ruler, QPoint(round(view.x_of(INTRO_S)), ruler.height() - 12))
    person.wait(lambda: abs(ws.position_s - INTRO_S) < 1.0, "the seek")
    person.key(window.arrangement.canvas, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    canvas = window.arrangement.canvas
    lane = canvas.lanes()[0]
    rect = canvas.clip_rect(lane, lane.track.clips[0])
    person.click(canvas, rect.center().toPoint())
    person.key(canvas, Qt.Key.Key_Delete)
    phases["cut_s"] = time.monotonic() - begin
    review_at = time.monotonic()
    person.click(window.inspector.review)
    sheet = window.sheet
    sheet.form.set_folder(folder)
    person.wait(sheet.export.isEnabled, "the review", timeout_s=240)
    phases["review_s"] = time.monotonic() - review_at
    attention_s += time.monotonic() - begin
    export_at = time.monotonic()
    person.click(sheet.export)
    person.wait(sheet.verify.isVisible, "the export", timeout_s=300)
    export_s = time.monotonic() - export_at
    made = next(folder.glob("*.wav"))
    job = session.verify(made)
    job.wait(120.0)
    assert job.result.state == "Trusted", job.result
    sheet.dismiss()
    return {
        "pointer_actions": person.clicks,
        "keys": person.keys,
        "seconds": round(attention_s + export_s, 2),
        "first_stem_s": round(first_stem_s, 2),
        "export_s": round(export_s, 2),
        **{name: round(value, 2) for name, value in phases.items()},
    }
