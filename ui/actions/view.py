"""What is in sight."""

from __future__ import annotations

from typing import Any

from ui.actions.row import Group, has_song

_row = Group("View")


def _toggle_theme(window: Any) -> None:
    window.set_mode("dark" if window.theme.mode == "light" else "light")


VIEW = (
    _row("view.zoom_in", "Zoom in", "+ =", lambda w: w.arrangement.zoom_by(2), has_song),
    _row("view.zoom_out", "Zoom out", "-", lambda w: w.arrangement.zoom_by(-2), has_song),
    _row("view.zoom_selection", "Zoom to the selection", "Z", lambda w: w.arrangement.zoom_selection(), has_song),
    _row("view.zoom_back", "Zoom back", "X", lambda w: w.arrangement.zoom_back(), has_song),
    _row("view.zoom_fit", "Show the whole song", "Shift+Z", lambda w: w.arrangement.zoom_to_fit(), has_song),
    _row("view.taller", "Taller tracks", "Ctrl++ Ctrl+=", lambda w: w.ws.set_lane_px(w.ws.lane_px + 16), has_song),
    _row("view.lower", "Lower tracks", "Ctrl+-", lambda w: w.ws.set_lane_px(w.ws.lane_px - 16), has_song),
    _row("view.follow", "Follow the play-head", "F", lambda w: w.arrangement.toggle_follow(), has_song),
    _row("view.snap", "Snap on or off", "N", lambda w: w.ws.toggle_snap()),
    _row(
        "view.crossfades",
        "Automatic cross-fades on or off",
        "Shift+X",
        lambda w: w.ws.set_crossfades(not w.ws.crossfades),
    ),
    _row("view.mixer", "Mixer", "F9", lambda w: w.dock.show_tab("mixer"), has_song),
    _row("view.clip", "Clip editor", "F8", lambda w: w.dock.show_tab("clip"), has_song),
    _row("view.variations", "Variations", "F10", lambda w: w.dock.show_tab("variations"), has_song),
    _row("view.automation", "Automation", "F12", lambda w: w.dock.show_tab("automation"), has_song),
    _row("view.history", "History", "F11", lambda w: w.dock.show_tab("history"), has_song),
    _row("view.next_panel", "Next panel", "F6", lambda w: w.cycle_panels(), in_text=True),
    _row("view.theme", "Light or dark theme", "Ctrl+Alt+T", _toggle_theme),
)
