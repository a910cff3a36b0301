"""The client of the platform: typed calls, licences and receipts checked against pinned keys."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import httpx
import msgspec

from studio.base.errors import PlatformDown, PlatformError, RightsError
from studio.base.keys import KeyStore
from studio.platform import sign_in, transfer
from studio.platform.messages import (
    Account,
    Certificate,
    DemoAccount,
    DeviceCode,
    ExportRequest,
    FileName,
    PlatformInfo,
    PublishRequest,
    RecordingDetail,
    RecordingSummary,
    Resolution,
    Revocation,
    RevocationList,
    SearchPage,
    Statement,
    TokenSet,
    UsageEvent,
)
from studio.platform.pinning import PinnedKeys, moment
from studio.platform.receipts import Receipt, open_signed, verify_receipt
from studio.platform.song_files import SongFiles
from studio.platform.transfer import Progress, Stop
from studio.platform.transport import Body, Transport, bad_response, decode
from studio.rights.grants import SignedGrant, parse_signed


class PlatformClient:
    """One service, one person. Safe to share between threads.

    `trusted_keys` are known beforehand (the embedded service's); without them the keys of the first contact are
    pinned in the key store. `device_id` names this computer's certificate in licences. `on_server_time` is told
    every fresh signed time, in seconds since 1970.
    """

    def __init__(
        self,
        base_url: str,
        keys: KeyStore,
        *,
        trusted_keys: Mapping[str, bytes] | None = None,
        realm: str | None = None,
        device_id: Callable[[], str | None] | None = None,
        on_server_time: Callable[[float], None] | None = None,
        transport: httpx.BaseTransport | None = None,
    ):
        self._transport = Transport(base_url, keys, realm=realm, transport=transport)
        self._keys = keys
        self._pinned = PinnedKeys(self._transport, keys, given=trusted_keys)
        self._device_id = device_id
        self._on_server_time = on_server_time
        self._account: Account | None = None

    @property
    def base_url(self) -> str:
        """The service's address."""
        return self._transport.base_url

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    # Who is there

    @property
    def signed_in(self) -> bool:
        """Whether there are tokens; they may turn out to be over."""
        return self._transport.tokens() is not None

    def account(self) -> Account:
        """Who is signed in.

        Raises:
            PlatformError: signed-out. PlatformDown.
        """
        # Another thread may be signing in meanwhile and has forgotten who was there.
        account = self._account
        if account is None or not self.signed_in:
            account = self._account = decode(self._transport.call("GET", "/me"), Account)
            self._keys.set(self._account_name, msgspec.json.encode(account))
        return account

    def known_account(self) -> Account | None:
        """Who signed in last on this computer and has not signed out: for licences, also offline."""
        raw = self._keys.get(self._account_name)
        if raw is None:
            return None
        try:
            return msgspec.json.decode(raw, type=Account)
        except msgspec.DecodeError:
            return None

    @property
    def _account_name(self) -> str:
        return f"platform-account-{self._transport.realm}"

    def password_login(self, email: str, password: str) -> Account:
        """Sign in with address and password.

        Raises:
            PlatformError: wrong-password, too-many-attempts. PlatformDown.
        """
        return self._signed_in(sign_in.by_password(self._transport, email, password))

    def pkce_login(
        self, open_browser: Callable[[str], None], *, stop: threading.Event | None = None, turns: int = 3000
    ) -> Account:
        """Sign in in the browser. Waits up to `turns` tenths of a second, or until `stop` is set.

        Raises:
            PlatformError: sign-in-refused, sign-in-stopped, sign-in-timeout. PlatformDown.
        """
        return self._signed_in(sign_in.by_browser(self._transport, open_browser, stop=stop, turns=turns))

    def device_login(self, show: Callable[[DeviceCode], None], *, stop: threading.Event | None = None) -> Account:
        """Sign in with a code that `show` presents to the person.

        Raises:
            PlatformError: sign-in-refused, sign-in-stopped, sign-in-timeout. PlatformDown.
        """
        code = sign_in.start_device(self._transport)
        show(code)
        return self._signed_in(sign_in.by_device(self._transport, code, stop=stop))

    def demo_login(self, demo: DemoAccount) -> Account:
        """Sign in to the embedded service as its local account: the device flow, approved on the spot.

        Raises:
            PlatformError: sign-in-refused. PlatformDown.
        """
        code = sign_in.start_device(self._transport)
        sign_in.approve(self._transport, code, demo.email, demo.password)
        return self._signed_in(sign_in.by_device(self._transport, code))

    def sign_out(self) -> None:
        """End the session here and, if it can be reached, on the service."""
        tokens = self._transport.tokens()
        self._account = None
        self._transport.keep_tokens(None)
        self._keys.delete(self._account_name)
        if tokens is not None:
            with contextlib.suppress(PlatformDown):
                self._transport.exchange("POST", "/oauth/revoke", Body(form={"token": tokens.refresh_token}))

    # Keys

    def info(self) -> PlatformInfo:
        """Name, time and trust anchors of the service, signed by a pinned key.

        Raises:
            PlatformError: receipt-invalid, bad-response. PlatformDown.
        """
        info = self._pinned.info()
        if self._on_server_time is not None:
            self._on_server_time(moment(info.at))
        return info

    def trusted_keys(self) -> dict[str, bytes]:
        """The pinned keys: key id -> raw public key. Asked for once in the life of an installation, then never taken
        anew.

        Raises:
            PlatformError: bad-response. PlatformDown.
        """
        return self._pinned.keys()

    # Catalogue

    def search(
        self,
        text: str = "",
        *,
        operations: Sequence[str] = (),
        tempo_from_bpm: float | None = None,
        tempo_to_bpm: float | None = None,
        key: str | None = None,
        stems: bool | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> SearchPage:
        """Search the catalogue: every word of `text` in title, artists, ISRC or key; all `operations` permitted.

        Raises:
            PlatformDown.
        """
        query = {
            "q": text or None,
            "operation": list(operations) or None,
            "tempo_from_bpm": tempo_from_bpm,
            "tempo_to_bpm": tempo_to_bpm,
            "key": key,
            "stems": None if stems is None else str(stems).lower(),
            "offset": offset,
            "limit": limit,
        }
        return decode(self._transport.exchange("GET", "/recordings", query=query), SearchPage)

    def get_recording(self, recording_id: str) -> RecordingDetail:
        """A recording by its id, asset digest or ISRC.

        Raises:
            PlatformError: not-found. PlatformDown.
        """
        return decode(self._transport.exchange("GET", f"/recordings/{_segment(recording_id)}"), RecordingDetail)

    def download(
        self,
        recording_id: str,
        path: Path,
        *,
        role: str = "mix",
        progress: Progress | None = None,
        cancelled: Stop | None = None,
    ) -> Path:
        """Download the mix, a stem or the artwork to `path`. Goes on where it broke off; the digest is checked.

        Raises:
            PlatformError: no-grant, operation-forbidden, not-found. PlatformDown. StorageError. Cancelled.
            LibraryError: digest-mismatch.
        """
        detail = self.get_recording(recording_id)
        file = next((file for file in detail.files if file.role == role), None)
        if file is None:
            raise PlatformError(
                f"This recording comes without “{role}”.",
                remedy="Separate the stems on your computer instead.",
                code="not-found",
                details={"role": role},
            )
        address = f"/recordings/{_segment(detail.summary.id)}/files/{_segment(role)}"
        transfer.download(self._transport, address, path, file=file, progress=progress, cancelled=cancelled)
        return path

    # Licences

    def request_grant(self, recording_id: str) -> bytes:
        """License a recording, or renew the licence; returns the exact signed bytes, checked.

        Raises:
            PlatformError: not-found, licence-ended, signed-out. PlatformDown.
            RightsError: grant-invalid, when it is not signed by the platform or for somebody else.
        """
        device = self._device_id() if self._device_id is not None else None
        body = {"recording_id": recording_id, "device_id": device}
        raw = self._transport.call("POST", "/grants", Body(json=body))
        signed = self._checked(raw)
        if recording_id not in (signed.grant.resource.asset_sha256, signed.grant.resource.isrc):
            detail = self.get_recording(recording_id)
            if detail.summary.asset_sha256 != signed.grant.resource.asset_sha256:
                raise _other_grant("another recording")
        return raw

    def grants(self) -> list[bytes]:
        """The newest revision of every licence of this account, checked.

        Raises:
            PlatformError: signed-out. PlatformDown. RightsError: grant-invalid.
        """
        held = decode(self._transport.call("GET", "/grants"), dict[str, list[str]])
        return [self._checked(text.encode()).raw for text in held.get("grants", [])]

    def revocations(self) -> list[Revocation]:
        """What rightsholders ended, signed by the platform.

        Raises:
            PlatformError: receipt-invalid, signed-out. PlatformDown.
        """
        fields = open_signed(self._transport.call("GET", "/grants/revocations"), self.trusted_keys())
        try:
            found = msgspec.convert(fields, RevocationList)
        except msgspec.ValidationError as error:
            raise bad_response(str(error)) from error
        if found.subject != self.account().subject:
            raise bad_response("it is for somebody else")
        return found.revocations

    def revoke_grant(self, grant_id: str, reason: str = "") -> Revocation:
        """End a licence of one of this rightsholder's recordings.

        Raises:
            PlatformError: not-found, not-the-owner. PlatformDown.
        """
        body = Body(json={"reason": reason})
        return decode(self._transport.call("POST", f"/grants/{_segment(grant_id)}/revoke", body), Revocation)

    # Rightsholders

    def own_recordings(self) -> list[RecordingSummary]:
        """The recordings of this rightsholder, in the order of the catalogue.

        Raises:
            PlatformError: signed-out. PlatformDown.
        """
        found: list[RecordingSummary] = []
        while True:
            query = {"mine": "true", "offset": len(found), "limit": 200}
            page = decode(self._transport.call("GET", "/recordings", query=query), SearchPage)
            found += page.recordings
            if len(found) >= page.total or not page.recordings:
                return found

    def statement(self) -> tuple[Statement, bytes]:
        """What became of this rightsholder's recordings, and the bytes that the platform signed.

        Raises:
            PlatformError: not-a-rightsholder, receipt-invalid, signed-out. PlatformDown.
        """
        raw = self._transport.call("GET", "/statement")
        try:
            found = msgspec.convert(open_signed(raw, self.trusted_keys()), Statement)
        except msgspec.ValidationError as error:
            raise bad_response(str(error)) from error
        if found.owner != self.account().subject:
            raise bad_response("it is for somebody else")
        return found, raw

    # Devices, exports, publishing

    def request_certificate(self, csr: bytes | str) -> Certificate:
        """A certificate chain for this device's key, from its PEM request.

        Raises:
            PlatformError: csr-invalid, signed-out. PlatformDown.
        """
        text = csr.decode() if isinstance(csr, bytes) else csr
        return decode(self._transport.call("POST", "/devices", Body(json={"csr": text})), Certificate)

    def upload(self, path: Path, *, progress: Progress | None = None, cancelled: Stop | None = None) -> Receipt:
        """Send a file; returns its receipt.

        Raises:
            PlatformError: upload-too-large, receipt-invalid, signed-out. PlatformDown. Cancelled.
        """
        return transfer.upload(
            self._transport, path, trusted_keys=self.trusted_keys, progress=progress, cancelled=cancelled
        )

    def submit_export(self, request: ExportRequest, *, key: str) -> Receipt:
        """Hand in an export that was uploaded. `key` is a UUIDv7; the same key and request get the same receipt.

        Raises:
            PlatformError: not-trusted, policy-denied, shares-wrong, idempotency-conflict, receipt-invalid.
                PlatformDown.
        """
        raw = self._transport.call("POST", "/exports", Body(json=request), headers={"Idempotency-Key": key})
        receipt = verify_receipt(raw, self.trusted_keys(), kind="export", sha256=request.export_sha256)
        if receipt.body.subject != self.account().subject:
            raise bad_response("it is for somebody else")
        return receipt

    def publish(self, song: SongFiles, *, progress: Progress | None = None) -> RecordingDetail:
        """Publish a recording with its stems, credits and terms.

        Raises:
            PlatformError: not-a-rightsholder, terms-invalid, credits-invalid, audio-invalid ... PlatformDown.
        """
        files = [song.mix, *song.stems.values(), *([song.artwork] if song.artwork else [])]

        def step(index: int) -> Progress:
            def report(fraction: float, note: str) -> None:
                if progress is not None:
                    progress((index + fraction) / len(files), note)

            return report

        sent = {
            path: FileName(sha256=self.upload(path, progress=step(index)).body.sha256, name=path.name)
            for index, path in enumerate(files)
        }
        request = PublishRequest(
            audio=sent[song.mix],
            meta=song.meta,
            terms=song.terms,
            stems={role: sent[path] for role, path in song.stems.items()},
            artwork=sent[song.artwork] if song.artwork else None,
        )
        return decode(self._transport.call("POST", "/recordings", Body(json=request)), RecordingDetail)

    def change_terms(self, recording_id: str, terms: Mapping[str, object]) -> RecordingDetail:
        """New terms for one of this rightsholder's recordings; the next lease carries them.

        Raises:
            PlatformError: not-found, not-the-owner, terms-invalid. PlatformDown.
        """
        body = Body(json={"terms": dict(terms)})
        return decode(self._transport.call("PUT", f"/recordings/{_segment(recording_id)}/terms", body), RecordingDetail)

    def resolve(self, export_sha256: str) -> Resolution:
        """What the platform knows of an export.

        Raises:
            PlatformError: not-found. PlatformDown.
        """
        return decode(self._transport.exchange("GET", f"/exports/{_segment(export_sha256)}"), Resolution)

    def resolve_mark(self, mark: str) -> Resolution:
        """What the platform knows of the export whose sound carries `mark` (16 hexadecimal digits).

        Raises:
            PlatformError: not-found. PlatformDown.
        """
        return decode(self._transport.exchange("GET", f"/marks/{_segment(mark)}"), Resolution)

    def send_usage(self, events: Sequence[UsageEvent]) -> int:
        """Send usage events; returns how many were new."""
        taken = decode(self._transport.call("POST", "/usage", Body(json=list(events))), dict[str, int])
        return taken.get("taken", 0)

    def _signed_in(self, tokens: TokenSet) -> Account:
        self._account = None
        self._transport.keep_tokens(tokens)
        return self.account()

    def _checked(self, raw: bytes) -> SignedGrant:
        signed = parse_signed(raw, trusted_keys=self.trusted_keys())
        if signed.grant.subject != self.account().subject:
            raise _other_grant("another person")
        return signed


def _segment(text: str) -> str:
    # A dot segment would be resolved by whoever handles the address next.
    return quote(text, safe="").replace(".", "%2E")


def _other_grant(whose: str) -> RightsError:
    return RightsError(
        f"The platform sent a licence for {whose}.",
        remedy="Sign in again, then license it once more.",
        code="grant-invalid",
    )
