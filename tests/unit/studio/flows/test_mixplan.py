"""What the project says is what the engine is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.plan import AutomationPlan, MixPlan, SendPlan, TempoPlan, TrackPlan
from engine.types import Audio
from studio.flows.media import MediaCache, NotReady, ReadyOnly, Silent
from studio.flows.mixplan import OFF, compile_plan, freeze_plan
from studio.project import edits
from studio.project.model import Insert, PluginRef, Project, Source, Step
from studio.project.usage import rights_groups

RATE = 48_000
Keep = Callable[..., Source]


@pytest.fixture
def project(keep: Keep, rng: np.random.Generator) -> Project:
    """Two tracks of noise, 2 s each: `a` with clip `ca` at 0, `b` with clip `cb` at 1 s."""
    noise = (0.1 * rng.standard_normal((2, 2, 2 * RATE))).astype(np.float32)
    project = edits.add_track_for(Project(id="p"), keep("one", noise[0]), ids=["a", "ca"])
    return edits.add_track_for(project, keep("two", noise[1]), at_s=1.0, ids=["b", "cb"])


def track(plan: MixPlan, key: str) -> TrackPlan:
    return next(each for each in plan.tracks if each.id == key)


def test_a_plain_project_is_what_it_was(project: Project, media: MediaCache) -> None:
    plan = compile_plan(project, media)
    assert [(each.id, each.kind, each.output, each.sends, each.automation) for each in plan.tracks] == [
        ("a", "track", "", (), ()),
        ("b", "track", "", (), ()),
    ]
    clip = track(plan, "b").clips[0]
    assert (clip.id, clip.start_frame, clip.length_frames, clip.source_frame) == ("cb", RATE, 2 * RATE, 0)
    assert (plan.length_frames, plan.loop) == (3 * RATE, None)
    assert plan.tempo == (TempoPlan(start_frame=0.0, frames_per_beat=24_000.0, beat=0.0, beats_per_bar=4),)


def test_buses_sends_and_automation_reach_the_engine(project: Project, media: MediaCache) -> None:
    project = edits.add_bus(edits.add_bus(project, "Group", ids=["group"]), "Room", ids=["room"])
    project = edits.set_output(project, "a", "group")
    project = edits.set_send(project, "a", "room", gain_db=-20, pre=True)
    project = edits.set_send(project, "b", "room", mute=True)
    project = edits.add_insert(project, "b", Insert(id="fx", kind="delay"))
    project = edits.set_automation(project, "b", "insert.fx.mix", [(0.5, 0.1), (0.5, 0.4), (1.0, 9.0)])
    project = edits.set_automation(project, "b", "mute", [(1.0, 1.0)])
    project = edits.set_automation(project, "b", "pan", [(1.0, 1.0)])
    project = edits.set_automation_enabled(project, "b", "pan", False)
    project = edits.set_automation(project, edits.MASTER, "gain_db", [(0, 0), (2, -12)], hold=True)
    plan = compile_plan(project, media)
    assert track(plan, "a").sends == (SendPlan(bus="room", gain=pytest.approx(0.1), pre=True),)
    assert track(plan, "a").output == "group"
    assert track(plan, "room").kind == track(plan, "group").kind == "bus"
    assert track(plan, "b").sends == ()
    assert not track(plan, "b").audible, "it is muted from beginning to end"
    assert track(plan, "b").automation == (
        AutomationPlan(target="insert.fx.mix", frames=(24_000, 24_000, 48_000), values=(0.1, 0.4, 1.0)),
        AutomationPlan(target="mute", frames=(48_000,), values=(1.0,), hold=True),
    )
    assert plan.master_automation[0].hold
    bypassed = compile_plan(edits.set_insert(project, "b", "fx", bypass=True), media)
    assert [lane.target for lane in track(bypassed, "b").automation] == ["mute"]


def test_a_render_leaves_out_what_is_not_heard(project: Project, media: MediaCache) -> None:
    project = edits.add_bus(project, "Room", ids=["room"])
    project = edits.set_output(project, "a", "room")
    plan = compile_plan(edits.set_strip(project, "room", mute=True), media, only_audible=True)
    assert [each.id for each in plan.tracks] == ["b"]
    player = compile_plan(edits.set_strip(project, "room", mute=True), media)
    assert [(each.id, each.audible) for each in player.tracks] == [("a", False), ("b", True), ("room", False)]


def test_solo_of_a_return_keeps_the_direct_sound_away(project: Project, media: MediaCache) -> None:
    project = edits.add_bus(project, "Room", ids=["room"])
    project = edits.set_strip(edits.set_send(project, "a", "room"), "room", solo=True)
    plan = compile_plan(project, media)
    assert (track(plan, "a").audible, track(plan, "a").output) == (True, OFF)
    assert (track(plan, OFF).kind, track(plan, OFF).audible) == ("bus", False)
    assert not track(plan, "b").audible


def test_plug_ins_fades_and_polarity(project: Project, media: MediaCache) -> None:
    plugin = PluginRef(path="/x/Tone.vst3", name="Tone", vendor="Nobody", state=b"\x01")
    project = edits.add_insert(project, "a", Insert(id="v", kind="vst3", parameters={"tone": 0.2}, plugin=plugin))
    project = edits.set_clip(project, "ca", fade_in_s=0.5, fade_in_curve="linear", reverse=True)
    project = edits.set_strip(project, "a", polarity=True)
    plan = track(compile_plan(project, media), "a")
    made = plan.strip.inserts[0]
    assert made.plugin is not None
    assert (made.kind, made.plugin.path, made.plugin.state, made.parameters) == (
        "vst3",
        "/x/Tone.vst3",
        b"\x01",
        {"tone": 0.2},
    )
    assert (plan.clips[0].fade_in_frames, plan.clips[0].fade_in_curve, plan.clips[0].reverse) == (
        24_000,
        "linear",
        True,
    )
    assert plan.strip.polarity


def clicks(places_s: list[float], seconds: float) -> Audio:
    x = np.zeros((2, round(seconds * RATE)), np.float32)
    for place in places_s:
        x[:, round(place * RATE)] = 1.0
    return x


def heard_at(plan: MixPlan, key: str, near_s: float) -> float:
    """When the loudest sample near a time plays, as the plan's clips say."""
    best, at_s = 0.0, -1.0
    for clip in track(plan, key).clips:
        sound = np.asarray(clip.pcm.open())[0, clip.source_frame : clip.source_frame + clip.length_frames]
        sound = sound[::-1] if clip.reverse else sound
        low = max(round((near_s - 0.05) * RATE) - clip.start_frame, 0)
        high = max(round((near_s + 0.05) * RATE) - clip.start_frame, 0)
        part = np.abs(sound[low:high])
        if part.size and part.max() > best:
            best, at_s = float(part.max()), (clip.start_frame + low + int(part.argmax())) / RATE
    return at_s


