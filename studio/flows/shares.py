"""Who is paid for a mix: every rights source rendered on its own, then ``audible-share/1``."""

from __future__ import annotations

from collections.abc import Iterable

from studio.flows.media import Silent, TaskContext, share_of, stop_of
from studio.flows.mixplan import compile_plan
from studio.flows.services import Services
from studio.project.model import Project
from studio.project.usage import rights_groups, usage_of
from studio.rights import shares
from studio.rights.shares import OWN, Shares, ShareSource


def shares_of(services: Services, project: Project, context: TaskContext | None = None) -> Shares:
    """The shares of the mix as it is now; an empty or silent mix is all the maker's.

    Raises:
        RightsError: floors above 100 %, or a source without a grant.
    """
    context = context or Silent()
    groups = {group: [clip_id for _, clip_id in clips] for group, clips in rights_groups(project).items()}
    if not groups:
        return shares.audible_share({}, [], {})
    under = frozenset(grant.digest for grant in services.library.grants().values())
    known = services.shares.get(project, under)
    if known is not None:
        return known
    while not services.shares.turn.acquire(timeout=0.05):
        context.checkpoint()
    try:
        known = services.shares.get(project, under)
        if known is None:
            known = _listened(services, project, groups, context)
            services.shares.put(project, under, known)
        return known
    finally:
        services.shares.turn.release()


def _listened(services: Services, project: Project, groups: dict[str, list[str]], context: TaskContext) -> Shares:
    """The shares after listening to every source on its own."""
    plan = compile_plan(project, services.media, share_of(context, 0.0, 0.3), only_audible=True, frozen=False)
    found = services.io.run(
        "engine.render:track_powers_task",
        {"plan": plan, "groups": groups},
        progress=share_of(context, 0.3, 0.98).progress,
        cancelled=stop_of(context),
    )
    return shares.audible_share(found["groups"], found["mix"], share_sources(services, project, groups))


def share_sources(services: Services, project: Project, groups: Iterable[str]) -> dict[str, ShareSource]:
    """What the rules need to know of each rights source."""
    grants = services.library.grants()
    used = {use.asset_sha256: use for use in usage_of(project).sources}
    described: dict[str, ShareSource] = {}
    for group in groups:
        if group == OWN:
            described[group] = shares.own_source()
        elif group.startswith("pool:"):
            described[group] = ShareSource(kind="pool", name=group.removeprefix("pool:"))
        else:
            grant = grants.get(group) or services.library.grant_for(group)
            described[group] = shares.source_of(grant, used[group].stems)
    return described


def as_text(found: Shares) -> str:
    """Both sides as lines of text."""
    lines = [
        f"{side}:" + "".join(f"\n  {share.ppm / 10_000:6.2f} %  {share.name}" for share in part)
        for side, part in (("recording", found.master), ("song", found.publishing))
    ]
    return "\n".join(lines)
