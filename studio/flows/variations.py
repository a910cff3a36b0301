"""Several takes at once: restyles of one track that differ, least change first."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from studio.base.ids import uuid7
from studio.flows import restyle, styles
from studio.flows.landing import Landing
from studio.flows.media import TaskContext, share_of, span, stop_of
from studio.flows.restyle import RestyleResult
from studio.flows.services import Services
from studio.project import edits
from studio.project.model import Project


class VariationResult(msgspec.Struct, frozen=True, kw_only=True):
    """One of the takes: what it is, how much of the song it changes (0 to 1), and how far its nearest neighbour is."""

    made: RestyleResult
    change: float
    nearest: float


class VariationsResult(msgspec.Struct, frozen=True, kw_only=True):
    """Takes in the order of their numbers."""

    track_id: str
    takes: tuple[VariationResult, ...]
    notices: tuple[str, ...] = ()


def variations(
    services: Services,
    project: Project,
    track_id: str,
    context: TaskContext,
    *,
    count: int,
    style_ids: Sequence[str] = (),
    seed: int = 1,
    intensity: float = 1.0,
    keep: Sequence[str] = ("vocals",),
    provider: str | None = None,
    prefer: Literal["label", "model"] = "label",
) -> Landing[VariationsResult]:
    """Make `count` takes of a track in different styles, or in different ways of one style.

    Styles that the licence forbids or that do not suit the music are left out, and the notices say why. There are fewer
    takes where the styles give no more that can be told apart.

    Args:
        services: of the session.
        project: as it is.
        track_id: a track, split or not, or one of its stems.
        context: progress and cancel.
        count: 1 to 24.
        style_ids: styles to choose from; none is all of them.
        seed: another seed, other variations.
        intensity: of every take.
        keep: stems that are not touched.
        provider: where models run.
        prefer: stems of the label where there are any, or of the model.

    Raises:
        StyleError, RightsError, EngineError: as `studio.flows.restyle.restyle`, where nothing can be made at all.
    """
    infos = {info.id: info for info in (styles.find_style(services, each).info for each in style_ids)}
    infos = infos or {info.id: info for info in styles.known_styles(services)}
    ground = restyle.prepared(
        services, project, track_id, share_of(context, 0.0, 0.3), provider=provider, prefer=prefer
    )
    wishes: list[dict[str, Any]] = []
    notices: list[str] = list(ground.notices)
    kept = tuple(keep)
    for info in infos.values():
        operators, kept, denied = restyle.permitted(services, ground, info.operators, tuple(keep))
        notices += denied
        if operators:
            own = styles.folder_of(services, info.id)
            wishes.append(
                {
                    "style": info.id,
                    "operators": operators,
                    "styles_dir": None if own is None else str(own),
                    "intensity": intensity,
                }
            )
    if not wishes:
        raise restyle.forbidden(ground.source, tuple(notices), ", ".join(infos))
    folder = services.paths.scratch / f"variations-{uuid7()}"
    try:
        found: list[Any] = services.inference.run(
            "engine.inference.variations:variations_task",
            {
                "stems": ground.refs,
                "out_dir": str(folder),
                "wishes": wishes,
                "count": count,
                "seed": seed,
                "keep": list(kept),
                "stated": restyle.stated_of(ground.source),
                "pack_dir": str(services.pack(restyle.STYLE_PACK).folder),
                "provider": provider or services.settings.get("inference.provider"),
            },
            progress=span(context, 0.3, 0.97),
            cancelled=stop_of(context),
        )
        allowed = {wish["style"]: wish["operators"] for wish in wishes}
        taken = [
            restyle.kept_in_library(
                services,
                ground,
                each.result,
                infos[each.result.style],
                produced="style:production" in allowed[each.result.style],
            )
            for each in found
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    first = edits.next_take_number(ground.project, ground.group.id)

    def apply(now: Project) -> Project:
        if ground.landing is not None and not edits.children_of(now, ground.group.id):
            now = ground.landing.apply(now)
        for each in taken:
            now = each.land(now, ground.group.id)
        # The first one shows: the one that changes least.
        return edits.choose_take(now, ground.group.id, edits.next_take_number(now, ground.group.id) - len(taken))

    context.progress(1.0, "Done")
    takes = tuple(
        VariationResult(
            made=restyle.result_of(ground, each.result, first + number, ()), change=each.change, nearest=each.nearest
        )
        for number, each in enumerate(found)
    )
    return Landing(
        label=f"{len(taken)} variations",
        apply=apply,
        result=VariationsResult(track_id=ground.group.id, takes=takes, notices=tuple(dict.fromkeys(notices))),
    )
