"""load(save(p)) == p, and a journal replays to the same projects."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.project import edits
from studio.project.model import (
    Clip,
    Compressor,
    EqBand,
    Insert,
    Loop,
    Marker,
    Project,
    Source,
    Step,
    Strip,
    TempoPoint,
    Track,
)
from studio.store import codec, delta
from studio.store.bundle import Bundle

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(lambda text: bool(text.split()))
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def now() -> str:
    return "2026-01-01T00:00:00Z"


@st.composite
def strips(draw: st.DrawFn, key: str) -> Strip:
    return Strip(
        gain_db=draw(st.floats(-96, 12)),
        pan=draw(st.floats(-1, 1)),
        mute=draw(st.booleans()),
        solo=draw(st.booleans()),
        high_pass_hz=draw(st.floats(0, 2000)),
        eq=(EqBand(freq_hz=draw(st.floats(20, 20000)), gain_db=draw(st.floats(-24, 24)), q=draw(st.floats(0.1, 18))),),
        compressor=Compressor(ratio=draw(st.floats(1, 20)), threshold_db=draw(st.floats(-60, 0))),
        inserts=tuple(
            Insert(
                id=f"{key}-{index}", kind="delay", parameters={"mix": draw(st.floats(0, 1))}, bypass=draw(st.booleans())
            )
            for index in range(draw(st.integers(0, 2)))
        ),
    )


@st.composite
def projects(draw: st.DrawFn) -> Project:
    project = Project(
        id="p",
        title=draw(NAMES),
        rate=draw(st.sampled_from([44100, 48000])),
        tempo=(TempoPoint(bpm=draw(st.floats(20, 400))),),
        beats_per_bar=draw(st.integers(1, 12)),
        key=draw(st.none() | st.just("F#m")),
        markers=(Marker(start_s=draw(st.floats(0, 1000)), name=draw(NAMES)),),
        loop=Loop(start_s=1, end_s=draw(st.floats(1, 50)), enabled=draw(st.booleans())),
        grants=draw(st.dictionaries(st.sampled_from(["a" * 64, "b" * 64]), NAMES)),
    )
    for index in range(draw(st.integers(1, 3))):
        source = Source(
            id=f"s{index}",
            title=draw(NAMES),
            origin=draw(st.sampled_from(["licensed", "own", "generated"])),
            role=draw(st.sampled_from(["mix", "vocals", "drums", "own"])),
            blob="b" * 64,
            duration_s=draw(st.floats(10, 500)),
            rate=44100,
            channels=2,
            parents=tuple(f"s{parent}" for parent in range(index)),
            steps=(
                Step(operation="x", at=now(), parameters=draw(st.dictionaries(st.text(max_size=4), JSON, max_size=3))),
            ),
            tempo_bpm=draw(st.none() | st.floats(20, 400)),
        )
        project = edits.add_source(project, source)
        clip = Clip(
            id=f"c{index}",
            source=source.id,
            start_s=draw(st.floats(0, 100)),
            length_s=draw(st.floats(0.01, 9)),
            fade_in_s=0.01,
        )
        track = Track(
            id=f"t{index}", name=draw(NAMES), role=source.role, clips=(clip,), strip=draw(strips(f"i{index}"))
        )
        project = edits.add_track(project, track)
        if draw(st.booleans()):
            project = edits.add_take(project, track.id, [], name=draw(NAMES), show=draw(st.booleans()))
    return project


@settings(max_examples=60, deadline=None)
@given(project=projects())
def test_what_is_saved_is_what_is_loaded(project: Project) -> None:
    raw = codec.encode_document(project, saved_at=now())
    loaded = codec.decode_document(raw)
    assert loaded.project == project
    assert loaded.saved_at == now()
    assert codec.encode_document(loaded.project, saved_at=now()) == raw
    assert codec.digest(loaded.project) == codec.digest(project)


@settings(max_examples=15, deadline=None)
@given(steps=st.lists(projects(), min_size=1, max_size=5), start=projects())
def test_a_journal_replays_to_the_same_project(steps: list[Project], start: Project) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with Bundle.create(Path(folder) / "p", start, now=now) as bundle:
            for number, project in enumerate(steps):
                bundle.commit(f"Step {number}", project)
        with Bundle.open(bundle.path, now=now) as again:
            assert (again.saved, again.project) == (start, steps[-1])
            # A step back to the saved project makes what came before it settled.
            assert [entry.label for entry in again.unsaved] == [f"Step {number}" for number in range(len(steps))][
                1 + max((i for i, step in enumerate(steps) if codec.digest(step) == codec.digest(start)), default=-1) :
            ]


@settings(max_examples=300, deadline=None)
@given(old=JSON, new=JSON)
def test_a_patch_leads_to_the_new_value(old: Any, new: Any) -> None:
    assert delta.apply(old, delta.diff(old, new)) == new
    assert delta.diff(new, new) is None


@pytest.mark.parametrize(("old", "new"), [(1, 1.0), (1, True), (0.0, -0.0), ({"a": [1]}, {"a": [True]})])
def test_what_is_equal_only_in_python_is_a_change(old: Any, new: Any) -> None:
    assert repr(delta.apply(old, delta.diff(old, new))) == repr(new)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_patch_of_a_list_of_things_leads_to_the_new_list(data: st.DataObject) -> None:
    things = st.lists(st.builds(lambda key, value: {"id": key, "value": value}, st.integers(0, 9), JSON), max_size=8)
    old, new = data.draw(things), data.draw(things)
    assert delta.apply(old, delta.diff(old, new)) == new


@pytest.mark.parametrize(
    "patch",
    [["?"], [], ["[", 5, 1, []], ["[", 0, -1, []], ["#", {"9": ["=", 1]}], ["#", {"x": None}], ["{", {}], 5, "="],
)
def test_a_patch_that_does_not_fit_is_refused(patch: Any) -> None:
    with pytest.raises(ValueError, match=r"patch|splice|literal"):
        delta.apply([1, 2], patch)


def test_the_patch_of_a_small_edit_is_small() -> None:
    source = Source(
        id="s", title="S", origin="own", role="own", blob="b" * 64, duration_s=1000.0, rate=48000, channels=2
    )
    project = edits.add_source(Project(id="p"), source)
    clips = tuple(Clip(id=f"{index:036d}", source="s", start_s=index * 1.0, length_s=0.5) for index in range(1000))
    project = edits.add_track(project, Track(id="t", name="T", clips=clips))
    before = codec.image(project)[0]
    for changed in (
        edits.set_clip(project, f"{500:036d}", gain_db=-3),
        edits.split_clip(project, f"{500:036d}", 500.25),
        edits.delete_clips(project, [f"{500:036d}"]),
        edits.set_strip(project, "t", pan=0.5),
    ):
        patch = delta.diff(before, codec.image(changed)[0])
        assert len(msgspec.json.encode(patch)) < 1000
