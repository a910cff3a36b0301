"""A restyle lands as a take: new sounds in place of the stems that they replace, settings on those that stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from studio.project.edits.lanes import Lane, fitted, settle
from studio.project.edits.project import add_sources
from studio.project.edits.rules import Ids, children_of, clamp, clean_name, find_track, invalid, put_tracks, require_new
from studio.project.edits.strips import fitted_strip, with_routing
from studio.project.edits.takes import choose_take, next_take_number
from studio.project.edits.tracks import TITLES
from studio.project.limits import GAIN_DB, INTENSITY
from studio.project.model import Clip, Project, Role, Source, Step, Strip, Take, Track
from studio.project.usage import roots_of

PRODUCTION = "style:production"


class RestyledPart(msgspec.Struct, frozen=True, kw_only=True):
    """A new sound of a restyle: `source` runs along the whole recording and stands in for the stem `replaces`."""

    source: Source
    replaces: Role
    title: str = ""
    strip: Strip = Strip()


def apply_restyle(
    project: Project,
    track_id: str,
    parts: Sequence[RestyledPart],
    *,
    style: str,
    strips: Mapping[Role, Strip] | None = None,
    muted: Iterable[Role] = (),
    name: str = "",
    seed: int = 0,
    intensity: float = 1.0,
    model: Step | None = None,
    ids: Iterable[str] = (),
) -> Project:
    """Add a restyle as the next take of a split track and show it.

    Each stem that a part replaces, and each role in `muted`, gets a take with the part's clips (or none) where its own
    are; a second part for the same stem gets a track of its own below it. The other stems keep their clips, with
    `strips` of their role where given. What the person set stays on top: fader levels add up. Originals stay as they
    are, as take None. `model` says which model made the settings in `strips`.

    `track_id` names the split track or one of its stems. Ids: for each stem in its order the clips and effects of its
    take, then for each further part the track, its clips and its effects.

    Raises:
        ProjectError: edit-invalid for an unknown or unsplit track, or a part for a stem that is not there.
    """
    named = find_track(project, track_id)
    group_id = named.parent or named.id
    stems = children_of(project, group_id)
    if not stems:
        raise invalid("That track is not split into stems yet.", "Split it first, then restyle it.")
    by_role: dict[Role, list[RestyledPart]] = {}
    for part in parts:
        by_role.setdefault(part.replaces, []).append(part)
    roles = {stem.role for stem in stems}
    if any(role not in roles for role in by_role):
        raise invalid(
            "The restyle has a part for a stem that this track does not have.",
            "Undo the removal of the stem, or split the track again.",
        )
    project = add_sources(project, [part.source for part in parts])
    fresh = Ids(ids)
    number = next_take_number(project, group_id)
    silent = set(muted) | set(by_role)
    settings = strips or {}
    made = Take(
        number=number,
        name=clean_name(name or style, what="take"),
        clips=(),
        strip=Strip(),
        style=style,
        seed=seed,
        intensity=clamp(intensity, INTENSITY, what="intensity"),
    )
    changed: list[Track] = []
    seen: set[Role] = set()
    for stem in stems:
        if _is_extra(stem):
            continue
        clips, strip = _original(stem)
        first = by_role[stem.role][0] if stem.role in by_role and stem.role not in seen else None
        seen.add(stem.role)
        if first is not None:
            new_clips, new_strip = _in_place(project, clips, first.source, fresh), first.strip
        elif stem.role in silent:
            new_clips, new_strip = (), strip
        else:
            new_clips = tuple(replace(clip, id=fresh.next()) for clip in clips)
            new_strip = settings.get(stem.role, strip)
        produced = (PRODUCTION,) if new_strip is not strip and first is None else ()
        take = replace(
            made,
            clips=new_clips,
            strip=_on_top(new_strip, strip, fresh),
            operations=produced,
            model=model if produced else None,
        )
        changed.append(replace(stem, takes=(*stem.takes, take)))
    extras = _extra_tracks(project, group_id, by_role, made, fresh)
    _require_fresh(project, number, [*changed, *extras])
    project = _insert_below(put_tracks(project, changed), group_id, extras)
    return choose_take(project, group_id, number)


def _extra_tracks(
    project: Project, group_id: str, by_role: Mapping[Role, Sequence[RestyledPart]], made: Take, ids: Ids
) -> list[Track]:
    extras: list[Track] = []
    for role, parts in by_role.items():
        stem = next(each for each in children_of(project, group_id) if each.role == role and not _is_extra(each))
        clips, strip = _original(stem)
        for part in parts[1:]:
            track_id = ids.next()
            take = replace(
                made, clips=_in_place(project, clips, part.source, ids), strip=_on_top(part.strip, strip, ids)
            )
            flags = with_routing(Strip(mute=stem.strip.mute, solo=stem.strip.solo), stem.strip)
            title = clean_name(part.title or TITLES[role], what="track")
            extras.append(Track(id=track_id, name=title, role=role, parent=group_id, strip=flags, takes=(take,)))
    return extras


def _insert_below(project: Project, group_id: str, extras: Sequence[Track]) -> Project:
    tracks = list(project.tracks)
    for extra in extras:
        at = max(i for i, each in enumerate(tracks) if each.parent == group_id and each.role == extra.role)
        tracks.insert(at + 1, extra)
    return replace(project, tracks=tuple(tracks)) if extras else project


def _in_place(project: Project, clips: Lane, source: Source, ids: Ids) -> Lane:
    """`clips` with the new sound in those of the same recording; clips of other recordings stay."""
    family = _roots(project, source)
    placed: list[Clip] = []
    for clip in clips:
        new = replace(clip, id=ids.next())
        if family & _roots(project, project.sources[clip.source]):
            new = fitted(replace(new, source=source.id, name=""), source)
        placed.append(new)
    return settle(placed)


def _roots(project: Project, source: Source) -> frozenset[str]:
    return frozenset(root.id for root in roots_of(project, source))


def _on_top(strip: Strip, own: Strip, ids: Ids) -> Strip:
    """A style's strip with the person's own level, mute and solo, and with effects of its own identity."""
    if strip is own:
        return replace(strip, inserts=tuple(replace(insert, id=ids.next()) for insert in strip.inserts))
    level_db = clamp(strip.gain_db + own.gain_db, GAIN_DB, what="gain")
    inserts = tuple(replace(insert, id=ids.next()) for insert in strip.inserts)
    return fitted_strip(replace(strip, gain_db=level_db, mute=own.mute, solo=own.solo, inserts=inserts))


def _original(track: Track) -> tuple[Lane, Strip]:
    if track.original is not None:
        return track.original.clips, track.original.strip
    return track.clips, track.strip


def _is_extra(track: Track) -> bool:
    """Whether a restyle added this track: its original is empty."""
    return bool(track.takes) and not _original(track)[0]


def _require_fresh(project: Project, number: int, tracks: Iterable[Track]) -> None:
    made: list[str] = []
    known = {track.id for track in project.tracks}
    for track in tracks:
        if track.id not in known:
            made.append(track.id)
        for take in track.takes:
            if take.number == number:
                made += [*(clip.id for clip in take.clips), *(insert.id for insert in take.strip.inserts)]
    require_new(project, made)
