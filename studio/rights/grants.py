"""The licence grant ``grant/1``: a small closed schema, default-deny, signed by the platform (RIGHTS.md 1).

`parse_signed` is the only way from bytes to a grant that counts. It refuses whatever it does not know: a field, an
operation, a destination or a wildcard that this version cannot judge is a reason to refuse the grant, never to ignore
the field.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from studio.base.canonical import CanonicalError
from studio.base.clock import from_iso
from studio.base.errors import RightsError
from studio.base.signatures import SignatureError, SigningKey, open_document, sign_document
from studio.rights import identifiers

Stem = Literal["vocals", "drums", "bass", "other"]
STEMS: tuple[Stem, ...] = ("vocals", "drums", "bass", "other")

Operation = Literal[
    "play",
    "stem:vocals",
    "stem:drums",
    "stem:bass",
    "stem:other",
    "time_stretch",
    "pitch_shift",
    "style:timbre",
    "style:production",
    "style:arrangement",
    "mix_with_licensed",
    "mix_with_own",
    "export",
    "stem_export",
    "train",
]
"""Words of `permit`. What is not permitted is forbidden."""

Restriction = Literal[Operation, "voice_clone", "restyle:vocals", "restyle:drums", "restyle:bass", "restyle:other"]
"""Words of `deny`, which wins over `permit`. ``restyle:<stem>`` forbids every ``style:*`` operation on that stem;
``voice_clone`` cannot be permitted by a ``grant/1`` other than through the consented models of `voice`."""

Format = Literal["wav", "flac", "mp3"]
Destination = Literal["platform", "local_preview"]

MILLION = 1_000_000

WIDEST_PITCH = (-48.0, 48.0)
WIDEST_TEMPO = (0.1, 10.0)
"""What a grant without a limit allows; no limit may be wider."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SUBJECT = re.compile(r"user:[A-Za-z0-9._@+-]{1,128}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_TOKEN = re.compile(r"[A-Za-z0-9._:+-]{1,128}")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class _Closed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A struct that refuses unknown fields."""


class Writer(_Closed, frozen=True, kw_only=True):
    """Who wrote (a part of) a work; `share_ppm` of the work."""

    name: str
    ipi: str | None = None
    share_ppm: int


class Publisher(_Closed, frozen=True, kw_only=True):
    """Who publishes (a part of) a work; `share_ppm` of the work, 0 if it only administers the writers' shares."""

    name: str
    ipi: str | None = None
    share_ppm: int = 0


class Work(_Closed, frozen=True, kw_only=True):
    """A composition: the shares of its writers and publishers sum to 1,000,000.

    `pub_weight_by_stem` in [0, 1] says how much of the composition each stem carries; a stem that is not named carries
    all of it.
    """

    iswc: str | None = None
    title: str = ""
    writers: tuple[Writer, ...]
    publishers: tuple[Publisher, ...] = ()
    pub_weight_by_stem: dict[Stem, float] = {}


class Owner(_Closed, frozen=True, kw_only=True):
    """Who owns (a part of) the recording."""

    name: str
    dpid: str | None = None
    share_ppm: int


class Performer(_Closed, frozen=True, kw_only=True):
    """Who is heard on the recording."""

    name: str
    isni: str | None = None
    role: str = ""


class Resource(_Closed, frozen=True, kw_only=True):
    """The recording that the grant is about. `asset_sha256` is the digest of the file as the platform delivers it."""

    asset_sha256: str
    isrc: str | None = None
    title: str
    artists: tuple[str, ...]
    works: tuple[Work, ...] = ()
    master_owners: tuple[Owner, ...]
    performers: tuple[Performer, ...] = ()


class Constraints(_Closed, frozen=True, kw_only=True):
    """Limits on a use; None is no limit. Times are UTC, ``2026-11-21T10:32:17Z``; ranges are inclusive."""

    territory: tuple[str, ...] | None = None
    """ISO 3166-1 alpha-2 codes of the countries in which the grant holds."""
    not_before: str | None = None
    not_after: str | None = None
    pitch_semitones: tuple[float, float] | None = None
    tempo_ratio: tuple[float, float] | None = None


class Offline(_Closed, frozen=True, kw_only=True):
    """For how long after `issued_at`, and for how many exports, the grant holds before the platform must be asked
    again."""

    lease_s: int
    max_exports: int


