"""A small platform with one song, a rightsholder and a listener, to be bent by tests."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import soundfile

from studio.base import pki
from studio.base.clock import from_iso
from studio.base.keys import KeyStore
from studio.base.paths import AppPaths
from studio.platform import accounts, ingest
from studio.platform.client import PlatformClient
from studio.platform.messages import Account, ExportRequest
from studio.platform.seed import publish_files
from studio.platform.server import EmbeddedServer
from studio.platform.song_files import SongFiles, read_song_folder
from studio.platform.state import PlatformState, ServiceConfig
from studio.platform.verdicts import AudioFacts, ClaimedGrant, ExportFacts
from studio.rights.grants import SignedGrant, parse_signed
from studio.rights.shares import audible_share, source_of
from studio.rights.usage import ExportUse, SourceUse, Usage

START = from_iso("2026-11-21T10:00:00Z")
PASSWORD = "four plain old words"
RATE = 8000

META: dict[str, Any] = {
    "title": "Low Tide Signal",
    "artists": ["House Ensemble"],
    "isrc": "SE-XXA-26-00001",
    "tempo_bpm": 104.0,
    "key": "D minor",
    "sections": [{"name": "verse", "start_s": 0.0, "end_s": 0.5}],
    "works": [
        {
            "iswc": "T-034.524.680-1",
            "title": "Low Tide",
            "writers": [{"name": "Writer A", "share_ppm": 600_000}, {"name": "Writer B", "share_ppm": 400_000}],
            "pub_weight_by_stem": {"vocals": 1.0, "drums": 0.25},
        }
    ],
    "master_owners": [{"name": "Demo Records", "share_ppm": 1_000_000}],
    "performers": [{"name": "A Singer", "role": "vocals"}],
    "artwork": {"from": "#223344", "to": "#556677"},
    "order": 1,
}

TERMS: dict[str, Any] = {
    "schema": "terms/1",
    "permit": ["play", "stem:vocals", "stem:drums", "stem:bass", "time_stretch", "style:arrangement", "export"],
    "deny": ["train", "voice_clone"],
    "constraints": {"tempo_ratio": [0.8, 1.25]},
    "offline": {"lease_s": 604_800, "max_exports": 2},
    "export": {"formats": ["wav", "flac"], "max_sr": 48_000, "max_bits": 24, "destinations": ["platform"]},
    "splits": {"master_floor_ppm": 120_000, "publishing_pool_ppm": 500_000},
}


@dataclass
class Time:
    """A clock that tests turn."""

    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class Verifier:
    """What the manifests of handed-in files say, by the digest of the file."""

    facts: dict[str, ExportFacts] = field(default_factory=dict[str, ExportFacts])

    def __call__(self, path: Path, *, filename: str, anchors: str) -> ExportFacts:
        assert "BEGIN CERTIFICATE" in anchors
        assert filename
        return self.facts.get(hashlib.sha256(path.read_bytes()).hexdigest(), ExportFacts(state="NoCredentials"))


def write_song(
    folder: Path, *, seed: int = 1, meta: dict[str, Any] | None = None, terms: dict[str, Any] | None = None
) -> Path:
    """A folder with a song of half a second, its stems, credits and terms."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for role in ("mix", "vocals", "drums", "bass", "other"):
        samples = (0.1 * rng.standard_normal((RATE // 2, 2))).astype(np.float32)
        soundfile.write(folder / f"{role}.flac", samples, RATE, subtype="PCM_16")
    (folder / "meta.json").write_text(json.dumps({**META, **(meta or {})}))
    (folder / "terms.json").write_text(json.dumps({**TERMS, **(terms or {})}))
    return folder


def short_audio(path: Path) -> AudioFacts:
    """Audio facts without the engine, for tests that are not about decoding."""
    info = soundfile.info(str(path))
    return AudioFacts(duration_s=info.frames / info.samplerate, rate=info.samplerate, channels=info.channels)


@dataclass
class World:
    """A service without a network: its state, a published song, a rightsholder and a listener."""

    folder: Path
    time: Time
    verifier: Verifier
    state: PlatformState
    label: Account
    listener: Account
    song: SongFiles
    recording_id: str

    @classmethod
    def copy(cls, folder: Path, template: World) -> World:
        """Open a copy of a world, which costs less than making one."""
        shutil.copytree(template.folder / "platform", folder / "platform")
        time, verifier = Time(), Verifier()
        config = ServiceConfig(data_dir=folder / "platform", now=time, verify_export=verifier, check_audio=short_audio)
        state = PlatformState(config)
        return replace(template, folder=folder, time=time, verifier=verifier, state=state)

    @classmethod
    def make(cls, folder: Path, *, terms: dict[str, Any] | None = None) -> World:
        """Open a service with one song in `folder`."""
        time, verifier = Time(), Verifier()
        config = ServiceConfig(data_dir=folder / "platform", now=time, verify_export=verifier, check_audio=short_audio)
        state = PlatformState(config)
        label = accounts.create_account(state, "label@example.org", PASSWORD, name="Demo Records", role="rightsholder")
        listener = accounts.create_account(state, "ada@example.org", PASSWORD, name="Ada")
        song = read_song_folder(write_song(folder / "song", terms=terms))
        return cls(folder, time, verifier, state, label, listener, song, publish_files(state, label, song))

    def close(self) -> None:
        """Close the service."""
        self.state.close()


def certify(state: PlatformState, account: Account) -> str:
    """A certified device of this account; returns its pseudonym."""
    from studio.platform import devices

    return devices.issue(state, account, pki.make_csr(pki.new_device_key()).decode()).device_id


def facts_for(signed: SignedGrant, *, device_id: str, **fields: Any) -> ExportFacts:
    """What the manifest of an honest export under this licence says."""
    asset = signed.grant.resource.asset_sha256
    stems = ("vocals", "drums")
    shares = audible_share({asset: [0.01, 0.02]}, [0.01, 0.02], {asset: source_of(signed, stems)})
    usage = Usage(
        sources=(SourceUse(asset_sha256=asset, stems=frozenset(stems)),),
        export=ExportUse(format="wav", rate=48_000, bits=24),
    )
    facts = ExportFacts(
        state="Trusted",
        manifest_digest="ab" * 32,
        title="Low Tide (night)",
        device_id=device_id,
        signed_at=signed.grant.issued_at,
        grants=(ClaimedGrant(grant_id=signed.grant.grant_id, rev=signed.grant.rev, digest=signed.digest),),
        usage=usage,
        evidence=msgspec.to_builtins(shares.evidence),
        master_ppm={share.id: share.ppm for share in shares.master},
        publishing_ppm={share.id: share.ppm for share in shares.publishing},
    )
    return msgspec.structs.replace(facts, **fields)


def license_song(world: World, *, device_id: str | None = None) -> SignedGrant:
    """The listener's licence of the song."""
    from studio.platform import licensing

    raw = licensing.request_grant(world.state, world.listener, world.recording_id, device_id)
    return parse_signed(raw, trusted_keys=world.state.trusted_keys)


def hand_in(world: World, data: bytes, facts: ExportFacts) -> ExportRequest:
    """Upload an export of these bytes whose manifest says `facts`; returns the request for its receipt."""
    path = world.folder / "incoming.wav"
    path.write_bytes(data)
    sha256, size = world.state.objects.put(path)
    ingest.receive_upload(world.state, world.listener, sha256, size)
    world.verifier.facts[sha256] = facts
    return ExportRequest(export_sha256=sha256, filename="night.wav")


@dataclass
class Served:
    """A service on the loopback with the song of `write_song`, and what its tests need."""

    folder: Path
    time: Time
    verifier: Verifier
    server: EmbeddedServer

    @property
    def state(self) -> PlatformState:
        """The running service."""
        assert self.server.state is not None
        return self.server.state

    def client(self, name: str, **options: Any) -> PlatformClient:
        """A client with a key store of its own."""
        return PlatformClient(self.server.base_url, key_store(self.folder / f"home-{name}"), **options)

    def account(self, email: str, *, role: Any = "remixer") -> Account:
        """An account with `PASSWORD`."""
        return accounts.find_account(self.state, email) or accounts.create_account(
            self.state, email, PASSWORD, name="Somebody", role=role
        )


def serve(folder: Path, *, template: Path | None = None, **config: Any) -> Served:
    """Start a service with one song; from the data of another one where there is a `template`."""
    time, verifier = Time(), Verifier()
    if template is not None:
        shutil.copytree(template, folder, dirs_exist_ok=True)
    else:
        write_song(folder / "catalogue" / "low-tide")
    options: dict[str, Any] = {"now": time, "verify_export": verifier, "check_audio": short_audio, **config}
    server = EmbeddedServer(ServiceConfig(data_dir=folder / "platform", **options), catalogue_dir=folder / "catalogue")
    server.start()
    return Served(folder, time, verifier, server)


def key_store(folder: Path) -> KeyStore:
    """A key store in `folder`, without the scratch folder of an installation, which would have to be closed."""
    names = {name: folder / name for name in ("data", "config", "cache", "scratch")}
    return KeyStore(AppPaths(**names, home=folder))
