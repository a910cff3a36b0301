"""The table of actions: everything that a person can do, with its name and keys.

Menus, palette, shortcuts and the sheet of keys are made from it.
"""

from __future__ import annotations

from ui.actions.editing import EDITING
from ui.actions.notes import NOTES
from ui.actions.program import PROGRAM
from ui.actions.row import Action
from ui.actions.tracks import TRACKS
from ui.actions.transport import TRANSPORT
from ui.actions.view import VIEW

ACTIONS: tuple[Action, ...] = (*TRANSPORT, *EDITING, *TRACKS, *NOTES, *VIEW, *PROGRAM)

__all__ = ["ACTIONS", "Action"]
