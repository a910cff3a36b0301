"""What of a project is heard: the one rule for the mix, the rights question and the shares.

A track is heard when it is open (not muted, its fader up, or moved up by automation) and a way leads from it to the
master: its output or a send, through buses that are open too. While something is soloed, a way sounds when it begins
at a soloed or solo-safe track, or leads through a soloed bus; buses pass on what is heard before them.
"""

from __future__ import annotations

import msgspec

from studio.project.limits import SILENCE_DB
from studio.project.model import Automation, Clip, Project, Strip, Track


class Way(msgspec.Struct, frozen=True):
    """What is heard of one track: its output, and its sends by the ids of their buses."""

    output: bool = False
    sends: frozenset[str] = frozenset()

    @property
    def heard(self) -> bool:
        """Whether anything of it is heard."""
        return self.output or bool(self.sends)


def ways(project: Project) -> dict[str, Way]:
    """For each track and bus by its id, which of its ways out sound; the master fader is not asked."""
    return _Routes(project).ways()


def audible_track_ids(project: Project) -> frozenset[str]:
    """Ids of the tracks and buses that sound, as far as the master lets them."""
    return frozenset(key for key, way in ways(project).items() if way.heard)


def audible_clips(project: Project) -> list[tuple[Track, Clip]]:
    """The clips that sound, with their tracks, in the order of the project; none when the master fader is down."""
    master = project.master
    if not _opens(master.strip, master.automation) or not _fader_up(master.strip, master.automation):
        return []
    heard = audible_track_ids(project)
    return [
        (track, clip)
        for track in project.tracks
        if track.id in heard
        for clip in track.clips
        if not clip.muted and clip.gain_db > SILENCE_DB
    ]


class _Routes:
    """The ways from track to master, worked out once for each question. A circle, which no sound project has, counts
    as silent."""

    def __init__(self, project: Project):
        self._tracks = {track.id: track for track in project.tracks}
        self._soloing = any(track.strip.solo for track in project.tracks)
        self._edges = {track.id: self._ways_out(track) for track in project.tracks}
        self._feeders: dict[str, list[str]] = {}
        for key, edges in self._edges.items():
            for bus in edges:
                self._feeders.setdefault(bus, []).append(key)
        self._down: dict[str, bool] = {}
        self._fed: dict[str, bool] = {}
        self._reach: dict[str, bool] = {}

    def ways(self) -> dict[str, Way]:
        found: dict[str, Way] = {}
        for key, track in self._tracks.items():
            sounding = {bus for bus in self._edges[key] if self._sounds(key, bus) and (not bus or self._reaches(bus))}
            fader = _fader_up(track.strip, track.automation)
            output = track.strip.output in sounding and fader
            sends = frozenset(
                send.bus for send in track.strip.sends if send.bus in sounding and _sends(track, send.bus, fader)
            )
            found[key] = Way(output, sends)
        return found

    def _ways_out(self, track: Track) -> frozenset[str]:
        """Ids of the buses that the track feeds now, "" for the master."""
        if not _opens(track.strip, track.automation):
            return frozenset()
        fader = _fader_up(track.strip, track.automation)
        found = {send.bus for send in track.strip.sends if _sends(track, send.bus, fader)}
        if fader:
            found.add(track.strip.output)
        return frozenset(bus for bus in found if not bus or self._is_bus(bus))

    def _is_bus(self, key: str) -> bool:
        return key in self._tracks and self._tracks[key].kind == "bus"

    def _sounds(self, key: str, bus: str) -> bool:
        return not self._soloing or self._is_fed(key) or (bool(bus) and self._leads_down(bus))

    def _leads_down(self, bus: str) -> bool:
        """Whether a bus is soloed or leads to one that is."""
        if bus not in self._down:
            self._down[bus] = False
            self._down[bus] = self._tracks[bus].strip.solo or any(
                self._leads_down(each) for each in self._edges[bus] if each
            )
        return self._down[bus]

    def _is_fed(self, key: str) -> bool:
        """Whether a track is soloed or solo-safe, or a bus is soloed or carries something that sounds by solo."""
        if key not in self._fed:
            self._fed[key] = False
            track = self._tracks[key]
            self._fed[key] = track.strip.solo or (
                any(self._is_fed(each) for each in self._feeders.get(key, ()))
                if track.kind == "bus"
                else track.strip.solo_safe
            )
        return self._fed[key]

    def _reaches(self, bus: str) -> bool:
        """Whether what comes into a bus reaches the master."""
        if bus not in self._reach:
            self._reach[bus] = False
            self._reach[bus] = any(
                self._sounds(bus, each) and (not each or self._reaches(each)) for each in self._edges[bus]
            )
        return self._reach[bus]


def _opens(strip: Strip, automation: tuple[Automation, ...]) -> bool:
    lane = _lane(automation, "mute")
    return not strip.mute if lane is None else any(point.value < 0.5 for point in lane.points)


def _fader_up(strip: Strip, automation: tuple[Automation, ...]) -> bool:
    return _above_silence(strip.gain_db, _lane(automation, "gain_db"))


def _sends(track: Track, bus: str, fader: bool) -> bool:
    lane = _lane(track.automation, f"send.{bus}.gain_db")
    return any(
        send.bus == bus and not send.mute and (send.pre or fader) and _above_silence(send.gain_db, lane)
        for send in track.strip.sends
    )


def _above_silence(gain_db: float, lane: Automation | None) -> bool:
    return gain_db > SILENCE_DB if lane is None else any(point.value > SILENCE_DB for point in lane.points)


def _lane(automation: tuple[Automation, ...], target: str) -> Automation | None:
    return next((lane for lane in automation if lane.target == target and lane.enabled and lane.points), None)
