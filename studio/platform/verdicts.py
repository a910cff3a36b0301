"""What the service must learn from other parts: facts of an audio file, and of an export's signed manifest."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from studio.rights.usage import Usage


class AudioFacts(Struct, frozen=True, kw_only=True):
    """A file that decodes as audio."""

    duration_s: float
    rate: int
    channels: int


class ClaimedGrant(Struct, frozen=True, kw_only=True):
    """A licence that a manifest names; `digest` is the SHA-256 of its exact signed bytes."""

    grant_id: str
    rev: int
    digest: str


class ExportFacts(Struct, frozen=True, kw_only=True):
    """What a manifest says, after its signature and every ingredient were checked.

    `state` is Trusted, Valid, Invalid or NoCredentials; only Trusted is taken. Licences, usage and contributions
    come from the manifest's own assertions (RIGHTS.md 3).
    """

    state: str
    problems: tuple[str, ...] = ()
    manifest_digest: str = ""
    title: str = ""
    device_id: str = ""
    signed_at: str = ""
    """UTC, ISO 8601; empty where unknown."""
    mark: str = ""
    """The id in the sound that the manifest binds to (16 hexadecimal digits); empty without one."""
    grants: tuple[ClaimedGrant, ...] = ()
    usage: Usage = Usage()
    evidence: dict[str, Any] = {}
    """What the shares follow from: the fields of `studio.rights.shares.Evidence`."""
    master_ppm: dict[str, int] = {}
    """The shares that the manifest states, by the payee's id."""
    publishing_ppm: dict[str, int] = {}
