"""The rightsholder's terms of a recording, and the licence that follows from them for one person.

Terms are a grant without the person: the same closed structs, the same words. What a grant could not say, terms
cannot say either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from studio.base.errors import RightsError
from studio.platform.messages import RecordingMeta
from studio.platform.refusal import Refusal, invalid
from studio.rights import grants
from studio.rights.identifiers import check_isrc, check_iswc


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``terms/1``: what a rightsholder allows with a recording."""

    schema: Literal["terms/1"]
    permit: tuple[grants.Operation, ...]
    deny: tuple[grants.Restriction, ...] = ()
    constraints: grants.Constraints = grants.Constraints()
    offline: grants.Offline
    export: grants.Export
    voice: grants.Voice = grants.Voice()
    splits: grants.Splits = grants.Splits()
    revocation: grants.Revocation = grants.Revocation()


def parse_terms(fields: Mapping[str, Any]) -> Terms:
    """Terms from JSON.

    Raises:
        Refusal: terms-invalid, naming the word or field that is not known.
    """
    try:
        return msgspec.convert(dict(fields), Terms)
    except msgspec.ValidationError as error:
        raise invalid(
            f"These terms cannot be published: {error}.",
            remedy="Correct the named field. Words that the licence does not know are refused, never ignored.",
            code="terms-invalid",
            problem=str(error),
        ) from error


def resource_of(meta: RecordingMeta, asset_sha256: str) -> grants.Resource:
    """The resource of a grant: what the recording is and who stands behind it. Identifiers may be written with hyphens.

    Raises:
        Refusal: credits-invalid.
    """
    try:
        fields = {
            "asset_sha256": asset_sha256,
            "isrc": check_isrc(meta.isrc),
            "title": meta.title,
            "artists": meta.artists,
            "works": [_compact_work(work) for work in meta.works],
            "master_owners": meta.master_owners,
            "performers": meta.performers,
        }
        return msgspec.convert(fields, grants.Resource)
    except (ValueError, TypeError) as error:
        raise credits_invalid(str(error)) from error


def build_grant(
    resource: grants.Resource,
    terms: Terms,
    *,
    grant_id: str,
    rev: int,
    issuer: str,
    subject: str,
    issued_at: str,
    device_keys: tuple[str, ...],
) -> grants.Grant:
    """The licence of one person under these terms, checked.

    Raises:
        Refusal: credits-invalid or terms-invalid, when the grant would break a rule of its schema.
    """
    grant = grants.Grant(
        grant_id=grant_id,
        rev=rev,
        issuer=issuer,
        subject=subject,
        issued_at=issued_at,
        device_keys=device_keys,
        resource=resource,
        permit=terms.permit,
        deny=terms.deny,
        constraints=terms.constraints,
        offline=terms.offline,
        export=terms.export,
        voice=terms.voice,
        splits=terms.splits,
        revocation=terms.revocation,
    )
    try:
        grants.check(grant)
    except RightsError as error:
        raise invalid(
            f"These terms or credits cannot be published: {error.details.get('problem', error.message)}.",
            remedy="Correct what is named and publish again.",
            code="terms-invalid",
            problem=str(error.details.get("problem", "")),
        ) from error
    return grant


def credits_invalid(problem: str) -> Refusal:
    """Credits that no licence could carry."""
    return invalid(
        f"These credits cannot be published: {problem}.",
        remedy="Correct what is named in the recording's credits and publish again.",
        code="credits-invalid",
        problem=problem,
    )


def _compact_work(work: dict[str, Any]) -> dict[str, Any]:
    iswc = work.get("iswc")
    return work if not isinstance(iswc, str) else {**work, "iswc": check_iswc(iswc)}
