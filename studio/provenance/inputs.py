"""What a manifest is built from: plain facts that a flow gathers from the project, the grants, the shares and the
render."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from studio.rights.grants import Grant, SignedGrant
from studio.rights.share_sources import OWN
from studio.rights.shares import Shares
from studio.rights.usage import Usage, UsedStem


class LicensedSource(msgspec.Struct, frozen=True, kw_only=True):
    """A licensed recording that is heard, and the grant that it is used under."""

    asset_sha256: str
    title: str
    artists: tuple[str, ...]
    isrc: str | None
    iswcs: tuple[str, ...]
    grant_id: str
    grant_rev: int
    grant_digest: str
    issuer: str
    stems: tuple[UsedStem, ...] = ("mix",)
    training_allowed: bool = False
    format: str = "audio/flac"
    """The type of the file as delivered."""


class OwnSource(msgspec.Struct, frozen=True, kw_only=True):
    """Material of the user's own: asserted by them, checked by nobody. `recorded` is True for what this studio
    recorded."""

    id: str
    title: str
    sha256: str
    recorded: bool = False


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A model that worked on the sound. `digest` is the sha256 of its weights, `statement` what its card says of its
    training."""

    id: str
    version: str
    digest: str
    title: str = ""
    statement: str = ""


class StepFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done: an operation of the grants' vocabulary (or ``record``, ``mix``, ``watermark``,
    ``encode``).

    `source` is the asset_sha256 or the own source's id that it was done to; `generated` is True when it made
    new sound, by its model or, without one, by an algorithm.
    """

    operation: str
    at: str
    source: str | None = None
    stem: UsedStem | None = None
    model_id: str | None = None
    provider: str | None = None
    parameters: dict[str, Any] = {}
    generated: bool = False


class ExportFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The file that is signed. Silence has a loudness and a true peak of -inf."""

    format: Literal["wav", "flac", "mp3"]
    rate: int
    bits: int | None
    duration_s: float
    loudness_lufs: float
    true_peak_dbtp: float
    destination: Literal["platform", "local_preview"] = "platform"


class ManifestInput(msgspec.Struct, frozen=True, kw_only=True):
    """All that `manifest.build` needs. `watermark_id` is the 64-bit id in the sound, if one was put there."""

    export_id: str
    title: str
    artist: str = ""
    project_id: str
    device_id: str
    created_at: str
    app_version: str
    export: ExportFacts
    sources: tuple[LicensedSource, ...] = ()
    own: tuple[OwnSource, ...] = ()
    models: tuple[ModelFacts, ...] = ()
    steps: tuple[StepFacts, ...] = ()
    usage: Usage = Usage()
    """What the policy was asked, so that the platform asks the same."""
    shares: Shares
    watermark_id: int | None = None


def licensed_source(
    grant: SignedGrant, *, stems: tuple[UsedStem, ...] = ("mix",), format: str = "audio/flac"
) -> LicensedSource:
    """The facts of a licensed recording, from the exact grant that it is used under."""
    inner: Grant = grant.grant
    resource = inner.resource
    return LicensedSource(
        asset_sha256=resource.asset_sha256,
        title=resource.title,
        artists=resource.artists,
        isrc=resource.isrc,
        iswcs=tuple(work.iswc for work in resource.works if work.iswc is not None),
        grant_id=inner.grant_id,
        grant_rev=inner.rev,
        grant_digest=grant.digest,
        issuer=inner.issuer,
        stems=stems,
        training_allowed="train" in inner.permit and "train" not in inner.deny,
        format=format,
    )


__all__ = [
    "OWN",
    "ExportFacts",
    "LicensedSource",
    "ManifestInput",
    "ModelFacts",
    "OwnSource",
    "StepFacts",
    "licensed_source",
]
