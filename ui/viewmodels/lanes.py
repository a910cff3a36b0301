"""Tracks as lanes, and how each clip looks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from studio.project.audibility import audible_track_ids
from studio.project.edits import MASTER
from studio.project.model import Clip, Project, Source, Track
from ui.viewmodels import words

ROLE_TITLES = {"vocals": "Vocals", "drums": "Drums", "bass": "Bass", "other": "Other", "mix": "Mix", "own": "Own"}


AUTOMATION_PX = 46
"""Height of an automation lane below its track."""
MASTER_PX = 26
MASTER_TRACK = Track(id=MASTER, name="Master", role="mix", kind="bus")
"""Stands for the master bus where its automation lanes are open."""


@dataclass(frozen=True, kw_only=True)
class AutomationRow:
    """The open lane of one parameter below its track; `y` is its top among all rows."""

    target: str
    y: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A track as a row: how deep it is nested, whether it has children, and whether it can be heard.

    `height` is that of its clips; the open automation lanes lie below them.
    """

    track: Track
    depth: int
    y: int
    height: int
    has_children: bool
    collapsed: bool
    audible: bool
    automation: tuple[AutomationRow, ...] = ()

    @property
    def is_folder(self) -> bool:
        """Whether it is a bus in which tracks lie."""
        return self.has_children and self.track.kind == "bus"

    @property
    def bottom(self) -> int:
        """Where the next track begins."""
        return self.y + self.height + sum(row.height for row in self.automation)


@dataclass(frozen=True, kw_only=True)
class ClipLook:
    """What a clip shows: name, a note after it, its colour, whether a model made it, whether it is dimmed."""

    title: str
    note: str
    token: str
    generated: bool
    dimmed: bool


def role_token(role: str) -> str:
    """The colour token of a role."""
    return f"stem.{role}" if role in ("vocals", "drums", "bass", "other", "own", "mix") else "stem.own"


def track_token(track: Track) -> str:
    """The colour token of a track: of the role that a person gave it the colour of, else of its own."""
    return role_token(track.colour or track.role)


def lanes_of(
    project: Project,
    *,
    height: int,
    collapsed: Collection[str] = (),
    automation: Mapping[str, Sequence[str]] | None = None,
) -> list[Lane]:
    """All lanes from top to bottom; stems follow their song, tracks their folder, those of collapsed ones are left out.

    `automation` says for each track id whose automation lanes are open which targets they show; those of the master
    come last, below a lane of its own.
    """
    ids = {track.id for track in project.tracks}
    children: dict[str, list[Track]] = {}
    for track in project.tracks:
        above = track.parent or track.folder
        if above in ids:
            children.setdefault(str(above), []).append(track)
    heard = audible_track_ids(project)
    lanes: list[Lane] = []

    def add(track: Track, depth: int) -> None:
        if _rests(track):
            return
        below = children.get(track.id, [])
        closed = track.id in collapsed
        y = lanes[-1].bottom if lanes else 0
        rows = _rows(y + height, (automation or {}).get(track.id, ()))
        lanes.append(
            Lane(
                track=track,
                depth=depth,
                y=y,
                height=height,
                automation=rows,
                has_children=bool(below),
                collapsed=closed,
                audible=track.id in heard,
            )
        )
        if not closed:
            for child in below:
                add(child, depth + 1)

    for track in project.tracks:
        if (track.parent or track.folder) not in ids:
            add(track, 0)
    master = (automation or {}).get(MASTER, ())
    if master and lanes:
        y = lanes[-1].bottom
        lanes.append(
            Lane(
                track=MASTER_TRACK,
                depth=0,
                y=y,
                height=MASTER_PX,
                automation=_rows(y + MASTER_PX, master),
                has_children=False,
                collapsed=False,
                audible=True,
            )
        )
    return lanes


def _rows(top: int, targets: Sequence[str]) -> tuple[AutomationRow, ...]:
    return tuple(
        AutomationRow(target=target, y=top + index * AUTOMATION_PX, height=AUTOMATION_PX)
        for index, target in enumerate(targets)
    )


def _rests(track: Track) -> bool:
    """Whether a track belongs to takes that do not show now: a restyle added it, and it holds nothing else."""
    return track.parent is not None and not track.clips and track.take is None and bool(track.takes)


def made_by_model(source: Source) -> bool:
    """True where a model made or changed the sound."""
    return source.origin == "generated" or any(step.model_id for step in source.steps)


def model_note(source: Source) -> str:
    """What made it, in few words: ``separation 1.0``, ``from the label``, ``intensity 0.7 · seed 41``."""
    if source.delivered:
        return "from the label"
    for step in reversed(source.steps):
        parts: list[str] = []
        if step.model_id:
            name = "separation" if step.operation.startswith("stem:") else step.model_id.rsplit("/", 1)[-1]
            parts.append(f"{name} {step.model_version or ''}".strip())
        intensity, seed = step.parameters.get("intensity"), step.parameters.get("seed")
        if isinstance(intensity, int | float) and seed is not None:
            return f"intensity {intensity:g} · seed {seed}"
        if parts:
            return parts[0]
    return ""


def sound_title(source: Source) -> str:
    """What a sound is called on a clip: a stem by its role, anything else by its title."""
    if source.parents and source.origin == "licensed" and source.role in ROLE_TITLES:
        return ROLE_TITLES[source.role]
    return source.title


def clip_title(project: Project, clip: Clip, source: Source) -> str:
    """The clip's own name; a stem that only inherited its song's name is called by its role."""
    songs = {project.sources[parent].title for parent in source.parents if parent in project.sources}
    return clip.name if clip.name and clip.name not in songs else sound_title(source)


def clip_look(project: Project, track: Track, clip: Clip, *, audible: bool) -> ClipLook:
    """How one clip is drawn."""
    source = project.sources.get(clip.source)
    if source is None:
        return ClipLook(
            title=clip.name or track.name, note="sound missing", token="stem.mix", generated=False, dimmed=True
        )
    notes: list[str] = []
    base = model_note(source)
    if base:
        notes.append(base)
    elif source.tempo_bpm and source.role == "mix":
        notes.append(f"{source.tempo_bpm * clip.tempo_ratio:.2f}")
        if source.key:
            notes.append(words.key_name(source.key))
    if abs(clip.tempo_ratio - 1) > 1e-4:
        notes.insert(0, words.ratio(clip.tempo_ratio))
    if abs(clip.semitones) > 1e-3:
        notes.insert(0, words.semitones(clip.semitones))
    if clip.reverse:
        notes.append("reversed")
    if clip.muted or track.strip.mute:
        notes.append("muted")
    return ClipLook(
        title=clip_title(project, clip, source),
        note=" · ".join(notes),
        token=role_token(track.colour or (track.role if track.role != "own" else source.role)),
        generated=made_by_model(source),
        dimmed=not audible or clip.muted,
    )


def describe_clip(look: ClipLook, clip: Clip) -> str:
    """``Vocals, 0:32-0:48, muted``: what assistive technology says of a clip."""
    span = f"{words.clock(clip.start_s, hundredths=False)}-{words.clock(clip.end_s, hundredths=False)}"
    extra = f", {look.note}" if look.note else ""
    return f"{look.title}, {span}{extra}"
