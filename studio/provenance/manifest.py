"""The manifest of an export (RIGHTS.md 3): created from ingredients, with models as inputs, every step, and our own
assertions.

What the Ogg, Opus or encrypted source of a licensed recording cannot carry itself is named by its digest: an ingredient
without a manifest, whose grant stands in ``org.contrafact.licence``. A source that does carry a manifest is added with
it by `signing.sign_file`.
"""

from __future__ import annotations

import base64
import hashlib
import math
from typing import Any

import msgspec

from studio.base.canonical import CanonicalError, canonical_json
from studio.base.errors import ProvenanceError
from studio.provenance.inputs import LicensedSource, ManifestInput, ModelFacts, OwnSource
from studio.provenance.payload import MIME
from studio.provenance.steps import actions, plain
from studio.rights.shares import Evidence, Share
from studio.rights.usage import Usage

LICENCE = "org.contrafact.licence"
CONTRIBUTIONS = "org.contrafact.contributions"
DISCLOSURE = "org.contrafact.ai-disclosure"
AUDIO_MAP = "org.contrafact.audio-map"
"""Added by `signing.sign_file`, which knows the file."""

WATERMARK_ALG = "org.contrafact.watermark.1"
GENERATOR = "Contrafact"


def build(facts: ManifestInput) -> dict[str, Any]:
    """The manifest definition, as the C2PA library takes it, without the file's own map.

    Raises:
        ProvenanceError: `signing-failed` for facts that cannot stand in a manifest (NaN, an unknown model, sides that
        do not sum).
    """
    _check(facts)
    assertions: list[dict[str, Any]] = [
        {"label": "c2pa.actions.v2", "data": {"actions": actions(facts), "allActionsIncluded": True}},
        {"label": "cawg.training-mining", "data": _training(facts)},
        {"label": LICENCE, "data": _licence(facts)},
        {"label": CONTRIBUTIONS, "data": _contributions(facts)},
        {"label": DISCLOSURE, "data": disclosure(facts)},
    ]
    if facts.watermark_id is not None:
        assertions.append({"label": "c2pa.soft-binding", "data": _soft_binding(facts.watermark_id)})
    manifest: dict[str, Any] = {
        "claim_version": 2,
        "claim_generator_info": [{"name": GENERATOR, "version": facts.app_version}],
        "title": plain(facts.title),
        "format": MIME[facts.export.format],
        "assertions": assertions,
        "ingredients": [
            *(_recording(source) for source in facts.sources),
            *(_own(own) for own in facts.own),
            *(_model(model) for model in facts.models),
        ],
    }
    try:
        canonical_json(manifest)
    except CanonicalError as problem:
        raise _refused(str(problem)) from problem
    return manifest


def evidence_digest(evidence: Evidence) -> str:
    """The sha256 (hex) of the canonical evidence that shares follow from."""
    return hashlib.sha256(as_text(evidence).encode()).hexdigest()


def as_text(value: Evidence | Usage) -> str:
    """A value as canonical JSON text, sets in order.

    Within credentials such values stand as text, because readers of the C2PA library show lists of numbers as bytes.
    """
    return canonical_json(msgspec.to_builtins(value, order="sorted")).decode("utf-8")


def disclosure(facts: ManifestInput) -> dict[str, Any]:
    """What models did, derived from the steps, in the terms of DDEX: never "none" where it is unknown.

    `contains_ai` is ``yes`` when a model made sound, ``assisted`` when models only took sounds apart or set effects,
    ``unknown`` when the user's own material is in it and nothing else speaks, ``no`` otherwise.
    """
    used = [step for step in facts.steps if step.model_id is not None]
    generated = [step for step in used if step.generated]
    imported = any(not own.recorded for own in facts.own)
    contains = "yes" if generated else "unknown" if imported else "assisted" if used else "no"
    return {
        "contains_ai": contains,
        "contributions": [
            {
                "contribution": "Generated" if step.generated else "Assisted",
                "operation": step.operation,
                "stem": step.stem or "",
                "model": step.model_id,
                "source": step.source or "",
            }
            for step in used
        ],
        "own_material": "unknown" if imported else "none" if not facts.own else "recorded",
        "basis": "derived from the steps that this studio carried out",
    }


