"""One file in, restyled or longer files out, signed, without a project of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from engine.analysis.extension import EnergyCurve
from engine.inference.styles import Style
from engine.inference.timbres import find_timbre
from studio.base.atomic import storage_error
from studio.base.errors import ProjectError
from studio.base.ids import uuid7
from studio.flows import export, extend, import_own, like, restyle, scores, styles, variations, vocals
from studio.flows import timbre as timbre_flow
from studio.flows.audition import load_project
from studio.flows.media import TaskContext, share_of
from studio.flows.services import Services
from studio.project import edits
from studio.project.model import Project, Role


class RestyleFileResult(msgspec.Struct, frozen=True, kw_only=True):
    """The restyled, signed file and what was found in the song."""

    out: str
    style: str
    intensity: float
    seed: int
    provider: str
    model: str
    state: str
    timings_s: dict[str, float]
    tempo_bpm: float
    key: str | None
    chords: list[Any]
    lufs: float
    true_peak_dbtp: float
    midi: tuple[str, ...] = ()
    """MIDI files of the new parts, where they were asked for."""
    notices: tuple[str, ...] = ()


class VariationFile(msgspec.Struct, frozen=True, kw_only=True):
    """One of several restyled files: how much of the song it changes (0 to 1), and how far its nearest neighbour is."""

    out: str
    style: str
    seed: int
    change: float
    nearest: float
    lufs: float


class VariationFilesResult(msgspec.Struct, frozen=True, kw_only=True):
    """Files in the order of how much they change, least first."""

    files: tuple[VariationFile, ...]
    tempo_bpm: float
    key: str | None
    notices: tuple[str, ...] = ()


class ExtendFileResult(msgspec.Struct, frozen=True, kw_only=True):
    """The longer, signed file."""

    out: str
    length_s: float
    pieces: int
    worst_seam: float
    seed: int
    energy: str
    state: str
    lufs: float
    notices: tuple[str, ...] = ()


class TimbreFileResult(msgspec.Struct, frozen=True, kw_only=True):
    """The signed file, and what its instrument followed."""

    out: str
    timbre: str
    stem: str
    notes: int
    octaves: int
    pitched_share: float
    state: str
    lufs: float
    notices: tuple[str, ...] = ()


def restyle_to_file(
    services: Services,
    text: str,
    out_file: Path,
    context: TaskContext,
    *,
    style: str = "",
    like_text: str = "",
    intensity: float = 1.0,
    seed: int = 0,
    keep: tuple[str, ...] = ("vocals",),
    provider: str = "auto",
    midi: Path | None = None,
) -> RestyleFileResult:
    """Restyle a file or recording and export the result, signed.

    `like_text` names a file or recording whose production is taken instead of a style's; it is kept as a style of the
    user. The new parts are written as MIDI files into the folder `midi`, where one is given.

    Raises:
        StudioError, EngineError: with remedy; nothing is written then.
    """
    options = export.options_for(services, out_file)
    export.check_target(out_file.absolute())
    if midi is not None:
        scores.make_folder(midi)
    found = style_like(services, like_text, share_of(context, 0.0, 0.3), provider=provider) if like_text else None
    style = found.id if found is not None else styles.find_style(services, style).id
    project, track_id, notices = load_project(services, text, share_of(context, 0.3, 0.35), rate=options.rate)
    landing = restyle.restyle(
        services,
        project,
        track_id,
        share_of(context, 0.35, 0.7),
        style=style,
        intensity=intensity,
        seed=seed,
        keep=keep,
        provider=provider,
    )
    project = edits.rename_project(landing.apply(project), f"{project.title} ({style})")
    options = msgspec.structs.replace(options, title=project.title)
    parts = scores.parts_of(services, project) if midi is not None else []
    written = scores.export_parts(services, project, midi).files if midi is not None and parts else ()
    try:
        exported = export.export(services, project, out_file, options, share_of(context, 0.7, 1.0))
    except BaseException:
        for each in written:
            Path(each).unlink(missing_ok=True)
        raise
    made = landing.result
    return RestyleFileResult(
        out=str(out_file),
        style=style,
        intensity=intensity,
        seed=seed,
        provider=made.provider,
        model=made.model,
        state=exported.state,
        timings_s=made.timings_s,
        tempo_bpm=made.tempo_bpm,
        key=made.key,
        chords=made.chords,
        lufs=exported.lufs,
        true_peak_dbtp=exported.true_peak_dbtp,
        midi=written,
        notices=(
            *notices,
            *_kept_notice(found),
            *made.notices,
            *(("There are no new parts, and so no MIDI files.",) if midi is not None and not parts else ()),
        ),
    )


def variations_to_folder(
    services: Services,
    text: str,
    out_dir: Path,
    context: TaskContext,
    *,
    count: int,
    style_ids: Sequence[str] = (),
    intensity: float = 1.0,
    seed: int = 1,
    keep: tuple[str, ...] = ("vocals",),
    provider: str = "auto",
    suffix: Literal[".wav", ".flac", ".mp3"] = ".wav",
) -> VariationFilesResult:
    """Make several restyles of a file or recording and export each, signed, as ``1-house.wav`` and so on.

    Raises:
        StudioError, EngineError: with remedy; files that were finished before stay.
    """
    out_dir = out_dir.absolute()
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise storage_error(problem, out_dir) from problem
    options = export.options_for(services, out_dir / f"x{suffix}")
    project, track_id, notices = load_project(services, text, share_of(context, 0.0, 0.1), rate=options.rate)
    title = project.title
    landing = variations.variations(
        services,
        project,
        track_id,
        share_of(context, 0.1, 0.7),
        count=count,
        style_ids=style_ids,
        seed=seed,
        intensity=intensity,
        keep=keep,
        provider=provider,
    )
    project = landing.apply(project)
    takes = landing.result.takes
    files: list[VariationFile] = []
    for number, each in enumerate(takes):
        target = out_dir / f"{number + 1}-{each.made.style}{suffix}"
        shown = edits.choose_take(project, landing.result.track_id, each.made.take)
        shown = edits.rename_project(shown, f"{title} ({each.made.style})")
        first = 0.7 + 0.3 * number / len(takes)
        exported = export.export(
            services,
            shown,
            target,
            msgspec.structs.replace(options, title=shown.title),
            share_of(context, first, first + 0.3 / len(takes)),
        )
        files.append(
            VariationFile(
                out=str(target),
                style=each.made.style,
                seed=each.made.seed,
                change=round(each.change, 3),
                nearest=round(each.nearest, 3),
                lufs=exported.lufs,
            )
        )
    made = takes[0].made
    said: list[str] = [notice for each in takes for notice in each.made.notices]
    return VariationFilesResult(
        files=tuple(files),
        tempo_bpm=made.tempo_bpm,
        key=made.key,
        notices=tuple(dict.fromkeys((*notices, *landing.result.notices, *said))),
    )


def timbre_to_file(
    services: Services, text: str, out_file: Path, context: TaskContext, *, timbre: str, stem: Role = "vocals"
) -> TimbreFileResult:
    """Let an instrument play the line of a stem of a file or recording, and export the result, signed.

    Raises:
        StudioError, EngineError: with remedy; nothing is written then.
    """
    options = export.options_for(services, out_file)
    export.check_target(out_file.absolute())
    find_timbre(timbre)
    project, track_id, notices = load_project(services, text, share_of(context, 0.0, 0.1), rate=options.rate)
    landing = timbre_flow.change_timbre(
        services, project, track_id, share_of(context, 0.1, 0.7), timbre=timbre, stem=stem
    )
    project = edits.rename_project(landing.apply(project), f"{project.title} ({timbre})")
    exported = _exported(services, project, out_file, options, context)
    made = landing.result
    return TimbreFileResult(
        out=str(out_file),
        timbre=made.timbre,
        stem=made.stem,
        notes=made.notes,
        octaves=made.octaves,
        pitched_share=made.pitched_share,
        state=exported.state,
        lufs=exported.lufs,
        notices=(*notices, *made.notices),
    )


def extend_to_file(
    services: Services,
    text: str,
    out_file: Path,
    context: TaskContext,
    *,
    minutes: float,
    energy: EnergyCurve = "flat",
    seed: int = 0,
    style: str = "",
    keep: tuple[str, ...] = ("vocals",),
) -> ExtendFileResult:
    """Make a longer version of a file or recording, in another style where one is named, and export it, signed.

    Raises:
        StudioError, EngineError: with remedy; nothing is written then.
    """
    options = export.options_for(services, out_file)
    export.check_target(out_file.absolute())
    project, track_id, notices = load_project(services, text, share_of(context, 0.0, 0.1), rate=options.rate)
    if style:
        restyled = restyle.restyle(
            services, project, track_id, share_of(context, 0.1, 0.5), style=style, seed=seed, keep=keep
        )
        project = restyled.apply(project)
        notices = (*notices, *restyled.result.notices)
    landing = extend.extend(
        services,
        project,
        track_id,
        share_of(context, 0.5, 0.7),
        minutes=minutes,
        energy=energy,
        seed=seed,
    )
    project = edits.rename_project(landing.apply(project), f"{project.title} (extended)")
    exported = _exported(services, project, out_file, options, context)
    made = landing.result
    return ExtendFileResult(
        out=str(out_file),
        length_s=made.length_s,
        pieces=made.pieces,
        worst_seam=round(made.worst_seam, 3),
        seed=seed,
        energy=energy,
        state=exported.state,
        lufs=exported.lufs,
        notices=(*notices, *made.notices),
    )


class VocalsFileResult(msgspec.Struct, frozen=True, kw_only=True):
    """The signed file of a song with a voice of one's own, and what was done to the voice."""

    out: str
    aligned: vocals.AlignResult
    harmonies: tuple[vocals.HarmonyResult, ...]
    state: str
    lufs: float
    notices: tuple[str, ...] = ()


