"""A grant, a usage and a context that are allowed, to be bent by tests."""

from __future__ import annotations

from typing import Any

import msgspec

from studio.base.clock import from_iso
from studio.base.signatures import SigningKey
from studio.rights.grants import (
    STEMS,
    Constraints,
    Export,
    Grant,
    Offline,
    Owner,
    Performer,
    Publisher,
    Resource,
    SignedGrant,
    Splits,
    Work,
    Writer,
    parse_signed,
    sign,
)
from studio.rights.usage import ExportUse, OperationUse, SourceUse, Usage
from studio.rights.verdict import Context

KEY = SigningKey.from_bytes(bytes(range(32)))
TRUSTED = {KEY.kid: KEY.public}
ASSET = "a1" * 32
OTHER = "b2" * 32
NOW = from_iso("2026-11-22T10:00:00Z")

WORK = Work(
    iswc="T0345246801",
    title="Low Tide",
    writers=(
        Writer(name="Writer A", ipi="00014107338", share_ppm=600_000),
        Writer(name="Writer B", ipi="00045620792", share_ppm=400_000),
    ),
    publishers=(Publisher(name="Tidewater Publishing", ipi="00052210040"),),
    pub_weight_by_stem={"vocals": 1.0, "drums": 0.25, "bass": 0.5},
)

RESOURCE = Resource(
    asset_sha256=ASSET,
    isrc="SEXXA2600001",
    title="Low Tide Signal",
    artists=("House Ensemble",),
    works=(WORK,),
    master_owners=(Owner(name="Demo Records", dpid="PADPIDA2007040502I", share_ppm=1_000_000),),
    performers=(Performer(name="A Singer", isni="000000012150090X", role="vocals"),),
)

GRANT = Grant(
    grant_id="gr_01",
    rev=3,
    issuer="contrafact-demo",
    subject="user:ada",
    issued_at="2026-11-21T10:00:00Z",
    resource=RESOURCE,
    permit=(
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
    ),
    deny=("voice_clone", "train", "stem_export"),
    constraints=Constraints(territory=("SE", "US"), pitch_semitones=(-5.0, 5.0), tempo_ratio=(0.8, 1.25)),
    offline=Offline(lease_s=604_800, max_exports=10),
    export=Export(
        formats=("wav", "flac", "mp3"), max_sr=48_000, max_bits=24, destinations=("platform", "local_preview")
    ),
    splits=Splits(master_floor_ppm=120_000, publishing_pool_ppm=500_000),
)

CONTEXT = Context(now=NOW, user="user:ada", device="dev_1", territory="SE")

SOURCE = SourceUse(
    asset_sha256=ASSET,
    title="Low Tide Signal",
    stems=frozenset(STEMS),
    operations=frozenset({OperationUse("style:arrangement", "drums"), OperationUse("style:production", "bass")}),
    semitones=(0.0, 2.0),
    tempo_ratio=(1.0, 1.04),
)

EXPORT = ExportUse(format="wav", rate=48_000, bits=24, destination="platform")

USAGE = Usage(sources=(SOURCE,), own_material=True, export=EXPORT)


def changed(value: Any, **fields: Any) -> Any:
    """A copy of a struct with other fields."""
    return msgspec.structs.replace(value, **fields)


def signed(grant: Grant = GRANT) -> SignedGrant:
    """The grant as the platform sends it and the studio takes it."""
    return parse_signed(sign(grant, KEY), trusted_keys=TRUSTED)
