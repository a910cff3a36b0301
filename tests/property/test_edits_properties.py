"""Whatever a person does, the project stays sound, and undo gives back the very same value."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.base.errors import ProjectError
from studio.project import edits
from studio.project.check import problems
from studio.project.history import History
from studio.project.model import Clip, Insert, Project, Role, Source, Strip
from studio.project.parameters import parameters_of
from studio.project.usage import rights_groups, usage_of

Edit = Callable[[Project], Project]

ANY = st.floats(allow_nan=True, allow_infinity=True)
TIME = st.one_of(st.floats(-5, 130), st.sampled_from([0.0, 10.0, 25.0, 50.0, 99.999, 100.0, 86_400.0]), ANY)
VALUE = st.one_of(st.floats(-200, 200), ANY)
ROLES: tuple[Role, ...] = ("vocals", "drums", "bass", "other")


def source(key: str, role: Role, duration_s: float, *parents: str) -> Source:
    return Source(
        id=key,
        title=key,
        origin="licensed" if key == "song" or parents else "own",
        role=role,
        blob="b" * 64,
        duration_s=duration_s,
        rate=48000,
        channels=2,
        asset_sha256="a" * 64 if key == "song" or parents else None,
        parents=parents,
    )


def start() -> Project:
    project = edits.add_track_for(Project(id="p"), source("song", "mix", 100.0), ids=["t", "a"])
    return edits.add_track_for(project, source("own", "own", 10.0), at_s=20.0, ids=["u", "s"])


@dataclasses.dataclass
class Names:
    """Ids that do not repeat within one example."""

    count: int = 0

    def __iter__(self) -> Names:
        return self

    def __next__(self) -> str:
        self.count += 1
        return f"n{self.count}"


def split(project: Project, track: str, names: Names) -> Project:
    stems = {role: source(f"{track}-{role}-{next(names)}", role, 99.998, "song") for role in ROLES}
    return edits.attach_stems(project, track, stems, ids=names)


def restyle(project: Project, track: str, roles: list[Role], names: Names) -> Project:
    group = edits.group_of(project, track)
    parts = [
        edits.RestyledPart(
            source=source(next(names), role, 99.0, "song"),
            replaces=role,
            strip=Strip(gain_db=-3, inserts=(Insert(id="x", kind="reverb"),)),
        )
        for role in roles
        if any(child.role == role for child in group[1:])
    ]
    return edits.apply_restyle(project, track, parts, style="house", muted=["bass"], ids=names)


@st.composite
def edit(draw: st.DrawFn, project: Project, names: Names) -> Edit:
    """One of all edits, on something that is there or almost there."""
    tracks = [track.id for track in project.tracks] or ["gone"]
    clips = [clip.id for track in project.tracks for clip in track.clips] or ["gone"]
    inserts = [insert.id for track in project.tracks for insert in track.strip.inserts] or ["gone"]
    track, clip, other = draw(st.sampled_from(tracks)), draw(st.sampled_from(clips)), draw(st.sampled_from(clips))
    value, at, until = draw(VALUE), draw(TIME), draw(TIME)
    flag, index = draw(st.booleans()), draw(st.integers(-1, 9))
    roles = draw(st.lists(st.sampled_from(ROLES), max_size=3))
    name = draw(st.text(max_size=8))
    new = Clip(
        id=next(names),
        source=draw(st.sampled_from(sorted(project.sources))),
        start_s=at,
        length_s=until,
        source_start_s=draw(TIME),
        fade_in_s=value,
        tempo_ratio=draw(st.sampled_from([0.5, 1.0, 2.0, math.nan])),
        reverse=flag,
    )
    number = draw(st.sampled_from([None, 1, 2, 3]))
    anywhere = draw(st.sampled_from([*tracks, edits.MASTER]))
    bus = draw(st.sampled_from([each.id for each in project.tracks if each.kind == "bus"] or ["gone"]))
    targets = [each.target for each in parameters_of(project, anywhere)] if project.tracks else ["gain_db"]
    target = draw(st.sampled_from(targets))
    points = draw(st.lists(st.tuples(TIME, VALUE), max_size=4))
    markers = draw(st.lists(st.tuples(st.floats(-5, 120), st.floats(-5, 120)), max_size=5))
    beats = draw(st.sampled_from([[], [0.3 + 0.5 * i for i in range(190)], [1.1 * i for i in range(80)]]))
    copied = edits.copy_clips(project, [clip, other]) if clip != "gone" else b""
    order = draw(st.lists(st.integers(-1, 4), max_size=3))
    return draw(
        st.sampled_from(
            [
                lambda p: edits.add_clip(p, track, new, ids=names),
                lambda p: edits.move_clip(p, clip, at, ids=names),
                lambda p: edits.move_clip(p, clip, at, track_id=track, ids=names),
                lambda p: edits.move_clips(p, [clip, other], value, ids=names),
                lambda p: edits.trim_clip(p, clip, start_s=at, end_s=until),
                lambda p: edits.trim_clip(p, clip, end_s=until),
                lambda p: edits.split_clip(p, clip, at, ids=names),
                lambda p: edits.duplicate_clip(p, clip, ids=names),
                lambda p: edits.duplicate_clip(p, clip, at_s=at, ids=names),
                lambda p: edits.join_clips(p, [clip, other]),
                lambda p: edits.delete_clips(p, [clip]),
                lambda p: edits.crossfade(p, clip, other, length_s=until),
                lambda p: edits.set_clip(p, clip, fade_in_s=at, fade_out_s=until, name=name),
                lambda p: edits.set_clip(p, clip, gain_db=value, semitones=value, reverse=flag, muted=flag),
                lambda p: edits.set_clip(p, clip, tempo_ratio=value, ids=names),
                lambda p: edits.set_clip(p, clip, tempo_ratio=1.5, ids=names),
                lambda p: edits.set_strip(p, track, gain_db=value, pan=value, high_pass_hz=value),
                lambda p: edits.set_strip(p, track, mute=flag),
                lambda p: edits.set_strip(p, track, solo=flag),
                lambda p: edits.set_eq_band(p, track, index, freq_hz=value, gain_db=value, q=value),
                lambda p: edits.set_compressor(p, track, ratio=value, threshold_db=value, attack_s=value),
                lambda p: edits.set_master(p, gain_db=value, ceiling_dbtp=value),
                lambda p: edits.add_insert(p, track, Insert(id=next(names), kind="delay", parameters={"mix": value})),
                lambda p: edits.remove_insert(p, track, inserts[0]),
                lambda p: edits.show_original(p, track, flag),
                lambda p: edits.remove_track(p, track),
                lambda p: edits.move_track(p, track, index),
                lambda p: edits.duplicate_track(p, track, ids=names),
                lambda p: edits.rename_track(p, track, name),
                lambda p: edits.group_tracks(p, [track, *tracks[index:2]], ids=names),
                lambda p: edits.put_in_folder(p, [track], bus if flag else None, index=index),
                lambda p: edits.ungroup(p, bus),
                lambda p: split(p, track, names),
                lambda p: restyle(p, track, roles, names),
                lambda p: edits.add_take(p, track, [new]),
                lambda p: edits.choose_take(p, track, number),
                lambda p: edits.remove_take(p, track, number or 1),
                lambda p: edits.set_tempo(p, value, at_beats=at),
                lambda p: edits.set_loop(p, start_s=at, end_s=until, enabled=flag),
                lambda p: edits.add_marker(p, at, name, length_s=until),
                lambda p: edits.set_time_signature(p, index, index),
                lambda p: edits.add_bus(p, "Bus", ids=names),
                lambda p: edits.set_send(p, track, bus, gain_db=value, pre=flag),
                lambda p: edits.set_output(p, track, bus),
                lambda p: edits.remove_send(p, track, bus),
                lambda p: edits.set_strip(p, track, solo_safe=flag, polarity=flag),
                lambda p: edits.set_parameter(p, anywhere, target, value),
                lambda p: edits.set_automation(p, anywhere, target, points, hold=flag),
                lambda p: edits.add_automation_point(p, anywhere, target, at, value),
                lambda p: edits.move_automation_point(p, anywhere, target, index, at_s=at, value=value),
                lambda p: edits.move_automation_points(p, anywhere, target, order, by_s=value, by_value=until),
                lambda p: edits.delete_automation_points(p, anywhere, target, order),
                lambda p: edits.remove_automation(p, anywhere, target),
                lambda p: edits.set_automation_enabled(p, anywhere, target, flag),
                lambda p: edits.set_warp(p, clip, markers, ids=names),
                lambda p: edits.warp_to_grid(p, clip, beats, ids=names),
                lambda p: edits.clear_warp(p, clip),
                lambda p: edits.set_follow_tempo(p, clip, flag),
                lambda p: edits.slip_clip(p, clip, value),
                lambda p: edits.set_clip(p, clip, fade_in_curve="linear", fade_out_curve="s_curve"),
                lambda p: edits.freeze(p, track, source(next(names), "own", 50.0)),
                lambda p: edits.unfreeze(p, track),
                lambda p: edits.paste_clips(p, copied, at, track, ids=names),
                lambda p: edits.paste_clips(p, copied, at, ids=names),
                lambda p: edits.set_tempo(p, 90.0 + 10 * index, at_beats=at),
            ]
        )
    )


def tried(change: Edit, project: Project) -> tuple[Project, ProjectError | None]:
    try:
        return change(project), None
    except ProjectError as refused:
        return project, refused


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_any_sequence_of_edits_leaves_a_sound_project(data: st.DataObject) -> None:
    names = Names()
    # Most of what can go wrong needs stems and takes.
    project = split(start(), "t", names) if data.draw(st.booleans()) else start()
    if data.draw(st.booleans()):
        project = edits.set_output(edits.add_bus(project, "Bus", ids=["bus"]), "u", "bus")
        project = edits.warp_to_grid(project, "s", [0.1 + 0.6 * i for i in range(16)], ids=names)
    history = History(project)
    steps = [project]
    for _ in range(data.draw(st.integers(1, 14))):
        change = data.draw(edit(history.project, names))
        before = history.project
        frozen = msgspec.json.encode(before)
        after, refused = tried(change, before)
        assert msgspec.json.encode(before) == frozen, "an edit never touches what it was given"
        if refused is not None:
            assert (refused.code, bool(refused.message), bool(refused.remedy)) == ("edit-invalid", True, True)
        assert list(problems(after)) == []
        if history.commit("Edit", after):
            steps.append(after)
    usage_of(history.project)
    rights_groups(history.project)
    for expected in reversed(steps[:-1]):
        assert history.undo() is expected
    for expected in steps[1:]:
        assert history.redo() is expected
