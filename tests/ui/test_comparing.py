"""Takes compared by ear: what is asked of the session, and when a comparison ends."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QObject, Signal

from studio.project import edits
from studio.project.model import Project
from tests.ui.songs import clip, song
from ui.viewmodels.comparing import Comparing
from ui.viewmodels.takes import take_cards


class Bridge(QObject):
    audition_changed = Signal()
    project_changed = Signal()


class Room(QObject):
    """A workspace and session, as far as comparing asks them."""

    tick = Signal(float, object, object)

    def __init__(self, project: Project):
        super().__init__()
        self.project, self.playing = project, True
        self.bridge = Bridge(self)
        self.asked: list[Any] = []
        self.session: Any = SimpleNamespace(
            comparison=None,
            history=SimpleNamespace(in_gesture=False),
            audition=lambda track, number: self.asked.append(("audition", track, number)),
            end_audition=lambda keep: self.asked.append(("end", keep)),
            jobs=SimpleNamespace(submit=lambda work, **_: work(None)),
        )

    def run(self, start: Any, done: Any = None, failed: Any = None, *, quiet: bool = False) -> None:
        result = start()
        if done is not None:
            done(result)

    def commit(self, label: str, edit: Any) -> bool:
        self.asked.append(label)
        self.project = edit(self.project)
        return True


@pytest.fixture
def room(qapp) -> Room:
    project = edits.add_take(song(), "drums", [clip("take-1", "drums")], style="bossa", name="Take 1")
    return Room(edits.add_take(project, "drums", [clip("take-2", "drums")], style="dub", name="Bossa at night"))


def test_while_it_plays_takes_are_auditioned_and_at_rest_chosen(room: Room) -> None:
    comparing = Comparing(room)
    comparing.hear("drums", 1)
    assert room.asked == [("audition", "drums", 1)]
    room.playing = False
    comparing.hear("drums", 1)
    assert edits.shown_take(room.project, "drums") == 1
    assert room.asked[-1] == "Take 1"


def test_a_stop_and_an_edit_keep_what_is_heard_but_not_within_a_drag(room: Room) -> None:
    comparing = Comparing(room)
    room.session.comparison = SimpleNamespace(track_id="drums", project=room.project, gains_db={1: -2.5}, heard=1)
    assert comparing.active
    assert (comparing.heard("drums"), comparing.matched_db) == (1, -2.5)
    assert comparing.heard("vocals") is None
    room.bridge.project_changed.emit()
    assert room.asked == []
    room.project = edits.set_strip(room.project, "drums", gain_db=-3.0)
    room.session.history.in_gesture = True
    room.bridge.project_changed.emit()
    assert room.asked == []
    room.session.history.in_gesture = False
    room.bridge.project_changed.emit()
    assert room.asked == [("end", True)]
    room.tick.emit(0.016, SimpleNamespace(playing=False), None)
    assert room.asked == [("end", True), ("end", True)]


def test_a_take_shows_the_name_that_a_person_gave(room: Room) -> None:
    styles = [SimpleNamespace(id="bossa", name="Bossa nova"), SimpleNamespace(id="dub", name="Dub")]
    cards = take_cards(room.project, "drums", styles, heard=2)
    assert [(card.number, card.title, card.shown) for card in cards] == [
        (1, "Bossa nova", False),
        (2, "Bossa at night", True),
    ]
