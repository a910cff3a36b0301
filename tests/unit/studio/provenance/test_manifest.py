"""What a manifest says, and what it refuses to say."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from studio.base.canonical import parse_strict
from studio.base.errors import ProvenanceError
from studio.provenance import manifest
from studio.provenance.inputs import ManifestInput, ModelFacts, OwnSource, StepFacts, licensed_source
from studio.provenance.steps import CAPTURE, COMPOSITE, EDITED, TERMS, TRAINED, describe, plain, source_type
from tests.samples.provenance import bent, facts
from tests.samples.rights import ASSET, GRANT, changed, signed

FACTS = facts()
RECORDED = OwnSource(id="own-2", title="Take 1", sha256="f6" * 32, recorded=True)
DRY = tuple(changed(step, generated=False) for step in FACTS.steps)


def assertion(made: dict[str, Any], label: str) -> dict[str, Any]:
    return next(each["data"] for each in made["assertions"] if each["label"] == label)


def test_ingredients_models_and_actions() -> None:
    made = manifest.build(FACTS)
    assert [(each["label"], each["relationship"]) for each in made["ingredients"]] == [
        (ASSET, "componentOf"), ("own-1", "componentOf"), ("separation-small", "inputTo"), ("arrangement", "inputTo"),
    ]  # fmt: skip
    actions = assertion(made, "c2pa.actions.v2")["actions"]
    assert [action["action"] for action in actions] == [
        "c2pa.created", "c2pa.placed", "c2pa.placed", "org.contrafact.separated", "org.contrafact.restyled",
        "org.contrafact.pitched", "c2pa.changedSpeed", "c2pa.edited", "c2pa.watermarked.bound", "c2pa.transcoded",
    ]  # fmt: skip
    restyled = actions[4]
    assert restyled["softwareAgent"] == {"name": "arrangement", "version": "1.2"}
    assert restyled["parameters"]["ingredientIds"] == [ASSET, "arrangement"]
    assert restyled["parameters"]["org.contrafact.model_digest"] == "e5" * 32
    assert parse_strict(restyled["parameters"]["org.contrafact.parameters"]) == {
        "style": "bossa", "intensity": 0.7, "seed": 41,
    }  # fmt: skip
    assert restyled["digitalSourceType"] == TERMS + "trainedAlgorithmicMedia"
    assert actions[7]["description"] == "Mixed to −14.0 LUFS, true peak −1.0 dBTP"
    assert actions[-1]["description"] == "Written as WAV, 44.1 kHz, 24 bit"


def test_no_list_of_numbers_stands_in_a_manifest() -> None:
    # Readers of the C2PA library show such lists as bytes.
    def walk(value: Any) -> None:
        if isinstance(value, list):
            assert not value or not all(isinstance(each, int | float) for each in value)
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(each)

    walk(manifest.build(FACTS))


def test_licence_contributions_and_binding() -> None:
    made = manifest.build(FACTS)
    (grant,) = assertion(made, manifest.LICENCE)["grants"]
    assert (grant["grant_id"], grant["rev"], grant["digest"]) == ("gr_01", 3, signed().digest)
    assert (grant["isrc"], grant["iswcs"]) == ("SEXXA2600001", ["T0345246801"])
    assert assertion(made, manifest.LICENCE)["own_material"][0]["status"] == "user-asserted"
    contributions = assertion(made, manifest.CONTRIBUTIONS)
    assert sum(each["ppm"] for each in contributions["master"]) == 1_000_000
    assert contributions["evidence_digest"] == manifest.evidence_digest(FACTS.shares.evidence)
    assert assertion(made, "c2pa.soft-binding")["blocks"][0]["value"] == "ASNFZ4mrze8="
    assert "c2pa.soft-binding" not in json.dumps(manifest.build(bent(watermark_id=None)))


def test_nothing_of_the_person_or_the_computer_is_in_it() -> None:
    text = json.dumps(manifest.build(FACTS))
    assert "user:ada" not in text
    assert "/home" not in text


def test_training_is_forbidden_unless_all_allow_it() -> None:
    def use(made: ManifestInput) -> str:
        entries = assertion(manifest.build(made), "cawg.training-mining")["entries"]
        (found,) = {entry["use"] for entry in entries.values()}
        return str(found)

    free = licensed_source(signed(changed(GRANT, deny=(), permit=(*GRANT.permit, "train"))))
    assert use(FACTS) == "notAllowed"
    assert use(bent(sources=(free,), own=())) == "allowed"
    assert use(bent(sources=(free,))) == "notAllowed"
    assert use(bent(sources=(), own=(), steps=())) == "notAllowed"


def test_the_source_type_is_derived() -> None:
    assert source_type(FACTS) == TRAINED
    assert source_type(bent(steps=DRY)) == COMPOSITE
    assert source_type(bent(steps=DRY, own=())) == EDITED
    assert source_type(bent(steps=(), sources=(), own=(RECORDED,))) == CAPTURE
    assert source_type(bent(steps=(), sources=())) == EDITED
    assert source_type(bent(steps=(), sources=(), own=())) == EDITED


def test_the_disclosure_is_derived_and_never_guesses() -> None:
    assert manifest.disclosure(FACTS)["contains_ai"] == "yes"
    assert [each["contribution"] for each in manifest.disclosure(FACTS)["contributions"]] == ["Assisted", "Generated"]
    assert manifest.disclosure(bent(steps=DRY))["contains_ai"] == "unknown"
    assert manifest.disclosure(bent(steps=DRY, own=()))["contains_ai"] == "assisted"
    assert manifest.disclosure(bent(steps=(), own=()))["contains_ai"] == "no"
    assert manifest.disclosure(bent(own=(RECORDED,)))["own_material"] == "recorded"
    assert manifest.disclosure(bent(own=()))["own_material"] == "none"


def test_new_sound_without_a_model_is_algorithmic_not_trained() -> None:
    played = bent(steps=(StepFacts(operation="style:arrangement", at="", source=ASSET, stem="bass", generated=True),))
    assert source_type(played) == COMPOSITE
    action = assertion(manifest.build(played), "c2pa.actions.v2")["actions"][3]
    assert action["digitalSourceType"] == TERMS + "algorithmicMedia"
    assert manifest.disclosure(played)["contributions"] == []


def test_silence_can_be_signed() -> None:
    silent = changed(FACTS.export, loudness_lufs=-math.inf, true_peak_dbtp=-math.inf)
    actions = assertion(manifest.build(bent(export=silent)), "c2pa.actions.v2")["actions"]
    assert actions[7]["description"] == "Mixed (silence)"


@pytest.mark.parametrize(
    "other",
    [
        {"title": " \u202e "},
        {"models": ()},
        {"models": (*FACTS.models, FACTS.models[0])},
        {"own": (changed(FACTS.own[0], id=ASSET),)},
        {"steps": (StepFacts(operation="x", at="", parameters={"value": math.nan}),)},
        {"steps": (StepFacts(operation="x", at="", parameters={"value": {1, 2}}),)},
        {"export": changed(FACTS.export, loudness_lufs=math.nan)},
        {"export": changed(FACTS.export, true_peak_dbtp=math.inf)},
        {"export": changed(FACTS.export, duration_s=-1.0)},
        {"watermark_id": 1 << 64},
        {"watermark_id": -1},
        {"shares": changed(FACTS.shares, master=())},
        {"export_id": "\ud800"},
    ],
)
def test_what_cannot_be_said_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(ProvenanceError) as caught:
        manifest.build(bent(**other))
    assert caught.value.code == "signing-failed"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (StepFacts(operation="stem:bass", at="", source="a"), "Took the bass of “A” as the label delivered it"),
        (StepFacts(operation="stem:other", at="", model_id="m"), "Separated the other instruments (M 2)"),
        (StepFacts(operation="style:production", at=""), "Restyled the whole recording (production)"),
        (
            StepFacts(operation="pitch_shift", at="", parameters={"semitones": [-1.0, 2.0]}),
            "Moved the pitch by −1 to +2 semitones",
        ),
        (StepFacts(operation="time_stretch", at="", parameters={"tempo_ratio": (1.5, 1.5)}), "Set the tempo to 1.50 ×"),
        (StepFacts(operation="pitch_shift", at=""), "Moved the pitch by an unknown number of semitones"),
        (StepFacts(operation="record", at="", source="a"), "Recorded the sound of “A”"),
        (StepFacts(operation="reverse\u202e", at=""), "reverse"),
    ],
)
def test_steps_in_words(step: StepFacts, words: str) -> None:
    assert describe(step, {"a": "A"}, {"m": ModelFacts(id="m", version="2", digest="", title="M")}) == words


def test_plain_text_cannot_disturb_a_screen() -> None:
    assert plain("a\u202eb\x00c\nd\t e\u200f") == "abc d e"
    assert plain("<b>bold</b>") == "<b>bold</b>"
    assert len(plain("x" * 10_000)) == 300


def test_a_step_without_a_known_source_names_no_ingredient() -> None:
    made = manifest.build(bent(steps=(StepFacts(operation="pitch_shift", at="", source="gone"),)))
    action = assertion(made, "c2pa.actions.v2")["actions"][3]
    assert "ingredientIds" not in action["parameters"]
    mp3 = manifest.build(facts("mp3"))
    assert assertion(mp3, "c2pa.actions.v2")["actions"][-1]["description"] == "Written as MP3, 44.1 kHz"
