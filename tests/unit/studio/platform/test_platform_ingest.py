from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from studio.base.errors import PlatformError
from studio.base.ids import uuid7
from studio.base.signatures import SigningKey, sign_document
from studio.platform import ingest, ledger, licensing
from studio.platform.messages import ExportRequest
from studio.platform.receipts import verify_receipt
from studio.platform.refusal import Refusal
from studio.platform.verdicts import ExportFacts
from studio.rights.grants import SignedGrant
from studio.rights.usage import ExportUse, OperationUse, SourceUse
from tests.samples.platform import World, certify, facts_for, hand_in, license_song


@pytest.fixture
def device(world: World) -> str:
    return certify(world.state, world.listener)


@pytest.fixture
def signed(world: World, device: str) -> SignedGrant:
    return license_song(world, device_id=device)


def receive(world: World, request: ExportRequest, key: str | None = None) -> bytes:
    return ingest.receive_export(world.state, world.listener, key or uuid7(), request)


def refused(world: World, facts: ExportFacts, data: bytes = b"audio") -> Refusal:
    with pytest.raises(Refusal) as caught:
        receive(world, hand_in(world, data, facts))
    return caught.value


def test_an_honest_export_gets_a_signed_receipt(world: World, signed: SignedGrant, device: str):
    facts = facts_for(signed, device_id=device)
    request = hand_in(world, b"audio", facts)
    key = uuid7()
    raw = receive(world, request, key)
    body = verify_receipt(
        raw, world.state.trusted_keys, kind="export", sha256=request.export_sha256, idempotency_key=key
    ).body
    assert sum(body.master_ppm.values()) == sum(body.publishing_ppm.values()) == 1_000_000
    assert (body.master_ppm, body.manifest_digest, body.log_index) == (facts.master_ppm, facts.manifest_digest, 0)
    assert body.subject == world.listener.subject
    found = ingest.resolve(world.state, request.export_sha256)
    assert found.title == "Low Tide (night)"
    assert found.receipt["receipt_id"] == body.receipt_id
    assert ledger.check_log(world.state) == 1


def test_the_same_delivery_twice_is_one(world: World, signed: SignedGrant, device: str):
    request = hand_in(world, b"audio", facts_for(signed, device_id=device))
    key = uuid7()
    first = receive(world, request, key)
    world.time.now += 90 * 86400
    assert receive(world, request, key) == first
    # The same file under another key: a lost outbox does not make a second export.
    assert receive(world, request) == first
    assert ledger.check_log(world.state) == 1


def test_the_same_key_with_another_body_is_a_conflict(world: World, signed: SignedGrant, device: str):
    request = hand_in(world, b"audio", facts_for(signed, device_id=device))
    key = uuid7()
    receive(world, request, key)
    with pytest.raises(Refusal) as caught:
        receive(world, msgspec.structs.replace(request, filename="other.wav"), key)
    assert (caught.value.status, caught.value.code) == (409, "idempotency-conflict")


def test_what_was_not_uploaded_is_not_received(world: World):
    with pytest.raises(Refusal) as caught:
        receive(world, ExportRequest(export_sha256="ab" * 32, filename="a.wav"))
    assert caught.value.code == "upload-missing"


@pytest.mark.parametrize("state", ["Valid", "Invalid", "NoCredentials"])
def test_only_trusted_files_are_taken(world: World, signed: SignedGrant, device: str, state: str):
    error = refused(world, facts_for(signed, device_id=device, state=state, problems=("changed",)))
    assert (error.code, error.details["state"], error.details["problems"]) == ("not-trusted", state, ["changed"])
    assert ledger.check_log(world.state) == 0


def test_a_stranger_s_device_is_refused(world: World, signed: SignedGrant):
    strange = certify(world.state, world.label)
    assert refused(world, facts_for(signed, device_id=strange)).code == "device-unknown"


def test_a_licence_that_was_never_given_is_refused(world: World, signed: SignedGrant, device: str):
    facts = facts_for(signed, device_id=device)
    claimed = facts.grants[0]
    for wrong in ({"digest": "00" * 32}, {"rev": 7}, {"grant_id": "gr_other"}):
        made = msgspec.structs.replace(facts, grants=(msgspec.structs.replace(claimed, **wrong),))
        assert refused(world, made).code == "licence-unknown"


def use(facts: ExportFacts, **change: Any) -> ExportFacts:
    source = msgspec.structs.replace(facts.usage.sources[0], **change)
    return msgspec.structs.replace(facts, usage=msgspec.structs.replace(facts.usage, sources=(source,)))


