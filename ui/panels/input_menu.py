"""The menu in which a track is given channels of the input."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QMenu

from ui.widgets.menu import check


def fill_inputs(menu: QMenu, ws: Any, track_id: str) -> None:
    """The channels of the input that a track may record from."""
    recorder = ws.recorder
    chosen = recorder.chosen_input(track_id)
    check(menu, "Input by itself", chosen is None, lambda: recorder.set_input(track_id, None))
    for choice in ws.session.settings.setting("audio.channels").choices:
        check(
            menu,
            f"Input {choice.title}",
            chosen == choice.value,
            lambda value=choice.value: recorder.set_input(track_id, value),
        )
