from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from engine.errors import Cancelled
from studio.base import pki
from studio.base.errors import LibraryError, PlatformDown, PlatformError, RightsError
from studio.base.ids import uuid7
from studio.platform import transfer
from studio.platform.client import PlatformClient
from studio.platform.messages import ExportRequest, UsageEvent
from studio.platform.song_files import read_song_folder
from studio.platform.transport import Transport
from studio.rights.grants import parse_signed
from tests.samples.platform import PASSWORD, TERMS, Served, facts_for, key_store, write_song

TITLE = "Low Tide Signal"
NAMED = {"error": {"code": "named", "message": "m", "remedy": "r"}}


def recording(client: PlatformClient) -> str:
    return client.search(TITLE).recordings[0].id


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_search_license_and_download(served: Served, client: PlatformClient, tmp_path: Path):
    page = client.search("house", operations=["stem:drums"], tempo_from_bpm=100, tempo_to_bpm=110, stems=True)
    assert [found.title for found in page.recordings] == [TITLE]
    found = page.recordings[0]
    signed = parse_signed(client.request_grant(found.id), trusted_keys=served.server.trusted_keys)
    assert signed.grant.resource.asset_sha256 == found.asset_sha256
    shown: list[float] = []
    target = client.download(found.id, tmp_path / "song.flac", progress=lambda fraction, note: shown.append(fraction))
    assert digest(target) == found.asset_sha256
    assert shown[-1] == 1.0
    client.download(found.id, tmp_path / "drums.flac", role="drums")
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []
    assert client.grants() == [signed.raw]


def test_what_the_licence_does_not_open_is_not_sent(client: PlatformClient, tmp_path: Path):
    with pytest.raises(PlatformError) as caught:
        client.download(recording(client), tmp_path / "song.flac")
    assert caught.value.code == "no-grant"
    client.request_grant(recording(client))
    with pytest.raises(PlatformError) as forbidden:
        client.download(recording(client), tmp_path / "other.flac", role="other")
    assert forbidden.value.code == "operation-forbidden"
    with pytest.raises(PlatformError) as missing:
        client.download(recording(client), tmp_path / "art.png", role="artwork")
    assert missing.value.code == "not-found"
    assert not list(tmp_path.glob("*.flac"))


