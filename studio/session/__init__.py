"""The composition root: `Session`, the one object that the window and the command line hold."""

from studio.session.session import Session
from studio.session.values import Account, Notice, SessionEvents, SyncState

__all__ = ["Account", "Notice", "Session", "SessionEvents", "SyncState"]
