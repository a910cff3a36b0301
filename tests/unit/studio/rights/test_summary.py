from __future__ import annotations

import msgspec
import pytest

from studio.rights.grants import Constraints, Grant
from studio.rights.policy import Summary, badge, badge_of_terms, summary
from studio.rights.words import day, listed, ratio, semitones, stem_word
from tests.samples.rights import CONTEXT, GRANT, NOW, SOURCE, changed, signed

FREE = changed(GRANT, deny=(), constraints=Constraints(pitch_semitones=(-7.0, 7.0), tempo_ratio=(0.7, 1.4)))


def lines(found: Summary) -> list[tuple[str, str, str]]:
    return [(line.state, line.text, line.note) for line in found.lines]


def test_the_panel_of_the_design() -> None:
    narrow = changed(
        GRANT, deny=("restyle:vocals",), permit=tuple(word for word in GRANT.permit if word != "stem:vocals")
    )
    found = summary(signed(narrow), SOURCE, changed(CONTEXT, exports_used={"gr_01": 3}))
    assert (found.badge, found.label) == ("conditions", "Conditions")
    assert lines(found) == [
        ("allowed", "Use drums, bass, other", ""),
        ("forbidden", "Use vocals alone", "clause 3.2"),
        ("allowed", "Restyle drums, bass, other", ""),
        ("forbidden", "Restyle vocals", "clause 4.2"),
        ("allowed", "Pitch −5 to +5", "now 0 to +2"),
        ("allowed", "Tempo 0.80 to 1.25", "now 1.00 to 1.04"),
        ("allowed", "Export WAV, FLAC or MP3", "to 48 kHz, 24 bit"),
        ("allowed", "In SE, US", ""),
        ("time", "Offline until 28 Nov 2026", "7 of 10 exports"),
    ]


def test_without_a_usage_or_a_context() -> None:
    found = summary(GRANT)
    assert ("allowed", "Pitch −5 to +5", "") in lines(found)
    assert ("limited", "In SE, US", "") in lines(found)
    assert ("time", "Offline until 28 Nov 2026", "10 of 10 exports") in lines(found)


def test_what_is_exceeded_is_said() -> None:
    found = summary(GRANT, changed(SOURCE, semitones=(7.0, 7.0), tempo_ratio=(0.5, 1.0)))
    assert ("exceeded", "Pitch −5 to +5", "now +7") in lines(found)
    assert ("exceeded", "Tempo 0.80 to 1.25", "now 0.50 to 1.00") in lines(found)


def test_badges() -> None:
    assert badge(FREE) == "open"
    assert badge(signed(FREE), CONTEXT) == "open"
    assert badge(changed(FREE, constraints=Constraints())) == "open"
    assert badge(GRANT) == "conditions"
    assert badge(changed(FREE, deny=("restyle:bass",))) == "conditions"
    assert badge(changed(FREE, deny=("style:timbre",))) == "conditions"
    assert badge(changed(FREE, deny=("export",))) == "listen"
    assert badge(changed(FREE, export=changed(FREE.export, formats=()))) == "listen"
    assert badge(changed(FREE, export=changed(FREE.export, destinations=()))) == "listen"
    assert badge(changed(FREE, deny=("play",))) == "blocked"
    assert badge(FREE, changed(CONTEXT, user="user:bob")) == "blocked"
    assert badge(FREE, changed(CONTEXT, revoked=frozenset({"gr_01"}))) == "blocked"
    assert badge(FREE, changed(CONTEXT, now=NOW + 1e7)) == "blocked"


@pytest.mark.parametrize(
    ("constraints"),
    [
        Constraints(pitch_semitones=(-5.0, 7.0)),
        Constraints(pitch_semitones=(-7.0, 5.0)),
        Constraints(tempo_ratio=(0.9, 1.4)),
        Constraints(tempo_ratio=(0.7, 1.1)),
    ],
)
def test_a_narrow_range_is_a_condition(constraints: Constraints) -> None:
    assert badge(changed(FREE, constraints=constraints)) == "conditions"


def test_terms_have_the_badge_of_their_grant() -> None:
    for grant in (FREE, GRANT, changed(FREE, deny=("export",)), changed(FREE, deny=("play",))):
        assert badge_of_terms(msgspec.to_builtins(grant)) == badge(grant)
    assert badge_of_terms({"permit": ["fly"]}) == "blocked"
    assert badge_of_terms({}) == "blocked"


def test_what_is_forbidden_has_a_line_and_a_clause() -> None:
    nothing: Grant = changed(GRANT, permit=("play",), deny=())
    found = lines(summary(nothing))
    for text, note in (
        ("Use other instruments alone", "clause 3.2"),
        ("Restyle", "clause 4.1"),
        ("Change the pitch", "clause 3.3"),
        ("Change the tempo", "clause 3.4"),
        ("Mix with other licensed songs", "clause 3.5"),
        ("Mix with material of your own", "clause 3.6"),
        ("Export", "clause 5.1"),
    ):
        assert ("forbidden", text, note) in found
    all_kept = changed(GRANT, deny=("restyle:vocals", "restyle:drums", "restyle:bass", "restyle:other"))
    assert not [line for line in lines(summary(all_kept)) if line[0] == "allowed" and line[1].startswith("Restyle")]


def test_some_styles_are_named() -> None:
    found = lines(summary(changed(FREE, deny=("style:timbre",))))
    assert ("allowed", "Restyle everything", "production, arrangement") in found
    assert ("allowed", "Pitch, any", "") in lines(summary(changed(FREE, constraints=Constraints())))
    assert ("allowed", "Tempo, any", "") in lines(summary(changed(FREE, constraints=Constraints())))


def test_limits_of_export_and_time() -> None:
    preview = changed(FREE, export=changed(FREE.export, destinations=("local_preview",)))
    assert ("limited", "Export WAV, FLAC or MP3", "preview only") in lines(summary(preview))
    wav = changed(FREE, export=changed(FREE.export, formats=("wav",)))
    assert ("limited", "Export WAV", "to 48 kHz, 24 bit") in lines(summary(wav))
    timed = changed(FREE, constraints=Constraints(not_before="2026-12-01T00:00:00Z", not_after="2026-12-31T00:00:00Z"))
    found = lines(summary(timed, None, CONTEXT))
    assert ("time", "From 1 Dec 2026", "") in found
    assert ("time", "Until 31 Dec 2026", "") in found


def test_words() -> None:
    assert [semitones(value) for value in (0.0, -0.001, 2.5, -12.0)] == ["0", "0", "+2.5", "−12"]
    assert [ratio(value) for value in (1.0, 1.25, 0.8, 1.3333)] == ["1.00", "1.25", "0.80", "1.3333"]
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b or c"
    assert stem_word("kazoo") == "kazoo"
    assert day(NOW) == "22 Nov 2026"