def vocals_to_file(
    services: Services,
    text: str,
    voice: Path,
    out_file: Path,
    context: TaskContext,
    *,
    at_s: float = 0.0,
    harmonies: Sequence[str] = (),
    pitch: bool = True,
) -> VocalsFileResult:
    """Put a recorded voice on a file or recording, aligned to its beats and its key, with harmonies, and export both,
    signed.

    Raises:
        StudioError, EngineError: with remedy; nothing is written then.
    """
    options = export.options_for(services, out_file)
    export.check_target(out_file.absolute())
    project, track_id, notices = load_project(services, text, share_of(context, 0.0, 0.1), rate=options.rate)
    _check_place(at_s, project)
    source, said = import_own.load(services, voice, rate=project.rate, context=share_of(context, 0.1, 0.2))
    voice_track, clip_id = uuid7(), uuid7()
    project = edits.add_track_for(project, source, at_s=at_s, ids=[voice_track, clip_id])
    landing = vocals.align(services, project, clip_id, track_id, share_of(context, 0.2, 0.5), pitch=pitch)
    project = landing.apply(project)
    made: list[vocals.HarmonyResult] = []
    for number, harmony in enumerate(harmonies):
        first = 0.5 + 0.2 * number / len(harmonies)
        part = share_of(context, first, first + 0.2 / len(harmonies))
        added = vocals.harmonise(services, project, clip_id, track_id, part, harmony=harmony)
        project = added.apply(project)
        made.append(added.result)
    project = edits.rename_project(project, f"{project.title} (with a voice)")
    exported = _exported(services, project, out_file, options, context)
    return VocalsFileResult(
        out=str(out_file),
        aligned=landing.result,
        harmonies=tuple(made),
        state=exported.state,
        lufs=exported.lufs,
        notices=(*notices, *said, *landing.result.notices),
    )