def test_the_policy_is_asked_again(world: World, signed: SignedGrant, device: str):
    facts = facts_for(signed, device_id=device)
    for change, clause in (
        ({"semitones": (0.0, 2.0)}, "permit.pitch_shift"),
        ({"tempo_ratio": (1.0, 1.5)}, "constraints.tempo_ratio"),
        ({"stems": frozenset({"other"})}, "permit.stem:other"),
        ({"operations": frozenset({OperationUse("style:timbre", "drums")})}, "permit.style:timbre"),
    ):
        error = refused(world, use(facts, **change))
        assert error.code == "policy-denied"
        assert clause in error.details["clauses"]
        assert error.remedy
    mp3 = msgspec.structs.replace(facts.usage, export=ExportUse(format="mp3", rate=48_000))
    assert "export.formats" in refused(world, msgspec.structs.replace(facts, usage=mp3)).details["clauses"]
    none = msgspec.structs.replace(facts.usage, export=None)
    assert refused(world, msgspec.structs.replace(facts, usage=none)).code == "manifest-incomplete"
    assert refused(world, msgspec.structs.replace(facts, signed_at="yesterday")).code == "manifest-incomplete"


def test_a_lease_that_ended_after_the_export_does_not_undo_it(world: World, signed: SignedGrant, device: str):
    facts = facts_for(signed, device_id=device)
    world.time.now += 8 * 86400
    late = msgspec.structs.replace(facts, signed_at="2026-11-29T10:00:00Z")
    assert "offline.lease_s" in refused(world, late, b"late").details["clauses"]
    # Backdating before the licence only reaches its beginning.
    early = msgspec.structs.replace(facts, signed_at="2020-01-01T00:00:00Z")
    assert receive(world, hand_in(world, b"early", early))


def test_a_revocation_stops_later_exports(world: World, signed: SignedGrant, device: str):
    facts = facts_for(signed, device_id=device)
    world.time.now += 100
    licensing.revoke(world.state, world.label, signed.grant.grant_id, "over")
    world.time.now += 100
    later = msgspec.structs.replace(facts, signed_at="2026-11-21T10:03:00Z")
    assert "revocation" in refused(world, later, b"later").details["clauses"]
    assert receive(world, hand_in(world, b"before", facts))


def test_exports_are_counted_against_the_licence(world: World, signed: SignedGrant, device: str):
    facts = facts_for(signed, device_id=device)
    for data in (b"one", b"two"):
        receive(world, hand_in(world, data, facts))
    assert "offline.max_exports" in refused(world, facts, b"three").details["clauses"]
    world.time.now += 1
    renewed = license_song(world, device_id=device)
    assert receive(world, hand_in(world, b"four", facts_for(renewed, device_id=device)))


def test_shares_are_worked_out_again(world: World, signed: SignedGrant, device: str):
    facts = facts_for(signed, device_id=device)
    asset = signed.grant.resource.asset_sha256
    greedy = msgspec.structs.replace(facts, master_ppm={"you": 900_000, asset: 100_000})
    assert refused(world, greedy).code == "shares-wrong"
    evidence: dict[str, Any] = msgspec.to_builtins(facts.evidence)
    source = evidence["sources"][asset]
    for change in (
        {"master_floor_ppm": 0},
        {"name": "Somebody else"},
        {"works": []},
        {"master": False, "master_floor_ppm": 0},
    ):
        bent = {**evidence, "sources": {asset: {**source, **change}}}
        assert refused(world, msgspec.structs.replace(facts, evidence=bent)).code == "shares-wrong"
    assert refused(world, msgspec.structs.replace(facts, evidence={})).code == "shares-wrong"
    assert refused(world, msgspec.structs.replace(facts, evidence={**evidence, "mix": [0]})).code == "shares-wrong"
    fewer = {**evidence, "sources": {asset: {**source, "stems": ["drums"]}}}
    assert refused(world, msgspec.structs.replace(facts, evidence=fewer)).code == "shares-wrong"
    unlicensed = {**evidence, "levels": {"ff" * 32: evidence["levels"][asset]}, "sources": {"ff" * 32: source}}
    assert refused(world, msgspec.structs.replace(facts, evidence=unlicensed)).code == "shares-wrong"


def test_everything_that_is_used_has_a_share(world: World, signed: SignedGrant, device: str):
    facts = facts_for(signed, device_id=device)
    own = msgspec.structs.replace(facts.usage, own_material=True, sources=())
    assert refused(world, msgspec.structs.replace(facts, usage=own)).code == "shares-wrong"
    empty: dict[str, Any] = {"method": "audible-share/1", "block_s": 0.4, "mix": [], "levels": {}, "sources": {}}
    assert refused(world, msgspec.structs.replace(facts, evidence=empty)).code == "shares-wrong"
    unknown = SourceUse(asset_sha256="ff" * 32)
    both = msgspec.structs.replace(facts.usage, sources=(*facts.usage.sources, unknown))
    assert "grant" in refused(world, msgspec.structs.replace(facts, usage=both)).details["clauses"]


def test_without_a_verifier_exports_wait(
    world: World, signed: SignedGrant, device: str, monkeypatch: pytest.MonkeyPatch
):
    request = hand_in(world, b"audio", facts_for(signed, device_id=device))
    monkeypatch.setattr(world.state, "config", replace(world.state.config, verify_export=None))
    with pytest.raises(Refusal) as caught:
        receive(world, request)
    assert (caught.value.status, caught.value.code) == (503, "verification-unavailable")
    assert caught.value.headers["Retry-After"]


