"""Edits of channel strips: those of tracks by their id, that of the master bus by the id `MASTER`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from studio.project.edits.rules import (
    Ids,
    children_of,
    chosen,
    clamp,
    find_track,
    invalid,
    number,
    put_track,
    put_tracks,
)
from studio.project.limits import (
    ATTACK_S,
    CEILING_DBTP,
    EQ_FREQ_HZ,
    EQ_GAIN_DB,
    EQ_Q,
    GAIN_DB,
    HIGH_PASS_HZ,
    MAKEUP_DB,
    PAN,
    RATIO,
    RELEASE_S,
    THRESHOLD_DB,
)
from studio.project.model import DEFAULT_EQ, Automation, Compressor, EqBand, Insert, Project, Strip, Track
from studio.project.parameters import MASTER, strip_at


def set_strip(
    project: Project,
    track_id: str,
    *,
    gain_db: float | None = None,
    pan: float | None = None,
    mute: bool | None = None,
    solo: bool | None = None,
    solo_safe: bool | None = None,
    polarity: bool | None = None,
    high_pass_hz: float | None = None,
) -> Project:
    """Change what is given: `gain_db` [-96, 12], `pan` [-1, 1], mute, solo, solo-safe, polarity (True is turned upside
    down), `high_pass_hz` [0, 2000], 0 is off.

    Mute and solo of a split track and its stems stay in step: opening the recording shows the original, opening or
    soloing one of its stems shows the stems, and solo of the split track is that of all its stems.

    Raises:
        ProjectError: edit-invalid for an unknown track or a value that is not a number.
    """
    strip = strip_of(project, track_id)
    changed = replace(
        strip,
        gain_db=strip.gain_db if gain_db is None else clamp(gain_db, GAIN_DB, what="gain"),
        pan=strip.pan if pan is None else clamp(pan, PAN, what="pan"),
        high_pass_hz=strip.high_pass_hz
        if high_pass_hz is None
        else clamp(high_pass_hz, HIGH_PASS_HZ, what="high-pass"),
        solo_safe=strip.solo_safe if track_id == MASTER else chosen(solo_safe, strip.solo_safe),
        polarity=chosen(polarity, strip.polarity),
    )
    project = put_strip(project, track_id, changed)
    if track_id == MASTER:
        return project if mute is None else put_strip(project, MASTER, replace(changed, mute=mute))
    if mute is not None:
        project = _set_mute(project, find_track(project, track_id), mute)
    if solo is not None:
        project = _set_solo(project, find_track(project, track_id), solo)
    return project


def show_original(project: Project, track_id: str, show: bool = True) -> Project:
    """Let a split track play its original, or its stems as they were before.

    Raises:
        ProjectError: edit-invalid for an unknown track or one that is not split.
    """
    track = find_track(project, track_id)
    stems = children_of(project, track_id)
    if not stems:
        raise invalid("That track is not split into stems.", "Split it first.")
    if show:
        if plays_original(project, track_id):
            return project
        was_muted = tuple(stem.id for stem in stems if stem.strip.mute)
        soloed = track.strip.solo or any(stem.strip.solo for stem in stems)
        shown = replace(track, strip=replace(track.strip, mute=False, solo=soloed), muted_stems=was_muted)
        return put_tracks(project, [shown, *(_flags(stem, mute=True) for stem in stems)])
    if track.strip.mute and not all(stem.strip.mute for stem in stems):
        return project
    # Asking for the stems and hearing nothing would help nobody.
    quiet = set(track.muted_stems) if len(track.muted_stems) < len(stems) else set[str]()
    rested = replace(_flags(track, mute=True, solo=all(stem.strip.solo for stem in stems)), muted_stems=())
    return put_tracks(project, [rested, *(_flags(stem, mute=stem.id in quiet) for stem in stems)])


def plays_original(project: Project, track_id: str) -> bool:
    """Whether a track plays itself: it is not split, or its stems rest while the original sounds."""
    return not children_of(project, track_id) or not find_track(project, track_id).strip.mute


def set_eq_band(
    project: Project,
    track_id: str,
    band: int,
    *,
    freq_hz: float | None = None,
    gain_db: float | None = None,
    q: float | None = None,
    kind: Literal["low_shelf", "peak", "high_shelf"] | None = None,
) -> Project:
    """Change one band (0 to 3): `freq_hz` [20, 20000], `gain_db` [-24, 24], `q` [0.1, 18].

    Raises:
        ProjectError: edit-invalid for an unknown track or band, or a value that is not a number.
    """
    strip = strip_of(project, track_id)
    if not 0 <= band < len(strip.eq):
        raise invalid("The equaliser has no such band.", f"Choose a band from 1 to {len(strip.eq)}.")
    old = strip.eq[band]
    new = EqBand(
        kind=chosen(kind, old.kind),
        freq_hz=clamp(chosen(freq_hz, old.freq_hz), EQ_FREQ_HZ, what="frequency"),
        gain_db=clamp(chosen(gain_db, old.gain_db), EQ_GAIN_DB, what="gain"),
        q=clamp(chosen(q, old.q), EQ_Q, what="width"),
    )
    return put_strip(project, track_id, replace(strip, eq=(*strip.eq[:band], new, *strip.eq[band + 1 :])))


def set_compressor(
    project: Project,
    track_id: str,
    *,
    threshold_db: float | None = None,
    ratio: float | None = None,
    attack_s: float | None = None,
    release_s: float | None = None,
    makeup_db: float | None = None,
) -> Project:
    """Change what is given: `threshold_db` [-60, 0], `ratio` [1, 20] (1 is off), `attack_s` [0.0001, 0.5], `release_s`
    [0.005, 3].

    Raises:
        ProjectError: edit-invalid for an unknown track or a value that is not a number.
    """
    strip = strip_of(project, track_id)
    old = strip.compressor
    new = Compressor(
        threshold_db=chosen(threshold_db, old.threshold_db),
        ratio=chosen(ratio, old.ratio),
        attack_s=chosen(attack_s, old.attack_s),
        release_s=chosen(release_s, old.release_s),
        makeup_db=chosen(makeup_db, old.makeup_db),
    )
    return put_strip(project, track_id, replace(strip, compressor=_fitted_compressor(new)))


def set_master(
    project: Project,
    *,
    gain_db: float | None = None,
    pan: float | None = None,
    mute: bool | None = None,
    high_pass_hz: float | None = None,
    ceiling_dbtp: float | None = None,
) -> Project:
    """Change the master bus: as `set_strip`, and the limiter's `ceiling_dbtp` in [-12, 0].

    Raises:
        ProjectError: edit-invalid for a value that is not a number.
    """
    project = set_strip(project, MASTER, gain_db=gain_db, pan=pan, mute=mute, high_pass_hz=high_pass_hz)
    if ceiling_dbtp is None:
        return project
    ceiling = clamp(ceiling_dbtp, CEILING_DBTP, what="ceiling")
    if ceiling == project.master.ceiling_dbtp:
        return project
    return replace(project, master=replace(project.master, ceiling_dbtp=ceiling))


def reset_strip(project: Project, track_id: str) -> Project:
    """Take fader, pan, polarity, equaliser, compressor and effects back to the start; mute, solo and where the signal
    goes stay. Automation of effects that go, goes too.

    Raises:
        ProjectError: edit-invalid for an unknown track.
    """
    strip = strip_of(project, track_id)
    project = put_strip(project, track_id, with_routing(Strip(mute=strip.mute, solo=strip.solo), strip))
    return without_automation_of(project, track_id, (insert.id for insert in strip.inserts))


def with_routing(strip: Strip, of: Strip) -> Strip:
    """The strip with the sends, the output and the solo-safe of another one: they belong to the track, whatever take
    it shows."""
    return replace(strip, sends=of.sends, output=of.output, solo_safe=of.solo_safe)


def without_automation_of(project: Project, track_id: str, insert_ids: Iterable[str]) -> Project:
    """The project without the automation of these effects of a track."""
    heads = tuple(f"insert.{each}." for each in insert_ids)

    def kept(lanes: tuple[Automation, ...]) -> tuple[Automation, ...]:
        return tuple(lane for lane in lanes if not lane.target.startswith(heads))

    if not heads:
        return project
    if track_id == MASTER:
        lanes = kept(project.master.automation)
        if lanes == project.master.automation:
            return project
        return replace(project, master=replace(project.master, automation=lanes))
    track = find_track(project, track_id)
    lanes = kept(track.automation)
    return project if lanes == track.automation else put_track(project, replace(track, automation=lanes))


def strip_of(project: Project, track_id: str) -> Strip:
    """The strip of a track, or of the master bus for `MASTER`.

    Raises:
        ProjectError: edit-invalid for an unknown track.
    """
    return strip_at(project, track_id)


def put_strip(project: Project, track_id: str, strip: Strip) -> Project:
    """The project with this strip on the track or the master bus; the same project when nothing changed."""
    if strip == strip_of(project, track_id):
        return project
    if track_id == MASTER:
        return replace(project, master=replace(project.master, strip=strip))
    return put_track(project, replace(find_track(project, track_id), strip=strip))


def strip_from(settings: Mapping[str, Any], *, ids: Iterable[str] = ()) -> Strip:
    """A strip from plain settings in the shape of `Strip`, as a style gives them: ranges are clamped, effects without
    an id get one.

    Raises:
        ProjectError: edit-invalid for settings of another shape.
    """
    fresh = Ids(ids)
    plain = dict(settings)
    inserts: Any = plain.get("inserts", ())
    try:
        plain["inserts"] = [
            {**each, "id": each.get("id") or fresh.next()} for each in map(msgspec.to_builtins, inserts)
        ]
        return fitted_strip(msgspec.convert(msgspec.to_builtins(plain), Strip))
    except (msgspec.ValidationError, AttributeError, TypeError) as problem:
        raise invalid(
            "These strip settings cannot be read.", "Choose another style, or update the studio."
        ) from problem


def fitted_strip(strip: Strip) -> Strip:
    """The strip with every value within its range.

    Raises:
        ProjectError: edit-invalid for a value that is not a number.
    """
    bands = strip.eq or DEFAULT_EQ
    return replace(
        strip,
        gain_db=clamp(strip.gain_db, GAIN_DB, what="gain"),
        pan=clamp(strip.pan, PAN, what="pan"),
        high_pass_hz=clamp(strip.high_pass_hz, HIGH_PASS_HZ, what="high-pass"),
        eq=tuple(
            replace(
                band,
                freq_hz=clamp(band.freq_hz, EQ_FREQ_HZ, what="frequency"),
                gain_db=clamp(band.gain_db, EQ_GAIN_DB, what="gain"),
                q=clamp(band.q, EQ_Q, what="width"),
            )
            for band in bands
        ),
        compressor=_fitted_compressor(strip.compressor),
        inserts=tuple(fitted_insert(insert) for insert in strip.inserts),
        sends=tuple(replace(send, gain_db=clamp(send.gain_db, GAIN_DB, what="gain")) for send in strip.sends),
    )


def _fitted_compressor(compressor: Compressor) -> Compressor:
    return Compressor(
        threshold_db=clamp(compressor.threshold_db, THRESHOLD_DB, what="threshold"),
        ratio=clamp(compressor.ratio, RATIO, what="ratio"),
        attack_s=clamp(compressor.attack_s, ATTACK_S, what="attack"),
        release_s=clamp(compressor.release_s, RELEASE_S, what="release"),
        makeup_db=clamp(compressor.makeup_db, MAKEUP_DB, what="make-up gain"),
    )


def fitted_insert(insert: Insert) -> Insert:
    """The effect with parameters that are numbers.

    Raises:
        ProjectError: edit-invalid for one that is not.
    """
    return replace(insert, parameters={name: number(value, what=name) for name, value in insert.parameters.items()})


def _set_mute(project: Project, track: Track, mute: bool) -> Project:
    if track.strip.mute == mute:
        return project
    if not mute and children_of(project, track.id):
        return show_original(project, track.id, True)
    parent = None if track.parent is None else find_track(project, track.parent)
    if not mute and parent is not None and not parent.strip.mute:
        project = show_original(project, parent.id, False)
    return put_track(project, _flags(find_track(project, track.id), mute=mute))


def _set_solo(project: Project, track: Track, solo: bool) -> Project:
    stems = children_of(project, track.id)
    if stems:
        return put_tracks(project, [_flags(each, solo=solo) for each in (track, *stems)])
    parent = None if track.parent is None else find_track(project, track.parent)
    project = put_track(project, _flags(track, solo=solo))
    if parent is None:
        return project
    if solo and not parent.strip.mute:
        project = set_strip(project, track.id, mute=False)
    # The split track is soloed exactly while all its stems are.
    all_soloed = all(stem.strip.solo for stem in children_of(project, parent.id))
    return put_track(project, _flags(find_track(project, parent.id), solo=all_soloed))


def _flags(track: Track, *, mute: bool | None = None, solo: bool | None = None) -> Track:
    strip = track.strip
    if (mute is None or mute == strip.mute) and (solo is None or solo == strip.solo):
        return track
    return replace(track, strip=replace(strip, mute=chosen(mute, strip.mute), solo=chosen(solo, strip.solo)))