def style_like(
    services: Services, text: str, context: TaskContext, *, name: str = "", provider: str | None = None
) -> Style:
    """The production of a file or recording as a style of the user.

    Raises:
        StudioError, EngineError: with remedy.
    """
    project, track_id, _ = load_project(services, text, share_of(context, 0.0, 0.2))
    return like.style_from_track(services, project, track_id, share_of(context, 0.2, 1.0), name=name, provider=provider)


def _exported(
    services: Services, project: Project, out_file: Path, options: export.ExportOptions, context: TaskContext
) -> export.ExportResult:
    """The last part of a job: the project as a signed file with its own title."""
    options = msgspec.structs.replace(options, title=project.title)
    return export.export(services, project, out_file, options, share_of(context, 0.7, 1.0))


def _check_place(at_s: float, project: Project) -> None:
    length_s = project.length_s
    if not 0.0 <= at_s < length_s:
        raise ProjectError(
            f"A voice cannot begin at {at_s:g} s: the song is {length_s:.1f} s long.",
            remedy="Give a place within the song with --at, in seconds from its beginning.",
            code="edit-invalid",
        )


def _kept_notice(style: Style | None) -> tuple[str, ...]:
    if style is None:
        return ()
    return (f"How the reference is mixed was kept as the style “{style.id}”.",)
