"""The second opinion: licences and shares of an export, judged from the manifest and the service's own copies of the
licences."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import sqlalchemy as sa

from studio.base.clock import from_iso
from studio.base.errors import RightsError
from studio.platform import database as db
from studio.platform import licensing
from studio.platform.messages import Account
from studio.platform.refusal import Refusal, invalid
from studio.platform.state import PlatformState
from studio.platform.verdicts import ExportFacts
from studio.rights.grants import Grant
from studio.rights.policy import Context, decide
from studio.rights.share_sources import ShareSource, source_of
from studio.rights.shares import Evidence, Share, parse_evidence, recompute


def licences(state: PlatformState, account: Account, facts: ExportFacts) -> dict[str, Grant]:
    """The service's own copies of the licences that a manifest names, by asset.

    Raises:
        Refusal: licence-unknown.
    """
    grants: dict[str, Grant] = {}
    for claimed in facts.grants:
        grant = licensing.issued_grant(state, account, claimed.digest)
        if grant is None or grant.grant_id != claimed.grant_id or grant.rev != claimed.rev:
            raise invalid(
                "The export names a licence that this platform did not give you.",
                remedy="License the recording again and export once more.",
                code="licence-unknown",
                grant_id=claimed.grant_id,
            )
        grants[grant.resource.asset_sha256] = grant
    return grants


def check_device(state: PlatformState, account: Account, facts: ExportFacts) -> None:
    """The device that signed has its certificate on this account.

    Raises:
        Refusal: device-unknown.
    """
    with state.db.read() as connection:
        found = connection.execute(
            sa.select(db.devices.c.device_id).where(
                db.devices.c.device_id == facts.device_id, db.devices.c.account_id == account.id
            )
        ).one_or_none()
    if found is None:
        raise invalid(
            "The export was signed by a computer that is not yours.",
            remedy="Sign in on the computer that you export with.",
            code="device-unknown",
        )


def judge_policy(state: PlatformState, account: Account, facts: ExportFacts, grants: Mapping[str, Grant]) -> None:
    """Ask the policy again.

    Raises:
        Refusal: policy-denied, with the clause and what to do about it.
    """
    made_s = min(state.now_s(), _moment(facts.signed_at)) if facts.signed_at else state.now_s()
    # A device sets its own clock: an export cannot have been made before the licence that it names.
    made_s = max([made_s, *(from_iso(grant.issued_at) for grant in grants.values())])
    context = Context(
        # The question is whether the export was allowed when it was made; a lease may well end before the next sync.
        now=made_s,
        user=account.subject,
        device=facts.device_id or None,
        territory=account.territory,
        exports_used=_exports_used(state, grants),
        revoked=frozenset(licensing.revoked_before(state, {grant.grant_id for grant in grants.values()}, made_s)),
    )
    verdict = decide(grants, facts.usage, context)
    if facts.usage.export is None:
        raise invalid(
            "The export does not say what it is.", remedy="Export again with this studio.", code="manifest-incomplete"
        )
    if not verdict.allowed:
        first = verdict.denials[0]
        raise Refusal(
            422,
            "policy-denied",
            f"The licence does not allow this export: {first.why}",
            remedy=first.remedy,
            details={"clauses": [denial.clause for denial in verdict.denials], "asset_sha256": first.asset_sha256},
        )


def judge_shares(facts: ExportFacts, grants: Mapping[str, Grant]) -> tuple[dict[str, int], dict[str, int]]:
    """Recompute who is paid: (master_ppm, publishing_ppm) by payee. Who is paid for a recording is taken from the
    service's own licence.

    Raises:
        Refusal: shares-wrong.
    """
    try:
        claimed = parse_evidence(facts.evidence)
        shares = recompute(_with_own_sources(claimed, facts, grants))
    except RightsError as error:
        raise _shares_wrong(error.message) from error
    master, publishing = _by_payee(shares.master), _by_payee(shares.publishing)
    if master != facts.master_ppm or publishing != facts.publishing_ppm:
        raise _shares_wrong("the stated shares are not those that follow from the mix")
    return master, publishing


def _with_own_sources(claimed: Evidence, facts: ExportFacts, grants: Mapping[str, Grant]) -> Evidence:
    sources: dict[str, ShareSource] = {}
    for name, source in claimed.sources.items():
        if source.kind != "licensed":
            sources[name] = source
            continue
        grant = grants.get(name)
        if grant is None:
            raise _shares_wrong("a recording has a share and no licence")
        sources[name] = source_of(grant, source.stems)
        if sources[name] != source:
            raise _shares_wrong("the payees of a recording are not those of its licence")
    for used in facts.usage.sources:
        source = sources.get(used.asset_sha256)
        if source is None:
            raise _shares_wrong("a recording is used and has no share")
        if "mix" not in source.stems and not used.stems <= set(source.stems):
            raise _shares_wrong("a stem is used and has no share")
    if facts.usage.own_material and not any(source.kind == "own" for source in sources.values()):
        raise _shares_wrong("own material is used and has no share")
    return msgspec.structs.replace(claimed, sources=sources)


def _exports_used(state: PlatformState, grants: Mapping[str, Grant]) -> dict[str, int]:
    used: dict[str, int] = {}
    joined = db.export_grants.join(db.exports, db.exports.c.receipt_id == db.export_grants.c.receipt_id)
    with state.db.read() as connection:
        for grant in grants.values():
            used[grant.grant_id] = connection.execute(
                sa.select(sa.func.count())
                .select_from(joined)
                .where(db.export_grants.c.grant_id == grant.grant_id, db.exports.c.at >= grant.issued_at)
            ).scalar_one()
    return used


def _by_payee(shares: tuple[Share, ...]) -> dict[str, int]:
    return {share.id: share.ppm for share in shares}


def _moment(text: str) -> float:
    try:
        return from_iso(text)
    except ValueError as error:
        raise invalid(
            "The export does not say when it was made.", remedy="Export again.", code="manifest-incomplete"
        ) from error


def _shares_wrong(problem: str) -> Refusal:
    return invalid(
        f"The shares of this export do not hold: {problem.rstrip('.')}.",
        remedy="Export again with this version of the studio.",
        code="shares-wrong",
        problem=problem,
    )
