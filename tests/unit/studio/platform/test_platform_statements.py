from __future__ import annotations

import pytest

from studio.base.ids import uuid7
from studio.platform import ingest, statements
from studio.platform.refusal import Refusal
from tests.samples.platform import Served, World, certify, facts_for, hand_in, license_song


def test_a_statement_names_each_export_with_the_shares_of_the_recording(world: World) -> None:
    device = certify(world.state, world.listener)
    signed = license_song(world, device_id=device)
    facts = facts_for(signed, device_id=device)
    empty = statements.statement(world.state, world.label)
    assert [(each.licences, each.uses) for each in empty.recordings] == [(1, [])]
    for data in (b"audio", b"another"):
        ingest.receive_export(world.state, world.listener, uuid7(), hand_in(world, data, facts))
    found = statements.statement(world.state, world.label)
    assert found.owner == world.label.subject
    (recording,) = found.recordings
    asset = signed.grant.resource.asset_sha256
    assert recording.asset_sha256 == asset
    assert len(recording.uses) == 2
    for use in recording.uses:
        assert use.title == "Low Tide (night)"
        assert use.master_ppm == facts.master_ppm[asset]
        # All works of this mix are works of this recording.
        assert use.publishing_ppm == 1_000_000


def test_only_rightsholders_have_statements(world: World) -> None:
    with pytest.raises(Refusal) as caught:
        statements.statement(world.state, world.listener)
    assert caught.value.code == "not-a-rightsholder"


def test_the_client_checks_the_signature_and_whose_it_is(served: Served) -> None:
    client = served.client("label")
    client.demo_login(served.server.label_account)
    (own,) = client.own_recordings()
    found, raw = client.statement()
    assert [each.recording_id for each in found.recordings] == [own.id]
    assert b'"sig"' in raw
    changed = client.change_terms(own.id, {**own.terms, "permit": ["play"]})
    assert changed.terms_rev == 2
    client.close()
