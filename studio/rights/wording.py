"""The denials of the policy in words: what the licence says, what was asked, and the next step. Each names its clause
and offers a fix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from studio.base.clock import from_iso, iso
from studio.rights import clauses
from studio.rights.grants import Grant
from studio.rights.usage import OperationUse, SourceUse
from studio.rights.verdict import Denial, Fix
from studio.rights.words import OPERATION_WORDS, day, listed, ratio, semitones, stem_word

ASK = "or ask the rightsholder"


def denial(
    grant: Grant, clause: str, why: str, remedy: str, *, fix: str | None = None, label: str = "", **detail: Any
) -> Denial:
    """A denial about the recording of a grant, with a fix if there is one."""
    asset = grant.resource.asset_sha256
    made = Fix(kind=fix, label=label, asset_sha256=asset, **detail) if fix is not None else None  # pyright: ignore[reportArgumentType]
    return Denial(
        clause=clause,
        number=clauses.number(clause),
        asset_sha256=asset,
        title=grant.resource.title,
        why=why,
        remedy=remedy,
        fix=made,
    )


def _of_source(source: SourceUse, clause: str, why: str, remedy: str, fix: Fix) -> Denial:
    return Denial(
        clause=clause,
        number=clauses.number(clause),
        asset_sha256=source.asset_sha256,
        title=source.title,
        why=why,
        remedy=remedy,
        fix=fix,
    )


def _name(source: SourceUse) -> str:
    return f"“{source.title}”" if source.title else "this recording"


def no_grant(source: SourceUse) -> Denial:
    """No grant for this recording."""
    fix = Fix(kind="get_grant", label="Get a licence", asset_sha256=source.asset_sha256)
    return _of_source(
        source, "grant", f"You have no licence for {_name(source)}.", "Get one from the catalogue, or remove it.", fix
    )


def clock_turned_back(source: SourceUse) -> Denial:
    """The wall clock cannot be trusted for an export."""
    fix = Fix(kind="renew_grant", label="Connect and renew", asset_sha256=source.asset_sha256)
    return _of_source(
        source,
        "clock",
        "The clock of this computer was turned back, so the studio cannot tell whether your licences still hold.",
        "Set the clock right and connect to the platform once; playing and saving go on meanwhile.",
        fix,
    )


def other_asset(grant: Grant, source: SourceUse) -> Denial:
    """The grant is about another recording than the one it was filed under."""
    fix = Fix(kind="get_grant", label="Get a licence", asset_sha256=source.asset_sha256)
    return _of_source(
        source,
        "resource.asset_sha256",
        f"The licence on file is for another recording, “{grant.resource.title}”.",
        f"Get a licence for {_name(source)} from the catalogue.",
        fix,
    )


def other_user(grant: Grant) -> Denial:
    """The grant was given to somebody else."""
    return denial(
        grant,
        "subject",
        "This licence was given to another person.",
        "Sign in as that person, or get a licence of your own.",
        fix="sign_in",
        label="Sign in",
    )


def other_device(grant: Grant) -> Denial:
    """The grant is bound to other devices."""
    return denial(
        grant,
        "device_keys",
        "This licence is bound to another computer.",
        "Renew it on this computer.",
        fix="renew_grant",
        label="Renew here",
    )


def territory(grant: Grant, allowed: Sequence[str], asked: str | None) -> Denial:
    """The grant does not hold where the person is."""
    places = listed(list(allowed))
    if asked is None:
        return denial(
            grant,
            "constraints.territory",
            f"This licence holds in {places}, and the studio does not know your country.",
            "Choose your country in the settings.",
            fix="set_territory",
            label="Choose country",
        )
    return denial(
        grant,
        "constraints.territory",
        f"This licence holds in {places}; your country is {asked}.",
        f"Remove it from the project, {ASK}.",
        fix="remove_source",
        label="Remove it",
    )


def old_revision(grant: Grant) -> Denial:
    """A newer revision of the grant was seen."""
    return denial(
        grant,
        "rev",
        "The rightsholder has changed this licence; the one on file is an older version.",
        "Connect to the platform to get the newest.",
        fix="renew_grant",
        label="Update licence",
    )


def not_yet(grant: Grant, start: str) -> Denial:
    """The grant begins later."""
    return denial(
        grant,
        "constraints.not_before",
        f"This licence begins on {day(from_iso(start))}.",
        f"Wait until then, {ASK}.",
        fix="remove_source",
        label="Remove it",
    )


def ended(grant: Grant, end: str) -> Denial:
    """The grant has ended."""
    return denial(
        grant,
        "constraints.not_after",
        f"This licence ended on {day(from_iso(end))}.",
        "Renew it, or ask the rightsholder for a new one.",
        fix="renew_grant",
        label="Renew",
    )


def lease_ended(grant: Grant, end_s: float) -> Denial:
    """The offline lease has ended."""
    return denial(
        grant,
        "offline.lease_s",
        f"The offline lease of this licence ended on {day(end_s)} ({iso(end_s)}).",
        "Connect to the platform to renew it.",
        fix="renew_grant",
        label="Renew",
    )


def revoked(grant: Grant) -> Denial:
    """The rightsholder has taken the grant back."""
    return denial(
        grant,
        "revocation",
        "The rightsholder has withdrawn this licence: there are no new exports. Your project stays yours.",
        "Remove this recording to export, or ask the rightsholder.",
        fix="remove_source",
        label="Remove it",
    )


def no_play(grant: Grant, clause: str) -> Denial:
    """The recording may not even be played."""
    return denial(
        grant,
        clause,
        "This licence does not allow you to use the recording.",
        f"Remove it, {ASK}.",
        fix="remove_source",
        label="Remove it",
        operation="play",
    )


def stem(grant: Grant, clause: str, name: str) -> Denial:
    """A stem that may not be used."""
    word = stem_word(name)
    return denial(
        grant,
        clause,
        f"This licence does not allow you to use the {word} alone.",
        f"Mute or remove the {word}, {ASK}.",
        fix="remove_stem",
        label=f"Remove the {word}",
        operation=f"stem:{name}",
        stem=name,
    )


def pitch_forbidden(grant: Grant, clause: str) -> Denial:
    """The pitch may not be changed at all."""
    return denial(
        grant,
        clause,
        "This licence does not allow a change of pitch.",
        f"Set the pitch back to 0, {ASK}.",
        fix="set_semitones",
        label="Set 0",
        operation="pitch_shift",
        value=0.0,
        minimum=0.0,
        maximum=0.0,
    )


def pitch(grant: Grant, limits: tuple[float, float], used: float) -> Denial:
    """The pitch is out of range."""
    nearest = min(max(used, limits[0]), limits[1])
    return denial(
        grant,
        "constraints.pitch_semitones",
        f"This licence allows {semitones(limits[0])} to {semitones(limits[1])} semitones; "
        f"you are at {semitones(used)}.",
        f"Set {semitones(nearest)}, {ASK}.",
        fix="set_semitones",
        label=f"Set {semitones(nearest)}",
        operation="pitch_shift",
        value=nearest,
        minimum=limits[0],
        maximum=limits[1],
    )


def tempo_forbidden(grant: Grant, clause: str) -> Denial:
    """The tempo may not be changed at all."""
    return denial(
        grant,
        clause,
        "This licence does not allow a change of tempo.",
        f"Set the tempo back to 1.00 ×, {ASK}.",
        fix="set_tempo_ratio",
        label="Set 1.00 ×",
        operation="time_stretch",
        value=1.0,
        minimum=1.0,
        maximum=1.0,
    )


def tempo(grant: Grant, limits: tuple[float, float], used: float) -> Denial:
    """The tempo is out of range."""
    nearest = min(max(used, limits[0]), limits[1])
    return denial(
        grant,
        "constraints.tempo_ratio",
        f"This licence allows {ratio(limits[0])} to {ratio(limits[1])} × the tempo; you are at {ratio(used)} ×.",
        f"Set {ratio(nearest)} ×, {ASK}.",
        fix="set_tempo_ratio",
        label=f"Set {ratio(nearest)} ×",
        operation="time_stretch",
        value=nearest,
        minimum=limits[0],
        maximum=limits[1],
    )


def operation(grant: Grant, clause: str, use: OperationUse) -> Denial:
    """A word of the vocabulary that is not permitted, or one that is no word of it."""
    words = OPERATION_WORDS.get(use.operation)
    why = (
        f"This licence does not allow you to {words}."
        if words is not None
        else f"“{use.operation}” is nothing that this licence knows, so it does not allow it."
    )
    return denial(
        grant,
        clause,
        why,
        f"Undo it, {ASK}.",
        fix="remove_operation",
        label="Undo it",
        operation=use.operation,
        stem=use.stem,
    )


def restyle(grant: Grant, use: OperationUse, name: str) -> Denial:
    """A stem that may not be restyled."""
    word = stem_word(name)
    return denial(
        grant,
        f"deny.restyle:{name}",
        f"This licence does not allow you to restyle the {word}.",
        f"Keep the {word} as recorded, {ASK}.",
        fix="remove_operation",
        label=f"Keep the {word}",
        operation=use.operation,
        stem=name,
    )


def voice_clone(grant: Grant) -> Denial:
    """A voice may not be imitated."""
    return denial(
        grant,
        "deny.voice_clone",
        "No licence allows you to imitate a voice.",
        "Sing it yourself, or use a voice whose singer has agreed.",
        fix="remove_operation",
        label="Undo it",
        operation="voice_clone",
    )


def voice_model(grant: Grant, model: str) -> Denial:
    """A voice model that the grant does not name."""
    return denial(
        grant,
        "voice.model_ids",
        f"This licence does not allow the voice “{model}”.",
        "Use a voice that the licence names, or sing it yourself.",
        fix="remove_voice_model",
        label="Remove the voice",
        choice=model,
    )


def company(grant: Grant, clause: str, *, own: bool) -> Denial:
    """The recording may not be mixed with others, or with one's own material."""
    what = "material of your own" if own else "other licensed songs"
    return denial(
        grant,
        clause,
        f"This licence does not allow you to mix the recording with {what}.",
        f"Remove one or the other, {ASK}.",
        fix="remove_own_material" if own else "remove_source",
        label="Remove my material" if own else "Remove it",
        operation="mix_with_own" if own else "mix_with_licensed",
    )
