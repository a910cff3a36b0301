"""Licensed recordings on the command line: a real platform process that comes and goes, and what licences forbid."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

PASSWORD = "correct horse battery staple"
SERVE = [sys.executable, "-c", "from studio.cli.platform import main; main()"]


class Platform:
    """A `contrafact-platform serve` process on one port, which can be stopped and started again."""

    def __init__(self, data: Path):
        self.data = data
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [*SERVE, "serve", "--data", str(self.data), "--port", str(self.port), "--demo"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
        pause = threading.Event()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, "the platform ended at its start"
            pause.wait(0.05)
        raise AssertionError("the platform did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def run(self, *words: object, stdin: str = "") -> dict:
        done = subprocess.run(
            [*SERVE, *map(str, words), "--json"], input=stdin, capture_output=True, text=True, check=True, timeout=120
        )
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    """A platform of its own with the demo catalogue and one remixer."""
    made = Platform(tmp_path_factory.mktemp("platform") / "data")
    made.start()
    made.stop()
    made.run("user", "add", "ada@example.org", "--name", "Ada", "--data", made.data, "--password-stdin", stdin=PASSWORD)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def remote(platform, cli, tmp_path_factory):
    """The command line of somebody who works with that platform."""
    home = tmp_path_factory.mktemp("ada")
    os.environ["CONTRAFACT_PLATFORM"] = platform.url
    yield lambda *words: cli(*words, home=home)
    del os.environ["CONTRAFACT_PLATFORM"]


def _first(answer):
    return answer.json["recordings"][0]["id"]


@pytest.mark.slow
def test_an_export_made_while_the_platform_is_down_is_sent_once_when_it_is_back(platform, remote, tmp_path):
    wrong = remote("login", "--email", "ada@example.org", "--password", "guess", "--json")
    assert (wrong.code, wrong.json["error"]["code"]) == (1, "wrong-password")
    assert remote("login", "--email", "ada@example.org", "--password", PASSWORD).code == 0
    recording = _first(remote("catalog", "search", "paper", "--json"))
    assert remote("license", recording).code == 0
    bundle = tmp_path / "Remix.contrafact"
    assert remote("new", bundle).code == 0
    assert remote("add", bundle, recording).code == 0
    assert remote("edit", "trim", bundle, "1", "--end", 6).code == 0
    before = platform_log(platform)

    platform.stop()
    down = remote("catalog", "search", "--json")
    assert (down.code, down.json["error"]["code"]) == (1, "platform-down")
    target = tmp_path / "remix.flac"
    made = remote("export", bundle, "--out", target, "--json")
    assert made.code == 0, made.err
    assert (made.json["state"], made.json["receipt_id"]) == ("Trusted", None)
    assert remote("verify", target).code == 0
    waiting = remote("sync", "--json")
    assert (waiting.code, waiting.json["waiting"] > 0) == (1, True)
    # The person may throw the file away: what waits is a copy.
    target.unlink()

    platform.start()
    sent = remote("sync", "--json")
    assert (sent.code, sent.json["waiting"], sent.json["parked"]) == (0, 0, 0), sent.json
    again = remote("sync", "--json")
    assert (again.code, again.json["sent"]) == (0, 0)
    platform.stop()
    assert platform_log(platform, running=False) == before + 1
    platform.start()


def platform_log(platform: Platform, *, running: bool = True) -> int:
    """How many receipts the platform's log holds; it is read while the service rests."""
    if running:
        platform.stop()
    entries = platform.run("check-log", "--data", platform.data)["entries"]
    if running:
        platform.start()
    return int(entries)


@pytest.fixture(scope="module")
def narrow(home, tmp_path_factory):
    """A project with six seconds of the song with the narrowest licence."""
    from studio.cli.main import main

    bundle = tmp_path_factory.mktemp("narrow") / "Narrow.contrafact"
    os.environ["CONTRAFACT_HOME"] = str(home)
    try:
        assert main(["new", str(bundle)]) == 0
        assert main(["add", str(bundle), "QZCF12600003"]) == 0
        assert main(["edit", "trim", str(bundle), "1", "--end", "6"]) == 0
    finally:
        del os.environ["CONTRAFACT_HOME"]
    return bundle


@pytest.fixture
def project(narrow, tmp_path):
    """A copy of it to change."""
    return Path(shutil.copytree(narrow, tmp_path / narrow.name))


def _error(answer):
    assert answer.code == 1
    return answer.json["error"]


def test_what_the_licence_forbids_is_named_by_its_clause_with_a_way_out(cli, project, tmp_path):
    target = tmp_path / "x.mp3"
    assert cli("edit", "clip", project, "1", "--pitch", 7).code == 0
    error = _error(cli("export", project, "--out", target, "--json"))
    assert error["code"] == "operation-forbidden"
    assert error["details"]["clause"] == "constraints.pitch_semitones"
    assert "+2" in error["message"]
    assert error["remedy"]
    assert not target.exists()

    assert cli("edit", "clip", project, "1", "--pitch", 2).code == 0
    error = _error(cli("export", project, "--out", tmp_path / "x.wav", "--json"))
    assert error["details"]["clause"] == "export.formats"
    assert sorted(each.name for each in tmp_path.iterdir()) == [project.name]


def test_stems_of_a_licensed_song_do_not_leave_the_studio(cli, tmp_path):
    error = _error(cli("separate", "QZCF12600003", "--out", tmp_path / "stems", "--json"))
    assert error["code"] == "operation-forbidden"
    assert error["details"]["clause"] == "deny.stem_export"
    assert not (tmp_path / "stems").exists()


def test_without_a_licence_nothing_opens(cli, project, tmp_path, tmp_path_factory):
    stranger = tmp_path_factory.mktemp("stranger")
    error = _error(cli("export", project, "--out", tmp_path / "x.mp3", "--json", home=stranger))
    assert error["code"] == "no-grant"
    assert error["remedy"]


def test_an_ended_lease_closes_the_song_and_a_turned_back_clock_stops_exports(cli, home, project, tmp_path):
    state = home / "data" / "clock.json"
    before = state.read_bytes()
    # The ledger has seen a time 30 days ahead of this computer's clock.
    ahead = json.loads(before) | {"ledger_s": time.time() + 30 * 86_400}
    state.write_text(json.dumps(ahead))
    try:
        assert _error(cli("shares", project, "--json"))["code"] == "grant-expired"
        assert _error(cli("export", project, "--out", tmp_path / "x.mp3", "--json"))["code"] == "clock-turned-back"
        # The project itself stays open to its maker.
        assert cli("edit", "show", project).code == 0
    finally:
        state.write_bytes(before)
    assert cli("shares", project, "--json").code == 0


def test_unknown_recordings_are_not_found(cli):
    assert _error(cli("license", "rec_nowhere", "--json"))["code"] == "not-found"


def test_the_licence_is_told_in_plain_words(cli):
    answer = cli("license", "QZCF12600003", "--json")
    assert answer.code == 0
    texts = {line["text"]: line["state"] for line in answer.json["summary"]["lines"]}
    assert texts["Pitch −2 to +2"] == "allowed"