class Export(_Closed, frozen=True, kw_only=True):
    """What may leave the studio."""

    formats: tuple[Format, ...]
    max_sr: int
    max_bits: int
    destinations: tuple[Destination, ...]


class Voice(_Closed, frozen=True, kw_only=True):
    """The voice models that may sing with this recording, and the consent that they rest on."""

    model_ids: tuple[str, ...] = ()
    consent_id: str | None = None


class Splits(_Closed, frozen=True, kw_only=True):
    """The least share of the recording's side, and the part of the money that is the publishing side."""

    master_floor_ppm: int = 0
    publishing_pool_ppm: int = 500_000


class Revocation(_Closed, frozen=True, kw_only=True):
    """What a revocation does: it stops new exports, it never takes a person's project away."""

    on_revoke: Literal["block_new_exports"] = "block_new_exports"


class Grant(_Closed, frozen=True, kw_only=True):
    """A licence for one recording, one person and (if `device_keys` are named) their computers."""

    schema: Literal["grant/1"] = "grant/1"
    grant_id: str
    rev: int
    issuer: str
    subject: str
    issued_at: str
    """From when the lease runs; a renewal is a new revision with a new `issued_at`."""
    device_keys: tuple[str, ...] = ()
    """Device ids (`DeviceIdentity.device_id`) that the grant is bound to; none binds it to the person alone."""
    resource: Resource
    permit: tuple[Operation, ...]
    deny: tuple[Restriction, ...] = ()
    constraints: Constraints = Constraints()
    offline: Offline
    export: Export
    voice: Voice = Voice()
    splits: Splits = Splits()
    revocation: Revocation = Revocation()


class SignedGrant(msgspec.Struct, frozen=True):
    """A grant whose signature was checked, with the bytes that were signed and their sha256 (hex)."""

    grant: Grant
    raw: bytes
    digest: str


def sign(grant: Grant, key: SigningKey, *, kid: str | None = None) -> bytes:
    """The canonical signed bytes of a grant.

    Raises:
        RightsError: `grant-invalid` if the grant breaks a rule of its schema.
    """
    check(grant)
    return sign_document(msgspec.to_builtins(grant), key, kid=kid)


def parse_signed(raw: bytes, *, trusted_keys: Mapping[str, bytes]) -> SignedGrant:
    """Check the signature, the schema and the rules of a grant, and return it with its exact bytes.

    `trusted_keys` maps key ids to 32-byte Ed25519 public keys of platforms.

    Raises:
        RightsError: `grant-invalid`, whatever is wrong with it; `details["reason"]` says what.
    """
    try:
        fields = open_document(raw, trusted_keys=trusted_keys)
    except SignatureError as problem:
        raise _invalid(str(problem), reason=problem.reason) from problem
    grant = from_fields(fields)
    return SignedGrant(grant=grant, raw=bytes(raw), digest=hashlib.sha256(raw).hexdigest())


def from_fields(fields: Mapping[str, Any]) -> Grant:
    """A grant from parsed JSON, without a signature: for rightsholders' terms before they are signed.

    Raises:
        RightsError: `grant-invalid`.
    """
    try:
        grant = msgspec.convert(dict(fields), Grant)
    except msgspec.ValidationError as problem:
        raise _invalid(str(problem), reason="schema") from problem
    if "schema" not in fields:
        raise _invalid("it does not name its schema", reason="schema")
    check(grant)
    return grant


def check(grant: Grant) -> None:
    """Check the rules that types cannot say: check digits, sums, ranges, dates, no wildcards.

    Raises:
        RightsError: `grant-invalid`.
    """
    try:
        _check_head(grant)
        _check_resource(grant.resource)
        _check_constraints(grant.constraints)
        _check_terms(grant)
    except (ValueError, CanonicalError) as problem:
        raise _invalid(str(problem), reason="rule") from problem


def _check_head(grant: Grant) -> None:
    for name, value in (("grant_id", grant.grant_id), ("issuer", grant.issuer)):
        _require(_TOKEN.fullmatch(value), f"{name} {value!r} is not a plain id")
    _require(_SUBJECT.fullmatch(grant.subject), f"subject {grant.subject!r} is not one person")
    _require(grant.rev >= 1, "rev starts at 1")
    _moment("issued_at", grant.issued_at)
    for key in grant.device_keys:
        _require(_TOKEN.fullmatch(key), f"device key {key!r} is not a plain id")


