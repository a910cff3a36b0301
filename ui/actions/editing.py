"""Undo, the clipboard and clips."""

from __future__ import annotations

from studio.flows.names import HARMONY_TITLES
from ui.actions.row import Action, Group, has_clips, has_selection, has_song

_edit = Group("Edit")
_clip = Group("Clips")


def _harmony(number: int, harmony: str, title: str) -> Action:
    return _clip(
        f"voice.{harmony.replace('-', '_')}",
        f"Harmony {title} the voice",
        f"Alt+{number}",
        lambda w: w.voices.double(harmony),
        lambda w: w.voices.can_double,
    )


EDITING = (
    _edit("edit.undo", "Undo", "Ctrl+Z", lambda w: w.undo(), lambda w: w.session.history.can_undo),
    _edit(
        "edit.redo",
        "Redo",
        "Ctrl+Shift+Z Ctrl+Y",
        lambda w: w.ws.attempt(w.session.redo),
        lambda w: w.session.history.can_redo,
    ),
    _edit("edit.cut", "Cut", "Ctrl+X", lambda w: w.clipboard.cut(), has_clips),
    _edit("edit.copy", "Copy", "Ctrl+C", lambda w: w.clipboard.copy(), has_clips),
    _edit("edit.paste", "Paste at the play-head", "Ctrl+V", lambda w: w.clipboard.paste()),
    _edit("edit.select_all", "Select all clips", "Ctrl+A", lambda w: w.commands.select_all(), has_song),
    _edit("edit.select_none", "Select nothing", "Ctrl+Shift+A", lambda w: w.commands.select_none(), has_selection),
    _clip("clip.split", "Split clips at the play-head", "Ctrl+E", lambda w: w.commands.split_at_playhead(), has_song),
    _clip("clip.duplicate", "Duplicate clips", "Ctrl+D", lambda w: w.commands.duplicate(), has_clips),
    _clip("clip.join", "Join clips", "Ctrl+J", lambda w: w.commands.join(), lambda w: len(w.ws.selected_clips) > 1),
    _clip("clip.crossfade", "Cross-fade clips", "Ctrl+Alt+F", lambda w: w.commands.crossfade(), has_clips),
    _clip("clip.delete", "Delete clips or points", "Del Backspace", lambda w: w.commands.delete(), has_selection),
    _clip(
        "clip.ripple_delete",
        "Delete clips and close the gap",
        "Shift+Del Shift+Backspace",
        lambda w: w.commands.ripple_delete(),
        has_clips,
    ),
    _clip("clip.mute", "Mute or unmute clips", "Shift+M", lambda w: w.commands.toggle_clips_muted(), has_clips),
    _clip("clip.reverse", "Reverse clips", "Shift+V", lambda w: w.commands.reverse(), has_clips),
    _clip("clip.louder", "Clips 1 dB louder", "Ctrl+Up", lambda w: w.commands.gain(1.0), has_clips),
    _clip("clip.softer", "Clips 1 dB softer", "Ctrl+Down", lambda w: w.commands.gain(-1.0), has_clips),
    _clip("clip.higher", "Clips a semitone higher", "Alt+Up", lambda w: w.commands.transpose(1.0), has_clips),
    _clip("clip.lower", "Clips a semitone lower", "Alt+Down", lambda w: w.commands.transpose(-1.0), has_clips),
    _clip("clip.nudge_right", "Nudge right", "Alt+Right", lambda w: w.commands.nudge(1), has_selection),
    _clip("clip.nudge_left", "Nudge left", "Alt+Left", lambda w: w.commands.nudge(-1), has_selection),
    _clip(
        "clip.nudge_right_fine",
        "Nudge right by 10 ms",
        "Alt+Shift+Right",
        lambda w: w.commands.nudge(1, fine=True),
        has_selection,
    ),
    _clip(
        "clip.nudge_left_fine",
        "Nudge left by 10 ms",
        "Alt+Shift+Left",
        lambda w: w.commands.nudge(-1, fine=True),
        has_selection,
    ),
    _clip("clip.no_fades", "Remove fades", "Ctrl+Shift+F", lambda w: w.commands.no_fades(), has_clips),
    _clip("clip.follow_tempo", "Follow the tempo", "Shift+T", lambda w: w.commands.follow_tempo(), has_clips),
    _clip(
        "voice.align",
        "Align the voice with the song",
        "Ctrl+Alt+V",
        lambda w: w.voices.align(),
        lambda w: w.voices.can_align,
    ),
    *(_harmony(number, harmony, title) for number, (harmony, title) in enumerate(HARMONY_TITLES.items(), 1)),
    _clip("clip.edit", "Open in the clip editor", "Ctrl+Return", lambda w: w.edit_clip(), has_clips),
)
