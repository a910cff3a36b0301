"""A client before a service that lies, breaks off or never ends, and disks that fill under a download."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from engine.errors import Cancelled
from studio.base import atomic
from studio.base.errors import LibraryError, PlatformDown, PlatformError, StorageError
from studio.base.signatures import SigningKey, sign_document
from studio.platform import sign_in, transfer
from studio.platform.messages import DeviceCode, FileInfo, TokenSet
from studio.platform.pinning import PinnedKeys, moment
from studio.platform.transport import Transport
from tests.samples.platform import key_store

DATA = bytes(range(256)) * 40
FILE = FileInfo(role="mix", sha256=hashlib.sha256(DATA).hexdigest(), size=len(DATA), name="a", media_type="audio/flac")

Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Answer], Transport]]:
    """Make a client that is signed in to a service that answers so."""
    monkeypatch.setenv("CONTRAFACT_KEYSTORE", "file")
    keys = key_store(tmp_path / "home")
    made: list[Transport] = []

    def make(answer: Answer) -> Transport:
        transport = Transport("http://127.0.0.1:9", keys, transport=httpx.MockTransport(answer))
        transport.keep_tokens(TokenSet(access_token="a", refresh_token="r", expires_in=1))
        made.append(transport)
        return transport

    yield make
    for each in made:
        each.close()


def fetch(transport: Transport, folder: Path) -> bytes:
    target = folder / "song.flac"
    transfer.download(transport, "/file", target, file=FILE)
    return target.read_bytes()


def part(folder: Path) -> Path:
    return folder / f".song.flac.{FILE.sha256[:16]}.part"


def test_an_honest_answer_arrives(connect: Callable[[Answer], Transport], tmp_path: Path):
    assert fetch(connect(lambda request: httpx.Response(200, content=DATA)), tmp_path) == DATA


def test_other_bytes_of_the_same_length_are_refused(connect: Callable[[Answer], Transport], tmp_path: Path):
    with pytest.raises(LibraryError) as caught:
        fetch(connect(lambda request: httpx.Response(200, content=bytes(len(DATA)))), tmp_path)
    assert caught.value.code == "digest-mismatch"
    assert not part(tmp_path).exists()


def test_data_without_an_end_is_cut_off(connect: Callable[[Answer], Transport], tmp_path: Path):
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield bytes(transfer._CHUNK)  # pyright: ignore[reportPrivateUsage]

    with pytest.raises(PlatformError) as caught:
        fetch(connect(lambda request: httpx.Response(200, content=endless())), tmp_path)
    assert caught.value.code == "bad-response"
    assert sent < 5


def test_another_part_than_was_asked_for_is_refused(connect: Callable[[Answer], Transport], tmp_path: Path):
    part(tmp_path).write_bytes(DATA[:100])
    wrong = httpx.Response(206, content=DATA[200:], headers={"Content-Range": f"bytes 200-{len(DATA) - 1}/{len(DATA)}"})
    with pytest.raises(PlatformError) as caught:
        fetch(connect(lambda request: wrong), tmp_path)
    assert caught.value.code == "bad-response"
    assert part(tmp_path).read_bytes() == DATA[:100]


def test_a_service_that_knows_no_ranges_sends_it_whole(connect: Callable[[Answer], Transport], tmp_path: Path):
    part(tmp_path).write_bytes(b"old" * 10)
    assert fetch(connect(lambda request: httpx.Response(200, content=DATA)), tmp_path) == DATA


def test_a_whole_part_needs_no_service(connect: Callable[[Answer], Transport], tmp_path: Path):
    part(tmp_path).write_bytes(DATA)
    assert fetch(connect(lambda request: httpx.Response(500)), tmp_path) == DATA


def test_a_line_that_breaks_off_goes_on_until_it_brings_nothing(connect: Callable[[Answer], Transport], tmp_path: Path):
    asked: list[str | None] = []

    def broken(request: httpx.Request) -> httpx.Response:
        start = int((request.headers.get("range") or "bytes=0-")[6:-1])
        asked.append(request.headers.get("range"))
        headers = {"Content-Range": f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"}
        end = min(start + 3000, 9000)
        return httpx.Response(206 if start else 200, content=iter([DATA[start:end]]), headers=headers)

    with pytest.raises(PlatformDown):
        fetch(connect(broken), tmp_path)
    assert asked[:4] == [None, "bytes=3000-", "bytes=6000-", "bytes=9000-"]
    assert len(asked) == 3 + transfer.ATTEMPTS
    assert part(tmp_path).read_bytes() == DATA[:9000]


def test_a_full_disk_is_named_and_the_song_not_there(
    connect: Callable[[Answer], Transport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic, "sync_file", full)
    with pytest.raises(StorageError) as caught:
        fetch(connect(lambda request: httpx.Response(200, content=DATA)), tmp_path)
    assert caught.value.code == "disk-full"
    assert not (tmp_path / "song.flac").exists()


def test_the_refreshed_token_is_used_and_a_dead_one_signs_out(connect: Callable[[Answer], Transport]):
    seen: list[str] = []

    def once(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.url.path} {request.headers.get('authorization', '')}")
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "b", "refresh_token": "s", "expires_in": 1})
        right = request.headers["authorization"] == "Bearer b"
        return httpx.Response(200 if right else 401, json={})

    transport = connect(once)
    transport.call("GET", "/me")
    assert seen == ["/me Bearer a", "/oauth/token ", "/me Bearer b"]

    def dead(request: httpx.Request) -> httpx.Response:
        refused = {"error": "invalid_grant"} if request.url.path == "/oauth/token" else {}
        return httpx.Response(400 if refused else 401, json=refused)

    with pytest.raises(PlatformError) as caught:
        connect(dead).call("GET", "/me")
    assert caught.value.code == "signed-out"

    def down(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            raise httpx.ConnectError("away")
        return httpx.Response(401, json={})

    transport = connect(down)
    with pytest.raises(PlatformDown):
        transport.call("GET", "/me")
    assert transport.tokens() is not None


def test_tokens_that_another_process_renewed_are_taken(connect: Callable[[Answer], Transport]):
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path != "/oauth/token"
        return httpx.Response(200 if request.headers["authorization"] == "Bearer new" else 401, json={})

    first, second = connect(answer), connect(answer)
    first.keep_tokens(TokenSet(access_token="old", refresh_token="r", expires_in=1))
    second.keep_tokens(TokenSet(access_token="new", refresh_token="s", expires_in=1))
    assert first.call("GET", "/me") == b"{}"
    second.keep_tokens(None)
    with pytest.raises(PlatformError) as caught:
        connect(lambda request: httpx.Response(401, json={})).call("GET", "/me")
    assert caught.value.code in ("signed-out", "bad-response")


def test_broken_tokens_at_rest_are_no_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CONTRAFACT_KEYSTORE", "file")
    keys = key_store(tmp_path)
    keys.set("platform-tokens-here", b"{broken")
    transport = Transport("http://localhost:9", keys, realm="here")
    assert transport.tokens() is None
    transport.close()


CODE = DeviceCode(
    device_code="d",
    user_code="u",
    verification_uri="http://127.0.0.1:9/device",
    verification_uri_complete="http://127.0.0.1:9/device?user_code=u",
    expires_in=20,
    interval=0.0,
)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        (["authorization_pending", "slow_down", "expired_token"], "sign-in-timeout"),
        (["access_denied"], "sign-in-refused"),
    ],
)
def test_the_device_flow_ends_as_the_service_says(
    connect: Callable[[Answer], Transport], monkeypatch: pytest.MonkeyPatch, answers: list[str], code: str
):
    waited: list[float] = []

    class Stop:
        def wait(self, seconds: float) -> bool:
            waited.append(seconds)
            return False

    transport = connect(lambda request: httpx.Response(400, json={"error": answers.pop(0)}))
    with pytest.raises(PlatformError) as caught:
        sign_in.by_device(transport, CODE, stop=Stop())  # type: ignore[arg-type]
    assert caught.value.code == code
    if code == "sign-in-timeout":
        assert waited == [0.0, 5.0]


def test_nobody_approves_in_time(connect: Callable[[Answer], Transport]):
    class Stop:
        def wait(self, seconds: float) -> bool:
            return False

    pending = connect(lambda request: httpx.Response(400, json={"error": "slow_down"}))
    with pytest.raises(PlatformError) as caught:
        sign_in.by_device(pending, CODE, stop=Stop())  # type: ignore[arg-type]
    assert caught.value.code == "sign-in-timeout"


def test_a_sign_in_over_a_dead_line_says_so(connect: Callable[[Answer], Transport]):
    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    transport = connect(down)
    for attempt in (
        lambda: sign_in.by_password(transport, "a@b.c", "x"),
        lambda: sign_in.by_device(transport, CODE),
        lambda: sign_in.approve(transport, CODE, "a@b.c", "x"),
        lambda: sign_in.start_device(transport),
    ):
        with pytest.raises(PlatformDown):
            attempt()
    refused = connect(lambda request: httpx.Response(401, text="<html>"))
    with pytest.raises(PlatformError) as caught:
        sign_in.approve(refused, CODE, "a@b.c", "x")
    assert caught.value.code == "sign-in-refused"
    odd = connect(lambda request: httpx.Response(400, json={"error": "invalid_request"}))
    with pytest.raises(PlatformError) as unknown:
        sign_in.by_password(odd, "a@b.c", "x")
    assert unknown.value.code == "invalid_request"


def test_an_upload_that_is_stopped_or_refused_is_named(connect: Callable[[Answer], Transport], tmp_path: Path):
    path = tmp_path / "a.wav"
    path.write_bytes(DATA)
    missing = {"error": {"code": "not-found", "message": "m", "remedy": "r"}}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            request.read()
        return httpx.Response(404, json=missing)

    with pytest.raises(Cancelled):
        transfer.upload(connect(answer), path, trusted_keys=dict, cancelled=lambda: True)
    shown: list[float] = []
    with pytest.raises(PlatformError) as caught:
        transfer.upload(
            connect(answer), path, trusted_keys=dict, progress=lambda fraction, note: shown.append(fraction)
        )
    assert caught.value.code == "not-found"
    assert shown == [1.0]
    with pytest.raises(PlatformDown):
        transfer.upload(connect(lambda request: httpx.Response(503)), path, trusted_keys=dict)
    refused = connect(lambda request: httpx.Response(403, json={"error": {**missing["error"], "code": "refused"}}))
    with pytest.raises(PlatformError) as forbidden:
        transfer.upload(refused, path, trusted_keys=dict)
    assert forbidden.value.code == "refused"


def signed_info(key: SigningKey, request: httpx.Request, **change: object) -> httpx.Response:
    info: dict[str, object] = {
        "name": "P",
        "api": "1",
        "keys": [{"kid": key.kid, "public_key": key.public.hex()}],
        "trust_anchors": "",
        "at": "2026-11-21T10:00:00Z",
        "nonce": request.url.params["nonce"],
        **change,
    }
    return httpx.Response(200, content=sign_document(info, key))


def test_another_key_after_the_first_contact_is_refused(connect: Callable[[Answer], Transport], tmp_path: Path):
    store = key_store(tmp_path / "home")
    first, other = SigningKey.generate(), SigningKey.generate()
    honest = connect(lambda request: signed_info(first, request))
    assert PinnedKeys(honest, store, given=None).keys() == {first.kid: first.public}
    fake = PinnedKeys(connect(lambda request: signed_info(other, request)), store, given=None)
    assert fake.keys() == {first.kid: first.public}
    with pytest.raises(PlatformError) as caught:
        fake.info()
    assert caught.value.code == "receipt-invalid"
    assert PinnedKeys(honest, store, given=None).info().name == "P"


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ([{"kid": "a", "public_key": "zz"}], "bad-response"),
        ([{"kid": "a", "public_key": "abcd"}], "bad-response"),
        ([], "receipt-invalid"),
        ([{"kid": "a", "public_key": "00" * 32}], "receipt-invalid"),
    ],
)
def test_keys_that_make_no_sense_are_not_pinned(
    connect: Callable[[Answer], Transport], tmp_path: Path, keys: list[dict[str, str]], code: str
):
    key = SigningKey.generate()
    store = key_store(tmp_path / "home")
    pinned = PinnedKeys(connect(lambda request: signed_info(key, request, keys=keys)), store, given=None)
    with pytest.raises(PlatformError) as caught:
        pinned.keys()
    assert caught.value.code == code
    assert store.get(f"platform-keys-{connect(lambda request: httpx.Response(200)).realm}") is None


def test_a_time_that_is_none_is_refused():
    with pytest.raises(PlatformError) as caught:
        moment("yesterday")
    assert caught.value.code == "bad-response"
