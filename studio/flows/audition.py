"""One file in, files out: separate and restyle without a project of one's own."""

from __future__ import annotations

from pathlib import Path

import msgspec

from studio.base.ids import uuid7
from studio.flows import acquire, import_own
from studio.flows.media import TaskContext
from studio.flows.services import Services
from studio.project import edits
from studio.project.model import Project


def load_project(
    services: Services, text: str, context: TaskContext, *, rate: int | None = None
) -> tuple[Project, str, tuple[str, ...]]:
    """A project with one track: a file of the user's own (at its own rate, or `rate`), or a recording of the
    catalogue by its id.

    Returns:
        the project, the id of its track, and notices about conversions.
    """
    path = Path(text)
    project = Project(id=uuid7(), title=path.stem or text)
    if path.exists() or path.suffix:
        source, notices = import_own.load(services, path, rate=rate, context=context)
        project = msgspec.structs.replace(project, rate=source.rate)
        track_id = uuid7()
        return edits.add_track_for(project, source, ids=[track_id, uuid7()]), track_id, notices
    asset = acquire.fetch(services, text, context)
    landing = acquire.place(services, asset)
    project = landing.apply(project)
    return edits.rename_project(project, asset.title), landing.result, ()