def test_a_download_goes_on_where_it_broke_off(client: PlatformClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    client.request_grant(recording(client))
    monkeypatch.setattr(transfer, "_CHUNK", 1000)
    asked: list[str | None] = []
    stream = Transport.stream

    def watched(self: Transport, method: str, path: str, *rest: Any, **options: Any):
        asked.append((options.get("headers") or {}).get("Range"))
        return stream(self, method, path, *rest, **options)

    monkeypatch.setattr(Transport, "stream", watched)
    received = 0

    def stop() -> bool:
        nonlocal received
        received += 1
        return received > 3

    target = tmp_path / "song.flac"
    with pytest.raises(Cancelled):
        client.download(recording(client), target, cancelled=stop)
    assert not target.exists()
    part = next(tmp_path.glob(".*.part"))
    assert part.stat().st_size == 3000
    asked.clear()
    client.download(recording(client), target)
    assert asked == ["bytes=3000-"]
    assert digest(target) == client.get_recording(recording(client)).summary.asset_sha256
    assert not part.exists()


def test_a_broken_line_is_taken_up_again_and_a_dead_one_given_up(
    client: PlatformClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    client.request_grant(recording(client))
    receive = transfer._receive  # pyright: ignore[reportPrivateUsage]
    attempts = 0

    def broken(transport: Transport, path: str, part: Path, *rest: Any) -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 4:
            part.write_bytes(b"x" * 0)
            raise PlatformDown("gone", remedy="wait")
        receive(transport, path, part, *rest)

    monkeypatch.setattr(transfer, "_receive", broken)
    client.download(recording(client), tmp_path / "song.flac")
    assert attempts == 4

    def dead(*_: Any) -> None:
        raise PlatformDown("gone", remedy="wait")

    monkeypatch.setattr(transfer, "_receive", dead)
    with pytest.raises(PlatformDown):
        client.download(recording(client), tmp_path / "again.flac")


def test_a_part_of_another_file_never_becomes_the_song(client: PlatformClient, tmp_path: Path):
    found = client.search(TITLE).recordings[0]
    client.request_grant(found.id)
    target = tmp_path / "song.flac"
    part = tmp_path / f".song.flac.{found.asset_sha256[:16]}.part"
    part.write_bytes(b"junk" * 100)
    with pytest.raises(LibraryError) as caught:
        client.download(found.id, target)
    assert caught.value.code == "digest-mismatch"
    assert not target.exists()
    assert not part.exists()
    part.write_bytes(b"junk" * 1_000_000)
    assert digest(client.download(found.id, target)) == found.asset_sha256


def test_publishing_changing_terms_and_ending_a_licence(
    served: Served, client: PlatformClient, rightsholder: PlatformClient, tmp_path: Path
):
    song = read_song_folder(write_song(tmp_path / "new", seed=9, meta={"isrc": "SEXXA2600009", "title": "Second"}))
    shown: list[float] = []
    made = rightsholder.publish(song, progress=lambda fraction, note: shown.append(fraction))
    assert made.summary.title == "Second"
    assert shown == sorted(shown)
    assert rightsholder.publish(song) == made
    grant = parse_signed(client.request_grant(made.summary.id), trusted_keys=served.server.trusted_keys).grant
    assert rightsholder.change_terms(made.summary.id, {**TERMS, "permit": ["play"]}).terms_rev == 2
    assert client.revocations() == []
    ended = rightsholder.revoke_grant(grant.grant_id, "over")
    assert client.revocations() == [ended]
    with pytest.raises(PlatformError) as caught:
        client.request_grant(made.summary.id)
    assert caught.value.code == "licence-ended"
    with pytest.raises(PlatformError) as forbidden:
        client.publish(song)
    assert forbidden.value.code == "not-a-rightsholder"


def test_a_certificate_for_this_computer(client: PlatformClient):
    key = pki.new_device_key()
    issued = client.request_certificate(pki.make_csr(key))
    assert issued.device_id == pki.device_id(key)
    assert client.info().trust_anchors in issued.chain


def test_an_export_is_handed_in_and_found_again(served: Served, client: PlatformClient, tmp_path: Path):
    key = pki.new_device_key()
    device = client.request_certificate(pki.make_csr(key)).device_id
    signed = parse_signed(client.request_grant(recording(client)), trusted_keys=served.server.trusted_keys)
    path = tmp_path / "night.wav"
    path.write_bytes(b"audio" * 1000)
    served.verifier.facts[digest(path)] = facts_for(signed, device_id=device)
    sent = client.upload(path)
    assert client.upload(path) == sent
    request = ExportRequest(export_sha256=digest(path), filename=path.name)
    operation = uuid7()
    receipt = client.submit_export(request, key=operation)
    assert client.submit_export(request, key=operation) == receipt
    assert client.resolve(digest(path)).receipt["receipt_id"] == receipt.body.receipt_id
    with pytest.raises(PlatformError) as conflict:
        client.submit_export(msgspec.structs.replace(request, filename="other.wav"), key=operation)
    assert (conflict.value.code, conflict.value.details["status"]) == ("idempotency-conflict", 409)
    with pytest.raises(PlatformError) as unkeyed:
        client.submit_export(request, key="not-a-uuid")
    assert unkeyed.value.code == "idempotency-key-invalid"
    with pytest.raises(LibraryError):
        client.upload(tmp_path / "none.wav")
    path.write_bytes(b"other" * 1000)
    with pytest.raises(Cancelled):
        client.upload(path, cancelled=lambda: True)


def test_usage_counts_once(client: PlatformClient):
    event = UsageEvent(id=uuid7(), kind="play", subject="rec", at="2026-11-21T10:00:00Z")
    assert client.send_usage([event, event]) == 1
    assert client.send_usage([event]) == 0


def test_everything_is_down_without_a_service(served: Served, client: PlatformClient):
    served.server.stop()
    assert client.known_account() is not None
    for call in (client.grants, client.info, lambda: client.search("x")):
        with pytest.raises(PlatformDown) as caught:
            call()
        assert caught.value.code == "platform-down"
        assert caught.value.remedy
    client.sign_out()
    assert (client.signed_in, client.known_account()) == (False, None)


def test_keys_are_pinned_at_the_first_contact(served: Served, somebody: Callable[[str], PlatformClient]):
    client = somebody("ada")
    assert client.trusted_keys() == served.server.trusted_keys
    again = somebody("ada-2")
    assert again.trusted_keys() == served.server.trusted_keys


def stub(answer: Callable[[httpx.Request], httpx.Response], folder: Path, **options: Any) -> PlatformClient:
    return PlatformClient("http://127.0.0.1:9", key_store(folder), transport=httpx.MockTransport(answer), **options)


@pytest.mark.parametrize(
    ("answer", "code", "kind"),
    [
        (httpx.Response(200, text="<html>"), "bad-response", PlatformError),
        (httpx.Response(200, json={"recordings": "many"}), "bad-response", PlatformError),
        (httpx.Response(404, text="nothing"), "bad-response", PlatformError),
        (httpx.Response(503, text="nginx"), "platform-failed", PlatformDown),
        (httpx.Response(500, json=NAMED), "named", PlatformDown),
        (httpx.Response(429, json=NAMED, headers={"Retry-After": "7"}), "named", PlatformError),
        (httpx.Response(400, json={"error": "invalid_request"}), "invalid_request", PlatformError),
        (httpx.Response(500, json={"error": "server_error"}), "platform-failed", PlatformDown),
        (httpx.Response(200, content=b"x" * (17 << 20)), "bad-response", PlatformError),
    ],
)  # fmt: skip
def test_every_answer_has_a_name(tmp_path: Path, answer: httpx.Response, code: str, kind: type[PlatformError]):
    client = stub(lambda request: answer, tmp_path)
    with pytest.raises(kind) as caught:
        client.search("x")
    assert caught.value.code == code
    if answer.status_code == 429:
        assert caught.value.details["retry_after_s"] == 7
    client.close()


def test_an_address_without_protection_is_refused(tmp_path: Path):
    keys = key_store(tmp_path)
    with pytest.raises(PlatformError) as caught:
        PlatformClient("http://platform.example", keys)
    assert caught.value.code == "address-insecure"
    PlatformClient("https://platform.example", keys).close()


def test_a_grant_by_another_platform_or_for_another_person_is_refused(
    served: Served, client: PlatformClient, somebody: Callable[[str], PlatformClient], tmp_path: Path
):
    from tests.samples.rights import GRANT, KEY, sign

    foreign = sign(GRANT, KEY)
    mine = client.request_grant(recording(client))

    def answers(raw: bytes) -> Callable[[httpx.Request], httpx.Response]:
        account = msgspec.json.encode(msgspec.structs.replace(client.account(), subject="user:other"))
        return lambda request: httpx.Response(200, content=account if request.url.path == "/me" else raw)

    for name, raw in (("a", foreign), ("b", mine), ("c", mine[:-2])):
        fake = stub(answers(raw), tmp_path / name, trusted_keys=served.server.trusted_keys)
        fake._transport.keep_tokens(client._transport.tokens())  # pyright: ignore[reportPrivateUsage]
        with pytest.raises(RightsError) as caught:
            fake.request_grant("rec_1")
        assert caught.value.code == "grant-invalid"
        fake.close()


def test_an_old_answer_about_the_platform_is_refused(served: Served, client: PlatformClient, tmp_path: Path):
    old = client._transport.exchange("GET", "/platform", query={"nonce": "old"})  # pyright: ignore[reportPrivateUsage]
    times: list[float] = []
    fake = stub(
        lambda request: httpx.Response(200, content=old),
        tmp_path,
        trusted_keys=served.server.trusted_keys,
        on_server_time=times.append,
    )
    with pytest.raises(PlatformError) as caught:
        fake.info()
    assert (caught.value.code, times) == ("bad-response", [])
    fake.close()


def test_the_platform_s_time_is_told(served: Served, somebody: Callable[[str], PlatformClient]):
    times: list[float] = []
    client = served.client("timed", on_server_time=times.append)
    client.info()
    client.close()
    assert times == [served.time.now]


def test_signing_in_over_the_wire_needs_the_right_password(served: Served, somebody: Callable[[str], PlatformClient]):
    served.account("ada@example.org")
    client = somebody("ada")
    assert client.password_login("ada@example.org", PASSWORD) == client.known_account()
    other = somebody("ada")
    assert other.signed_in
    assert other.account() == client.account()
