"""The clip editor: its logic as plain values, and the panel in the real window."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from engine.io import spectrogram
from studio.project import edits
from studio.project.model import WarpMarker
from studio.session import Session
from tests.ui.driver import drag, renew
from tests.ui.songs import clip, song, source
from ui.panels.editor.spectrum import ramp, spectrum_image
from ui.viewmodels import clip_editor as logic
from ui.viewmodels.harmony import chord_name, chords_of, transposed


def _heard(tempo: float = 100.0, first_s: float = 0.3, count: int = 20) -> SimpleNamespace:
    beats = tuple(first_s + index * 60.0 / tempo + (0.004 if index % 2 else 0.0) for index in range(count))
    chords = (
        SimpleNamespace(start_s=0.0, end_s=4.0, label="Am", root=9),
        SimpleNamespace(start_s=4.0, end_s=8.0, label="Am", root=9),
        SimpleNamespace(start_s=8.0, end_s=12.0, label="F#m7b5", root=6),
        SimpleNamespace(start_s=12.0, end_s=32.0, label="N", root=-1),
    )
    return SimpleNamespace(
        tempo_bpm=tempo,
        beats_s=beats,
        downbeats_s=beats[::4],
        first_beat_s=first_s,
        key="A minor",
        key_runner_up="C major",
        chords=chords,
    )


def test_beats_are_those_that_were_heard_until_a_person_says_otherwise() -> None:
    sound, heard = source("own", "own"), _heard()
    assert logic.beats_of(sound, heard) == heard.beats_s
    doubled = replace(sound, tempo_bpm=200.0, first_beat_s=0.3)
    assert len(logic.beats_of(doubled, heard)) == 2 * len(heard.beats_s) - 1
    halved = replace(sound, tempo_bpm=50.0, first_beat_s=0.3)
    assert logic.beats_of(halved, heard) == heard.beats_s[::2]
    shifted = replace(sound, tempo_bpm=100.0, first_beat_s=0.45)
    assert logic.beats_of(shifted, heard)[:2] == (pytest.approx(0.45), pytest.approx(1.05))
    assert logic.beats_of(replace(sound, tempo_bpm=None), None) == ()


def test_a_stem_has_the_beats_of_its_recording() -> None:
    project = song()
    assert logic.beat_source(project, project.sources["drums"]).id == "mix"


def test_the_first_marker_pins_both_ends_and_markers_stay_between_their_neighbours() -> None:
    piece = clip("c", "own", length_s=10.0, tempo_ratio=2.0)
    markers = logic.with_marker(piece, 4.0)
    assert [(m.clip_s, m.source_s) for m in markers] == [(0.0, 0.0), (4.0, 8.0), (10.0, 20.0)]
    warped = replace(piece, warp=markers)
    assert [m.clip_s for m in logic.moved_marker(warped, 1, 99.0)] == [0.0, 9.99, 10.0]
    assert logic.source_time(warped, 4.0) == pytest.approx(8.0)
    assert logic.clip_time(replace(warped, reverse=True), 8.0) == pytest.approx(6.0)


def test_the_last_marker_taken_away_makes_the_clip_play_evenly() -> None:
    project = edits.set_warp(song(), "c-own", [(0.0, 0.0), (3.0, 4.0), (8.0, 8.0)])
    piece = project.track("mine").clips[0]
    assert logic.without_marker(project, piece, 1).track("mine").clips[0].warp == ()


def test_taps_give_tempo_and_first_beat_and_a_pause_begins_anew() -> None:
    taps = logic.Taps()
    made = [taps.tap(10.2 + index * 0.5 + error) for index, error in enumerate((0.01, -0.01, 0.0, 0.01, -0.01))]
    assert made[:3] == [None, None, None]
    assert made[-1] is not None
    assert made[-1][0] == pytest.approx(120.0, rel=0.01)
    assert made[-1][1] == pytest.approx(0.2, abs=0.06)
    assert taps.tap(60.0) is None
    assert taps.count == 1


def test_chords_follow_the_clips_and_their_pitch() -> None:
    project, heard = song(), _heard()
    spans = chords_of(project, lambda _: heard)
    assert [(s.start_s, s.end_s, s.label) for s in spans] == [(0.0, 8.0, "Am"), (8.0, 12.0, "F♯m7♭5")]
    higher = edits.set_clip(edits.move_clip(project, "c-mix", 2.0), "c-mix", semitones=2.0)
    assert [(s.start_s, s.label) for s in chords_of(higher, lambda _: heard)] == [(2.0, "Bm"), (10.0, "A♭m7♭5")]
    assert chords_of(project, lambda _: None) == ()
    assert transposed("Bbm", 10, -1) == "Am"
    assert chord_name("N") == ""


def test_a_spectrum_is_drawn_where_it_sounds(theme) -> None:
    samples = np.zeros((1, 48_000), dtype=np.float32)
    samples[0, 24_000:] = np.sin(2 * np.pi * 1_000 * np.arange(24_000) / 48_000)
    made = spectrogram.build(samples)
    piece = clip("c", "own", length_s=1.0)
    image = spectrum_image(made, piece, start_s=0.0, end_s=1.0, width=100, colors=ramp(theme))
    assert (image.width(), image.height()) == (100, spectrogram.BANDS)
    edges = spectrogram.band_edges_hz()
    row = spectrogram.BANDS - 1 - int(np.searchsorted(edges, 1_000) - 1)
    assert image.pixelColor(80, row).lightness() > image.pixelColor(20, row).lightness() + 60
    turned = spectrum_image(made, replace(piece, reverse=True), start_s=0.0, end_s=1.0, width=100, colors=ramp(theme))
    assert turned.pixelColor(20, row).lightness() > turned.pixelColor(80, row).lightness() + 60


# in the window


@pytest.fixture
def session(opened: Session) -> Session:
    """The shared session with an empty project."""
    return renew(opened)


def test_the_panel_corrects_the_sound_and_warps_the_clip(person, window) -> None:
    ws, editor = window.ws, window.dock.editor
    track = ws.project.tracks[0]
    first = track.clips[0]
    ws.select(track=track.id, clips=[first.id])
    assert window.actions_set.trigger("clip.edit")
    assert window.dock.tab == "clip"
    person.settle(100)
    editor.tempo.submitted.emit("90")
    editor.first.submitted.emit("0.25")
    editor.key.submitted.emit("f#m")

    def sound():
        return ws.project.sources[first.source]

    assert (sound().tempo_bpm, sound().first_beat_s, sound().key) == (90.0, 0.25, "F# minor")

    def press(button) -> None:
        # What the fields show follows the edit at the next turn of the event loop.
        person.settle(30)
        person.wait(button.isEnabled, button.accessibleName())
        person.click(button)

    press(editor.double)
    assert sound().tempo_bpm == 180.0
    press(editor.half)
    press(editor.later)
    assert sound().first_beat_s == pytest.approx(0.26)
    editor.pitch.submitted.emit("-2")
    editor.gain.submitted.emit("3")
    press(editor.reverse)

    def now():
        return ws.project.tracks[0].clips[0]

    assert (now().semitones, now().gain_db, now().reverse) == (-2.0, 3.0, True)
    press(editor.reverse)
    press(editor.adopt)
    assert (ws.project.tempo[0].bpm, ws.project.key) == (90.0, "F# minor")

    view = editor.view
    ws.set_snap("off")
    x = round(view.viewport.x_of(2.0))
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(x, 6))
    assert len(now().warp) == 3
    drag(view, QPoint(x, 6), QPoint(x + round(0.5 * view.viewport.px_per_s), 6))
    assert now().warp[1] == WarpMarker(source_s=pytest.approx(2.0, abs=0.05), clip_s=pytest.approx(2.5, abs=0.08))
    assert window.session.history.entries[-1].label == "Warp"
    x = round(view.viewport.x_of(now().warp[1].clip_s))
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(x, 6))
    assert now().warp == ()
    editor.tempo.submitted.emit("fast")
    assert window.toasts[-1].text == "That is not a tempo."

    window.dock.picture.changed.emit("spectrum")
    person.wait(lambda: window.session.spectrogram(sound()) is not None, "the spectrum")
    assert not view.grab().isNull()
    ws.select(track=track.id)
    assert not editor.side.isEnabled()
    assert not view.grab().isNull()
