"""Bad grants (RIGHTS.md 5), as the studio would meet them: parsed from bytes, then asked."""

from __future__ import annotations

import pytest

from studio.base.clock import Clock
from studio.base.errors import RightsError
from studio.base.signatures import SigningKey
from studio.rights.grants import parse_signed, sign
from studio.rights.policy import decide
from tests.samples.rights import ASSET, CONTEXT, GRANT, KEY, NOW, RESOURCE, TRUSTED, USAGE, changed, signed


def clauses(context: object = CONTEXT, grant: object = None) -> list[str]:
    held = signed() if grant is None else grant
    return [denial.clause for denial in decide({ASSET: held}, USAGE, context).denials]  # type: ignore[dict-item, arg-type]


def test_another_user_device_or_asset() -> None:
    assert clauses(changed(CONTEXT, user="user:eve")) == ["subject"]
    assert clauses(grant=signed(changed(GRANT, device_keys=("dev_9",)))) == ["device_keys"]
    other = signed(changed(GRANT, resource=changed(RESOURCE, asset_sha256="00" * 32)))
    assert clauses(grant=other) == ["resource.asset_sha256"]


def test_an_older_revision_that_is_played_back() -> None:
    assert clauses(changed(CONTEXT, revisions={"gr_01": 4})) == ["rev"]


def test_a_territory_is_not_taken_from_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    abroad = changed(CONTEXT, territory="DE")
    for name in ("LC_ALL", "LANG", "TZ"):
        monkeypatch.setenv(name, "sv_SE.UTF-8")
    assert clauses(abroad) == ["constraints.territory"]


def test_a_clock_two_days_back_and_ten_years_ahead() -> None:
    wall = [NOW]
    clock = Clock(wall=lambda: wall[0], monotonic=lambda: 0.0)
    clock.note_server_time(NOW)
    wall[0] -= 2 * 86_400
    assert clauses(changed(CONTEXT, now=clock.now(), clock_ok=clock.ok())) == ["clock"]
    wall[0] = NOW + 10 * 365 * 86_400
    assert clauses(changed(CONTEXT, now=clock.now(), clock_ok=clock.ok())) == ["offline.lease_s"]


def test_a_lease_that_ends_during_a_render() -> None:
    before, after = changed(CONTEXT, now=NOW), changed(CONTEXT, now=NOW + 604_800)
    assert clauses(before) == []
    assert clauses(after) == ["offline.lease_s"]


def test_a_grant_by_a_strangers_key_under_a_known_id() -> None:
    with pytest.raises(RightsError) as caught:
        parse_signed(sign(GRANT, SigningKey.generate(), kid=KEY.kid), trusted_keys=TRUSTED)
    assert caught.value.details["reason"] == "bad-signature"


def test_fields_of_two_grants_cannot_be_mixed() -> None:
    generous = sign(changed(GRANT, grant_id="gr_02"), KEY)
    with pytest.raises(RightsError):
        parse_signed(generous.replace(b"gr_02", b"gr_01"), trusted_keys=TRUSTED)
