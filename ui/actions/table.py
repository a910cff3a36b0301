"""The table of actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def _always(_window: Any) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing a person can do. `run` and `enabled` are given the window."""

    id: str
    title: str
    group: str
    run: Callable[[Any], Any]
    keys: tuple[str, ...] = ()
    enabled: Callable[[Any], bool] = _always
    in_text: bool = False
    """True for a key that also works while something is typed."""


def _has_song(window: Any) -> bool:
    return bool(window.ws.project.tracks)


def _has_clips(window: Any) -> bool:
    return bool(window.ws.selected_clips)


def _has_track(window: Any) -> bool:
    return window.ws.selected_track is not None


def _take(number: int) -> Action:
    return Action(
        id=f"take.{number}",
        title=f"Take {number}",
        group="Takes",
        keys=(str(number),),
        run=lambda w: w.choose_take(number),
        enabled=_has_song,
    )


ACTIONS: tuple[Action, ...] = (
    Action(id="play.toggle", title="Play or stop", group="Transport", keys=("Space",), run=lambda w: w.play_or_stop()),
    Action(
        id="play.selection",
        title="Play from the selection",
        group="Transport",
        keys=("Shift+Space",),
        run=lambda w: w.play_range_start(),
        enabled=_has_song,
    ),
    Action(id="play.home", title="Go to the start", group="Transport", keys=("Home",), run=lambda w: w.ws.seek(0.0)),
    Action(
        id="play.end",
        title="Go to the end",
        group="Transport",
        keys=("End",),
        run=lambda w: w.ws.seek(w.ws.project.length_s),
        enabled=_has_song,
    ),
    Action(
        id="play.loop",
        title="Loop on or off",
        group="Transport",
        keys=("L",),
        run=lambda w: w.transport.toggle_loop(),
        enabled=_has_song,
    ),
    Action(
        id="edit.undo",
        title="Undo",
        group="Edit",
        keys=("Ctrl+Z",),
        run=lambda w: w.ws.attempt(w.session.undo),
        enabled=lambda w: w.session.history.can_undo,
    ),
    Action(
        id="edit.redo",
        title="Redo",
        group="Edit",
        keys=("Ctrl+Shift+Z", "Ctrl+Y"),
        run=lambda w: w.ws.attempt(w.session.redo),
        enabled=lambda w: w.session.history.can_redo,
    ),
    Action(
        id="edit.select_all",
        title="Select all clips",
        group="Edit",
        keys=("Ctrl+A",),
        run=lambda w: w.commands.select_all(),
        enabled=_has_song,
    ),
    Action(
        id="clip.split",
        title="Split clips at the play-head",
        group="Clips",
        keys=("Ctrl+E",),
        run=lambda w: w.commands.split_at_playhead(),
        enabled=_has_song,
    ),
    Action(
        id="clip.duplicate",
        title="Duplicate clips",
        group="Clips",
        keys=("Ctrl+D",),
        run=lambda w: w.commands.duplicate(),
        enabled=_has_clips,
    ),
    Action(
        id="clip.join",
        title="Join clips",
        group="Clips",
        keys=("Ctrl+J",),
        run=lambda w: w.commands.join(),
        enabled=lambda w: len(w.ws.selected_clips) > 1,
    ),
    Action(
        id="clip.delete",
        title="Delete clips",
        group="Clips",
        keys=("Del", "Backspace"),
        run=lambda w: w.commands.delete(),
        enabled=_has_clips,
    ),
    Action(
        id="clip.mute",
        title="Mute or unmute clips",
        group="Clips",
        keys=("Shift+M",),
        run=lambda w: w.commands.toggle_clips_muted(),
        enabled=_has_clips,
    ),
    Action(
        id="clip.reverse", title="Reverse clips", group="Clips", run=lambda w: w.commands.reverse(), enabled=_has_clips
    ),
    Action(
        id="track.mute",
        title="Mute the track",
        group="Tracks",
        keys=("M",),
        run=lambda w: w.commands.toggle_mute(),
        enabled=_has_track,
    ),
    Action(
        id="track.solo",
        title="Solo the track",
        group="Tracks",
        keys=("S",),
        run=lambda w: w.commands.toggle_solo(),
        enabled=_has_track,
    ),
    Action(
        id="track.split",
        title="Split into stems",
        group="Tracks",
        keys=("Ctrl+Shift+S",),
        run=lambda w: w.split_stems(),
        enabled=lambda w: w.has_song(),
    ),
    Action(
        id="track.rename",
        title="Rename the track",
        group="Tracks",
        keys=("F2",),
        run=lambda w: w.rename_track(),
        enabled=_has_track,
    ),
    Action(
        id="track.duplicate",
        title="Duplicate the track",
        group="Tracks",
        run=lambda w: w.commands.duplicate_track(),
        enabled=_has_track,
    ),
    Action(
        id="track.delete",
        title="Delete the track",
        group="Tracks",
        keys=("Ctrl+Backspace",),
        run=lambda w: w.commands.delete_track(),
        enabled=_has_track,
    ),
    Action(
        id="take.original",
        title="Hear the original",
        group="Takes",
        keys=("0",),
        run=lambda w: w.choose_take(None),
        enabled=_has_song,
    ),
    *(_take(number) for number in range(1, 10)),
    Action(
        id="take.ab",
        title="Original against take",
        group="Takes",
        keys=("`",),
        run=lambda w: w.dock.toggle_side(),
        enabled=_has_song,
    ),
    Action(
        id="view.zoom_in", title="Zoom in", group="View", keys=("+", "="), run=lambda w: w.zoom_in(), enabled=_has_song
    ),
    Action(
        id="view.zoom_out", title="Zoom out", group="View", keys=("-",), run=lambda w: w.zoom_out(), enabled=_has_song
    ),
    Action(
        id="view.zoom_selection",
        title="Zoom to the selection",
        group="View",
        keys=("Z",),
        run=lambda w: w.zoom_selection(),
        enabled=_has_song,
    ),
    Action(
        id="view.zoom_fit",
        title="Show the whole song",
        group="View",
        keys=("X",),
        run=lambda w: w.zoom_fit(),
        enabled=_has_song,
    ),
    Action(
        id="view.mixer",
        title="Mixer",
        group="View",
        keys=("F9",),
        run=lambda w: w.dock.show_tab("mixer"),
        enabled=_has_song,
    ),
    Action(
        id="view.variations",
        title="Variations",
        group="View",
        keys=("F10",),
        run=lambda w: w.dock.show_tab("variations"),
        enabled=_has_song,
    ),
    Action(
        id="view.history",
        title="History",
        group="View",
        keys=("F11",),
        run=lambda w: w.dock.show_tab("history"),
        enabled=_has_song,
    ),
    Action(
        id="view.next_panel",
        title="Next panel",
        group="View",
        keys=("F6",),
        run=lambda w: w.cycle_panels(),
        in_text=True,
    ),
    Action(id="view.light", title="Light theme", group="View", run=lambda w: w.set_mode("light")),
    Action(id="view.dark", title="Dark theme", group="View", run=lambda w: w.set_mode("dark")),
    Action(
        id="file.new",
        title="New project",
        group="File",
        keys=("Ctrl+N",),
        run=lambda w: w.files.new_project(),
        in_text=True,
    ),
    Action(
        id="file.open",
        title="Open a project …",
        group="File",
        keys=("Ctrl+O",),
        run=lambda w: w.files.ask_open(),
        in_text=True,
    ),
    Action(id="file.save", title="Save", group="File", keys=("Ctrl+S",), run=lambda w: w.files.save(), in_text=True),
    Action(id="file.save_as", title="Save as …", group="File", run=lambda w: w.files.save_as()),
    Action(id="file.demo", title="Open the demo song", group="File", run=lambda w: w.open_demo()),
    Action(
        id="file.import",
        title="Use a file of mine …",
        group="File",
        keys=("Ctrl+I",),
        run=lambda w: w.files.ask_import(),
        in_text=True,
    ),
    Action(
        id="file.verify",
        title="Verify a file …",
        group="File",
        keys=("Ctrl+Shift+V",),
        run=lambda w: w.files.ask_verify(),
        in_text=True,
    ),
    Action(
        id="file.export",
        title="Review and export …",
        group="File",
        keys=("Ctrl+Shift+E",),
        run=lambda w: w.review_and_export(),
        enabled=lambda w: w.ws.project.length_s > 0,
        in_text=True,
    ),
    Action(id="file.sync", title="Send what waits", group="File", run=lambda w: w.sync_now()),
    Action(
        id="search.focus",
        title="Search the catalogue",
        group="File",
        keys=("Ctrl+F",),
        run=lambda w: w.focus_search(),
        in_text=True,
    ),
    Action(
        id="app.palette",
        title="All commands",
        group="Program",
        keys=("Ctrl+K",),
        run=lambda w: w.show_palette(),
        in_text=True,
    ),
    Action(
        id="app.preferences",
        title="Preferences …",
        group="Program",
        keys=("Ctrl+,",),
        run=lambda w: w.show_preferences(),
        in_text=True,
    ),
    Action(id="app.sign_in", title="Sign in in the browser …", group="Program", run=lambda w: w.sign_in()),
    Action(id="app.help", title="Keys", group="Program", keys=("F1", "?"), run=lambda w: w.show_help()),
    Action(id="app.quit", title="Quit", group="Program", keys=("Ctrl+Q",), run=lambda w: w.close(), in_text=True),
)
