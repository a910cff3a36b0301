from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from studio.base.errors import PlatformDown, StorageError
from studio.platform import accounts
from studio.platform.client import PlatformClient
from studio.platform.commands import build_app
from studio.platform.messages import RecordingMeta
from studio.platform.server import DEMO_EMAIL, EmbeddedServer
from studio.platform.service import ROUTES
from studio.platform.service_keys import load_demo_password, load_signing_key
from studio.platform.sign_in_routes import ROUTES as SIGN_IN_ROUTES
from studio.platform.state import PlatformState, ServiceConfig
from tests.samples.platform import PASSWORD, TERMS, Served, short_audio, write_song


def embedded(folder: Path) -> EmbeddedServer:
    return EmbeddedServer(ServiceConfig(data_dir=folder / "platform", check_audio=short_audio))


def test_it_starts_and_stops_and_starts_again(tmp_path: Path):
    server = embedded(tmp_path)
    before = set(threading.enumerate())
    with pytest.raises(PlatformDown):
        _ = server.demo_account
    with pytest.raises(PlatformDown):
        _ = server.trusted_keys
    with server:
        address = server.base_url
        assert server.start() == address
        assert httpx.get(f"{address}/health", trust_env=False).json() == {"status": "ok"}
        keys, demo = server.trusted_keys, server.demo_account
    server.stop()
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{address}/health", trust_env=False)
    assert not any(thread.name == "contrafact-platform" for thread in set(threading.enumerate()) - before)
    with embedded(tmp_path) as again:
        assert (again.trusted_keys, again.demo_account) == (keys, demo)


def test_a_lost_demo_password_is_made_anew(tmp_path: Path):
    with embedded(tmp_path) as server:
        before = server.demo_account
    (tmp_path / "platform" / "keys" / "demo-password").unlink()
    with embedded(tmp_path) as server:
        assert server.state is not None
        assert server.demo_account != before
        assert accounts.authenticate(server.state, DEMO_EMAIL, server.demo_account.password).email == DEMO_EMAIL


def test_two_services_on_one_folder_have_one_key(tmp_path: Path):
    with embedded(tmp_path) as first, embedded(tmp_path) as second:
        assert first.trusted_keys == second.trusted_keys
        assert first.demo_account == second.demo_account
    keys = [load_signing_key(tmp_path / "once.key").kid for _ in range(2)]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("name", ["signing.key", "authority.json"])
def test_a_broken_secret_is_named(tmp_path: Path, name: str):
    PlatformState(ServiceConfig(data_dir=tmp_path)).close()
    (tmp_path / "keys" / name).write_text("broken")
    with pytest.raises(StorageError) as caught:
        PlatformState(ServiceConfig(data_dir=tmp_path))
    assert caught.value.code == "key-unreadable"
    (tmp_path / "keys" / "demo").write_bytes(b"\xff")
    with pytest.raises(StorageError):
        load_demo_password(tmp_path / "keys" / "demo")
    (tmp_path / "keys" / "demo").write_bytes(b"")
    with pytest.raises(StorageError):
        load_demo_password(tmp_path / "keys" / "demo")


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError) as caught:
        EmbeddedServer(ServiceConfig(data_dir=tmp_path / "file" / "platform")).start()
    assert caught.value.code == "path-not-writable"


