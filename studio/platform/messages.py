"""What client and service say to each other. JSON on the wire; unknown members of an answer are ignored, so that a
newer service may say more."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

STEM_ROLES: tuple[str, ...] = ("vocals", "drums", "bass", "other")

Text = Annotated[str, Meta(min_length=1, max_length=300)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Email = Annotated[str, Meta(pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$")]


class Section(Struct, frozen=True, kw_only=True):
    """A part of the form, in seconds from the start."""

    name: Text
    start_s: float
    end_s: float | None = None
    length_s: float | None = None


class RecordingMeta(Struct, frozen=True, kw_only=True):
    """What a recording is and who made it: `meta.json` beside the audio.

    `works`, `master_owners` and `performers` have the shape that they have in a grant's resource
    (`studio.rights.grants`).
    """

    title: Text
    artists: Annotated[list[Text], Meta(min_length=1, max_length=50)]
    isrc: str
    works: Annotated[list[dict[str, Any]], Meta(max_length=50)] = []
    master_owners: Annotated[list[dict[str, Any]], Meta(max_length=50)] = []
    performers: Annotated[list[dict[str, Any]], Meta(max_length=200)] = []
    duration_s: Annotated[float, Meta(gt=0, le=36000)] | None = None
    tempo_bpm: Annotated[float, Meta(gt=0, le=1000)] | None = None
    first_beat_s: Annotated[float, Meta(ge=0)] | None = None
    beats_per_bar: Annotated[int, Meta(ge=1, le=32)] | None = None
    key: Annotated[str, Meta(max_length=40)] | None = None
    sections: Annotated[list[Section], Meta(max_length=200)] = []
    stems: list[str] | dict[str, Any] = []
    attributions: list[Any] = []
    artwork: Any = None
    order: int = 1000
    description: Annotated[str, Meta(max_length=4000)] = ""
    style: Annotated[str, Meta(max_length=100)] = ""
    label: Annotated[str, Meta(max_length=300)] = ""
    year: int | None = None
    has_vocals: bool | None = None
    silent_stems: list[str] = []
    identifiers_are_fictional: bool = False
    """True for made-up identifiers, as those of the demo songs are."""


class FileInfo(Struct, frozen=True, kw_only=True):
    """A file of a recording. `role` is mix, a stem, or artwork."""

    role: str
    sha256: Sha256
    size: int
    """Bytes."""
    name: str
    media_type: str


class RecordingSummary(Struct, frozen=True, kw_only=True):
    """One row of the catalogue. `permit` and `deny` are words of the `terms`; `artwork` is what the credits say of
    it."""

    id: str
    asset_sha256: Sha256
    title: str
    artists: list[str]
    isrc: str
    duration_s: float
    tempo_bpm: float | None
    key: str | None
    has_stems: bool
    permit: list[str]
    deny: list[str]
    terms: dict[str, Any]
    artwork: Any = None


class RecordingDetail(Struct, frozen=True, kw_only=True):
    """A recording with credits, files and the terms that its owner set."""

    summary: RecordingSummary
    meta: RecordingMeta
    terms: dict[str, Any]
    terms_rev: int
    files: list[FileInfo]
    published_at: str


class SearchPage(Struct, frozen=True, kw_only=True):
    """A page of search results; `total` counts all that match."""

    recordings: list[RecordingSummary]
    total: int
    offset: int


class FileName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An uploaded file and what it was called."""

    sha256: Sha256
    name: Text


class PublishRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Publish a recording whose files were uploaded before. Stems by role."""

    audio: FileName
    meta: RecordingMeta
    terms: dict[str, Any]
    stems: dict[str, FileName] = {}
    artwork: FileName | None = None


class TermsRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New terms for a recording; the next lease carries them."""

    terms: dict[str, Any]


class GrantRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask for a licence. `device_id` is the pseudonymous id of the device's certificate."""

    recording_id: str
    device_id: str | None = None


class RevokeRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The owner ends a licence."""

    reason: Annotated[str, Meta(max_length=500)] = ""


class Revocation(Struct, frozen=True, kw_only=True):
    """A licence that the owner ended."""

    sequence: int
    grant_id: str
    asset_sha256: Sha256
    reason: str
    at: str


class RevocationList(Struct, frozen=True, kw_only=True):
    """The revocations that concern one account."""

    revocations: list[Revocation]
    subject: str
    at: str


class Account(Struct, frozen=True, kw_only=True):
    """Who is signed in. `subject` is how grants name the account."""

    id: str
    subject: str
    email: str
    name: str
    role: Literal["remixer", "rightsholder"]
    territory: str


class DemoAccount(Struct, frozen=True, kw_only=True):
    """The local person of an embedded service."""

    email: str
    password: str


class TokenSet(Struct, frozen=True, kw_only=True):
    """The answer of the token endpoint (RFC 6749 5.1)."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    """Seconds."""


class DeviceCode(Struct, frozen=True, kw_only=True):
    """The answer of the device authorisation endpoint (RFC 8628 3.2)."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: float


class CertificateRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A PEM certificate signing request of this device's key."""

    csr: Annotated[str, Meta(max_length=16384)]


class Certificate(Struct, frozen=True, kw_only=True):
    """The device's certificate chain in PEM, leaf first, and the pseudonym that it carries."""

    device_id: str
    chain: str


class PlatformKey(Struct, frozen=True, kw_only=True):
    """A public Ed25519 key, hexadecimal, with its id."""

    kid: str
    public_key: str


class PlatformInfo(Struct, frozen=True, kw_only=True):
    """The service's name, keys and trust anchors (PEM)."""

    name: str
    api: str
    keys: list[PlatformKey]
    trust_anchors: str
    at: str
    nonce: str = ""
    """What the client sent to tell this answer from an older one."""


class ExportRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hand in an export that was uploaded before. What it claims is read from its signed manifest, never from here."""

    export_sha256: Sha256
    filename: Text
    chain: Annotated[str, Meta(max_length=64)] = ""
    """Name of the device's chain of operations; empty for none."""
    sequence: int = 0
    """Place in the chain, from 1."""
    previous_hash: str = ""
    """Hash of the operation before this one in the chain."""
    entry_hash: str = ""


class UsageEvent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something worth counting: a preview played, a licence opened."""

    id: Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}$")]
    kind: Literal["play", "open", "separate", "restyle"]
    subject: Annotated[str, Meta(max_length=100)]
    at: Annotated[str, Meta(max_length=40)]


class Resolution(Struct, frozen=True, kw_only=True):
    """What the platform knows of an export."""

    export_sha256: Sha256
    title: str
    receipt: dict[str, Any]


class RecordingUse(Struct, frozen=True, kw_only=True):
    """An export that uses a recording, and the recording's part of it, of a million on each side."""

    receipt_id: str
    title: str
    at: str
    master_ppm: int
    publishing_ppm: int


class RecordingStatement(Struct, frozen=True, kw_only=True):
    """What became of one recording. `licences` counts persons who licensed it, `events` plays, splits and the like."""

    recording_id: str
    asset_sha256: Sha256
    title: str
    artists: list[str]
    terms_rev: int
    licences: int
    events: dict[str, int]
    uses: list[RecordingUse]


class Statement(Struct, frozen=True, kw_only=True):
    """All recordings of a rightsholder, signed by the platform."""

    owner: str
    name: str
    at: str
    recordings: list[RecordingStatement]


Mark = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$")]
"""The 64-bit id that an export carries in its sound, in hexadecimal digits."""


class Credentials(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new account."""

    email: Email
    password: str
    name: Text
    role: Literal["remixer", "rightsholder"] = "remixer"
    territory: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")] = "SE"


def to_plain(value: Any) -> Any:
    """A struct as dicts, lists and plain values."""
    return msgspec.to_builtins(value)
