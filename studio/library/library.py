"""Licensed recordings at rest, and the licences that open them (RIGHTS.md 4).

A licence is kept as the exact bytes that the platform signed; whenever something licensed is opened, those bytes are
checked again: signature, person, computer, time and lease. A revocation stops new exports and renewals; what a
person has made stays open to them until the lease ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from studio.base.clock import Clock, from_iso
from studio.base.errors import LibraryError, RightsError
from studio.base.keys import KeyStore
from studio.base.paths import AppPaths
from studio.library.blobs import BlobStore
from studio.library.index import Index
from studio.rights.grants import SignedGrant, parse_signed
from studio.rights.policy import Context, Denial, decide
from studio.rights.usage import SourceUse, Usage

DEVICE_KEY = "library-device-key"

_CODES = {
    "grant": "no-grant",
    "constraints.not_after": "grant-expired",
    "offline.lease_s": "grant-expired",
    "subject": "grant-invalid",
    "device_keys": "grant-invalid",
    "resource.asset_sha256": "grant-invalid",
    "rev": "grant-invalid",
    "revocation": "grant-revoked",
    "clock": "clock-turned-back",
}


class Holder(Struct, frozen=True, kw_only=True):
    """Who uses this library, and where: `user` is the account's subject, `device` the certificate's pseudonym."""

    user: str
    device: str | None = None
    territory: str | None = None


class Asset(Struct, frozen=True, kw_only=True):
    """A downloaded recording. `files` are blob keys of the files as they came, by role (mix, a stem, artwork); `pcm`
    of their samples."""

    asset_sha256: str
    recording_id: str
    title: str
    artists: tuple[str, ...]
    files: dict[str, str]
    pcm: dict[str, str] = {}
    facts: dict[str, Any] = {}
    """The recording's meta as the platform delivered it."""

    @property
    def stems(self) -> tuple[str, ...]:
        """The stems that the label delivered."""
        return tuple(role for role in ("vocals", "drums", "bass", "other") if role in self.files)


class Download(Struct, frozen=True, kw_only=True):
    """What `add_asset` takes: files on disk by role; `mix` has the digest `asset_sha256`."""

    asset_sha256: str
    recording_id: str
    title: str
    artists: tuple[str, ...]
    files: dict[str, Path]
    facts: dict[str, Any] = {}


