from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from engine.errors import Cancelled
from studio.base.errors import PlatformError
from studio.base.signatures import SigningKey
from studio.sync.chain import SyncError
from studio.sync.outbox import Outbox
from studio.sync.worker import BASE_S, CAP_S, Report, SyncWorker
from tests.samples.platform import Time
from tests.samples.sync import ADA, MAC, Platform, down, queue_export, refusal


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def outbox(tmp_path: Path, time: Time) -> Iterator[Outbox]:
    made = Outbox(tmp_path / "sync.db", mac_key=MAC, now=time)
    yield made
    made.close()


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def worker(outbox: Outbox, platform: Platform, time: Time) -> SyncWorker:
    return SyncWorker(outbox, lambda: platform, now=time, jitter=lambda: 1.0)


def states(outbox: Outbox) -> list[str]:
    return [row.state for row in outbox.rows()]


def test_an_export_goes_file_first_and_is_done_with_a_receipt(
    outbox: Outbox, worker: SyncWorker, platform: Platform, tmp_path: Path
):
    key = queue_export(outbox, tmp_path)
    kept = outbox.rows()[0].file
    assert kept is not None
    report = worker.run_once()
    assert report == Report(sent=2, state="idle")
    assert platform.calls == ["upload", "export"]
    row = outbox.row(key)
    assert row.state == "done"
    assert msgspec.json.decode(row.receipt or b"")["idempotency_key"] == key
    assert row.done_at == "2026-11-21T10:00:00Z"
    assert not kept.exists()
    assert outbox.pending() == []
    assert worker.run_once() == Report(state="idle")
    assert platform.calls == ["upload", "export"]


def test_what_is_queued_survives_what_becomes_of_the_file(
    outbox: Outbox, worker: SyncWorker, platform: Platform, tmp_path: Path
):
    queue_export(outbox, tmp_path)
    for path in tmp_path.glob("*.wav"):
        path.write_bytes(b"edited")
    assert worker.run_once().sent == 2
    assert len(platform.exports) == 1


def test_offline_waits_longer_each_time_and_goes_on(
    outbox: Outbox, worker: SyncWorker, platform: Platform, time: Time, tmp_path: Path
):
    queue_export(outbox, tmp_path)
    platform.fail = lambda what: down() if what == "upload" else None
    delays: list[float] = []
    for _ in range(14):
        report = worker.run_once()
        assert (report.state, report.waiting, report.sent) == ("offline", 2, 0)
        delays.append(outbox.rows()[0].not_before_s - time.now)
        assert worker.run_once().state == "waiting"
        time.now = outbox.rows()[0].not_before_s
    assert delays[0] == BASE_S
    assert delays[:6] == [BASE_S * 2**n for n in range(6)]
    assert delays[-1] == CAP_S
    assert len(platform.calls) == 14
    platform.fail = lambda what: None
    assert worker.run_once().sent == 2


def test_the_platform_says_when_to_come_again(
    outbox: Outbox, worker: SyncWorker, platform: Platform, time: Time, tmp_path: Path
):
    queue_export(outbox, tmp_path)
    platform.fail = lambda what: refusal("slow", 429, retry_after_s=120) if what == "upload" else None
    assert worker.run_once().state == "waiting"
    assert outbox.rows()[0].not_before_s == time.now + 120
    assert worker.report.next_s == time.now or worker.report.next_s is not None
    platform.fail = lambda what: None
    assert worker.run_once().sent == 0
    assert worker.run_once(force=True).sent == 2


def test_jitter_spreads_the_attempts(outbox: Outbox, platform: Platform, time: Time, tmp_path: Path):
    queue_export(outbox, tmp_path)
    platform.fail = lambda what: down() if what == "upload" else None
    SyncWorker(outbox, lambda: platform, now=time, jitter=lambda: 0.0).run_once()
    assert outbox.rows()[0].not_before_s == time.now + BASE_S / 2


@pytest.mark.parametrize(("code", "status"), [("idempotency-conflict", 409), ("not-trusted", 422), ("forbidden", 403)])
def test_a_refusal_parks_the_row_with_the_reason(
    outbox: Outbox, worker: SyncWorker, platform: Platform, tmp_path: Path, code: str, status: int
):
    key = queue_export(outbox, tmp_path)
    platform.fail = lambda what: refusal(code, status) if what == "export" else None
    report = worker.run_once()
    assert (report.sent, report.parked, report.state, report.problem) == (1, 1, "parked", "no")
    problem = outbox.row(key).problem
    assert problem is not None
    assert (problem.code, problem.remedy) == (code, "look")
    assert worker.run_once().sent == 0
    platform.fail = lambda what: None
    outbox.retry(key)
    assert worker.run_once().sent == 1
    outbox.retry(key)
    assert outbox.row(key).state == "done"


def test_one_parked_export_does_not_hold_up_the_next(
    outbox: Outbox, worker: SyncWorker, platform: Platform, tmp_path: Path
):
    first = queue_export(outbox, tmp_path, b"one")
    seen: list[str] = []

    def refuse_first(what: str) -> PlatformError | None:
        seen.append(what)
        return refusal("upload-too-large", 413) if seen.count("upload") == 1 and what == "upload" else None

    platform.fail = refuse_first
    second = queue_export(outbox, tmp_path, b"two")
    report = worker.run_once()
    assert outbox.row(second).state == "done"
    assert outbox.row(first).state == "queued"
    assert states(outbox) == ["parked", "queued", "done", "done"]
    assert report.next_s is None
    assert report.state == "parked"


