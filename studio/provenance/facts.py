"""What a file's credentials say, for people: sources, steps, models, shares, signer. A stranger's manifest is read as
text, never relied upon."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from studio.provenance.manifest import CONTRIBUTIONS, DISCLOSURE, LICENCE, WATERMARK_ALG
from studio.provenance.reading import Store, as_dict, as_list, as_text, parsed
from studio.provenance.steps import plain
from studio.rights.shares import Share
from studio.rights.usage import Usage

MAX_LINES = 200
MAX_SHARES = 10_000


class SourceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A recording that it is made of. `status` is ``licensed``, ``user-asserted`` or ``ingredient`` (named by somebody
    else's manifest)."""

    title: str
    status: str
    artists: tuple[str, ...] = ()
    isrc: str = ""
    iswcs: tuple[str, ...] = ()
    stems: tuple[str, ...] = ()
    grant_id: str = ""
    grant_rev: int = 0
    grant_digest: str = ""
    asset_sha256: str = ""
    has_manifest: bool = False


class ModelLine(msgspec.Struct, frozen=True, kw_only=True):
    """A model that worked on it."""

    title: str
    digest: str = ""
    statement: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that credentials say. Times are UTC, ISO 8601; texts are one line each."""

    title: str = ""
    artist: str = ""
    made_with: str = ""
    signed_by: str = ""
    device_id: str = ""
    signed_at: str = ""
    export_id: str = ""
    duration_s: float = 0.0
    sources: tuple[SourceLine, ...] = ()
    steps: tuple[str, ...] = ()
    models: tuple[ModelLine, ...] = ()
    method: str = ""
    master: tuple[Share, ...] = ()
    publishing: tuple[Share, ...] = ()
    contains_ai: str = "unknown"
    training: str = ""
    watermark: bool = False
    mark: str = ""
    """The 64-bit id in the sound that the credentials bind to, 16 hexadecimal digits; empty without one."""
    usage: Usage | None = None
    evidence: dict[str, Any] = {}


def facts_of(store: Store) -> Facts:
    """What the active manifest of a file says."""
    manifest = store.manifest
    contributions = store.assertion(CONTRIBUTIONS)
    signature = as_dict(manifest.get("signature_info"))
    generator = as_dict(next(iter(as_list(manifest.get("claim_generator_info"))), None))
    actions = [as_dict(each) for each in as_list(store.assertion("c2pa.actions.v2").get("actions"))][:MAX_LINES]
    return Facts(
        title=plain(as_text(manifest.get("title"))),
        artist=plain(as_text(contributions.get("artist"))),
        made_with=plain(f"{as_text(generator.get('name'))} {as_text(generator.get('version'))}"),
        signed_by=plain(as_text(signature.get("issuer"))),
        device_id=plain(as_text(signature.get("common_name"))),
        signed_at=plain(as_text(signature.get("time")) or as_text(contributions.get("created_at"))),
        export_id=plain(as_text(contributions.get("export_id"))),
        duration_s=_duration(actions),
        sources=tuple(_sources(store)),
        steps=tuple(_step(action) for action in actions),
        models=tuple(_models(manifest)),
        method=plain(as_text(contributions.get("method"))),
        master=_shares(contributions.get("master")),
        publishing=_shares(contributions.get("publishing")),
        contains_ai=plain(as_text(store.assertion(DISCLOSURE).get("contains_ai"))) or "unknown",
        training=_training(store),
        watermark=bool(store.assertion("c2pa.soft-binding")),
        mark=_mark(store),
        usage=_usage(store),
        evidence=as_dict(parsed(contributions.get("evidence"))),
    )


def _mark(store: Store) -> str:
    binding = store.assertion("c2pa.soft-binding")
    if as_text(binding.get("alg")) != WATERMARK_ALG:
        return ""
    value = as_text(as_dict(next(iter(as_list(binding.get("blocks"))), None)).get("value"))
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return raw.hex() if len(raw) == 8 else ""


def _step(action: dict[str, Any]) -> str:
    return plain(as_text(action.get("description"))) or plain(as_text(action.get("action")))


def _duration(actions: list[dict[str, Any]]) -> float:
    for action in actions:
        value = as_dict(action.get("parameters")).get("org.contrafact.duration_s")
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e6:
            return float(value)
    return 0.0


def _sources(store: Store) -> list[SourceLine]:
    licence = store.assertion(LICENCE)
    ingredients = [
        each
        for each in (as_dict(each) for each in as_list(store.manifest.get("ingredients")))
        if as_text(each.get("relationship")) != "inputTo"
    ][:MAX_LINES]
    signed = {as_text(each.get("instance_id")) for each in ingredients if each.get("active_manifest")}
    if not licence:
        return [
            SourceLine(
                title=plain(as_text(each.get("title"))),
                status="ingredient",
                has_manifest=bool(each.get("active_manifest")),
            )
            for each in ingredients
        ]
    lines = [_licensed(as_dict(each), signed) for each in as_list(licence.get("grants"))[:MAX_LINES]]
    for each in as_list(licence.get("own_material"))[:MAX_LINES]:
        own = as_dict(each)
        lines.append(SourceLine(title=plain(as_text(own.get("title"))), status="user-asserted"))
    return lines


def _licensed(grant: dict[str, Any], signed: set[str]) -> SourceLine:
    asset = plain(as_text(grant.get("asset_sha256")))
    rev = grant.get("rev")
    return SourceLine(
        title=plain(as_text(grant.get("title"))),
        status="licensed",
        artists=_texts(grant.get("artists")),
        isrc=plain(as_text(grant.get("isrc"))),
        iswcs=_texts(grant.get("iswcs")),
        stems=_texts(grant.get("stems")),
        grant_id=plain(as_text(grant.get("grant_id"))),
        grant_rev=rev if isinstance(rev, int) else 0,
        grant_digest=plain(as_text(grant.get("digest"))),
        asset_sha256=asset,
        has_manifest=f"urn:sha256:{asset}" in signed,
    )


def _models(manifest: dict[str, Any]) -> list[ModelLine]:
    found: list[ModelLine] = []
    for each in as_list(manifest.get("ingredients"))[:MAX_LINES]:
        ingredient = as_dict(each)
        if as_text(ingredient.get("relationship")) == "inputTo":
            found.append(
                ModelLine(
                    title=plain(as_text(ingredient.get("title"))),
                    digest=plain(as_text(ingredient.get("instance_id")).removeprefix("urn:sha256:")),
                    statement=plain(as_text(ingredient.get("description"))),
                )
            )
    return found


def _shares(value: object) -> tuple[Share, ...]:
    found: list[Share] = []
    for each in as_list(value)[:MAX_SHARES]:
        fields = as_dict(each)
        ppm = fields.get("ppm")
        if isinstance(ppm, int) and not isinstance(ppm, bool) and 0 <= ppm <= 1_000_000:
            kind = as_text(fields.get("kind"))
            found.append(
                Share(
                    # As it stands, because others compare it; it is not for the screen.
                    id=as_text(fields.get("id")),
                    name=plain(as_text(fields.get("name"))),
                    ppm=ppm,
                    kind=kind if kind in {"own", "pool", "unclaimed"} else "licensed",  # pyright: ignore[reportArgumentType]
                    work=plain(as_text(fields.get("work"))) or None,
                )
            )
    return tuple(found)


def _training(store: Store) -> str:
    entries = as_dict(store.assertion("cawg.training-mining").get("entries"))
    uses = {as_text(as_dict(each).get("use")) for each in entries.values()}
    if not uses:
        return ""
    return "allowed" if uses == {"allowed"} else "not allowed"


def _usage(store: Store) -> Usage | None:
    fields = parsed(store.assertion(LICENCE).get("usage"))
    try:
        return msgspec.convert(fields, Usage)
    except msgspec.ValidationError:
        return None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(plain(as_text(each)) for each in as_list(value)[:MAX_LINES])