def _licence(facts: ManifestInput) -> dict[str, Any]:
    return {
        "grants": [
            {
                "grant_id": source.grant_id,
                "rev": source.grant_rev,
                "digest": source.grant_digest,
                "issuer": source.issuer,
                "asset_sha256": source.asset_sha256,
                "title": plain(source.title),
                "artists": [plain(artist) for artist in source.artists],
                "isrc": source.isrc or "",
                "iswcs": list(source.iswcs),
                "stems": list(source.stems),
            }
            for source in facts.sources
        ],
        "own_material": [
            {"id": own.id, "title": plain(own.title), "sha256": own.sha256, "status": "user-asserted"}
            for own in facts.own
        ],
        "usage": as_text(facts.usage),
    }


def _contributions(facts: ManifestInput) -> dict[str, Any]:
    shares = facts.shares
    return {
        "export_id": facts.export_id,
        "project_id": facts.project_id,
        "device_id": facts.device_id,
        "created_at": facts.created_at,
        "artist": plain(facts.artist),
        "method": shares.method,
        "master": [_share(share) for share in shares.master],
        "publishing": [_share(share) for share in shares.publishing],
        "evidence": as_text(shares.evidence),
        "evidence_digest": evidence_digest(shares.evidence),
    }


def _share(share: Share) -> dict[str, Any]:
    return {"id": share.id, "name": plain(share.name), "ppm": share.ppm, "kind": share.kind, "work": share.work or ""}


def _training(facts: ManifestInput) -> dict[str, Any]:
    allowed = bool(facts.sources) and not facts.own and all(source.training_allowed for source in facts.sources)
    use = "allowed" if allowed else "notAllowed"
    words = ("cawg.ai_training", "cawg.ai_generative_training", "cawg.data_mining", "cawg.ai_inference")
    return {"entries": {word: {"use": use} for word in words}}


def _soft_binding(watermark_id: int) -> dict[str, Any]:
    value = base64.b64encode(watermark_id.to_bytes(8, "big")).decode("ascii")
    return {"alg": WATERMARK_ALG, "blocks": [{"scope": {}, "value": value}]}


def _recording(source: LicensedSource) -> dict[str, Any]:
    return {
        "title": plain(source.title),
        "format": source.format,
        "relationship": "componentOf",
        "label": source.asset_sha256,
        "instance_id": f"urn:sha256:{source.asset_sha256}",
        "description": f"Licensed recording, grant {source.grant_id} revision {source.grant_rev}",
    }


def _own(own: OwnSource) -> dict[str, Any]:
    return {
        "title": plain(own.title),
        "format": "audio/wav",
        "relationship": "componentOf",
        "label": own.id,
        "instance_id": f"urn:sha256:{own.sha256}",
        "description": "The user's own material, as they say",
    }


def _model(model: ModelFacts) -> dict[str, Any]:
    return {
        "title": plain(f"{model.title or model.id} {model.version}"),
        "format": "application/onnx",
        "relationship": "inputTo",
        "label": model.id,
        "instance_id": f"urn:sha256:{model.digest}",
        "description": plain(model.statement) or "A model that worked on this sound",
        "data_types": [{"type": "c2pa.types.model.onnx"}],
    }


def _check(facts: ManifestInput) -> None:
    for side in (facts.shares.master, facts.shares.publishing):
        if sum(share.ppm for share in side) != 1_000_000:
            raise _refused("a side of the shares does not sum to 1,000,000")
    models = {model.id for model in facts.models}
    for step in facts.steps:
        if step.model_id is not None and step.model_id not in models:
            raise _refused(f"the step {step.operation} names an unknown model")
    ids = [*(s.asset_sha256 for s in facts.sources), *(own.id for own in facts.own), *(m.id for m in facts.models)]
    if len(set(ids)) != len(ids):
        raise _refused("two ingredients have the same id")
    numbers = (facts.export.duration_s, facts.export.loudness_lufs, facts.export.true_peak_dbtp)
    if any(math.isnan(number) or number == math.inf for number in numbers) or facts.export.duration_s < 0:
        raise _refused("the loudness or the length of the render is not a number")
    if facts.watermark_id is not None and not 0 <= facts.watermark_id < 1 << 64:
        raise _refused("the watermark's id has more than 64 bits")
    if not plain(facts.title):
        raise _refused("the export has no title")


def _refused(problem: str) -> ProvenanceError:
    return ProvenanceError(
        f"The credentials of this export cannot be written: {problem}.",
        remedy="Export again; if it stays, tell us, since this is a fault of the studio.",
        code="signing-failed",
        details={"problem": problem},
    )
