"""Requests that nobody honest sends."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from studio.platform import catalogue, passwords
from studio.platform.delivery import parse_range
from studio.platform.refusal import Refusal
from tests.samples.platform import PASSWORD, Served, serve

LIMIT = 200_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTRAFACT_KEYSTORE", "file")
        patch.setattr(passwords, "COST", (2**4, 8, 1))
        made = serve(tmp_path_factory.mktemp("hostile"), max_upload_bytes=LIMIT, max_body_bytes=20_000)
        made.account("ada@example.org")
        yield made
        made.server.stop()


@pytest.fixture(scope="module")
def web(served: Served) -> Iterator[httpx.Client]:
    """A client with a token and a licence."""
    form = {
        "client_id": "contrafact-desktop",
        "grant_type": "password",
        "username": "ada@example.org",
        "password": PASSWORD,
    }
    with httpx.Client(base_url=served.server.base_url, trust_env=False) as made:
        token = made.post("/oauth/token", data=form).json()["access_token"]
        made.headers["Authorization"] = f"Bearer {token}"
        assert made.post("/grants", json={"recording_id": song(made)}).status_code == 201
        yield made


def song(web: httpx.Client) -> str:
    return str(web.get("/recordings").json()["recordings"][0]["id"])


def code(answer: httpx.Response) -> str:
    body = answer.json()["error"]
    assert body["message"]
    assert body["remedy"]
    return str(body["code"])


def raw_request(served: Served, text: str, *, break_off: bool = False) -> bytes:
    """Bytes straight to the socket: no library tidies the address."""
    host, port = served.server.base_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(text.encode())
        if break_off:
            line.shutdown(socket.SHUT_WR)
        parts: list[bytes] = []
        while data := line.recv(65536):
            parts.append(data)
    return b"".join(parts)


@pytest.mark.parametrize(
    "address",
    [
        "/uploads/../../keys/signing.key",
        "/uploads/%2e%2e%2f%2e%2e%2fkeys%2fsigning.key",
        "/uploads/..%5c..%5ckeys%5csigning.key",
        "/uploads/" + "A" * 64,
        "/uploads/" + "a" * 63,
        "/recordings/..%2f..%2fkeys%2fsigning.key",
        "/recordings/%2e%2e/files/mix",
        "/recordings/x/files/..%2f..%2f..%2fkeys%2fsigning.key",
        "/exports/%00",
        "/" + "x" * 5000,
    ],
)
def test_an_address_reaches_nothing_outside(served: Served, web: httpx.Client, address: str):
    secret = (served.folder / "platform" / "keys" / "signing.key").read_bytes()
    answer = raw_request(
        served,
        f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {web.headers['Authorization']}\r\n"
        "Connection: close\r\n\r\n",
    )
    status = int(answer.split(b" ", 2)[1])
    assert status in (403, 404, 422)
    assert secret not in answer


@pytest.mark.parametrize(
    "header",
    [
        "bytes=0-1,2-3",
        "bytes=" + ",".join(f"{start}-" for start in range(500)),
        "bytes=5-2",
        "bytes=99999999-",
        "bytes=-0",
        "bytes=-",
        "bytes=a-b",
        "items=0-1",
        "bytes=0-" + "9" * 40,
        "bytes=--1",
        "",
    ],
)
def test_a_range_is_one_part_of_the_file_or_nothing(web: httpx.Client, header: str):
    answer = web.get(f"/recordings/{song(web)}/files/mix", headers={"Range": header})
    assert answer.status_code == 416
    assert code(answer) == "range-invalid"
    assert answer.headers["content-range"].startswith("bytes */")


def test_honest_ranges_are_served(web: httpx.Client):
    address = f"/recordings/{song(web)}/files/mix"
    whole = web.get(address)
    data, etag = whole.content, whole.headers["etag"]
    assert etag == f'"{hashlib.sha256(data).hexdigest()}"'
    assert web.get(address, headers={"If-None-Match": etag}).status_code == 304
    for header, expected in (
        ("bytes=0-9", data[:10]),
        ("bytes=10-", data[10:]),
        ("bytes=-7", data[-7:]),
        (f"bytes=0-{len(data) + 5}", data),
    ):
        part = web.get(address, headers={"Range": header})
        assert (part.status_code, part.content) == (206, expected)
    changed = web.get(address, headers={"Range": "bytes=10-", "If-Range": '"other"'})
    assert (changed.status_code, changed.content) == (200, data)
    head = web.head(address)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(data)))


def test_a_suffix_longer_than_the_file_is_the_file():
    assert parse_range("bytes=-100", 10) == (0, 10)
    with pytest.raises(Refusal):
        parse_range("bytes=0-", 0)


def test_an_upload_over_the_limit_is_refused_and_leaves_nothing(served: Served, web: httpx.Client):
    data = b"x" * (LIMIT + 1)
    sha256 = hashlib.sha256(data).hexdigest()
    announced = web.put(f"/uploads/{sha256}", content=data)
    assert (announced.status_code, code(announced)) == (413, "upload-too-large")

    def unannounced() -> Iterator[bytes]:
        yield from (data[start : start + 10_000] for start in range(0, len(data), 10_000))

    streamed = web.put(f"/uploads/{sha256}", content=unannounced())
    assert (streamed.status_code, code(streamed)) == (413, "upload-too-large")
    lying = raw_request(
        served,
        f"PUT /uploads/{sha256} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {web.headers['Authorization']}\r\n"
        "Content-Length: 99999999999\r\nConnection: close\r\n\r\nabc",
    )
    assert b" 413 " in lying.split(b"\r\n")[0]
    assert leftovers(served) == []


def leftovers(served: Served) -> list[Path]:
    return list((served.folder / "platform" / "objects").glob("incoming-*"))


def test_an_upload_that_is_not_its_digest_or_breaks_off_leaves_nothing(served: Served, web: httpx.Client):
    wrong = web.put(f"/uploads/{'ab' * 32}", content=b"other bytes")
    assert (wrong.status_code, code(wrong)) == (422, "digest-mismatch")
    sha256 = hashlib.sha256(b"abcdef").hexdigest()
    raw_request(
        served,
        f"PUT /uploads/{sha256} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {web.headers['Authorization']}\r\n"
        "Content-Length: 6\r\nConnection: close\r\n\r\nabc",
        break_off=True,
    )
    assert web.get(f"/uploads/{sha256}").status_code == 404
    assert leftovers(served) == []


@pytest.mark.parametrize(
    ("method", "address", "body"),
    [
        ("POST", "/grants", b"{"),
        ("POST", "/grants", b"[]"),
        ("POST", "/grants", b'{"recording_id": "x", "admin": true}'),
        ("POST", "/grants", b'{"recording_id": 1}'),
        ("POST", "/grants", b"\xff\xfe"),
        ("POST", "/devices", b'{"csr": "' + b"x" * 17_000 + b'"}'),
        ("POST", "/recordings", b'{"audio": {"sha256": "../../etc", "name": "x"}, "meta": {}, "terms": {}}'),
        ("POST", "/usage", b'[{"id": "x", "kind": "play", "subject": "", "at": ""}]'),
        ("GET", "/recordings?limit=many", b""),
        ("GET", "/recordings?tempo_from_bpm=fast", b""),
    ],
)
def test_a_malformed_message_is_refused_by_name(web: httpx.Client, method: str, address: str, body: bytes):
    answer = web.request(method, address, content=body)
    assert (answer.status_code, code(answer)) == (422, "request-invalid")


def test_a_message_over_the_limit_is_refused(web: httpx.Client):
    answer = web.post("/grants", content=b'{"recording_id": "' + b"x" * 30_000 + b'"}')
    assert (answer.status_code, code(answer)) == (413, "upload-too-large")


def test_a_form_is_a_form_with_each_field_once(web: httpx.Client):
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for content in (b"client_id=a&client_id=b", b"a=%ff%fe", b"&".join(b"f%d=1" % n for n in range(100))):
        assert web.post("/oauth/token", content=content, headers=kind).status_code == 422
    assert web.post("/oauth/token", json={}).status_code == 422


def test_a_foreign_name_does_not_reach_the_service(served: Served):
    for host, status in (
        ("127.0.0.1", 200),
        ("localhost", 200),
        ("evil.example", 400),
        ("127.0.0.1.evil.example", 400),
    ):
        answer = httpx.get(f"{served.server.base_url}/health", headers={"Host": host}, trust_env=False)
        assert answer.status_code == status


def test_answers_are_never_pages(web: httpx.Client):
    for address in ("/recordings", "/nothing", "/platform", "/openapi.json"):
        answer = web.get(address)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_without_a_token_nothing_private_is_told(served: Served):
    with httpx.Client(base_url=served.server.base_url, trust_env=False) as web:
        for method, address in (
            ("GET", "/me"),
            ("GET", "/grants"),
            ("POST", "/grants"),
            ("GET", "/grants/revocations"),
            ("POST", "/devices"),
            ("POST", "/exports"),
            ("POST", "/usage"),
            ("PUT", f"/uploads/{'ab' * 32}"),
            ("GET", f"/uploads/{'ab' * 32}"),
            ("POST", "/recordings"),
            ("GET", "/recordings?mine=true"),
            ("GET", "/recordings/x/files/mix"),
        ):
            answer = web.request(method, address)
            assert (answer.status_code, code(answer)) == (401, "signed-out")
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_what_breaks_inside_says_nothing_of_the_inside(
    served: Served, web: httpx.Client, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object) -> None:
        raise RuntimeError("secret path /etc/x")

    monkeypatch.setattr(catalogue, "search", broken)
    answer = web.get("/recordings")
    assert (answer.status_code, code(answer)) == (500, "platform-failed")
    assert "secret" not in answer.text
