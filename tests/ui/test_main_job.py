"""The main job by hand: open the demo song, split, restyle, export, verify, in few clicks (UI.md, T1)."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from tests.ui.driver import Person

CLICKS = 7
KEYS = 3


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_open_split_restyle_export_verify(window, tmp_path: Path) -> None:
    person, ws = Person(window), window.ws
    person.wait(lambda: window.browser.model.rowCount() >= 3, "the catalogue")

    person.click(window.first_run.demo)
    person.wait(lambda: ws.project.tracks, "the demo song")
    person.wait(lambda: ws.playing, "play-back")
    assert window.arrangement.isVisible()
    person.key(window.arrangement.canvas, Qt.Key.Key_Space)
    person.wait(lambda: not ws.playing, "rest")

    track = window.inspector.track
    person.wait(track.split.isVisible, "the split button")
    person.click(track.split)
    person.wait(lambda: len(ws.project.tracks) >= 5, "stems")
    roles = [each.role for each in ws.project.tracks if each.parent is not None]
    assert roles[:4] == ["vocals", "drums", "bass", "other"]

    person.click(track.style_buttons["bossa"])
    person.wait(lambda: window.dock.variations.cards(), "a take", timeout_s=600)
    card = window.dock.variations.cards()[0]
    assert (card.number, card.shown) == (1, True)

    person.wait(window.inspector.review.isEnabled, "the review button")
    person.click(window.inspector.review)
    sheet = window.sheet
    sheet.form.set_folder(tmp_path)
    person.wait(sheet.export.isEnabled, "the review")
    person.click(sheet.export)
    person.wait(sheet.verify.isVisible, "the export")

    person.click(sheet.verify)
    person.wait(lambda: getattr(window.sheet, "verification", None) is not None, "verify")
    verified = window.sheet.verification
    assert verified.state == "Trusted"
    assert sum(share.ppm for share in verified.facts.master) == 1_000_000
    assert sum(share.ppm for share in verified.facts.publishing) == 1_000_000
    assert [path.suffix for path in tmp_path.glob("*.wav")] == [".wav"]

    person.no_errors()
    assert person.clicks <= CLICKS
    assert person.keys <= KEYS
