"""Every clause: allowed at its edge, denied beyond it, with words and a fix that lead back."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from studio.rights import clauses
from studio.rights.grants import Constraints, Export, Grant, Offline, Operation, Voice
from studio.rights.policy import Context, Denial, Verdict, decide, exports_left, lease_end, permits
from studio.rights.usage import ExportUse, OperationUse, SourceUse, Usage
from tests.samples.rights import ASSET, CONTEXT, EXPORT, GRANT, NOW, OTHER, RESOURCE, SOURCE, USAGE, changed, signed


def ask(
    grant: Grant = GRANT, context: Context = CONTEXT, export: ExportUse | None = EXPORT, own: bool = True, **use: Any
) -> Verdict:
    usage = Usage(sources=(changed(SOURCE, **use),), own_material=own, export=export)
    return decide({ASSET: grant}, usage, context)


def only(verdict: Verdict, clause: str) -> Denial:
    assert not verdict.allowed
    assert [denial.clause for denial in verdict.denials] == [clause]
    (denial,) = verdict.denials
    assert denial.why.endswith(".")
    assert denial.remedy.endswith(".")
    assert denial.number == clauses.number(clause)
    assert denial.title == "Low Tide Signal"
    assert denial.asset_sha256 == ASSET
    assert denial.fix is not None
    assert denial.fix.label
    return denial


def without(*words: str) -> Grant:
    made: Grant = changed(GRANT, permit=tuple(word for word in GRANT.permit if word not in words))
    return made


def limited(**fields: Any) -> Grant:
    made: Grant = changed(GRANT, constraints=changed(GRANT.constraints, **fields))
    return made


def test_the_sample_is_allowed_signed_or_not() -> None:
    verdict = ask()
    assert verdict == Verdict(True, ())
    assert (verdict.clause, verdict.why, verdict.remedy) == (None, "", "")
    assert decide({ASSET: signed()}, USAGE, CONTEXT).allowed


def test_own_material_alone_is_always_allowed() -> None:
    nobody = Context(now=0.0, user="", clock_ok=False)
    assert decide({}, Usage(own_material=True, export=EXPORT), nobody).allowed
    assert decide({}, Usage(), nobody).allowed


def test_no_grant() -> None:
    verdict = decide({}, USAGE, CONTEXT)
    denial = only(verdict, "grant")
    assert denial.fix is not None
    assert denial.fix.kind == "get_grant"
    assert (verdict.clause, verdict.why, verdict.remedy) == ("grant", denial.why, denial.remedy)
    nameless = decide({}, Usage(sources=(SourceUse(asset_sha256=OTHER),)), CONTEXT)
    assert nameless.why == "You have no licence for this recording."


def test_a_grant_for_another_recording() -> None:
    other = changed(GRANT, resource=changed(RESOURCE, asset_sha256=OTHER, title="Another"))
    denial = only(decide({ASSET: other}, USAGE, CONTEXT), "resource.asset_sha256")
    assert "Another" in denial.why


def test_another_person_or_computer() -> None:
    only(ask(context=changed(CONTEXT, user="user:bob")), "subject")
    bound = changed(GRANT, device_keys=("dev_1", "dev_2"))
    assert ask(bound).allowed
    only(ask(bound, changed(CONTEXT, device="dev_3")), "device_keys")
    only(ask(bound, changed(CONTEXT, device=None)), "device_keys")


def test_the_territory_is_that_of_the_settings() -> None:
    denial = only(ask(context=changed(CONTEXT, territory="DE")), "constraints.territory")
    assert "SE or US" in denial.why
    unknown = only(ask(context=changed(CONTEXT, territory=None)), "constraints.territory")
    assert unknown.fix is not None
    assert unknown.fix.kind == "set_territory"
    assert unknown.remedy == "Choose your country in the settings."
    assert ask(limited(territory=None), changed(CONTEXT, territory=None)).allowed


def test_the_time_of_a_grant() -> None:
    later = limited(not_before="2026-11-23T00:00:00Z")
    assert "23 Nov 2026" in only(ask(later), "constraints.not_before").why
    over = limited(not_after="2026-11-22T09:59:59Z")
    only(ask(over), "constraints.not_after")
    edge = limited(not_before="2026-11-22T10:00:00Z", not_after="2026-11-22T10:00:00Z")
    assert ask(edge).allowed


def test_the_lease_ends_and_can_be_renewed() -> None:
    end = lease_end(GRANT)
    assert ask(context=changed(CONTEXT, now=end)).allowed
    denial = only(ask(context=changed(CONTEXT, now=end + 1)), "offline.lease_s")
    assert denial.fix is not None
    assert denial.fix.kind == "renew_grant"
    # The end of the licence itself is the graver reason, and the only one given.
    only(ask(limited(not_after="2026-11-22T00:00:00Z"), changed(CONTEXT, now=end + 1)), "constraints.not_after")


def test_a_time_that_is_no_number_allows_nothing() -> None:
    bound = limited(not_before="2026-11-01T00:00:00Z", not_after="2026-12-01T00:00:00Z")
    verdict = ask(bound, changed(CONTEXT, now=float("nan")))
    assert [denial.clause for denial in verdict.denials] == ["constraints.not_before", "constraints.not_after"]
    only(ask(context=changed(CONTEXT, now=float("nan"))), "offline.lease_s")


def test_an_older_revision_no_longer_counts() -> None:
    assert ask(context=changed(CONTEXT, revisions={"gr_01": 3})).allowed
    only(ask(context=changed(CONTEXT, revisions={"gr_01": 4})), "rev")


def test_a_revocation_stops_exports_and_nothing_else() -> None:
    revoked = changed(CONTEXT, revoked=frozenset({"gr_01"}))
    denial = only(ask(context=revoked), "revocation")
    assert "Your project stays yours" in denial.why
    assert ask(context=revoked, export=None).allowed


def test_a_clock_turned_back_stops_exports_and_nothing_else() -> None:
    back = changed(CONTEXT, clock_ok=False)
    only(ask(context=back), "clock")
    assert ask(context=back, export=None).allowed


def test_playing_and_stems() -> None:
    only(ask(without("play")), "permit.play")
    only(ask(changed(GRANT, deny=("play",))), "deny.play")
    denial = only(ask(without("stem:bass")), "permit.stem:bass")
    assert denial.fix is not None
    assert denial.fix.stem == "bass"
    assert ask(without("stem:bass"), stems=frozenset({"mix", "drums"})).allowed
    only(ask(changed(GRANT, deny=("stem:other",))), "deny.stem:other")


@pytest.mark.parametrize(("semitones", "value"), [((0.0, 7.0), 5.0), ((-6.5, 0.0), -5.0), ((5.01, 5.01), 5.0)])
def test_pitch_out_of_range_offers_the_nearest(semitones: tuple[float, float], value: float) -> None:
    denial = only(ask(semitones=semitones), "constraints.pitch_semitones")
    assert denial.fix is not None
    assert (denial.fix.kind, denial.fix.value) == ("set_semitones", value)
    assert (denial.fix.minimum, denial.fix.maximum) == (-5.0, 5.0)
    assert ask(semitones=(value, value)).allowed


def test_the_words_of_the_design() -> None:
    denial = only(ask(semitones=(0.0, 7.0)), "constraints.pitch_semitones")
    assert denial.why == "This licence allows −5 to +5 semitones; you are at +7."
    assert denial.remedy == "Set +5, or ask the rightsholder."


def test_pitch_at_the_edge_and_forbidden() -> None:
    assert ask(semitones=(-5.0, 5.0)).allowed
    denial = only(ask(without("pitch_shift")), "permit.pitch_shift")
    assert denial.fix is not None
    assert denial.fix.value == 0.0
    assert ask(without("pitch_shift"), semitones=(0.0, 0.0)).allowed
    assert ask(limited(pitch_semitones=None), semitones=(-48.0, 48.0)).allowed
    only(ask(limited(pitch_semitones=None), semitones=(0.0, 60.0)), "constraints.pitch_semitones")


@pytest.mark.parametrize(("tempo", "value"), [((1.0, 1.3), 1.25), ((0.5, 1.0), 0.8)])
def test_tempo_out_of_range_offers_the_nearest(tempo: tuple[float, float], value: float) -> None:
    denial = only(ask(tempo_ratio=tempo), "constraints.tempo_ratio")
    assert denial.fix is not None
    assert (denial.fix.kind, denial.fix.value) == ("set_tempo_ratio", value)
    assert ask(tempo_ratio=(value, value)).allowed


def test_tempo_at_the_edge_and_forbidden() -> None:
    assert ask(tempo_ratio=(0.8, 1.25)).allowed
    only(ask(without("time_stretch")), "permit.time_stretch")
    assert ask(without("time_stretch"), tempo_ratio=(1.0, 1.0)).allowed
    assert ask(limited(tempo_ratio=None), tempo_ratio=(0.1, 10.0)).allowed


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_no_numbers_are_outside_of_every_range(value: float) -> None:
    for grant in (GRANT, limited(pitch_semitones=None, tempo_ratio=None)):
        assert ask(grant, semitones=(0.0, value)).clause == "constraints.pitch_semitones"
        assert ask(grant, tempo_ratio=(1.0, value)).clause == "constraints.tempo_ratio"


def test_styles() -> None:
    denial = only(ask(without("style:arrangement")), "permit.style:arrangement")
    assert denial.fix is not None
    assert (denial.fix.kind, denial.fix.stem) == ("remove_operation", "drums")
    only(ask(changed(GRANT, deny=("style:production",))), "deny.style:production")


def test_restyling_a_stem_that_is_kept() -> None:
    kept = changed(GRANT, deny=("restyle:vocals",))
    assert ask(kept).allowed
    vocals = frozenset({OperationUse("style:production", "vocals")})
    denial = only(ask(kept, operations=vocals), "deny.restyle:vocals")
    assert denial.number == "4.2"
    assert denial.why == "This licence does not allow you to restyle the vocals."
    for whole in ("mix", None):
        touched = frozenset({OperationUse("style:timbre", whole)})  # type: ignore[arg-type]
        only(ask(kept, operations=touched), "deny.restyle:vocals")
        assert ask(operations=touched).allowed


@pytest.mark.parametrize("word", ["fly", "stem:*", "*", "", "restyle:drums", "style:everything"])
def test_unknown_words_are_denied(word: str) -> None:
    denial = only(ask(operations=frozenset({OperationUse(word)})), f"operation:{word}")
    assert denial.number == "4.5"


def test_training_and_voices() -> None:
    only(ask(operations=frozenset({OperationUse("train")})), "deny.train")
    only(ask(changed(GRANT, deny=()), operations=frozenset({OperationUse("train")})), "permit.train")
    free = changed(GRANT, deny=(), permit=(*GRANT.permit, "train"))
    assert ask(free, operations=frozenset({OperationUse("train")})).allowed
    only(ask(free, operations=frozenset({OperationUse("voice_clone")})), "deny.voice_clone")
    only(ask(voice_models=frozenset({"v1"})), "voice.model_ids")
    voiced = changed(GRANT, deny=(), voice=Voice(model_ids=("v1",), consent_id="c1"))
    assert ask(voiced, voice_models=frozenset({"v1"})).allowed
    only(ask(changed(voiced, deny=("voice_clone",)), voice_models=frozenset({"v1"})), "voice.model_ids")


def test_company() -> None:
    only(ask(without("mix_with_own")), "permit.mix_with_own")
    assert ask(without("mix_with_own"), own=False).allowed
    both = Usage(sources=(SOURCE, changed(SOURCE, asset_sha256=OTHER)))
    second = changed(GRANT, grant_id="gr_02", resource=changed(RESOURCE, asset_sha256=OTHER))
    assert decide({ASSET: GRANT, OTHER: second}, both, CONTEXT).allowed
    only(decide({ASSET: without("mix_with_licensed"), OTHER: second}, both, CONTEXT), "permit.mix_with_licensed")
    # The same recording twice is no company.
    assert decide({ASSET: without("mix_with_licensed")}, Usage(sources=(SOURCE, SOURCE)), CONTEXT).allowed


def test_the_strictest_of_two_wins() -> None:
    strict = changed(
        GRANT, grant_id="gr_02", resource=changed(RESOURCE, asset_sha256=OTHER, title="Strict"),
        export=Export(formats=("mp3",), max_sr=44_100, max_bits=16, destinations=("local_preview",)),
    )  # fmt: skip
    usage = Usage(sources=(SOURCE, changed(SOURCE, asset_sha256=OTHER, title="Strict")), export=EXPORT)
    verdict = decide({ASSET: GRANT, OTHER: strict}, usage, CONTEXT)
    assert [denial.clause for denial in verdict.denials] == [
        "export.formats", "export.max_sr", "export.max_bits", "export.destinations",
    ]  # fmt: skip
    assert {denial.title for denial in verdict.denials} == {"Strict"}


def test_exports() -> None:
    only(ask(without("export")), "permit.export")
    assert ask(without("export"), export=None).allowed
    wav = changed(GRANT, export=changed(GRANT.export, formats=("wav",)))
    denial = only(ask(wav, export=changed(EXPORT, format="mp3", bits=None)), "export.formats")
    assert denial.fix is not None
    assert (denial.fix.kind, denial.fix.choice) == ("change_format", "wav")
    rate = only(ask(export=changed(EXPORT, rate=96_000)), "export.max_sr")
    assert rate.fix is not None
    assert rate.fix.value == 48_000
    only(ask(export=changed(EXPORT, bits=32)), "export.max_bits")
    preview = changed(GRANT, export=changed(GRANT.export, destinations=("local_preview",)))
    place = only(ask(preview), "export.destinations")
    assert place.fix is not None
    assert place.fix.choice == "local_preview"
    only(ask(export=changed(EXPORT, stems=True)), "deny.stem_export")
    free = changed(GRANT, deny=(), permit=(*GRANT.permit, "stem_export"))
    assert ask(free, export=changed(EXPORT, stems=True)).allowed


def test_an_export_without_formats_or_destinations_is_none() -> None:
    only(ask(changed(GRANT, export=changed(GRANT.export, formats=()))), "export.formats")
    only(ask(changed(GRANT, export=changed(GRANT.export, destinations=()))), "export.destinations")


def test_the_number_of_exports() -> None:
    assert ask(context=changed(CONTEXT, exports_used={"gr_01": 9})).allowed
    assert exports_left(GRANT, changed(CONTEXT, exports_used={"gr_01": 12})) == 0
    denial = only(ask(context=changed(CONTEXT, exports_used={"gr_01": 10})), "offline.max_exports")
    assert denial.why == "All 10 exports of this lease are used."
    none = changed(GRANT, offline=Offline(lease_s=60 * 60 * 48, max_exports=0))
    only(ask(none), "offline.max_exports")


def test_a_bare_grant_allows_playing_only() -> None:
    bare = changed(GRANT, permit=("play",), deny=(), constraints=Constraints())
    plain = SourceUse(asset_sha256=ASSET, stems=frozenset({"mix"}))
    assert decide({ASSET: bare}, Usage(sources=(plain,)), CONTEXT).allowed
    for word in get_args(Operation):
        assert permits(bare, word) == (word == "play")
    assert not permits(changed(bare, permit=("play", "fly")), "fly")


def test_every_clause_has_a_number() -> None:
    for word in get_args(Operation):
        assert clauses.number(f"permit.{word}") == clauses.number(f"deny.{word}")
    assert clauses.number("deny.restyle:drums") == "4.2"
    with pytest.raises(KeyError):
        clauses.number("something else")


def test_now_is_within_the_sample() -> None:
    assert lease_end(GRANT) > NOW
