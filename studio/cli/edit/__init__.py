"""Edit a project from the command line: each command is one undoable step, written at once.

Tracks and clips are named by id, by name (case does not matter, unique beginnings will do) or by number from 1 in
the order of `edit show`;
stems of one split track among several are written ``Song/drums``.
"""

from studio.cli.edit import clips, notes, song, strips, tracks
from studio.cli.edit.app import app
from studio.cli.edit.names import ProjectArg, TrackArg, find_clip, find_track, report

__all__ = [
    "ProjectArg",
    "TrackArg",
    "app",
    "clips",
    "find_clip",
    "find_track",
    "notes",
    "report",
    "song",
    "strips",
    "tracks",
]
