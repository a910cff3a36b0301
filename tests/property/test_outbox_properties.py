"""Whatever is lost, doubled or comes in another order: every export is received once, and all agree on its receipt."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.base.ids import uuid7
from studio.platform import ingest, ledger, passwords
from studio.platform.messages import ExportRequest
from studio.platform.refusal import Refusal
from studio.sync.outbox import Outbox
from studio.sync.worker import SyncWorker
from tests.samples.platform import Time, World, certify, facts_for, hand_in, license_song
from tests.samples.sync import MAC, Platform, down, queue_export

FAULTS = st.sampled_from(["fine", "fine", "down", "lost"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(faults=st.lists(FAULTS, max_size=12), exports=st.integers(1, 3), restarts=st.sets(st.integers(0, 12)))
def test_every_export_arrives_once_whatever_the_line_does(faults: list[str], exports: int, restarts: set[int]):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        platform, time = Platform(), Time()
        outbox = Outbox(folder / "sync.db", mac_key=MAC, now=time)
        keys = [queue_export(outbox, folder, b"export %d" % number) for number in range(exports)]
        pending = list(faults)

        def before(what: str):
            return down() if what != "account" and pending and pending[0] == "down" and pending.pop(0) else None

        def after(what: str):
            fault = pending.pop(0) if pending else "fine"
            return down() if fault == "lost" else None

        platform.fail, platform.lose = before, after
        for round_ in range(len(faults) + 2):
            if round_ in restarts:
                outbox.close()
                outbox = Outbox(folder / "sync.db", mac_key=MAC, now=time)
            SyncWorker(outbox, lambda: platform, now=time).run_once(force=True)
        outbox.check()
        assert outbox.pending() == []
        assert len(platform.exports) == exports
        receipts = [outbox.row(key).receipt for key in keys]
        assert sorted(receipts, key=bytes) == sorted(platform.exports.values())  # type: ignore[arg-type]
        outbox.close()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(order=st.lists(st.integers(0, 3), min_size=1, max_size=12), rekeyed=st.sets(st.integers(0, 11)))
def test_the_service_gives_one_receipt_for_duplicates_in_any_order(order: list[int], rekeyed: set[int]):
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", (2**4, 8, 1))
        world = World.make(Path(name), terms={"offline": {"lease_s": 604_800, "max_exports": 10}})
        device = certify(world.state, world.listener)
        facts = facts_for(license_song(world, device_id=device), device_id=device)
        deliveries = [(uuid7(), hand_in(world, b"export %d" % number, facts)) for number in range(4)]
        seen: dict[int, bytes] = {}
        for place, number in enumerate(order):
            key, request = deliveries[number]
            chosen = uuid7() if place in rekeyed else key
            receipt = ingest.receive_export(world.state, world.listener, chosen, request)
            assert seen.setdefault(number, receipt) == receipt
            other = msgspec.structs.replace(request, filename="other.wav")
            if place not in rekeyed:
                assert conflicts(world, key, other)
        assert ledger.check_log(world.state) == len(seen)
        world.close()


def conflicts(world: World, key: str, request: ExportRequest) -> bool:
    try:
        ingest.receive_export(world.state, world.listener, key, request)
    except Refusal as error:
        return (error.status, error.code) == (409, "idempotency-conflict")
    return False