def test_the_log_is_a_chain_and_a_change_shows(world: World, signed: SignedGrant, device: str):
    facts = facts_for(signed, device_id=device)
    first, second = (receive(world, hand_in(world, data, facts)) for data in (b"one", b"two"))
    bodies = [msgspec.json.decode(raw) for raw in (first, second)]
    assert [body["log_index"] for body in bodies] == [0, 1]
    assert bodies[0]["previous_hash"] == ledger.GENESIS
    assert bodies[1]["previous_hash"] == bodies[0]["entry_hash"]
    with world.state.db.write() as connection:
        connection.exec_driver_sql(
            "UPDATE receipt_log SET entry = replace(entry, 'export', 'export') WHERE log_index = 0"
        )
    with world.state.db.write() as connection:
        connection.exec_driver_sql("UPDATE receipt_log SET entry = CAST('{}' AS BLOB) WHERE log_index = 0")
    with pytest.raises(Refusal) as caught:
        ledger.check_log(world.state)
    assert (caught.value.code, caught.value.details["log_index"]) == ("log-broken", 0)


def test_a_fork_of_a_device_s_record_shows(world: World, signed: SignedGrant, device: str):
    facts = facts_for(signed, device_id=device)

    def chained(data: bytes, sequence: int, previous: str, entry: str) -> ExportRequest:
        request = hand_in(world, data, facts)
        return msgspec.structs.replace(request, chain="c1", sequence=sequence, previous_hash=previous, entry_hash=entry)

    receive(world, chained(b"one", 1, ledger.GENESIS, "e1"))
    for fork in (chained(b"two", 1, ledger.GENESIS, "e1-other"), chained(b"three", 2, "not-e1", "e2")):
        with pytest.raises(Refusal) as caught:
            receive(world, fork)
        assert (caught.value.status, caught.value.code) == (409, "chain-fork")
    receive(world, chained(b"four", 2, "e1", "e2"))


def test_an_upload_gets_one_receipt(world: World):
    first = ingest.receive_upload(world.state, world.listener, "ab" * 32, 7)
    world.time.now += 5
    assert ingest.receive_upload(world.state, world.listener, "ab" * 32, 7) == first
    assert verify_receipt(first, world.state.trusted_keys, kind="upload", sha256="ab" * 32).body.size == 7
    assert ingest.receive_upload(world.state, world.label, "ab" * 32, 7) != first


def test_an_account_s_room_has_an_end(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(world.state, "config", replace(world.state.config, max_account_bytes=100))
    ingest.receive_upload(world.state, world.listener, "ab" * 32, 60)
    ingest.check_quota(world.state, world.listener, 40)
    with pytest.raises(Refusal) as caught:
        ingest.check_quota(world.state, world.listener, 41)
    assert (caught.value.status, caught.value.code) == (413, "quota-exceeded")


def test_an_unknown_export_is_not_found(world: World):
    with pytest.raises(Refusal) as caught:
        ingest.resolve(world.state, "ab" * 32)
    assert caught.value.code == "not-found"


def test_a_receipt_counts_only_if_everything_fits(world: World, signed: SignedGrant, device: str):
    request = hand_in(world, b"audio", facts_for(signed, device_id=device))
    raw = receive(world, request)
    trusted, sha256 = world.state.trusted_keys, request.export_sha256
    other = SigningKey.generate()
    fields = {name: value for name, value in msgspec.json.decode(raw).items() if name != "sig"}
    bad = [
        raw[:-1],
        raw.replace(b'"log_index":0', b'"log_index":1'),
        sign_document(fields, other),
        sign_document(fields, other, kid=world.state.signing_key.kid),
        sign_document({**fields, "kind": "upload"}, world.state.signing_key),
        sign_document({**fields, "sha256": hashlib.sha256(b"x").hexdigest()}, world.state.signing_key),
        sign_document({**fields, "master_ppm": None}, world.state.signing_key),
        b"",
        b"{}",
    ]
    for each in bad:
        with pytest.raises(PlatformError) as caught:
            verify_receipt(each, trusted, kind="export", sha256=sha256)
        assert caught.value.code == "receipt-invalid"
    with pytest.raises(PlatformError):
        verify_receipt(raw, trusted, kind="export", sha256=sha256, idempotency_key=uuid7())


def test_two_deliveries_at_once_are_one_export(world: World, signed: SignedGrant, device: str):
    facts = facts_for(signed, device_id=device)
    requests = [hand_in(world, data, facts) for data in (b"one", b"two", b"three", b"four")]
    keys = [uuid7() for _ in requests]

    def deliver(place: int) -> bytes | str:
        try:
            return receive(world, requests[place % 4], keys[place % 4])
        except Refusal as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(deliver, range(12)))
    receipts = {result for result in results if isinstance(result, bytes)}
    assert len(receipts) == 2
    assert {result for result in results if isinstance(result, str)} == {"policy-denied"}
    assert ledger.check_log(world.state) == 2
