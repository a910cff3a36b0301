from __future__ import annotations

from studio.flows.verify import VerifyResult
from studio.provenance.facts import Facts, ModelLine, SourceLine
from studio.provenance.verify import Problem
from ui.viewmodels.verify import cards, headline, source_cards, subtitle

FACTS = Facts(
    signed_by="A studio",
    signed_at="2026-11-19T14:07:00Z",
    duration_s=198.0,
    sources=(
        SourceLine(title="Low Tide", status="licensed", artists=("House Ensemble",), grant_rev=3, stems=("vocals",)),
        SourceLine(title="Synth", status="user-asserted"),
    ),
    models=(ModelLine(title="Arrangement 1.2"),),
)


def _result(state: str, *problems: Problem, facts: Facts = FACTS, **more) -> VerifyResult:
    fields = {"path": "/a/song.wav", "summary": "S.", "manifest_digest": "", "sha256": ""}
    return VerifyResult(**{**fields, **more}, state=state, problems=problems, facts=facts)


def test_a_trusted_file_says_who_and_that_nothing_changed() -> None:
    found = _result("Trusted", receipt_id="0192f3-1234-5678", received_at="2026-11-19T14:08:00Z")
    titles = [card.title for card in cards(found)]
    assert titles[:3] == [
        "Signed by a studio that the platform knows",
        "Nothing was changed since",
        "Received by the platform",
    ]
    assert headline(found).title == "Untouched and signed"
    assert subtitle(found) == "song.wav · WAV · 3:18. S."
    assert subtitle(_result("NoCredentials")) == "song.wav · WAV · 3:18"


def test_a_changed_file_names_the_change_and_never_says_untouched() -> None:
    problem = Problem(code="audio-changed", text="The audio was changed after it was signed, around 0:10.0.")
    found = _result("Invalid", problem)
    shown = cards(found)
    assert headline(found).title == "Changed since it was signed"
    assert problem.text in [card.title for card in shown]
    assert not any("Nothing was changed" in card.title for card in shown)
    assert all(card.token != "ok" for card in shown)


def test_an_unknown_signer_is_a_warning() -> None:
    found = _result("Valid", Problem(code="signer-unknown", text="Unknown."))
    assert headline(found).token == "warn"
    assert cards(found)[0].title == "Signed by somebody this studio does not know"


def test_broken_credentials_are_not_called_a_change_of_the_file() -> None:
    assert headline(_result("Invalid", Problem(code="shares-wrong", text="x"))).title == "Its credentials do not hold"


def test_a_file_without_credentials_makes_no_claims() -> None:
    found = _result("NoCredentials", Problem(code="no-credentials", text="None."), facts=Facts())
    assert [card.text for card in cards(found)] == ["None."]
    assert source_cards(found) == []


def test_sources_carry_who_and_which_stems() -> None:
    assert source_cards(_result("Trusted")) == [
        ("Low Tide", "House Ensemble · vocals", "stem.vocals"),
        ("Synth", "the remixer's own", "stem.own"),
        ("Arrangement 1.2", "model", "stem.drums"),
    ]


def test_a_stripped_copy_is_found_again_by_its_mark() -> None:
    nothing = Problem(code="no-credentials", text="This file carries no credentials.")
    found = _result("NoCredentials", nothing, facts=Facts(), mark="00ff" * 4, mark_title="Low Tide (bossa)")
    assert headline(found).title == "Found again by its mark"
    texts = [card.title for card in cards(found)]
    assert any("Low Tide (bossa)" in text for text in texts)
    unknown = _result("NoCredentials", nothing, facts=Facts(), mark="00ff" * 4)
    assert headline(unknown).title == "No credentials"
    assert any("00ff" in card.text for card in cards(unknown))


def test_a_stripped_copy_is_found_by_its_mark_and_nothing_more_is_claimed() -> None:
    stripped = Problem(code="no-credentials", text="None.")
    known = _result(
        "NoCredentials",
        stripped,
        facts=Facts(),
        mark="00ff00ff00ff00ff",
        mark_title="Low Tide",
        receipt_id="0192f3-1234",
    )
    assert headline(known).title == "Found again by its mark"
    titles = [card.title for card in cards(known)]
    assert titles[1:] == [
        "Its sound carries the mark of an export",
        "The platform knows it as “Low Tide”",
        "Received by the platform",
    ]
    unknown = _result("NoCredentials", stripped, facts=Facts(), mark="00ff00ff00ff00ff")
    assert [card.title for card in cards(unknown)][-1] == "This platform does not know that mark"
