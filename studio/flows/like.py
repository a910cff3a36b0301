"""A style of one's own from a recording that one likes: "mix it like this"."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Literal

from engine.inference.style_reference import style_like
from engine.inference.styles import Style
from studio.flows import restyle, styles
from studio.flows.media import TaskContext, share_of, span, stop_of
from studio.flows.services import Services
from studio.project.model import Project


def style_from_track(
    services: Services,
    project: Project,
    track_id: str,
    context: TaskContext,
    *,
    name: str = "",
    provider: str | None = None,
    prefer: Literal["label", "model"] = "label",
) -> Style:
    """Listen to the recording of a track and keep how it is mixed as a style of the user; nothing of its sound is kept.

    Args:
        services: of the session.
        project: that holds the reference.
        track_id: its track, split or not.
        context: progress and cancel.
        name: of the style; the recording's title where it is empty.
        provider: where the separation runs.
        prefer: stems of the label where there are any, or of the model.

    Raises:
        StyleError: style-unsuitable for silence. RightsError, EngineError: from the split.
    """
    ground = restyle.prepared(
        services, project, track_id, share_of(context, 0.0, 0.8), provider=provider, prefer=prefer
    )
    heard: Any = services.inference.run(
        "engine.inference.style_like:reference_task",
        {"stems": ground.refs},
        progress=span(context, 0.8, 1.0),
        cancelled=stop_of(context),
    )
    title = ground.source.title
    called = " ".join(name.split())[:60] or f"Like {title}"[:60]
    style = style_like(heard, style_id=style_id_of(called), name=called, title=title)
    styles.save_style(services, style)
    return style


def style_id_of(name: str) -> str:
    """An id from a name: small letters, digits and hyphens, never that of a shipped style."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    slug = slug if slug[:1].isalpha() else f"own-{slug}".rstrip("-")
    slug = slug[:28].rstrip("-")
    return f"own-{slug}"[:32] if (styles.shipped_root() / f"{slug}.json").is_file() or len(slug) < 2 else slug
