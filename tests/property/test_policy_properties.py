"""The policy is total and monotone: fewer grants, fewer permissions and more denials never allow more."""

from __future__ import annotations

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from studio.rights.grants import Constraints, Export, Grant, Offline, Operation
from studio.rights.policy import Context, decide, summary
from studio.rights.usage import ExportUse, OperationUse, SourceUse, Usage
from tests.samples.rights import GRANT, NOW, RESOURCE, changed

ASSETS = ("a" * 64, "b" * 64)
OPERATIONS = get_args(Operation)
RESTRICTIONS = tuple(
    dict.fromkeys((*OPERATIONS, "voice_clone", *(f"restyle:{s}" for s in ("vocals", "drums", "bass", "other"))))
)

days = st.sampled_from(["2026-11-01T00:00:00Z", "2026-11-22T10:00:00Z", "2026-12-01T00:00:00Z"])
any_float = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-12, 12)


@st.composite
def grants(draw: st.DrawFn, asset: str = ASSETS[0]) -> Grant:
    made: Grant = changed(
        GRANT,
        grant_id="gr_" + asset[:2],
        resource=changed(RESOURCE, asset_sha256=asset),
        permit=tuple(draw(st.sets(st.sampled_from(OPERATIONS)) | st.just(set(OPERATIONS)))),
        deny=tuple(draw(st.sets(st.sampled_from(RESTRICTIONS), max_size=3))),
        device_keys=tuple(draw(st.sets(st.sampled_from(["dev_1", "dev_2"])))),
        constraints=Constraints(
            territory=draw(st.none() | st.just(("SE",))),
            not_before=draw(st.none() | days),
            not_after=draw(st.none() | days),
            pitch_semitones=draw(st.none() | st.tuples(st.floats(-9, 0), st.floats(0, 9))),
            tempo_ratio=draw(st.none() | st.tuples(st.floats(0.5, 1), st.floats(1, 2))),
        ),
        offline=Offline(lease_s=draw(st.integers(1, 10**7)), max_exports=draw(st.integers(0, 3))),
        export=Export(
            formats=tuple(draw(st.sets(st.sampled_from(["wav", "flac", "mp3"])))),
            max_sr=draw(st.sampled_from([44_100, 48_000, 96_000])),
            max_bits=draw(st.sampled_from([16, 24])),
            destinations=tuple(draw(st.sets(st.sampled_from(["platform", "local_preview"])))),
        ),
    )
    return made


operations = st.builds(
    OperationUse,
    st.sampled_from([*OPERATIONS, "voice_clone", "fly", "*"]),
    st.none() | st.sampled_from(["mix", "vocals", "drums", "bass", "other"]),
)
sources = st.builds(
    SourceUse,
    asset_sha256=st.sampled_from(ASSETS),
    stems=st.frozensets(st.sampled_from(["mix", "vocals", "drums", "bass", "other"])),
    operations=st.frozensets(operations, max_size=4),
    semitones=st.tuples(any_float, any_float),
    tempo_ratio=st.tuples(any_float, any_float),
    voice_models=st.frozensets(st.sampled_from(["v1", "v2"])),
)
usages = st.builds(
    Usage,
    sources=st.lists(sources, max_size=3).map(tuple),
    own_material=st.booleans(),
    export=st.none()
    | st.builds(
        ExportUse,
        format=st.sampled_from(["wav", "flac", "mp3"]),
        rate=st.sampled_from([44_100, 48_000, 192_000]),
        bits=st.none() | st.sampled_from([16, 24, 32]),
        destination=st.sampled_from(["platform", "local_preview"]),
        stems=st.booleans(),
    ),
)
contexts = st.builds(
    Context,
    now=st.floats(NOW - 1e7, NOW + 1e7) | st.floats(),
    user=st.sampled_from(["user:ada", "user:bob"]),
    device=st.none() | st.sampled_from(["dev_1", "dev_3"]),
    territory=st.none() | st.sampled_from(["SE", "DE"]),
    exports_used=st.dictionaries(st.sampled_from(["gr_aa", "gr_bb"]), st.integers(0, 4)),
    revoked=st.frozensets(st.sampled_from(["gr_aa", "gr_bb"])),
    revisions=st.dictionaries(st.sampled_from(["gr_aa", "gr_bb"]), st.integers(1, 5)),
    clock_ok=st.booleans(),
)
holdings = st.fixed_dictionaries({}, optional={asset: grants(asset) for asset in ASSETS})


@given(holdings, usages, contexts)
def test_it_always_answers_and_says_why(held: dict[str, Grant], usage: Usage, context: Context) -> None:
    verdict = decide(held, usage, context)
    assert verdict.allowed == (not verdict.denials)
    for denial in verdict.denials:
        assert denial.clause
        assert denial.number
        assert denial.why
        assert denial.remedy
    assert verdict == decide(held, usage, context)


@given(holdings, usages, contexts, st.sampled_from(ASSETS))
def test_fewer_grants_never_allow_more(held: dict[str, Grant], usage: Usage, context: Context, gone: str) -> None:
    fewer = {asset: grant for asset, grant in held.items() if asset != gone}
    assert decide(held, usage, context).allowed or not decide(fewer, usage, context).allowed


@given(grants(), usages, contexts, st.sampled_from(OPERATIONS), st.sampled_from(RESTRICTIONS))
def test_fewer_permissions_and_more_denials_never_allow_more(
    grant: Grant, usage: Usage, context: Context, removed: str, denied: str
) -> None:
    if decide({ASSETS[0]: grant}, usage, context).allowed:
        return
    less = changed(grant, permit=tuple(word for word in grant.permit if word != removed))
    assert not decide({ASSETS[0]: less}, usage, context).allowed
    stricter = changed(grant, deny=(*grant.deny, denied))
    assert not decide({ASSETS[0]: stricter}, usage, context).allowed


@given(holdings, usages, contexts, sources)
def test_more_use_is_never_allowed_where_less_is_not(
    held: dict[str, Grant], usage: Usage, context: Context, more: SourceUse
) -> None:
    if decide(held, usage, context).allowed:
        return
    assert not decide(held, changed(usage, sources=(*usage.sources, more)), context).allowed


@given(grants(), sources, contexts)
def test_the_summary_always_answers(grant: Grant, source: SourceUse, context: Context) -> None:
    moment = changed(context, now=NOW)
    found = summary(grant, changed(source, semitones=(0.0, 1.0), tempo_ratio=(1.0, 1.0)), moment)
    assert found.badge in {"open", "conditions", "listen", "blocked"}
    assert all(line.text for line in found.lines)
