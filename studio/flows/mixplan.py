"""Project -> MixPlan: the one way to what the engine plays and renders."""

from __future__ import annotations

from engine.plan import ClipPlan, CompressorPlan, EqPlan, InsertPlan, LoopPlan, MixPlan, StripPlan, TrackPlan
from studio.flows.media import MediaCache, Silent, TaskContext
from studio.project.audibility import audible_clips, audible_track_ids
from studio.project.limits import SILENCE_DB
from studio.project.model import Clip, Project, Strip


def compile_plan(
    project: Project, media: MediaCache, context: TaskContext | None = None, *, only_audible: bool = False
) -> MixPlan:
    """Everything the engine needs to play the project, with all sounds decoded and stretched.

    `only_audible` leaves out what is muted, for renders; the player takes all, so that unmuting is instant.

    Raises:
        RightsError: a licensed source has no valid grant.
        LibraryError: a sound is missing or was changed.
    """
    context = context or Silent()
    heard = audible_track_ids(project)
    wanted = {(track.id, clip.id) for track, clip in audible_clips(project)}
    tracks: list[TrackPlan] = []
    todo = max(sum(len(track.clips) for track in project.tracks), 1)
    done = 0
    for track in project.tracks:
        clips: list[ClipPlan] = []
        for clip in track.clips:
            context.checkpoint()
            done += 1
            if clip.muted or (only_audible and (track.id, clip.id) not in wanted):
                continue
            clips.append(_clip_plan(project, clip, media, context))
            context.progress(done / todo, f"Preparing {track.name}")
        if only_audible and track.id not in heard:
            continue
        tracks.append(
            TrackPlan(id=track.id, clips=tuple(clips), strip=strip_plan(track.strip), audible=track.id in heard)
        )
    rate = project.rate
    loop = project.loop
    return MixPlan(
        rate=rate,
        length_frames=round(project.length_s * rate),
        tracks=tuple(tracks),
        master=strip_plan(project.master.strip, master=True),
        ceiling_dbtp=project.master.ceiling_dbtp,
        loop=LoopPlan(start_frame=round(loop.start_s * rate), end_frame=round(loop.end_s * rate))
        if loop.enabled and loop.end_s > loop.start_s
        else None,
    )


def solo_track_plan(plan: MixPlan, track_id: str) -> MixPlan:
    """The same plan with one track audible."""
    import msgspec

    tracks = tuple(msgspec.structs.replace(track, audible=track.id == track_id) for track in plan.tracks)
    return msgspec.structs.replace(plan, tracks=tracks)


def _clip_plan(project: Project, clip: Clip, media: MediaCache, context: TaskContext) -> ClipPlan:
    source = project.sources[clip.source]
    rate = project.rate
    if clip.tempo_ratio != 1.0 or clip.semitones != 0.0:
        pcm = media.stretched(
            project, source, rate, tempo_ratio=clip.tempo_ratio, semitones=clip.semitones, context=context
        )
    else:
        pcm = media.pcm(source, rate, context)
    start = round(clip.start_s * rate)
    source_frame = round(clip.source_start_s / clip.tempo_ratio * rate)
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
        reverse=clip.reverse,
    )


def strip_plan(strip: Strip, *, master: bool = False) -> StripPlan:
    """A strip as the engine takes it; mute and solo are the plan's `audible`, but the master has only itself."""
    return StripPlan(
        gain=0.0 if master and strip.mute else linear(strip.gain_db),
        pan=strip.pan,
        high_pass_hz=strip.high_pass_hz,
        eq=tuple(EqPlan(kind=b.kind, freq_hz=b.freq_hz, gain_db=b.gain_db, q=b.q) for b in strip.eq),
        compressor=CompressorPlan(
            threshold_db=strip.compressor.threshold_db,
            ratio=strip.compressor.ratio,
            attack_s=strip.compressor.attack_s,
            release_s=strip.compressor.release_s,
            makeup_db=strip.compressor.makeup_db,
        ),
        inserts=tuple(
            InsertPlan(id=i.id, kind=i.kind, parameters=dict(i.parameters)) for i in strip.inserts if not i.bypass
        ),
    )


def linear(gain_db: float) -> float:
    """Decibels as a factor; -96 dB and below are silence."""
    return 0.0 if gain_db <= SILENCE_DB else float(10.0 ** (gain_db / 20.0))
