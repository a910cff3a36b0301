"""A longer version of a song, joined where nobody hears it: extended mixes, music to work to, beds without an end."""

from __future__ import annotations

import msgspec

from engine.analysis.extension import EnergyCurve, Extension
from studio.flows import separate
from studio.flows.landing import Landing
from studio.flows.media import TaskContext, share_of, span, stop_of
from studio.flows.restyle import stated_of
from studio.flows.services import Services
from studio.project import edits
from studio.project.edits.extend import lay_segments
from studio.project.model import Project


class ExtendResult(msgspec.Struct, frozen=True, kw_only=True):
    """How long the track is now, and how smooth its seams are (1 is as smooth as the song's own bars)."""

    track_id: str
    length_s: float
    pieces: int
    worst_seam: float
    seed: int
    energy: str
    notices: tuple[str, ...] = ()


def extend(
    services: Services,
    project: Project,
    track_id: str,
    context: TaskContext,
    *,
    minutes: float,
    energy: EnergyCurve = "flat",
    seed: int = 0,
) -> Landing[ExtendResult]:
    """Make a track about `minutes` long: its recording, and its stems as they are (restyled or not), as clips.

    Raises:
        EngineError: extension-invalid for a length that makes no sense or a recording that is too short.
        ProjectError: edit-invalid where the track does not hold one whole recording.
    """
    group = edits.group_of(project, track_id)[0]
    source = separate.recording_of(project, group.id)
    pcm = services.media.pcm(source, project.rate, share_of(context, 0.0, 0.1))
    made: Extension = services.inference.run(
        "engine.analysis.extension:extension_task",
        {"pcm": pcm, "minutes": minutes, "energy": energy, "seed": seed, "stated": stated_of(source)},
        progress=span(context, 0.1, 1.0),
        cancelled=stop_of(context),
    )
    return Landing(
        label=f"Extend to {made.length_s / 60.0:.1f} minutes",
        apply=lambda now: lay_segments(now, group.id, made.segments, source_s=source.duration_s),
        result=ExtendResult(
            track_id=group.id,
            length_s=made.length_s,
            pieces=len(made.segments),
            worst_seam=max(made.seams, default=0.0),
            seed=seed,
            energy=energy,
            notices=made.notices,
        ),
    )
