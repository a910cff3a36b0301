"""Project -> MixPlan: the one way to what the engine plays and renders."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.plan import (
    AutomationPlan,
    ClipPlan,
    CompressorPlan,
    EqPlan,
    InsertPlan,
    LoopPlan,
    MixPlan,
    PluginPlan,
    SendPlan,
    StripPlan,
    TempoPlan,
    TrackPlan,
)
from engine.types import PcmRef
from studio.flows.media import MediaCache, Silent, TaskContext
from studio.project.audibility import Way, audible_clips, ways
from studio.project.edits.freeze import after_freeze, plays_frozen
from studio.project.limits import SILENCE_DB
from studio.project.model import Automation, Clip, Insert, Project, Strip, Track
from studio.project.parameters import known
from studio.project.tempo import TempoMap
from studio.project.warp import WarpMap

OFF = "\0off"
"""Id of a silent bus: where the output of a track goes of which only sends are heard."""


def compile_plan(
    project: Project,
    media: MediaCache,
    context: TaskContext | None = None,
    *,
    only_audible: bool = False,
    frozen: bool = True,
) -> MixPlan:
    """Everything the engine needs to play the project, with all sounds decoded and stretched.

    `only_audible` leaves out what is muted, for renders; the player takes all, so that unmuting is instant. Without
    `frozen` frozen tracks play their clips and effects, so that each clip can be told apart.

    Raises:
        RightsError: a licensed source has no valid grant.
        LibraryError: a sound is missing or was changed.
    """
    context = context or Silent()
    routes = ways(project)
    wanted = {(track.id, clip.id) for track, clip in audible_clips(project)}
    tracks: list[TrackPlan] = []
    todo = max(sum(len(track.clips) for track in project.tracks), 1)
    done = 0
    for track in project.tracks:
        way = routes[track.id]
        if only_audible and not way.heard:
            done += len(track.clips)
            continue
        if frozen and plays_frozen(project, track):
            clips = (_frozen_clip(project, track, media, context),)
            done += len(track.clips)
            tracks.append(_track_plan(project, track, clips, way, frozen=True))
            continue
        made: list[ClipPlan] = []
        for clip in track.clips:
            context.checkpoint()
            done += 1
            if clip.muted or (only_audible and (track.id, clip.id) not in wanted):
                continue
            made.append(_clip_plan(project, clip, media, context))
            context.progress(done / todo, f"Preparing {track.name}")
        tracks.append(_track_plan(project, track, tuple(made), way))
    if any(track.output == OFF for track in tracks):
        tracks.append(TrackPlan(id=OFF, kind="bus", audible=False))
    rate = project.rate
    loop = project.loop
    master = project.master
    return MixPlan(
        rate=rate,
        length_frames=round(project.length_s * rate),
        tracks=tuple(tracks),
        master=strip_plan(master.strip, master=True),
        master_automation=_automation(project, master.strip, master.automation),
        ceiling_dbtp=master.ceiling_dbtp,
        loop=LoopPlan(start_frame=round(loop.start_s * rate), end_frame=round(loop.end_s * rate))
        if loop.enabled and loop.end_s > loop.start_s
        else None,
        tempo=tempo_plan(project),
    )


def freeze_plan(project: Project, track_id: str, media: MediaCache, context: TaskContext) -> MixPlan:
    """One track alone, through its effects and before its fader, as a freeze takes it.

    Raises:
        RightsError, LibraryError: as `compile_plan`.
    """
    track = project.track(track_id)
    clips: list[ClipPlan] = []
    for index, clip in enumerate(track.clips):
        context.checkpoint()
        if not clip.muted:
            clips.append(_clip_plan(project, clip, media, context))
        context.progress((index + 1) / len(track.clips), f"Preparing {track.name}")
    neutral = msgspec.structs.replace(strip_plan(track.strip), gain=1.0, pan=0.0)
    lanes = tuple(lane for lane in _automation(project, track.strip, track.automation) if not after_freeze(lane.target))
    plan = TrackPlan(id=track.id, clips=tuple(clips), strip=neutral, automation=lanes)
    end_s = max((clip.end_s for clip in track.clips), default=0.0)
    return MixPlan(
        rate=project.rate,
        length_frames=round(end_s * project.rate),
        tracks=(plan,),
        tempo=tempo_plan(project),
    )


def tempo_plan(project: Project) -> tuple[TempoPlan, ...]:
    """The tempo map in frames, for the metronome, count-in and switches on the beat."""
    tempo = TempoMap.of(project)
    return tuple(
        TempoPlan(
            start_frame=tempo.seconds(point.at_beats) * project.rate,
            frames_per_beat=60.0 / point.bpm * project.rate,
            beat=point.at_beats,
            beats_per_bar=project.beats_per_bar,
        )
        for point in tempo.points
    )


def _track_plan(
    project: Project, track: Track, clips: tuple[ClipPlan, ...], way: Way, *, frozen: bool = False
) -> TrackPlan:
    strip = track.strip
    automation = _automation(project, strip, track.automation)
    made = strip_plan(strip)
    if frozen:
        made = StripPlan(gain=made.gain, pan=made.pan)
        automation = tuple(lane for lane in automation if after_freeze(lane.target))
    return TrackPlan(
        id=track.id,
        kind="bus" if track.kind == "bus" else "track",
        clips=clips,
        strip=made,
        audible=way.heard,
        output=OFF if way.heard and not way.output else strip.output,
        sends=tuple(
            SendPlan(bus=send.bus, gain=linear(send.gain_db), pre=send.pre)
            for send in strip.sends
            if send.bus in way.sends
        ),
        automation=automation,
    )


def _clip_plan(project: Project, clip: Clip, media: MediaCache, context: TaskContext) -> ClipPlan:
    source = project.sources[clip.source]
    rate = project.rate
    if clip.warp:
        pcm = media.warped(
            project,
            source,
            rate,
            markers=[(marker.source_s, marker.clip_s) for marker in clip.warp],
            semitones=clip.semitones,
            context=context,
        )
        source_frame = round(-WarpMap(clip.warp).clip_at(0.0) * rate)
    elif clip.tempo_ratio != 1.0 or clip.semitones != 0.0:
        pcm = media.stretched(
            project, source, rate, tempo_ratio=clip.tempo_ratio, semitones=clip.semitones, context=context
        )
        source_frame = round(clip.source_start_s / clip.tempo_ratio * rate)
    else:
        pcm = media.pcm(source, rate, context)
        source_frame = round(clip.source_start_s / clip.tempo_ratio * rate)
    start = round(clip.start_s * rate)
    source_frame = max(source_frame, 0)
    length = min(round(clip.end_s * rate) - start, max(pcm.frames - source_frame, 0))
    return ClipPlan(
        id=clip.id,
        pcm=pcm,
        start_frame=start,
        source_frame=source_frame,
        length_frames=length,
        gain=linear(clip.gain_db),
        fade_in_frames=min(round(clip.fade_in_s * rate), length),
        fade_out_frames=min(round(clip.fade_out_s * rate), length),
        fade_in_curve=clip.fade_in_curve,
        fade_out_curve=clip.fade_out_curve,
        reverse=clip.reverse,
    )


def _frozen_clip(project: Project, track: Track, media: MediaCache, context: TaskContext) -> ClipPlan:
    if track.frozen is None:
        raise AssertionError("only a frozen track plays its frozen sound")
    pcm: PcmRef = media.pcm(project.sources[track.frozen.source], project.rate, context)
    return ClipPlan(id=f"frozen:{track.id}", pcm=pcm, start_frame=0, length_frames=pcm.frames)


def strip_plan(strip: Strip, *, master: bool = False) -> StripPlan:
    """A strip as the engine takes it; mute and solo are the plan's `audible`, but the master has only itself."""
    return StripPlan(
        gain=0.0 if master and strip.mute else linear(strip.gain_db),
        pan=strip.pan,
        polarity=strip.polarity,
        high_pass_hz=strip.high_pass_hz,
        eq=tuple(EqPlan(kind=b.kind, freq_hz=b.freq_hz, gain_db=b.gain_db, q=b.q) for b in strip.eq),
        compressor=CompressorPlan(
            threshold_db=strip.compressor.threshold_db,
            ratio=strip.compressor.ratio,
            attack_s=strip.compressor.attack_s,
            release_s=strip.compressor.release_s,
            makeup_db=strip.compressor.makeup_db,
        ),
        inserts=tuple(_insert_plan(insert) for insert in strip.inserts if not insert.bypass),
    )


