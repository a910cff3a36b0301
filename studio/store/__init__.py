"""Projects on disk: bundles with a journal and backups, autosave, recovery, and the list of recent ones."""

from studio.store.bundle import Bundle
from studio.store.recent import RecentProject, RecentProjects
from studio.store.recovery import Autosave, Recoverable, recover, recoverable

__all__ = ["Autosave", "Bundle", "RecentProject", "RecentProjects", "Recoverable", "recover", "recoverable"]