def test_a_broken_demo_song_stops_the_start_and_leaves_no_listener(tmp_path: Path):
    write_song(tmp_path / "catalogue" / "bad", terms={"permit": ["everything"]})
    server = EmbeddedServer(
        ServiceConfig(data_dir=tmp_path / "platform", check_audio=short_audio), catalogue_dir=tmp_path / "catalogue"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(Exception, match="everything"):
            server.start()
    assert server.state is None


def test_the_service_describes_itself(served: Served):
    document = httpx.get(f"{served.server.base_url}/openapi.json", trust_env=False).json()
    assert document["openapi"].startswith("3.1")
    for route in (*ROUTES, *SIGN_IN_ROUTES):
        for method in (route.methods or set()) - {"HEAD"}:
            assert method.lower() in document["paths"][route.path], (method, route.path)
    text = json.dumps(document)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in document["components"]["schemas"]
    assert set(RecordingMeta.__struct_fields__) == set(document["components"]["schemas"]["RecordingMeta"]["properties"])


# The command line


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONTRAFACT_HOME", str(tmp_path / "home"))
    return tmp_path


def run(*words: str, stdin: str = "") -> tuple[int, str, str]:
    result = CliRunner().invoke(build_app(), list(words), input=stdin)
    return result.exit_code, result.stdout, result.stderr


def test_an_account_is_added(home: Path):
    data = str(home / "data")
    code, out, _ = run("user", "add", "a@example.org", "--name", "Ada", "--data", data, "--rightsholder", "--json")
    made = json.loads(out)
    assert (code, made["role"]) == (0, "rightsholder")
    assert len(made["password"]) >= 20
    code, out, _ = run(
        "user", "add", "b@example.org", "--name", "Bo", "--data", data, "--password-stdin", stdin="four plain words\n"
    )
    assert (code, "password" in out) == (0, False)
    code, _, err = run("user", "add", "a@example.org", "--name", "Ada", "--data", data, "--json")
    assert (code, json.loads(err)["error"]["code"]) == (1, "account-exists")
    code, _, err = run("user", "add", "no-address", "--name", "Ada", "--data", data)
    assert code == 1
    assert "[request-invalid]" in err
    code, out, _ = run("check-log", "--data", data, "--json")
    assert (code, json.loads(out)) == (0, {"entries": 0})


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the service is stopped as POSIX does it")
def test_it_serves_until_it_is_stopped(home: Path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    code = "from studio.platform.commands import build_app; build_app()()"
    words = [sys.executable, "-c", code, "serve", "--data", str(home / "data"), "--port", port]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert f"127.0.0.1:{port}" in process.stderr.readline()
        transport = httpx.HTTPTransport(retries=10)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=transport, trust_env=False) as web:
            assert web.get("/health").json() == {"status": "ok"}
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in (0, -signal.SIGTERM, 128 + signal.SIGTERM)
        assert "Traceback" not in process.stderr.read()


def test_publish_terms_and_revoke_from_the_command_line(home: Path, served: Served, client: PlatformClient):
    served.account("label2@example.org", role="rightsholder")
    folder = write_song(home / "song", seed=5, meta={"isrc": "SEXXA2600055", "title": "From the shell"})
    mix = (folder / "mix.flac").rename(folder / "song.flac")
    shared = ("--email", "label2@example.org", "--url", served.server.base_url, "--json")
    words = ("publish", str(mix), "--terms", str(folder / "terms.json"), "--stems", str(folder), *shared)
    code, out, err = run(*words, stdin=f"{PASSWORD}\n")
    assert code == 0, err
    made = json.loads(out)
    assert sorted(made["stems"]) == ["bass", "drums", "other", "vocals"]
    grant = json.loads(client.request_grant(made["id"]))["grant_id"]
    (folder / "new.json").write_text(json.dumps({**TERMS, "permit": ["play"]}))
    code, out, _ = run("terms", made["id"], "--terms", str(folder / "new.json"), *shared, stdin=f"{PASSWORD}\n")
    assert (code, json.loads(out)["terms_rev"]) == (0, 2)
    code, out, _ = run("revoke", grant, "--reason", "over", *shared, stdin=f"{PASSWORD}\n")
    assert (code, json.loads(out)["grant_id"]) == (0, grant)
    code, _, err = run(*words, stdin="wrong password\n")
    assert (code, json.loads(err)["error"]["code"]) == (1, "wrong-password")
    (folder / "terms.json").write_text("{")
    code, _, err = run(*words, stdin=f"{PASSWORD}\n")
    assert (code, json.loads(err)["error"]["code"]) == (1, "json-invalid")
    served.server.stop()
    code, _, err = run(*words, stdin=f"{PASSWORD}\n")
    assert (code, json.loads(err)["error"]["code"]) == (1, "platform-down")
