"""A voice beside a song: buttons, menu and keys ask for it, and what came of it is said in plain words."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from studio.base.errors import RightsError
from studio.flows.vocals import HARMONIES
from studio.project import edits
from studio.session import Session
from tests.ui.driver import renew
from tests.ui.songs import song
from ui.actions import ACTIONS
from ui.viewmodels.voices import aligned, doubled, song_for

DONE = SimpleNamespace(
    moved_s=-0.042, phrases=3, off_grid_before_ms=38.2, off_grid_after_ms=2.1, semitones=-1.0, in_key=0.94,
    key="C major", tempo_bpm=120.0, notices=("No steady beat.",),
)  # fmt: skip


def test_every_harmony_has_an_action() -> None:
    ids = {row.id for row in ACTIONS}
    assert {f"voice.{name.replace('-', '_')}" for name in HARMONIES} <= ids


def test_what_was_done_is_said_in_plain_words() -> None:
    text, more = aligned(DONE)
    assert text == (
        "The voice was moved 42 ms earlier. Its notes were 38 ms beside the beats and are 2 ms; 3 phrases moved, by "
        "warp markers. It was transposed by −1 st into C major."
    )
    assert more == "94% of what is sung lies in C major. No steady beat."
    still = SimpleNamespace(**{**vars(DONE), "moved_s": 0.0, "off_grid_before_ms": 1.0, "off_grid_after_ms": 1.0,
                               "semitones": 0.0, "key": "", "notices": ()})  # fmt: skip
    assert aligned(still) == ("The voice lay well with the song already; nothing was changed.", "")
    made = SimpleNamespace(name="Voice, a third above", pieces=7, lowest=3.0, highest=4.0)
    assert doubled(made)[0].startswith("“Voice, a third above” sings +3 st to +4 st beside the voice, in 7 pieces")


def test_a_voice_belongs_to_its_own_song_or_to_the_lead() -> None:
    project = song()
    by_id = {track.id: track for track in project.tracks}
    found = [song_for(project, by_id[name]) for name in ("vocals", "mine", "song")]
    assert [each.id if each is not None else None for each in found] == ["song", "song", "mine"]


@pytest.fixture
def session(opened: Session) -> Session:
    return renew(opened)


def test_buttons_menu_and_keys_ask_for_it_and_a_refusal_says_why(person, window, session, monkeypatch) -> None:
    ws, tab = window.ws, window.inspector.clip
    voice = ws.project.tracks[0]
    ws.select(track=voice.id, clips=[voice.clips[0].id])
    person.settle(30)
    assert not tab.align.isVisibleTo(tab)  # there is no song yet
    session.commit("Song", edits.duplicate_track(ws.project, voice.id))
    song_id = ws.project.tracks[1].id
    asked: list[tuple[str, ...]] = []

    def align(clip_id: str, track_id: str):
        asked.append(("align", clip_id, track_id))
        return session._job("Aligning", lambda _: DONE)

    def harmonise(clip_id: str, track_id: str, *, harmony: str):
        asked.append((harmony, clip_id, track_id))

        def refuse(_):
            raise RightsError("The licence allows 5 semitones.", remedy="Choose a nearer harmony.")

        return session._job("Doubling", refuse)

    monkeypatch.setattr(session, "align_vocals", align)
    monkeypatch.setattr(session, "harmonise", harmonise)
    window.inspector.show_tab("clip")
    person.wait(lambda: tab.align.isVisible(), "the buttons of a voice")
    person.click(tab.align)
    person.wait(lambda: any("42 ms earlier" in toast.text for toast in window.toasts), "the words")
    tab.harmony.setCurrentIndex(2)
    person.click(tab.double)
    person.wait(lambda: any(toast.text == "The licence allows 5 semitones." for toast in window.toasts), "the reason")
    assert [t.remedy for t in window.toasts if t.level == "error"] == ["Choose a nearer harmony."]
    window.actions_set.refresh()
    QTest.keyClick(window.arrangement.canvas, Qt.Key.Key_6, Qt.KeyboardModifier.AltModifier)
    clip = voice.clips[0].id
    assert asked == [("align", clip, song_id), ("fifth-above", clip, song_id), ("octave-below", clip, song_id)]
    monkeypatch.setattr(QMenu, "popup", lambda *_: None)
    window.menus.lanes(QPointF(10, 10), SimpleNamespace(clip=clip, row=None))
    menus = [m for m in window.findChildren(QMenu) if m.title() == "Voice"]
    assert {a.objectName() for a in menus[0].actions() if a.objectName()} >= {"voice.align", "voice.octave_below"}
    for each in window.findChildren(QMenu):
        each.deleteLater()
    person.settle(30)
