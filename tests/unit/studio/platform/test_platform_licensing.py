from __future__ import annotations

import pytest
from cryptography import x509

from studio.base import pki
from studio.base.clock import from_iso
from studio.platform import delivery, devices, licensing, publishing
from studio.platform.messages import Account
from studio.platform.refusal import Refusal
from studio.rights.grants import parse_signed
from tests.samples.platform import TERMS, World, certify, license_song


def test_a_licence_says_what_the_terms_say_for_one_person(world: World):
    grant = license_song(world).grant
    assert grant.subject == world.listener.subject
    assert grant.rev == 1
    assert grant.device_keys == ()
    assert grant.resource.isrc == "SEXXA2600001"
    assert grant.resource.works[0].iswc == "T0345246801"
    assert grant.permit == tuple(TERMS["permit"])
    assert grant.offline.max_exports == 2
    assert from_iso(grant.issued_at) == world.time.now


def test_a_renewal_is_the_next_revision_under_the_terms_of_now(world: World):
    first = license_song(world).grant
    publishing.change_terms(world.state, world.label, world.recording_id, {**TERMS, "permit": ["play"], "deny": []})
    world.time.now += 3600
    second = license_song(world).grant
    assert (second.grant_id, second.rev, second.permit) == (first.grant_id, 2, ("play",))
    assert from_iso(second.issued_at) - from_iso(first.issued_at) == 3600
    held = licensing.held_grants(world.state, world.listener)
    assert [parse_signed(raw, trusted_keys=world.state.trusted_keys).grant for raw in held] == [second]


def test_a_licence_is_bound_to_the_computers_that_asked(world: World):
    first, second = certify(world.state, world.listener), certify(world.state, world.listener)
    assert license_song(world, device_id=first).grant.device_keys == (first,)
    assert license_song(world, device_id=second).grant.device_keys == (first, second)
    assert license_song(world, device_id=first).grant.device_keys == (first, second)
    strange = certify(world.state, world.label)
    with pytest.raises(Refusal) as caught:
        license_song(world, device_id=strange)
    assert caught.value.code == "device-unknown"


def test_the_owner_ends_a_licence_and_it_stays_ended(world: World):
    grant = license_song(world).grant
    with pytest.raises(Refusal) as caught:
        licensing.revoke(world.state, world.listener, grant.grant_id, "mine")
    assert caught.value.code == "not-the-owner"
    world.time.now += 10
    ended = licensing.revoke(world.state, world.label, grant.grant_id, "contract over")
    world.time.now += 10
    assert licensing.revoke(world.state, world.label, grant.grant_id, "again") == ended
    found = licensing.revocations(world.state, world.listener)
    assert found.revocations == [ended]
    assert found.subject == world.listener.subject
    assert licensing.revocations(world.state, world.label).revocations == []
    with pytest.raises(Refusal) as renewed:
        license_song(world)
    assert (renewed.value.code, renewed.value.details["reason"]) == ("licence-ended", "contract over")
    with pytest.raises(Refusal) as live:
        licensing.live_grant(world.state, world.listener, world.recording_id)
    assert live.value.code == "no-grant"
    ids = {grant.grant_id}
    assert licensing.revoked_before(world.state, ids, world.time.now) == ids
    assert licensing.revoked_before(world.state, ids, world.time.now - 11) == set()


def test_an_unknown_licence_cannot_be_ended(world: World):
    with pytest.raises(Refusal) as caught:
        licensing.revoke(world.state, world.label, "gr_none", "")
    assert caught.value.code == "not-found"


def test_a_platform_knows_its_own_licences_by_their_bytes(world: World):
    signed = license_song(world)
    assert licensing.issued_grant(world.state, world.listener, signed.digest) == signed.grant
    assert licensing.issued_grant(world.state, world.label, signed.digest) is None
    assert licensing.issued_grant(world.state, world.listener, "00" * 32) is None


def role_of(world: World, account: Account, role: str) -> str:
    return delivery.licensed_file(world.state, account, world.recording_id, role).role


def test_files_come_with_a_licence_that_opens_them(world: World):
    with pytest.raises(Refusal) as without:
        role_of(world, world.listener, "mix")
    assert without.value.code == "no-grant"
    license_song(world)
    assert role_of(world, world.listener, "mix") == "mix"
    assert role_of(world, world.listener, "vocals") == "vocals"
    with pytest.raises(Refusal) as forbidden:
        role_of(world, world.listener, "other")
    assert (forbidden.value.code, forbidden.value.details["operation"]) == ("operation-forbidden", "stem:other")
    with pytest.raises(Refusal) as missing:
        role_of(world, world.listener, "artwork")
    assert missing.value.code == "not-found"


def test_a_device_gets_a_certificate_under_a_pseudonym(world: World):
    key = pki.new_device_key()
    issued = devices.issue(world.state, world.listener, pki.make_csr(key).decode())
    assert issued.device_id == pki.device_id(key)
    pki.check_chain(issued.chain.encode(), key_pem=key, at_s=world.time.now)
    facts = pki.leaf_facts(issued.chain.encode())
    assert facts.device_id == issued.device_id
    subject = x509.load_pem_x509_certificates(issued.chain.encode())[0].subject.rfc4514_string()
    assert issued.device_id in subject
    assert "ada" not in subject.replace(issued.device_id, "").lower()
    assert devices.trust_anchors(world.state) in issued.chain
    assert devices.issue(world.state, world.label, pki.make_csr(key).decode()).device_id == issued.device_id


@pytest.mark.parametrize(
    "csr", ["", "not pem", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"]
)
def test_a_broken_request_gets_no_certificate(world: World, csr: str):
    with pytest.raises(Refusal) as caught:
        devices.issue(world.state, world.listener, csr)
    assert caught.value.code == "csr-invalid"