def test_signed_out_pauses_until_somebody_signs_in(
    outbox: Outbox, worker: SyncWorker, platform: Platform, tmp_path: Path
):
    queue_export(outbox, tmp_path)
    platform.fail = lambda what: refusal("signed-out", 401) if what == "upload" else None
    assert worker.run_once().state == "signed-out"
    platform.fail = lambda what: None
    assert worker.run_once().state == "signed-out"
    assert platform.calls == ["upload"]
    worker.resume()
    assert worker.run_once().sent == 2


def test_a_client_that_cannot_be_had_is_a_state_too(outbox: Outbox, platform: Platform, time: Time, tmp_path: Path):
    queue_export(outbox, tmp_path)

    def nobody() -> Platform:
        raise PlatformError("out", remedy="sign in", code="signed-out")

    def away() -> Platform:
        raise down()

    def strange() -> Platform:
        raise PlatformError("odd", remedy="look", code="bad-response")

    assert SyncWorker(outbox, nobody, now=time).run_once().state == "signed-out"
    assert SyncWorker(outbox, away, now=time).run_once().state == "offline"
    assert SyncWorker(outbox, strange, now=time).run_once().state == "waiting"
    platform.fail = lambda what: down() if what == "account" else None
    assert SyncWorker(outbox, lambda: platform, now=time).run_once().state == "offline"


def test_what_somebody_else_queued_is_not_sent_under_this_name(
    outbox: Outbox, worker: SyncWorker, platform: Platform, tmp_path: Path
):
    queue_export(outbox, tmp_path, subject="user:bo")
    assert worker.run_once().sent == 0
    platform.subject = "user:bo"
    assert worker.run_once().sent == 2


def test_a_stop_while_sending_sends_it_later(outbox: Outbox, worker: SyncWorker, platform: Platform, tmp_path: Path):
    queue_export(outbox, tmp_path)
    platform.fail = lambda what: Cancelled() if what == "upload" else None
    assert worker.run_once().state == "waiting"
    platform.fail = lambda what: None
    assert worker.run_once().sent == 2


def test_a_lost_copy_is_named_and_parked(outbox: Outbox, worker: SyncWorker, tmp_path: Path):
    outbox.enqueue("asset", {"sha256": "ab" * 32}, subject=ADA, title="Night")
    assert worker.run_once().state == "parked"
    problem = outbox.rows()[0].problem
    assert problem is not None
    assert problem.code == "delivery-unknown"


def test_a_receipt_by_a_wrong_key_leaves_the_row_undone(
    outbox: Outbox, worker: SyncWorker, platform: Platform, tmp_path: Path
):
    key = queue_export(outbox, tmp_path)
    platform.signed_with = SigningKey.generate()
    assert worker.run_once().parked == 1
    problem = outbox.rows()[0].problem
    assert problem is not None
    assert problem.code == "receipt-invalid"
    assert outbox.row(key).state == "queued"
    assert outbox.rows()[0].receipt is None


def test_rows_and_the_caller_s_own_state_are_one_transaction(outbox: Outbox, tmp_path: Path):
    with outbox.transaction() as connection:
        connection.execute("CREATE TABLE exports (id TEXT)")

    def half() -> None:
        with outbox.transaction() as connection:
            connection.execute("INSERT INTO exports VALUES ('one')")
            queue_export(outbox, tmp_path)
            raise KeyError("stop")

    with pytest.raises(KeyError):
        half()
    assert outbox.rows() == []
    with outbox.transaction() as connection:
        connection.execute("INSERT INTO exports VALUES ('two')")
        queue_export(outbox, tmp_path)
        assert connection.execute("SELECT COUNT(*) FROM exports").fetchone()[0] == 1
    assert len(outbox.rows()) == 2
    outbox.check()


def test_the_background_thread_sends_when_it_is_woken_and_ends(outbox: Outbox, platform: Platform, tmp_path: Path):
    worker = SyncWorker(outbox, lambda: platform, poll_s=3600.0)
    reports: list[Report] = []
    seen = threading.Event()
    idle = threading.Event()

    def note(report: Report) -> None:
        reports.append(report)
        idle.set()
        if report.sent:
            seen.set()

    # Sessions of other tests may be at work beside this one.
    others = set(threading.enumerate())
    worker.changed.subscribe(note)
    worker.start()
    worker.start()
    assert len({each for each in threading.enumerate() if each.name == "contrafact-sync"} - others) == 1
    assert idle.wait(30)
    queue_export(outbox, tmp_path)
    worker.wake(force=True)
    assert seen.wait(30)
    worker.stop()
    worker.stop()
    assert outbox.pending() == []
    assert {each for each in threading.enumerate() if each.name == "contrafact-sync"} <= others


def test_waiting_for_a_person_is_no_hurry(outbox: Outbox, tmp_path: Path):
    rounds: list[Report] = []
    first, second = threading.Event(), threading.Event()

    def nobody() -> Platform:
        raise PlatformError("out", remedy="sign in", code="signed-out")

    def note(report: Report) -> None:
        rounds.append(report)
        (second if first.is_set() else first).set()

    queue_export(outbox, tmp_path)
    worker = SyncWorker(outbox, nobody, poll_s=3600.0)
    worker.changed.subscribe(note)
    worker.start()
    assert first.wait(30)
    assert not second.wait(0.2)
    worker.stop()
    assert len(rounds) == 1


def test_an_unknown_delivery_is_named(outbox: Outbox):
    with pytest.raises(SyncError) as caught:
        outbox.row("none")
    assert caught.value.code == "delivery-unknown"
