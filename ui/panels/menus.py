"""Menus, made from the action table."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QMenu

from ui.actions import ActionSet
from ui.panels.arrangement.automation_header import fill_targets
from ui.panels.arrangement.hits import Hit
from ui.viewmodels.commands import COLOURS
from ui.viewmodels.lanes import role_token
from ui.viewmodels.words import COLOUR_TITLES, FADE_CURVES
from ui.widgets.paint import dot

CLIP = (
    "clip.edit - edit.cut edit.copy edit.paste clip.duplicate clip.delete clip.ripple_delete - clip.split clip.join "
    "clip.crossfade - clip.mute clip.reverse clip.follow_tempo clip.no_fades - play.loop_selection view.zoom_selection "
    "track.group"
)
NOTES = (
    "notes.copy notes.cut notes.paste notes.duplicate notes.delete - notes.quantise notes.humanise - notes.higher "
    "notes.lower notes.octave_up notes.octave_down - notes.longer notes.shorter notes.harder notes.softer - notes.all "
    "notes.draw notes.add - notes.import notes.export"
)
EMPTY = "edit.paste file.import search.focus - marker.add tempo.change - view.zoom_fit view.zoom_back"
VOICE = (
    "voice.align - voice.third_above voice.third_below voice.fifth_above voice.sixth_above voice.sixth_below "
    "voice.octave_below"
)
POINT = "clip.delete - edit.select_none"
TRACK = (
    "track.split track.automation track.fold - track.mute track.solo - track.group track.ungroup - track.rename "
    "track.duplicate track.up track.down track.delete"
)
ADD = "file.import search.focus track.bus - file.verify"
MAIN = (
    "file.new file.open file.demo - file.save file.save_as - file.import file.verify file.export file.sync "
    "search.focus -"
)
"""The main menu: these, then a menu for each other group of the table."""
GROUPS = ("Edit", "Clips", "Notes", "Tracks", "Takes", "Transport", "View", "Program")


class Menus:
    """Pops menus up over a window; ids stand in their order, a dash is a line."""

    def __init__(self, window: Any, actions: ActionSet):
        self._window, self._actions = window, actions

    def _menu(self, title: str = "") -> QMenu:
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if title:
            head = menu.addAction(title)
            head.setEnabled(False)
            menu.addSeparator()
        return menu

    def _fill(self, menu: QMenu, ids: str) -> None:
        for each in ids.split():
            if each == "-":
                menu.addSeparator()
            else:
                menu.addAction(self._actions[each])

    def popup(self, at: QPointF, ids: str) -> QMenu:
        """Show actions at a place of the screen."""
        menu = self._menu()
        self._fill(menu, ids)
        menu.popup(at.toPoint())
        return menu

    def lanes(self, at: QPointF, hit: Hit | None) -> None:
        """Of the lanes: on a clip, on an automation lane, or beside."""
        if hit is not None and hit.clip is not None:
            menu = self._menu()
            self._fill(menu, CLIP)
            menu.addSeparator()
            self._values(menu)
            if self._window.voices.can_double:
                voice = menu.addMenu("Voice")
                self._fill(voice, VOICE)
            menu.popup(at.toPoint())
        elif hit is not None and hit.row is not None and self._window.ws.chosen_points is not None:
            self.popup(at, POINT)
        else:
            self.popup(at, EMPTY)

    def _values(self, menu: QMenu) -> None:
        commands = self._window.commands
        pitch = menu.addMenu("Pitch and level")
        self._fill(pitch, "clip.higher clip.lower - clip.louder clip.softer")
        fades = menu.addMenu("Fade curves")
        for side, title in (("in", "Fade in"), ("out", "Fade out")):
            for curve, name in FADE_CURVES:
                fades.addAction(f"{title}: {name}", lambda side=side, curve=curve: commands.fade_curve(side, curve))
            fades.addSeparator()

    def track(self, at: QPointF) -> None:
        """Of a track's head."""
        menu = self._menu()
        self._fill(menu, TRACK)
        ws = self._window.ws
        track_id = ws.selected_track
        if track_id is not None:
            menu.addSeparator()
            self._colours(menu.addMenu("Colour"))
            targets = menu.addMenu("Automate")
            fill_targets(
                targets,
                ws,
                track_id,
                lambda target: ws.show_automation(track_id, [*ws.automation.get(track_id, ()), target]),
            )
        menu.popup(at.toPoint())

    def _colours(self, menu: QMenu) -> None:
        track = self._window.ws.track()
        for colour in COLOURS:
            title = "Its own" if colour is None else COLOUR_TITLES[colour]
            action = menu.addAction(title, lambda colour=colour: self._window.commands.set_colour(colour))
            action.setCheckable(True)
            action.setChecked(track is not None and track.colour == colour)
            if colour is not None:
                action.setIcon(dot(self._window.theme.color(role_token(colour))))

    def add(self, at: QPointF) -> None:
        """Of the plus over the heads."""
        self.popup(at, ADD)

    def main_menu(self) -> QMenu:
        """Everything that the program can do: files first, then a menu for each group."""
        menu = self._menu()
        self._fill(menu, MAIN)
        rows = self._actions.table
        for group in GROUPS:
            below = menu.addMenu(group)
            for row in rows:
                if row.group == group and row.id != "app.quit":
                    below.addAction(self._actions[row.id])
        menu.addSeparator()
        self._fill(menu, "app.quit")
        return menu

    def main(self, at: QPointF) -> None:
        """Of the whole program."""
        self.main_menu().popup(at.toPoint())

    def account(self) -> None:
        """Who is signed in, above the chip that says so."""
        window = self._window
        session, ws, chip = window.session, window.ws, window.status.account
        account = session.account
        menu = self._menu(f"{account.name}, {account.email}" if account is not None else "Not signed in")
        menu.addAction("Sign in in the browser …", window.sign_in)
        menu.addAction("Use the demo account", lambda: ws.run(session.sign_in_demo))
        leave = menu.addAction("Sign out", lambda: ws.run(session.sign_out))
        leave.setEnabled(account is not None)
        menu.popup(chip.mapToGlobal(chip.rect().topLeft()) - QPoint(0, menu.sizeHint().height()))

    def signed_file(self, paths: list[str], at_s: float, track_id: str | None) -> None:
        """A file with a credential was dropped on the arrangement: which of the two was meant?"""
        window = self._window
        menu = self._menu("This file says what it is made of")
        menu.addAction("Verify it", lambda: window.verify_file(paths[0]))
        menu.addAction("Add it as a track of mine", lambda: window.intake.files(paths, at_s, track_id))
        menu.popup(QCursor.pos())
