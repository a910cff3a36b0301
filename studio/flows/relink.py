"""Finds sounds again that a project names and the library does not hold any more."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from engine.io.containers import FOREIGN_SUFFIXES, SUFFIXES
from studio.base.errors import ProjectError
from studio.flows import import_own
from studio.flows.landing import Landing
from studio.flows.media import TaskContext
from studio.flows.services import Services
from studio.project.edits.rules import find_source
from studio.project.model import Project, Source

SAME_LENGTH_S = 0.05
MOST_ENTRIES = 50_000
"""A whole disk is not walked to its end."""
AUDIO = SUFFIXES | FOREIGN_SUFFIXES


class Relinked(msgspec.Struct, frozen=True, kw_only=True):
    """Which sound was found again, and whether it is the very same one, sample for sample."""

    source_id: str
    same: bool


def missing(services: Services, project: Project) -> tuple[Source, ...]:
    """The sounds that clips of the project play and that the library does not hold, in the order of the tracks."""
    used = dict.fromkeys(clip.source for track in project.tracks for clip in track.clips)
    sources = (project.sources[each] for each in used if each in project.sources)
    return tuple(source for source in sources if not services.media.has(source))


def look_in(folder: Path, sources: Iterable[Source]) -> dict[str, Path]:
    """For each sound the file below `folder` that is called like it, where there is one: source id -> path."""
    wanted: dict[str, list[Source]] = {}
    for source in sources:
        wanted.setdefault(source.title.casefold(), []).append(source)
    found: dict[str, Path] = {}
    seen = 0
    for where, folders, files in os.walk(folder, followlinks=False):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(files):
            seen += 1
            if seen > MOST_ENTRIES:
                return found
            path = Path(where, name)
            if path.suffix.lower() in AUDIO:
                for source in wanted.get(path.stem.casefold(), ()):
                    found.setdefault(source.id, path)
    return found


def relink(
    services: Services, project: Project, source_id: str, path: Path, context: TaskContext | None = None
) -> Landing[Relinked]:
    """Take the file at `path` for a sound of one's own that is missing.

    The very same sound is simply there again. Another one of the same length takes its place, as one step.

    Raises:
        ProjectError: edit-invalid for a sound that is not one's own, or a file of another length.
        AudioFileError: what is wrong with the file.
    """
    source = find_source(project, source_id)
    if source.origin != "own" or source.parents:
        raise ProjectError(
            f"“{source.title}” is not a file of your own.",
            remedy="Download licensed recordings again from the catalogue; split or restyle again what a model made.",
            code="edit-invalid",
        )
    found, _ = import_own.load(services, path, rate=project.rate, context=context)
    if abs(found.duration_s - source.duration_s) > SAME_LENGTH_S:
        raise ProjectError(
            f"“{path.name}” is {found.duration_s:.1f} s long; the sound that is missing is {source.duration_s:.1f} s.",
            remedy="Choose the file that the track was made from.",
            code="edit-invalid",
        )
    same = found.blob == source.blob

    def apply(now: Project) -> Project:
        if same or source_id not in now.sources:
            return now
        changed = replace(
            now.sources[source_id],
            blob=found.blob,
            rate=found.rate,
            channels=found.channels,
            duration_s=found.duration_s,
        )
        return replace(now, sources={**now.sources, source_id: changed})

    return Landing(label=f"Find {source.title}", apply=apply, result=Relinked(source_id=source_id, same=same))
