"""The export review: everything that the file will say about itself, before anything is signed."""

from __future__ import annotations

import msgspec

from studio.base.clock import iso
from studio.base.errors import RightsError
from studio.flows import account, rights
from studio.flows.export import ExportOptions, export_use
from studio.flows.media import TaskContext, share_of, stop_of
from studio.flows.mixplan import compile_plan
from studio.flows.services import Services
from studio.flows.shares import shares_of
from studio.project.model import Project
from studio.project.usage import usage_of
from studio.provenance.inputs import StepFacts
from studio.provenance.steps import describe
from studio.rights import policy
from studio.rights import summary as rights_summary
from studio.rights.shares import OWN, Shares
from studio.rights.verdict import Denial


class SourceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the sources table. `badge` is that of the licence, ``blocked`` with `fixes` to make, or ``mine``."""

    id: str
    title: str
    artist: str
    used: str
    badge: str
    fixes: int
    master_ppm: int
    publishing_ppm: int


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """What the review shows. Loudness and true peak are those of the finished file, as the limiter will leave it."""

    sources: tuple[SourceRow, ...]
    shares: Shares | None
    denials: tuple[Denial, ...]
    models: tuple[str, ...]
    lufs: float
    true_peak_dbtp: float
    length_s: float
    credential: tuple[tuple[str, str], ...]
    online: bool
    exports_left: int | None
    """Of the licence that allows the fewest; None without licensed sources."""
    lease_end: str | None


def review(
    services: Services, project: Project, options: ExportOptions, context: TaskContext, *, online: bool
) -> Review:
    """Look at the export from all sides without making it.

    Raises:
        EngineError: the mix cannot be rendered.
    """
    verdict = rights.decide(services, project, export_use(options))
    context.progress(0.02, "Listening to the sources")
    denials = list(verdict.denials)
    found: Shares | None = None
    try:
        found = shares_of(services, project, share_of(context, 0.05, 0.5))
    except RightsError as problem:
        if not denials:
            denials.append(
                Denial(
                    clause="splits", number="", asset_sha256=None, title="", why=problem.message, remedy=problem.remedy
                )
            )
    lufs, peak = (
        _levels(services, project, options, share_of(context, 0.5, 1.0))
        if project.length_s > 0
        else (float("-inf"), float("-inf"))
    )
    steps = account.steps_of(project)
    models = account.models_of(services, steps, account.model_digests(project))
    titles = {use.asset_sha256: use.title for use in usage_of(project).sources}
    names = {model.id: model for model in models}
    made = tuple(dict.fromkeys(describe(step, titles, names) for step in steps if step.model_id is not None))
    left, lease = _lease(services, project)
    return Review(
        sources=_rows(services, project, found, denials),
        shares=found,
        denials=tuple(denials),
        models=made,
        lufs=lufs,
        true_peak_dbtp=peak,
        length_s=project.length_s,
        credential=_credential(services, project, options, steps),
        online=online,
        exports_left=left,
        lease_end=lease,
    )


def _levels(services: Services, project: Project, options: ExportOptions, context: TaskContext) -> tuple[float, float]:
    plan = compile_plan(project, services.media, share_of(context, 0.0, 0.2), only_audible=True)
    lufs, peak = services.io.run(
        "studio.flows.mix_tasks:mix_levels",
        {"plan": plan, "loudness_lufs": options.loudness_lufs, "ceiling_dbtp": options.ceiling_dbtp},
        progress=share_of(context, 0.2, 1.0).progress,
        cancelled=stop_of(context),
    )
    return lufs, peak


def _rows(services: Services, project: Project, found: Shares | None, denials: list[Denial]) -> tuple[SourceRow, ...]:
    shares = {row.id: row for row in found.rows} if found is not None else {}
    grants = services.library.grants()
    rows: list[SourceRow] = []
    for use in usage_of(project).sources:
        grant = grants.get(use.asset_sha256)
        blocked = sum(denial.asset_sha256 == use.asset_sha256 for denial in denials)
        share = shares.get(use.asset_sha256)
        restyled = sorted({o.stem or "mix" for o in use.operations if o.operation.startswith("style:")})
        kept = sorted(set(use.stems) - set(restyled))
        parts = [", ".join("the recording" if stem == "mix" else stem for stem in kept)]
        parts.append(f"{', '.join('all' if stem == 'mix' else stem for stem in restyled)} restyled" if restyled else "")
        rows.append(
            SourceRow(
                id=use.asset_sha256,
                title=use.title,
                artist=", ".join(grant.grant.resource.artists) if grant else "",
                used="; ".join(part for part in parts if part),
                badge="blocked"
                if blocked or grant is None
                else rights_summary.badge(grant, services.library.context()),
                fixes=blocked,
                master_ppm=share.master_ppm if share else 0,
                publishing_ppm=share.publishing_ppm if share else 0,
            )
        )
    own = account.own_sources(project)
    if own:
        share = shares.get(OWN)
        rows.append(
            SourceRow(
                id=OWN,
                title=", ".join(source.title for source in own),
                artist="You",
                used="your own, by your word",
                badge="mine",
                fixes=sum(denial.asset_sha256 is None for denial in denials),
                master_ppm=share.master_ppm if share else 0,
                publishing_ppm=share.publishing_ppm if share else 0,
            )
        )
    return tuple(rows)


def _credential(
    services: Services, project: Project, options: ExportOptions, steps: tuple[StepFacts, ...]
) -> tuple[tuple[str, str], ...]:
    uses = usage_of(project).sources
    grants = services.library.grants()
    licences = ", ".join(
        f"{g.grant.grant_id} rev {g.grant.rev}" for use in uses if (g := grants.get(use.asset_sha256)) is not None
    )
    return (
        ("Title", options.title or project.title),
        ("Made from", ", ".join(use.title for use in uses) or "your own material"),
        ("AI", _disclosure(steps)),
        ("Signed by", "This studio, on this device"),
        ("Licence", licences or "none needed"),
    )


def _disclosure(steps: tuple[StepFacts, ...]) -> str:
    """What models did, in a line; the manifest's own disclosure says the same."""
    by_model = sorted({step.stem or "mix" for step in steps if step.generated and step.model_id is not None})
    by_rules = sorted({step.stem or "mix" for step in steps if step.generated and step.model_id is None})
    parts = [f"{', '.join(by_model)} made by a model"] if by_model else []
    parts += [f"{', '.join(by_rules)} arranged by rules"] if by_rules else []
    if any(step.model_id is not None and step.operation.startswith("stem:") for step in steps):
        parts.append("stems taken apart by a model")
    if any(step.model_id is not None and step.operation == "style:production" for step in steps):
        parts.append("levels and tone set by a model")
    text = "; ".join(parts)
    return text[:1].upper() + text[1:] if text else "No model took part"


def _lease(services: Services, project: Project) -> tuple[int | None, str | None]:
    context = services.library.context()
    grants = services.library.grants()
    used = [grants[use.asset_sha256].grant for use in usage_of(project).sources if use.asset_sha256 in grants]
    if not used:
        return None, None
    return min(policy.exports_left(grant, context) for grant in used), iso(
        min(policy.lease_end(grant) for grant in used)
    )