@pytest.mark.parametrize("reverse", [False, True])
def test_warped_clips_play_every_click_where_the_markers_say(keep: Keep, media: MediaCache, reverse: bool) -> None:
    places = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    project = edits.add_track_for(Project(id="p"), keep("clicks", clicks(places, 4.0)), at_s=1.0, ids=["t", "c"])
    project = edits.set_warp(project, "c", [(0.5, 0.5), (1.5, 1.7), (2.5, 2.5)])
    project = edits.split_clip(project, "c", 2.9, ids=["d"])
    project = edits.trim_clip(project, "c", start_s=1.25)
    expected = [1.5, 2.1, 2.7, 3.1, 3.5, 3.9]
    if reverse:
        project = edits.set_clip(project, "c", reverse=True)
        clip = project.track("t").clips[0]
        expected = [clip.start_s + clip.end_s - at for at in expected[:3]]
    plan = compile_plan(project, media)
    for at_s in expected:
        assert abs(heard_at(plan, "t", at_s) - at_s) < 0.001
    first, second = track(plan, "t").clips
    assert first.pcm.path == second.pcm.path, "pieces of one sound share what was made of it"


def test_warped_stems_stay_together(keep: Keep, media: MediaCache, rng: np.random.Generator) -> None:
    step = Step(operation="stem:drums", at="2026-01-01T00:00:00Z")
    noise = (0.1 * rng.standard_normal((2, 2 * RATE))).astype(np.float32)
    song = keep("song", noise)
    stems = [keep(f"stem{i}", noise * (0.3 + 0.4 * i), parents=("song",), steps=(step,)) for i in range(2)]
    project = edits.add_sources(Project(id="p"), [song, *stems])
    for stem in stems:
        project = edits.add_track_for(project, stem, ids=[stem.id, f"c-{stem.id}"])
        project = edits.set_warp(project, f"c-{stem.id}", [(0, 0), (1, 1.1), (2, 2)])
    plan = compile_plan(project, media)
    a, b = (np.asarray(track(plan, stem.id).clips[0].pcm.open()) for stem in stems)
    assert np.allclose(a / 0.3, b / 0.7, atol=1e-4), "the very same stretch for both"