def _insert_plan(insert: Insert) -> InsertPlan:
    plugin = insert.plugin
    return InsertPlan(
        id=insert.id,
        kind=insert.kind,
        parameters=dict(insert.parameters),
        plugin=None if plugin is None else PluginPlan(path=plugin.path, name=plugin.name, state=plugin.state),
    )


def _automation(project: Project, strip: Strip, lanes: Sequence[Automation]) -> tuple[AutomationPlan, ...]:
    """The lanes that move something that is there; one of an effect that another take has, or that is switched off,
    waits."""
    off = tuple(f"insert.{insert.id}." for insert in strip.inserts if insert.bypass)
    made: list[AutomationPlan] = []
    for lane in lanes:
        parameter = known(project, strip, lane.target)
        if parameter is None or not lane.enabled or not lane.points or lane.target.startswith(off):
            continue
        frames: list[int] = []
        values: list[float] = []
        for point in lane.points:
            frame = round(point.at_s * project.rate)
            if len(frames) >= 2 and frames[-1] == frame == frames[-2]:
                values[-1] = parameter.clamped(point.value)
                continue
            frames.append(frame)
            values.append(parameter.clamped(point.value))
        made.append(
            AutomationPlan(
                target=lane.target,
                frames=tuple(frames),
                values=tuple(values),
                hold=lane.hold or parameter.scale == "switch",
            )
        )
    return tuple(made)


def linear(gain_db: float) -> float:
    """Decibels as a factor; -96 dB and below are silence."""
    return 0.0 if gain_db <= SILENCE_DB else float(10.0 ** (gain_db / 20.0))
