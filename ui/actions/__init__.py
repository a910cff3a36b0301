"""What can be done: one table from which menus, palette, shortcuts and the help sheet are made."""

from ui.actions.action_set import ActionSet
from ui.actions.table import ACTIONS, Action

__all__ = ["ACTIONS", "Action", "ActionSet"]