def _check_resource(resource: Resource) -> None:
    _require(_SHA256.fullmatch(resource.asset_sha256), "asset_sha256 is not a sha256")
    _require(bool(resource.title.strip()), "the recording has no title")
    _require(bool(resource.artists), "the recording names no artist")
    if resource.isrc is not None:
        _require(identifiers.check_isrc(resource.isrc) == resource.isrc, "the ISRC is not in its compact form")
    _check_sum("master_owners", [owner.share_ppm for owner in resource.master_owners])
    for owner in resource.master_owners:
        if owner.dpid is not None:
            identifiers.check_dpid(owner.dpid)
    for performer in resource.performers:
        if performer.isni is not None:
            identifiers.check_isni(performer.isni)
    for work in resource.works:
        _check_work(work)


def _check_work(work: Work) -> None:
    if work.iswc is not None:
        _require(identifiers.check_iswc(work.iswc) == work.iswc, "the ISWC is not in its compact form")
    people = (*work.writers, *work.publishers)
    _check_sum("writers and publishers", [each.share_ppm for each in people])
    for each in people:
        if each.ipi is not None:
            identifiers.check_ipi(each.ipi)
    for stem, weight in work.pub_weight_by_stem.items():
        _require(0.0 <= weight <= 1.0, f"the publishing weight of {stem} is outside 0 to 1")


def _check_constraints(limits: Constraints) -> None:
    if limits.territory is not None:
        _require(bool(limits.territory), "an empty territory allows nothing")
        for country in limits.territory:
            _require(_COUNTRY.fullmatch(country), f"territory {country!r} is not a country code")
    if limits.not_before is not None and limits.not_after is not None:
        start, end = _moment("not_before", limits.not_before), _moment("not_after", limits.not_after)
        _require(start < end, "not_after is not later than not_before")
    else:
        for name, value in (("not_before", limits.not_before), ("not_after", limits.not_after)):
            if value is not None:
                _moment(name, value)
    if limits.pitch_semitones is not None:
        low, high = limits.pitch_semitones
        _require(
            WIDEST_PITCH[0] <= low <= 0.0 <= high <= WIDEST_PITCH[1], "pitch_semitones must hold 0 and stay within 48"
        )
    if limits.tempo_ratio is not None:
        low, high = limits.tempo_ratio
        _require(
            WIDEST_TEMPO[0] <= low <= 1.0 <= high <= WIDEST_TEMPO[1],
            "tempo_ratio must hold 1 and stay within 0.1 to 10",
        )


def _check_terms(grant: Grant) -> None:
    _require(len(set(grant.permit)) == len(grant.permit), "permit names an operation twice")
    _require(len(set(grant.deny)) == len(grant.deny), "deny names an operation twice")
    _require(grant.offline.lease_s > 0, "the lease has no length")
    _require(grant.offline.max_exports >= 0, "max_exports is negative")
    _require(8_000 <= grant.export.max_sr <= 768_000, "max_sr is not a sample rate")
    _require(grant.export.max_bits in (16, 24, 32), "max_bits is not 16, 24 or 32")
    _require(0 <= grant.splits.master_floor_ppm <= MILLION, "master_floor_ppm is outside 0 to 1,000,000")
    _require(0 <= grant.splits.publishing_pool_ppm <= MILLION, "publishing_pool_ppm is outside 0 to 1,000,000")
    for model in grant.voice.model_ids:
        _require(_TOKEN.fullmatch(model), f"voice model {model!r} is not a plain id")
    _require(not grant.voice.model_ids or grant.voice.consent_id is not None, "voice models need a consent id")


def _check_sum(what: str, shares: list[int]) -> None:
    _require(all(share >= 0 for share in shares), f"a share of {what} is negative")
    _require(sum(shares) == MILLION, f"the shares of {what} do not sum to 1,000,000")


def _moment(name: str, text: str) -> float:
    _require(_ISO.fullmatch(text), f"{name} {text!r} is not a UTC time like 2026-11-21T10:32:17Z")
    return from_iso(text)


def _require(condition: object, problem: str) -> None:
    if not condition:
        raise ValueError(problem)


def _invalid(problem: str, *, reason: str) -> RightsError:
    return RightsError(
        f"This licence cannot be used: {problem}.",
        remedy="Ask the platform for a fresh licence. If it comes back the same, tell the rightsholder.",
        code="grant-invalid",
        details={"reason": reason, "problem": problem},
    )
