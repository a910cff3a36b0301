"""Corrections of what was heard in a sound: its tempo, its first beat, its key. No clip moves."""

from __future__ import annotations

from msgspec.structs import replace

from studio.project.edits.rules import clamp, find_source
from studio.project.limits import BPM
from studio.project.model import Project


def set_beat_grid(
    project: Project,
    source_id: str,
    *,
    tempo_bpm: float | None = None,
    first_beat_s: float | None = None,
    key: str | None = None,
) -> Project:
    """Say at which tempo a sound is, in [20, 400] beats a minute, where its first bar begins and in which key it is;
    what is None stays. A first beat before the start is moved on by whole beats.

    Raises:
        ProjectError: edit-invalid for an unknown sound or a value that is not a number.
    """
    source = find_source(project, source_id)
    tempo = source.tempo_bpm if tempo_bpm is None else clamp(tempo_bpm, BPM, what="tempo")
    first_s = source.first_beat_s
    if first_beat_s is not None:
        first_s = clamp(first_beat_s, (-source.duration_s, source.duration_s), what="first beat")
        if first_s < 0.0:
            first_s = 0.0 if tempo is None else first_s % (60.0 / tempo)
    changed = replace(
        source,
        tempo_bpm=tempo,
        first_beat_s=first_s,
        key=source.key if key is None else key.strip()[:16] or None,
    )
    return project if changed == source else replace(project, sources={**project.sources, source_id: changed})