def test_what_comes_back_from_a_bus_counts_for_whoever_fed_it(keep: Keep, media: MediaCache) -> None:
    tone = 0.2 * np.sin(2 * np.pi * 330 * np.arange(RATE) / RATE)
    made = Step(operation="style:arrangement", at="2026-01-01T00:00:00Z", model_id="dreamer")
    project = edits.add_track_for(Project(id="p"), keep("mine", np.stack([tone, tone])), ids=["a", "ca"])
    other = keep("theirs", np.stack([tone, -tone]), origin="generated", steps=(made,))
    project = edits.add_track_for(project, other, ids=["b", "cb"])
    project = edits.add_bus(project, "Room", ids=["room"])
    # Of one's own sound only the send is heard, half as loud.
    project = edits.set_send(edits.set_strip(project, "a", gain_db=-96), "a", "room", gain_db=-6.02, pre=True)
    groups = {group: [clip for _, clip in clips] for group, clips in rights_groups(project).items()}
    assert groups == {"you": ["ca"], "pool:dreamer": ["cb"]}
    plan = compile_plan(project, media, only_audible=True, frozen=False)
    found = media.worker.run("engine.render:track_powers_task", {"plan": plan, "groups": groups})
    mine, theirs = (np.mean(found["groups"][group]) for group in ("you", "pool:dreamer"))
    assert mine / theirs == pytest.approx(0.25, rel=0.02)
    muted = edits.set_strip(project, "room", mute=True)
    assert rights_groups(muted) == {"pool:dreamer": [("b", "cb")]}


def test_in_a_drag_nothing_is_stretched_and_old_stretches_go(project: Project, media: MediaCache) -> None:
    slow = edits.set_clip(project, "ca", tempo_ratio=0.9)
    with pytest.raises(NotReady):
        compile_plan(slow, media, ReadyOnly())
    assert compile_plan(project, media, ReadyOnly()).tracks, "what needs no stretching is ready"
    made = track(compile_plan(slow, media), "a").clips[0].pcm
    again = track(compile_plan(slow, media, ReadyOnly()), "a").clips[0].pcm
    assert again == made
    other = track(compile_plan(edits.set_clip(project, "ca", tempo_ratio=0.8), media), "a").clips[0].pcm
    media.trim({other.path}, most_bytes=0)
    assert Path(made.path).exists(), "it was asked for a moment ago"
    media.trim({other.path}, most_bytes=0, idle_s=0.0)
    assert (Path(made.path).exists(), Path(other.path).exists()) == (False, True)
    assert track(compile_plan(slow, media), "a").clips[0].pcm == made, "it is made again"


def test_a_frozen_track_plays_its_sound_until_it_is_out_of_date(
    project: Project, media: MediaCache, keep: Keep
) -> None:
    project = edits.add_insert(project, "a", Insert(id="fx", kind="reverb"))
    project = edits.set_automation(project, "a", "insert.fx.mix", [(0, 0.5)])
    project = edits.set_automation(project, "a", "gain_db", [(0, -3)])
    project = edits.set_strip(project, "a", pan=0.5, high_pass_hz=80)
    alone = freeze_plan(project, "a", media, Silent())
    assert [each.id for each in alone.tracks] == ["a"]
    assert (alone.tracks[0].strip.pan, alone.tracks[0].strip.high_pass_hz) == (0.0, 80)
    assert [lane.target for lane in alone.tracks[0].automation] == ["insert.fx.mix"]
    frozen = edits.freeze(project, "a", keep("frozen", np.full((2, 3 * RATE), 0.25)))
    played = track(compile_plan(frozen, media), "a")
    assert (played.strip.inserts, played.strip.high_pass_hz, played.strip.pan) == ((), 0.0, 0.5)
    assert [lane.target for lane in played.automation] == ["gain_db"]
    assert (played.clips[0].start_frame, played.clips[0].length_frames) == (0, 3 * RATE)
    assert track(compile_plan(frozen, media, frozen=False), "a").clips[0].id == "ca"
    changed = edits.set_strip(frozen, "a", high_pass_hz=90)
    assert track(compile_plan(changed, media), "a").clips[0].id == "ca"
