"""The closed schema of a grant: what it takes, and everything that it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from studio.base.errors import RightsError
from studio.base.signatures import sign_document
from studio.rights.grants import Constraints, Grant, Voice, from_fields, parse_signed, sign
from tests.samples.rights import GRANT, KEY, RESOURCE, TRUSTED, WORK, changed, signed

SCHEMA = Path(__file__).resolve().parents[4] / "resources" / "schemas" / "grant.schema.json"


def fields(**other: Any) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(GRANT)
    return {**made, **other}


def refused(raw: bytes) -> RightsError:
    with pytest.raises(RightsError) as caught:
        parse_signed(raw, trusted_keys=TRUSTED)
    assert caught.value.code == "grant-invalid"
    assert caught.value.remedy
    return caught.value


def test_a_grant_goes_there_and_back() -> None:
    found = signed()
    assert found.grant == GRANT
    assert len(found.digest) == 64
    assert parse_signed(found.raw, trusted_keys=TRUSTED) == found


def test_every_flipped_byte_is_refused() -> None:
    raw = signed().raw
    for place in range(0, len(raw), 3):
        broken = bytearray(raw)
        broken[place] ^= 1 << (place % 8)
        refused(bytes(broken))


@pytest.mark.parametrize(
    "other",
    [
        {"critical": True},
        {"permit": ["play", "fly"]},
        {"permit": ["*"]},
        {"permit": ["stem:*"]},
        {"permit": ["voice_clone"]},
        {"permit": ["play", "play"]},
        {"deny": ["restyle:guitar"]},
        {"deny": ["train", "train"]},
        {"constraints": {"moon_phase": "full"}},
        {"constraints": {"territory": ["*"]}},
        {"constraints": {"territory": []}},
        {"constraints": {"territory": ["Sweden"]}},
        {"constraints": {"pitch_semitones": [-5]}},
        {"constraints": {"pitch_semitones": [1, 5]}},
        {"constraints": {"pitch_semitones": [-99, 5]}},
        {"constraints": {"tempo_ratio": [1.1, 1.2]}},
        {"constraints": {"tempo_ratio": [0, 2]}},
        {"constraints": {"not_before": "tomorrow"}},
        {"constraints": {"not_after": "2026-11-22"}},
        {"constraints": {"not_after": "2026-13-45T00:00:00Z"}},
        {"constraints": {"not_before": "2026-11-22T00:00:00Z", "not_after": "2026-11-21T00:00:00Z"}},
        {"schema": "grant/2"},
        {"subject": "*"},
        {"subject": "user:*"},
        {"subject": "everybody"},
        {"grant_id": ""},
        {"grant_id": "a b"},
        {"rev": 0},
        {"rev": "3"},
        {"issued_at": "2026-11-21T10:00:00+01:00"},
        {"device_keys": ["*"]},
        {"offline": {"lease_s": 0, "max_exports": 1}},
        {"offline": {"lease_s": 60, "max_exports": -1}},
        {"offline": {"lease_s": 60, "max_exports": 1, "forever": True}},
        {"export": {"formats": ["ogg"], "max_sr": 48000, "max_bits": 24, "destinations": []}},
        {"export": {"formats": ["wav"], "max_sr": 1, "max_bits": 24, "destinations": []}},
        {"export": {"formats": ["wav"], "max_sr": 48000, "max_bits": 17, "destinations": []}},
        {"export": {"formats": ["wav"], "max_sr": 48000, "max_bits": 24, "destinations": ["anywhere"]}},
        {"voice": {"model_ids": ["v1"]}},
        {"voice": {"model_ids": ["*"], "consent_id": "c1"}},
        {"splits": {"master_floor_ppm": 1_000_001}},
        {"splits": {"publishing_pool_ppm": -1}},
        {"revocation": {"on_revoke": "delete_projects"}},
    ],
)
def test_what_the_schema_does_not_know_is_refused(other: dict[str, Any]) -> None:
    refused(sign_document(fields(**other), KEY))
    with pytest.raises(RightsError):
        from_fields(fields(**other))


@pytest.mark.parametrize(
    "other",
    [
        {"asset_sha256": "xyz"},
        {"title": " "},
        {"artists": []},
        {"isrc": "SE-XXA-26-00001"},
        {"isrc": "nonsense"},
        {"master_owners": []},
        {"master_owners": [{"name": "a", "share_ppm": 999_999}]},
        {"master_owners": [{"name": "a", "share_ppm": 2_000_000}, {"name": "b", "share_ppm": -1_000_000}]},
        {"master_owners": [{"name": "a", "dpid": "PADPIDA2007040502J", "share_ppm": 1_000_000}]},
        {"performers": [{"name": "a", "isni": "0000000121500900"}]},
        {"works": [{"iswc": "T0345246802", "writers": [{"name": "a", "share_ppm": 1_000_000}]}]},
        {"works": [{"iswc": "T-034.524.680-1", "writers": [{"name": "a", "share_ppm": 1_000_000}]}]},
        {"works": [{"writers": [{"name": "a", "ipi": "00014107339", "share_ppm": 1_000_000}]}]},
        {"works": [{"writers": [{"name": "a", "share_ppm": 1}]}]},
        {"works": [{"writers": [{"name": "a", "share_ppm": 1_000_000}], "pub_weight_by_stem": {"vocals": 1.5}}]},
        {"works": [{"writers": [{"name": "a", "share_ppm": 1_000_000}], "pub_weight_by_stem": {"kazoo": 1}}]},
    ],
)
def test_a_resource_is_checked(other: dict[str, Any]) -> None:
    resource = {**msgspec.to_builtins(RESOURCE), **other}
    refused(sign_document(fields(resource=resource), KEY))


def test_text_that_json_would_let_pass_is_refused() -> None:
    raw = signed().raw
    assert b'"rev":3' in raw
    refused(raw.replace(b'"rev":3', b'"rev":3,"rev":3'))
    refused(raw.replace(b'"rev":3', b'"rev":NaN'))
    refused(raw.replace(b'"rev":3', b'"rev": 3'))
    refused(b"")
    refused(b"[]")
    refused(b"\xff")


def test_a_grant_without_a_field_or_a_signature_is_refused() -> None:
    for name in ("schema", "subject", "permit", "export", "offline", "issued_at"):
        kept = {key: value for key, value in fields().items() if key != name}
        refused(sign_document(kept, KEY))
    assert refused(json.dumps(fields()).encode()).details["reason"] == "not-canonical"


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(RightsError) as caught:
        parse_signed(signed().raw, trusted_keys={})
    assert caught.value.details["reason"] == "unknown-key"


def test_optional_parts_may_be_left_out() -> None:
    kept = fields()
    for name in ("constraints", "deny", "device_keys", "voice", "splits", "revocation"):
        del kept[name]
    found = parse_signed(sign_document(kept, KEY), trusted_keys=TRUSTED).grant
    assert found.constraints == Constraints()
    assert found.voice == Voice()
    open_end = changed(GRANT, constraints=Constraints(not_before="2026-11-21T00:00:00Z"))
    assert signed(open_end).grant == open_end
    both = changed(GRANT, constraints=Constraints(not_before="2026-11-21T00:00:00Z", not_after="2026-12-21T00:00:00Z"))
    assert signed(both).grant == both
    voiced = changed(GRANT, voice=Voice(model_ids=("v1",), consent_id="c1"), device_keys=("dev_1",))
    assert signed(voiced).grant == voiced


def test_people_without_identifiers_are_people() -> None:
    plain = changed(
        RESOURCE,
        isrc=None,
        works=(changed(WORK, iswc=None, writers=(changed(WORK.writers[0], ipi=None, share_ppm=1_000_000),)),),
        master_owners=(changed(RESOURCE.master_owners[0], dpid=None),),
        performers=(changed(RESOURCE.performers[0], isni=None),),
    )
    assert signed(changed(GRANT, resource=plain)).grant.resource == plain


def test_a_broken_grant_is_not_signed() -> None:
    with pytest.raises(RightsError):
        sign(changed(GRANT, rev=0), KEY)
    with pytest.raises(RightsError):
        sign(changed(GRANT, resource=changed(RESOURCE, works=(changed(WORK, writers=()),))), KEY)


def test_the_published_schema_is_that_of_the_structs() -> None:
    published = json.loads(SCHEMA.read_bytes())
    made = json.loads(json.dumps(msgspec.json.schema(Grant)))
    assert published["$defs"] == made["$defs"]
    jsonschema.validate(json.loads(json.dumps(fields())), published)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(json.dumps(fields(permit=["fly"]))), published)
