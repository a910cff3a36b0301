"""Playing, places and the loop."""

from __future__ import annotations

from ui.actions.row import Group, has_clips, has_song

_row = Group("Transport")

TRANSPORT = (
    _row("play.toggle", "Play or stop", "Space", lambda w: w.play_or_stop()),
    _row("play.selection", "Play from the selection", "Shift+Space", lambda w: w.play_range_start(), has_song),
    _row("play.home", "Go to the start", "Home", lambda w: w.ws.seek(0.0)),
    _row("play.end", "Go to the end", "End", lambda w: w.ws.seek(w.ws.project.length_s), has_song),
    _row("play.record", "Record or stop recording", "Shift+R", lambda w: w.ws.recorder.toggle()),
    _row(
        "play.punch", "Record only in the loop's range", "P", lambda w: w.ws.recorder.set_punch(not w.ws.recorder.punch)
    ),
    _row("play.metronome", "Metronome on or off", "C", lambda w: w.transport.toggle_metronome()),
    _row("play.loop", "Loop on or off", "L", lambda w: w.transport.toggle_loop(), has_song),
    _row("play.loop_selection", "Loop the selection", "Ctrl+L", lambda w: w.commands.loop_selection(), has_clips),
    _row("marker.add", "Add a marker", "Ctrl+M", lambda w: w.commands.add_marker(), has_song),
    _row("marker.next", "Go to the next marker", "Ctrl+Right", lambda w: w.commands.go_to_marker(1), has_song),
    _row("marker.last", "Go to the last marker", "Ctrl+Left", lambda w: w.commands.go_to_marker(-1), has_song),
    _row("tempo.change", "Change the tempo here …", "Ctrl+T", lambda w: w.arrangement.ruler.type_tempo(), has_song),
)
