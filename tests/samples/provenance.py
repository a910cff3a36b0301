"""A device and the facts of an export, to be bent by tests."""

from __future__ import annotations

from typing import Literal

from studio.base import pki
from studio.base.keys import KeyStore
from studio.base.paths import AppPaths
from studio.provenance.identity import DeviceIdentity
from studio.provenance.inputs import ExportFacts, ManifestInput, ModelFacts, OwnSource, StepFacts, licensed_source
from studio.rights.shares import OWN, Shares, audible_share, own_source, source_of
from tests.samples.rights import ASSET, NOW, USAGE, changed, signed

RATE = 44_100


def make_identity(paths: AppPaths, authority: pki.CertificateAuthority) -> DeviceIdentity:
    """A device with a certificate of this authority."""
    identity = DeviceIdentity(paths, KeyStore(paths))
    chain = pki.issue_device_certificate(identity.csr(), authority)
    identity.store_chain(chain, at_s=pki.leaf_facts(chain).not_before_s + 600)
    return identity


def sample_shares() -> Shares:
    """Shares of a licensed song and the user's own material over five blocks."""
    return audible_share(
        {ASSET: [0.01, 0.012, 0.0, 0.008, 0.01], OWN: [0.002, 0.0, 0.0, 0.003, 0.002]},
        [0.012, 0.012, 0.0, 0.011, 0.012],
        {ASSET: source_of(signed(), ("vocals", "drums")), OWN: own_source()},
    )


def facts(format: Literal["wav", "flac", "mp3"] = "wav") -> ManifestInput:
    """A remix of one licensed song with own material, separated and restyled by models."""
    return ManifestInput(
        export_id="exp_01",
        title="Low Tide (bossa)",
        artist="Ada",
        project_id="prj_01",
        device_id="dev_1",
        created_at="2026-11-22T10:00:00Z",
        app_version="0.1.0",
        export=ExportFacts(
            format=format,
            rate=RATE,
            bits=None if format == "mp3" else 24,
            duration_s=2.0,
            loudness_lufs=-14.02,
            true_peak_dbtp=-1.0,
        ),
        sources=(licensed_source(signed(), stems=("vocals", "drums")),),
        own=(OwnSource(id="own-1", title="Lead synth", sha256="c3" * 32),),
        models=(
            ModelFacts(
                id="separation-small", version="1.0", digest="d4" * 32, title="Separation", statement="Own recipes"
            ),
            ModelFacts(id="arrangement", version="1.2", digest="e5" * 32, title="Arrangement"),
        ),
        steps=(
            StepFacts(
                operation="stem:drums", at="2026-11-22T09:50:00Z", source=ASSET, stem="drums",
                model_id="separation-small", provider="CPU",
            ),
            StepFacts(
                operation="style:arrangement", at="2026-11-22T09:55:00Z", source=ASSET, stem="drums",
                model_id="arrangement", provider="CPU", generated=True,
                parameters={"style": "bossa", "intensity": 0.7, "seed": 41},
            ),
            StepFacts(
                operation="pitch_shift", at="2026-11-22T09:56:00Z", source=ASSET, parameters={"semitones": 2.0}
            ),
            StepFacts(
                operation="time_stretch", at="2026-11-22T09:57:00Z", source=ASSET,
                parameters={"tempo_ratio": [1.0, 1.04]},
            ),
        ),
        usage=USAGE,
        shares=sample_shares(),
        watermark_id=0x0123456789ABCDEF,
    )  # fmt: skip


def bent(**fields: object) -> ManifestInput:
    """The facts with other fields."""
    made: ManifestInput = changed(facts(), **fields)
    return made


__all__ = ["NOW", "RATE", "bent", "facts", "make_identity", "sample_shares"]
