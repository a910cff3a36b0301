"""Tracks and takes."""

from __future__ import annotations

from studio.project.edits import MASTER
from ui.actions.row import Action, Group, has_any_track, has_song, has_strip, has_track

_track = Group("Tracks")
_takes = Group("Takes")


def _take(number: int) -> Action:
    return _takes(f"take.{number}", f"Take {number}", str(number), lambda w: w.choose_take(number), has_song)


TRACKS = (
    _track("track.mute", "Mute the track", "M", lambda w: w.commands.toggle_mute(), has_track),
    _track("track.solo", "Solo the track", "S", lambda w: w.commands.toggle_solo(), has_track),
    _track("track.arm", "Arm the track", "R", lambda w: w.ws.recorder.toggle_arm_chosen(), has_track),
    _track("track.effects", "Equaliser and effects", "E", lambda w: w.inspector.show_tab("effects"), has_song),
    _track("track.freeze", "Freeze or unfreeze the track", "Ctrl+Alt+Z", lambda w: w.commands.freeze(), has_track),
    _track("track.split", "Split into stems", "Ctrl+Shift+S", lambda w: w.split_stems(), lambda w: w.has_song()),
    _track("track.automation", "Automation lanes", "A", lambda w: w.commands.toggle_automation(), has_strip),
    _track(
        "track.master_automation",
        "Automation lanes of the master",
        "Shift+A",
        lambda w: w.ws.toggle_automation(MASTER),
        has_song,
    ),
    _track("track.group", "Group tracks into a folder", "Ctrl+G", lambda w: w.commands.group_tracks(), has_any_track),
    _track(
        "track.ungroup",
        "Ungroup the folder",
        "Ctrl+Shift+G",
        lambda w: w.commands.ungroup(),
        lambda w: w.commands.can_ungroup(),
    ),
    _track("track.colour", "Next colour of the track", "Ctrl+Alt+C", lambda w: w.commands.next_colour(), has_track),
    _track("track.fold", "Fold or unfold stems and folders", "U", lambda w: w.commands.fold(), has_song),
    _track("track.rename", "Rename the track", "F2", lambda w: w.rename_track(), has_track),
    _track("track.duplicate", "Duplicate the track", "Ctrl+Shift+D", lambda w: w.commands.duplicate_track(), has_track),
    _track("track.up", "Move the track up", "Ctrl+Shift+Up", lambda w: w.commands.move_track(-1), has_track),
    _track("track.down", "Move the track down", "Ctrl+Shift+Down", lambda w: w.commands.move_track(1), has_track),
    _track("track.bus", "Add a bus", "Ctrl+Shift+B", lambda w: w.commands.add_bus(), has_song),
    _track("track.delete", "Delete the track", "Ctrl+Backspace", lambda w: w.commands.delete_track(), has_track),
    _takes("take.original", "Hear the original", "0", lambda w: w.choose_take(None), has_song),
    *(_take(number) for number in range(1, 10)),
    _takes("take.keep", "Keep the take that is heard", "Ctrl+Shift+K", lambda w: w.ws.comparing.end(keep=True)),
    _takes("style.edit", "Make a style of mine …", "Ctrl+Alt+Y", lambda w: w.edit_style()),
    _takes("take.ab", "Original against take", "`", lambda w: w.dock.toggle_side(), has_song),
)
