"""Verify any file: its credentials, what was changed since, and the platform's receipt where it can be asked."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import AudioFileError
from studio.base.errors import PlatformError
from studio.flows.marks import mark_text
from studio.flows.services import Services
from studio.platform.verdicts import ClaimedGrant, ExportFacts
from studio.provenance.facts import Facts
from studio.provenance.trust import TrustAnchors
from studio.provenance.verify import Problem, Verification, verify_file
from studio.rights.usage import Usage

_STATUS = {
    "licensed": "licensed",
    "user-asserted": "the remixer's own, by their word",
    "ingredient": "named by another credential",
}


class VerifyResult(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a file. `state` is Trusted, Valid, Invalid or NoCredentials; only Trusted counts."""

    state: str
    path: str
    summary: str
    problems: tuple[Problem, ...]
    facts: Facts
    manifest_digest: str
    sha256: str
    receipt_id: str | None = None
    received_at: str | None = None
    mark: str | None = None
    """The id that was found in the sound of a file without credentials, 16 hexadecimal digits."""
    mark_title: str | None = None
    """What the export with that mark was called, where the platform knows it."""


def verify(services: Services, path: Path) -> VerifyResult:
    """Check a file, whatever it is; the platform is asked for its receipt and not needed for the outcome.

    Raises:
        ProvenanceError: file-missing or file-unreadable.
    """
    found: Verification = verify_file(path, trust=services.trust_anchors())
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    receipt_id = received_at = mark = title = None
    if found.state == "NoCredentials":
        mark = find_mark(services, path)
        if mark is not None:
            try:
                known = services.client().resolve_mark(mark)
                receipt_id, received_at = _receipt(known.receipt)
                title = known.title
            except PlatformError:
                title = None
    elif found.state == "Trusted":
        try:
            receipt_id, received_at = _receipt(services.client().resolve(digest).receipt)
        except PlatformError:
            # Offline, or an export that waits in the outbox: the credential speaks for itself.
            receipt_id = None
    return VerifyResult(
        state=found.state,
        path=str(path),
        summary=found.summary,
        problems=found.problems,
        facts=found.facts,
        manifest_digest=found.manifest_digest,
        sha256=digest,
        receipt_id=receipt_id,
        received_at=received_at,
        mark=mark,
        mark_title=title,
    )


def find_mark(services: Services, path: Path) -> str | None:
    """The id in the sound of a file, or None; a file that is no sound has none."""
    try:
        found: int | None = services.io.run("studio.flows.tasks:find_mark", {"path": str(path)})
    except AudioFileError:
        return None
    return None if found is None else mark_text(found)


def _receipt(receipt: dict[str, Any]) -> tuple[str | None, str | None]:
    return str(receipt.get("receipt_id") or "") or None, str(receipt.get("at") or "") or None


def export_facts(path: Path, *, filename: str, anchors: str) -> ExportFacts:
    """What the platform learns from an export that was handed in: the manifest's own words, after every check."""
    found = verify_file(path, trust=TrustAnchors.of([anchors.encode()]))
    facts = found.facts
    return ExportFacts(
        state=found.state,
        problems=tuple(problem.text for problem in found.problems),
        manifest_digest=found.manifest_digest,
        title=facts.title,
        device_id=facts.device_id,
        signed_at=facts.signed_at,
        mark=facts.mark,
        grants=tuple(
            ClaimedGrant(grant_id=line.grant_id, rev=line.grant_rev, digest=line.grant_digest)
            for line in facts.sources
            if line.status == "licensed"
        ),
        usage=facts.usage or Usage(),
        evidence=facts.evidence,
        master_ppm={share.id: share.ppm for share in facts.master},
        publishing_ppm={share.id: share.ppm for share in facts.publishing},
    )


_MARKS = {
    "Trusted": "✓ Trusted",
    "Valid": "? Signed by someone this studio does not know",
    "Invalid": "✗ Not as signed",
    "NoCredentials": "– No credentials",
}


def as_text(found: VerifyResult) -> str:
    """The result as lines of text."""
    facts = found.facts
    lines = [f"{_MARKS[found.state]}: {found.summary}"]
    lines += [f"  {problem.text}" for problem in found.problems if problem.text != found.summary]
    if found.mark is not None:
        whose = f"“{found.mark_title}”" if found.mark_title else "not known to this platform"
        lines.append(f"mark       {found.mark}: {whose}")
        if found.receipt_id:
            lines.append(f"received   {found.received_at}, receipt {found.receipt_id}")
    if found.state == "NoCredentials":
        return "\n".join(lines)
    lines.append(f"title      {facts.title}")
    lines.append(f"signed     {facts.signed_at} by {facts.device_id or facts.signed_by}, {facts.made_with}")
    if found.receipt_id:
        lines.append(f"received   {found.received_at}, receipt {found.receipt_id}")
    for source in facts.sources:
        who = f", {', '.join(source.artists)}" if source.artists else ""
        used = f" ({', '.join(source.stems)})" if source.stems else ""
        grant = f", {source.grant_id} rev {source.grant_rev}" if source.grant_id else ""
        lines.append(f"made of    {source.title}{who}{used}: {_STATUS.get(source.status, source.status)}{grant}")
    lines += [f"step       {step}" for step in facts.steps]
    lines += [f"model      {model.title}" for model in facts.models]
    for side, shares in (("recording", facts.master), ("song", facts.publishing)):
        lines += [f"{side:10s} {share.ppm / 10_000:6.2f} %  {share.name}" for share in shares]
    return "\n".join(lines)