class Library:
    """The person's library. `holder` and `trusted_keys` are asked each time: people sign in and out while it is
    open."""

    def __init__(
        self,
        paths: AppPaths,
        keys: KeyStore,
        *,
        clock: Clock,
        holder: Callable[[], Holder],
        trusted_keys: Callable[[], Mapping[str, bytes]],
    ):
        self._keys = keys
        self._clock = clock
        self._holder = holder
        self._trusted_keys = trusted_keys
        folder = paths.data / "library"
        self._index = Index(folder / "library.db")
        self.blobs = BlobStore(
            folder / "blobs",
            paths.scratch / "library",
            index=self._index,
            device_key=self._device_key,
            may_open=self.check_open,
        )

    # Recordings

    def add_asset(self, download: Download, grant: bytes) -> Asset:
        """Keep a downloaded recording under its licence. The files are copied, encrypted, and may go afterwards.

        Raises:
            RightsError: grant-invalid and its kin, when the licence is not for this recording and person.
            LibraryError: digest-mismatch, when the mix is not the recording that the licence names.
            StorageError: disk-full, path-not-writable; nothing is left behind.
        """
        signed = parse_signed(grant, trusted_keys=self._trusted_keys())
        if signed.grant.resource.asset_sha256 != download.asset_sha256:
            raise _denied("grant-invalid", "The licence is for another recording.", "License this recording first.")
        if _digest(download.files["mix"]) != download.asset_sha256:
            raise LibraryError(
                "The downloaded recording is not the one that the licence names.",
                remedy="Download it again.",
                code="digest-mismatch",
                details={"asset_sha256": download.asset_sha256},
            )
        self.store_grant(grant)
        owner = (download.asset_sha256,)
        files = {role: self.blobs.put_file(path, assets=owner) for role, path in download.files.items()}
        standing = self._find(download.asset_sha256)
        asset = Asset(
            asset_sha256=download.asset_sha256,
            recording_id=download.recording_id,
            title=download.title,
            artists=download.artists,
            files={**(standing.files if standing else {}), **files},
            pcm=standing.pcm if standing else {},
            facts=download.facts,
        )
        self._save(asset)
        return asset

    def note_pcm(self, asset_sha256: str, role: str, blob: str) -> Asset:
        """Remember the blob of a role's samples, so that they are decoded once."""
        asset = self.asset(asset_sha256)
        changed = msgspec.structs.replace(asset, pcm={**asset.pcm, role: blob})
        self._save(changed)
        return changed

    def asset(self, asset_sha256: str) -> Asset:
        """A recording of the library.

        Raises:
            LibraryError: asset-missing.
        """
        asset = self._find(asset_sha256)
        if asset is None:
            raise LibraryError(
                "This recording is not in your library.",
                remedy="Download it from the catalogue.",
                code="asset-missing",
                details={"asset_sha256": asset_sha256},
            )
        return asset

    def assets(self) -> list[Asset]:
        """All recordings, the newest first."""
        rows = self._index.rows("SELECT facts FROM assets ORDER BY added_s DESC, asset_sha256")
        return [msgspec.json.decode(row["facts"], type=Asset) for row in rows]

    def remove(self, asset_sha256: str) -> None:
        """Take a recording and all that was made from it from the disk. Its licence stays, so that it can be
        downloaded again."""
        for key in self.blobs.of_asset(asset_sha256):
            self.blobs.remove(key)
        with self._index.write() as connection:
            connection.execute("DELETE FROM assets WHERE asset_sha256 = ?", (asset_sha256,))

    def space_used(self) -> int:
        """Bytes on disk."""
        return self.blobs.space_used()

    # Licences

    def store_grant(self, raw: bytes) -> SignedGrant:
        """Keep a licence as the exact signed bytes. An older revision never takes the place of a newer one; returns
        the one that stands.

        Raises:
            RightsError: grant-invalid, when it is not signed by a known platform or is for another person.
        """
        signed = parse_signed(raw, trusted_keys=self._trusted_keys())
        grant = signed.grant
        if grant.subject != self._holder().user:
            raise _denied(
                "grant-invalid", "This licence is somebody else's.", "Sign in with the account that it is for."
            )
        with self._index.write() as connection:
            standing = connection.execute(
                "SELECT rev, raw FROM grants WHERE asset_sha256 = ? AND grant_id = ?",
                (grant.resource.asset_sha256, grant.grant_id),
            ).fetchone()
            if standing is None or standing["rev"] < grant.rev:
                connection.execute(
                    "INSERT OR REPLACE INTO grants VALUES (?, ?, ?, ?, ?)",
                    (grant.resource.asset_sha256, grant.grant_id, grant.rev, raw, time.time()),
                )
                return signed
        return parse_signed(standing["raw"], trusted_keys=self._trusted_keys())

    def grant_for(self, asset_sha256: str) -> SignedGrant:
        """The licence that opens a recording now.

        Raises:
            RightsError: no-grant, grant-expired, grant-invalid, operation-forbidden.
        """
        signed = self._newest(asset_sha256)
        grants = {} if signed is None else {asset_sha256: signed}
        source = SourceUse(asset_sha256=asset_sha256, title=signed.grant.resource.title if signed else "")
        verdict = decide(grants, Usage(sources=(source,)), self.context())
        if signed is None or not verdict.allowed:
            raise error_of(verdict.denials[0])
        return signed

    def grants(self) -> dict[str, SignedGrant]:
        """The newest licence of each recording, whether or not it still runs: what `policy.decide` is asked with."""
        rows = self._index.rows("SELECT DISTINCT asset_sha256 FROM grants ORDER BY asset_sha256")
        found: dict[str, SignedGrant | None] = {}
        for row in rows:
            # A licence whose bytes were changed counts for nothing; opening its recording names the damage.
            with contextlib.suppress(RightsError):
                found[row["asset_sha256"]] = self._newest(row["asset_sha256"])
        return {asset: signed for asset, signed in found.items() if signed is not None}

    def check_open(self, assets: Sequence[str]) -> None:
        """Whether everything that comes from these recordings may be opened now.

        Raises:
            RightsError: as `grant_for`.
        """
        for asset_sha256 in assets:
            self.grant_for(asset_sha256)

    def context(self) -> Context:
        """Who asks, where and when, with what this installation knows of exports, revocations and revisions."""
        holder = self._holder()
        revisions: dict[str, int] = {}
        used: dict[str, int] = {}
        for row in self._index.rows("SELECT grant_id, MAX(rev) AS rev FROM grants GROUP BY grant_id"):
            revisions[row["grant_id"]] = row["rev"]
        for asset in self.grants().values():
            since = from_iso(asset.grant.issued_at)
            count = self._index.row(
                "SELECT COUNT(*) AS n FROM exports WHERE grant_id = ? AND at_s >= ?", (asset.grant.grant_id, since)
            )
            used[asset.grant.grant_id] = 0 if count is None else int(count["n"])
        revoked = self._index.rows("SELECT grant_id FROM revocations")
        return Context(
            now=self._clock.now(),
            user=holder.user,
            device=holder.device,
            territory=holder.territory,
            exports_used=used,
            revoked=frozenset(row["grant_id"] for row in revoked),
            revisions=revisions,
            clock_ok=self._clock.ok(),
        )

    def note_revocations(self, ended: Iterable[tuple[str, str, str]]) -> None:
        """Take revocations from the platform: (grant_id, reason, at). They only ever grow."""
        with self._index.write() as connection:
            connection.executemany("INSERT OR IGNORE INTO revocations VALUES (?, ?, ?)", list(ended))

    def note_export(self, grant_ids: Iterable[str], export_id: str) -> None:
        """Count an export against its licences. The same export counts once."""
        now = self._clock.now()
        with self._index.write() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO exports VALUES (?, ?, ?)", [(grant_id, export_id, now) for grant_id in grant_ids]
            )
        self._clock.note_ledger_time(now)

    def close(self) -> None:
        """Take decrypted copies away and close the index."""
        self.blobs.close()
        self._index.close()

    def _newest(self, asset_sha256: str) -> SignedGrant | None:
        rows = self._index.rows(
            "SELECT raw FROM grants WHERE asset_sha256 = ? ORDER BY received_s DESC, rev DESC", (asset_sha256,)
        )
        user = self._holder().user
        trusted = self._trusted_keys()
        parsed: list[SignedGrant] = []
        problem: RightsError | None = None
        for row in rows:
            try:
                parsed.append(parse_signed(row["raw"], trusted_keys=trusted))
            except RightsError as error:
                problem = error
        if not parsed and problem is not None:
            raise problem
        mine = [signed for signed in parsed if signed.grant.subject == user]
        return (mine or parsed or [None])[0]

    def _find(self, asset_sha256: str) -> Asset | None:
        row = self._index.row("SELECT facts FROM assets WHERE asset_sha256 = ?", (asset_sha256,))
        return None if row is None else msgspec.json.decode(row["facts"], type=Asset)

    def _save(self, asset: Asset) -> None:
        with self._index.write() as connection:
            connection.execute(
                "INSERT INTO assets VALUES (?, ?, ?, ?) ON CONFLICT(asset_sha256) DO UPDATE "
                "SET facts = excluded.facts, recording_id = excluded.recording_id",
                (asset.asset_sha256, asset.recording_id, msgspec.json.encode(asset), time.time()),
            )

    def _device_key(self) -> bytes:
        key = self._keys.get(DEVICE_KEY)
        if key is None:
            key = AESGCM.generate_key(256)
            self._keys.set(DEVICE_KEY, key)
        return key


def error_of(denial: Denial) -> RightsError:
    """A denial of the policy as the error of an operation that was refused."""
    return RightsError(
        denial.why,
        remedy=denial.remedy,
        code=_CODES.get(denial.clause, "operation-forbidden"),
        details={"clause": denial.clause, "asset_sha256": denial.asset_sha256, "title": denial.title},
    )


def _denied(code: str, message: str, remedy: str) -> RightsError:
    return RightsError(message, remedy=remedy, code=code)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
