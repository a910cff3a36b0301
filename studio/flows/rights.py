"""The rights question as the flows ask it: one context, one decision, the same for the badge and the export."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from studio.flows.services import Services
from studio.library.library import error_of
from studio.project.model import Project, Role, Source
from studio.project.usage import usage_of
from studio.rights import policy
from studio.rights.usage import ExportUse, OperationUse, SourceUse, Usage, UsedStem
from studio.rights.verdict import Verdict


def decide(services: Services, project: Project, export: ExportUse | None = None) -> Verdict:
    """Whether the project as it is now may be heard (or, with `export`, leave) under the licences of its sources."""
    usage = usage_of(project)
    if export is not None:
        usage = Usage(sources=usage.sources, own_material=usage.own_material, export=export)
    return decide_usage(services, usage)


def decide_usage(services: Services, usage: Usage) -> Verdict:
    """The decision about any usage, under the newest licences that the library holds."""
    return policy.decide(services.library.grants(), usage, services.library.context())


def allowed_stems(services: Services, source: Source, roles: Iterable[Role]) -> frozenset[Role]:
    """Those of `roles` that may be used on their own; all for own material."""
    if source.asset_sha256 is None:
        return frozenset(roles)
    return frozenset(role for role in roles if _allowed(services, source, stems=frozenset({cast("UsedStem", role)})))


def allowed_operation(services: Services, source: Source, operation: str, stem: str | None) -> bool:
    """Whether one operation may be done to one stem of a recording."""
    if source.asset_sha256 is None:
        return True
    return _allowed(services, source, operations=frozenset({OperationUse(operation, cast("UsedStem | None", stem))}))


def denial_of(services: Services, source: Source, operation: str, stem: str | None) -> str:
    """Why that operation is denied, in plain words; nothing if it is not."""
    if source.asset_sha256 is None:
        return ""
    use = SourceUse(
        asset_sha256=source.asset_sha256,
        title=source.title,
        operations=frozenset({OperationUse(operation, cast("UsedStem | None", stem))}),
    )
    return decide_usage(services, Usage(sources=(use,))).why


def require(verdict: Verdict) -> None:
    """Go on if allowed.

    Raises:
        RightsError: the first reason with its remedy; `details["denials"]` lists all.
    """
    if verdict.allowed:
        return
    error = error_of(verdict.denials[0])
    error.details["denials"] = [{"clause": d.clause, "why": d.why, "remedy": d.remedy} for d in verdict.denials]
    raise error


def _allowed(
    services: Services,
    source: Source,
    *,
    stems: frozenset[UsedStem] = frozenset(),
    operations: frozenset[OperationUse] = frozenset(),
) -> bool:
    assert source.asset_sha256 is not None
    asked = SourceUse(asset_sha256=source.asset_sha256, title=source.title, stems=stems, operations=operations)
    return decide_usage(services, Usage(sources=(asked,))).allowed
