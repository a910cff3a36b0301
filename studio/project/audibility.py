"""What of a project is heard: the one rule for the mix, the rights question and the shares."""

from __future__ import annotations

from studio.project.limits import SILENCE_DB
from studio.project.model import Clip, Project, Track


def audible_track_ids(project: Project) -> frozenset[str]:
    """Ids of the tracks that sound: not muted, fader above -96 dB, and soloed where any track is."""
    soloing = any(track.strip.solo for track in project.tracks)
    return frozenset(track.id for track in project.tracks if _open(track) and (track.strip.solo or not soloing))


def audible_clips(project: Project) -> list[tuple[Track, Clip]]:
    """The clips that sound, with their tracks, in the order of the project; none when the master fader is down."""
    if project.master.strip.mute or project.master.strip.gain_db <= SILENCE_DB:
        return []
    heard = audible_track_ids(project)
    return [
        (track, clip)
        for track in project.tracks
        if track.id in heard
        for clip in track.clips
        if not clip.muted and clip.gain_db > SILENCE_DB
    ]


def _open(track: Track) -> bool:
    return not track.strip.mute and track.strip.gain_db > SILENCE_DB
