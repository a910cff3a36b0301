"""A stranger's manifest is read as text: whatever is in it, there is an answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.provenance.facts import MAX_LINES, facts_of
from studio.provenance.manifest import CONTRIBUTIONS, DISCLOSURE, LICENCE
from studio.provenance.reading import Store
from studio.provenance.verify import problems_of

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def store(manifest: Any, **fields: Any) -> Store:
    return Store(
        **{"state": "Valid", "active": "a", "manifests": {"a": manifest}, "results": {}, "detail": {}, **fields}
    )


def test_an_empty_manifest_says_nothing() -> None:
    found = facts_of(store(None))
    assert (found.title, found.sources, found.steps, found.contains_ai, found.training) == ("", (), (), "unknown", "")
    assert found.usage is None


def test_somebody_elses_manifest_is_shown_as_it_is() -> None:
    found = facts_of(
        store(
            {
                "title": "Their song",
                "ingredients": [
                    {"title": "Loop", "relationship": "componentOf", "active_manifest": "b"},
                    {"title": "Model", "relationship": "inputTo", "instance_id": "urn:sha256:xx"},
                ],
                "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [{"action": "c2pa.created"}, 7]}}],
                "signature_info": {"issuer": "Label", "time": "2026-01-01T00:00:00Z"},
                "claim_generator_info": [{"name": "Other DAW", "version": "9"}],
            }
        )
    )
    assert found.made_with == "Other DAW 9"
    assert found.signed_at == "2026-01-01T00:00:00Z"
    assert [(line.title, line.status, line.has_manifest) for line in found.sources] == [("Loop", "ingredient", True)]
    assert [(line.title, line.digest) for line in found.models] == [("Model", "xx")]
    assert found.steps == ("c2pa.created", "")


def test_hostile_texts_are_tamed() -> None:
    found = facts_of(
        store(
            {
                "title": "evil\u202etitle\n" + "x" * 10_000_000,
                "assertions": [
                    {"label": "c2pa.actions.v2", "data": {"actions": [{"description": "a\nb"}] * 5000}},
                    {
                        "label": LICENCE,
                        "data": {"grants": [{"rev": "x", "iswcs": 4}], "own_material": "no", "usage": "["},
                    },
                    {
                        "label": CONTRIBUTIONS,
                        "data": {"master": [{"ppm": True}, {"ppm": -1}, {"ppm": 5, "kind": "x"}], "evidence": 3},
                    },
                    {"label": DISCLOSURE, "data": {"contains_ai": "maybe"}},
                    {"label": "cawg.training-mining", "data": {"entries": {"a": {"use": "allowed"}}}},
                ],
            }
        )
    )
    assert found.title.startswith("eviltitle xxx")
    assert len(found.title) == 300
    assert len(found.steps) == MAX_LINES
    assert found.steps[0] == "a b"
    assert [(share.ppm, share.kind) for share in found.master] == [(5, "licensed")]
    assert found.sources[0].grant_rev == 0
    assert found.evidence == {}
    assert (found.contains_ai, found.training) == ("maybe", "allowed")


@pytest.mark.parametrize("value", [True, "2", -1, 1e9, None])
def test_a_length_that_is_none_is_none(value: object) -> None:
    actions = [{"parameters": {"org.contrafact.duration_s": value}}]
    made = {"assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}]}
    assert facts_of(store(made)).duration_s == 0.0


labels = st.sampled_from([LICENCE, CONTRIBUTIONS, DISCLOSURE, "c2pa.actions.v2", "cawg.training-mining"])
assertions = st.lists(st.fixed_dictionaries({"label": labels, "data": json_values}), max_size=6) | json_values
manifests = (
    st.fixed_dictionaries(
        {"assertions": assertions, "ingredients": json_values, "title": json_values, "signature_info": json_values}
    )
    | json_values
)


@given(manifests, json_values, st.sampled_from(["Trusted", "Valid", "Invalid", "?"]))
def test_any_manifest_has_an_answer(manifest: Any, results: Any, state: str) -> None:
    made = store(manifest, results=results if isinstance(results, dict) else {}, state=state)
    assert facts_of(made).title == facts_of(made).title
    problems = problems_of(made)
    assert problems or state == "Trusted"
    assert isinstance(made.manifest_digest, str)
