"""Publishing: a rightsholder's recording, with its stems, credits and terms, enters the catalogue."""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.errors import EngineError
from studio.platform import catalogue
from studio.platform import database as db
from studio.platform.folding import folded
from studio.platform.messages import STEM_ROLES, Account, FileName, PublishRequest, RecordingDetail
from studio.platform.refusal import Refusal, invalid
from studio.platform.state import PlatformState
from studio.platform.terms import Terms, build_grant, parse_terms, resource_of
from studio.platform.verdicts import AudioFacts

TOLERANCE_S = 0.25
"""How far the length of a stem may be from that of its mix."""


def publish(
    state: PlatformState,
    owner: Account,
    request: PublishRequest,
    *,
    known: Mapping[str, AudioFacts] | None = None,
) -> RecordingDetail:
    """Check a recording and enter it. Its files were uploaded before. Publishing the same recording again is
    answered with what stands.

    `known` are facts of files by digest that were decoded before and need not be again.

    Raises:
        Refusal: not-a-rightsholder, upload-missing, credits-invalid, terms-invalid, audio-invalid, stem-unknown,
            stem-length, already-published.
    """
    require_rightsholder(owner)
    terms = parse_terms(request.terms)
    resource = resource_of(request.meta, request.audio.sha256)
    # A licence for nobody in particular: what could not be licensed is refused now, not when somebody asks.
    build_grant(
        resource,
        terms,
        grant_id="gr_check",
        rev=1,
        issuer="check",
        subject="user:check",
        issued_at=state.now_iso(),
        device_keys=(),
    )
    _check_uploads(state, owner, request)
    facts = _check_audio(state, request, known or {})
    recording_id = f"rec_{secrets.token_hex(8)}"
    with state.db.write() as connection:
        standing = connection.execute(
            sa.select(db.recordings.c.id, db.recordings.c.owner_id, db.recordings.c.asset_sha256).where(
                sa.or_(
                    db.recordings.c.asset_sha256 == request.audio.sha256,
                    db.recordings.c.isrc == str(resource.isrc),
                )
            )
        ).all()
        if not standing:
            _enter(state, connection, recording_id, owner, request, terms, facts, isrc=str(resource.isrc))
    if not standing:
        return catalogue.detail(state, recording_id)
    if len(standing) == 1 and standing[0].owner_id == owner.id and standing[0].asset_sha256 == request.audio.sha256:
        return catalogue.detail(state, standing[0].id)
    raise Refusal(
        409,
        "already-published",
        "This recording, or another one with its ISRC, is in the catalogue already.",
        remedy="Change the terms of the one that stands, or correct the ISRC.",
    )


def change_terms(state: PlatformState, owner: Account, recording_id: str, fields: dict[str, object]) -> RecordingDetail:
    """New terms; the next lease of every licence carries them.

    Raises:
        Refusal: not-found, not-the-owner, terms-invalid.
    """
    standing = catalogue.detail(state, recording_id)
    catalogue.require_owner(state, owner, recording_id)
    terms = parse_terms(fields)
    build_grant(
        resource_of(standing.meta, standing.summary.asset_sha256),
        terms,
        grant_id="gr_check",
        rev=1,
        issuer="check",
        subject="user:check",
        issued_at=state.now_iso(),
        device_keys=(),
    )
    with state.db.write() as connection:
        connection.execute(
            sa.update(db.recordings)
            .where(db.recordings.c.id == recording_id)
            .values(terms=msgspec.json.encode(terms), terms_rev=db.recordings.c.terms_rev + 1)
        )
        connection.execute(
            sa.delete(db.recording_operations).where(db.recording_operations.c.recording_id == recording_id)
        )
        _enter_operations(connection, recording_id, terms)
    return catalogue.detail(state, recording_id)


def require_rightsholder(account: Account) -> None:
    """Only rightsholders publish.

    Raises:
        Refusal: not-a-rightsholder.
    """
    if account.role != "rightsholder":
        raise Refusal(
            403,
            "not-a-rightsholder",
            "This account may licence songs, not publish them.",
            remedy="Sign in with a rightsholder's account.",
        )


def _check_uploads(state: PlatformState, owner: Account, request: PublishRequest) -> None:
    unknown = sorted(set(request.stems) - set(STEM_ROLES))
    if unknown:
        raise invalid(
            f"There is no stem called “{unknown[0]}”.",
            remedy=f"Name the stems {', '.join(STEM_ROLES)}.",
            code="stem-unknown",
        )
    wanted = [named.sha256 for named in _files(request).values()]
    with state.db.read() as connection:
        mine = connection.execute(
            sa.select(db.uploads.c.sha256).where(db.uploads.c.account_id == owner.id, db.uploads.c.sha256.in_(wanted))
        ).scalars()
        missing = sorted(set(wanted) - set(mine)) or state.objects.missing(wanted)
    if missing:
        raise invalid(
            "A file of this recording has not been uploaded.",
            remedy="Upload all files first, then publish.",
            code="upload-missing",
            sha256=missing,
        )


def _check_audio(state: PlatformState, request: PublishRequest, known: Mapping[str, AudioFacts]) -> AudioFacts:
    check = state.config.check_audio or decoded_facts
    facts: dict[str, AudioFacts] = {}
    for role, named in {"mix": request.audio, **request.stems}.items():
        try:
            facts[role] = known.get(named.sha256) or check(state.objects.path(named.sha256))
        except EngineError as error:
            raise invalid(
                f"“{named.name}” cannot be published: {error.message}",
                remedy=error.remedy,
                code="audio-invalid",
                role=role,
                reason=error.code,
            ) from error
    mix = facts["mix"]
    for role, found in facts.items():
        if abs(found.duration_s - mix.duration_s) > TOLERANCE_S:
            raise invalid(
                f"The stem “{role}” is {found.duration_s:.1f} s long, the mix {mix.duration_s:.1f} s.",
                remedy="Bounce all stems from the start to the end of the song.",
                code="stem-length",
                role=role,
            )
    return mix


def _enter(
    state: PlatformState,
    connection: Connection,
    recording_id: str,
    owner: Account,
    request: PublishRequest,
    terms: Terms,
    facts: AudioFacts,
    *,
    isrc: str,
) -> None:
    meta = request.meta
    connection.execute(
        sa.insert(db.recordings).values(
            id=recording_id,
            asset_sha256=request.audio.sha256,
            owner_id=owner.id,
            isrc=isrc,
            title=meta.title,
            search_text=folded(" ".join([meta.title, *meta.artists, isrc, meta.key or ""])),
            tempo_bpm=meta.tempo_bpm,
            musical_key=meta.key,
            duration_s=facts.duration_s,
            has_stems=bool(request.stems),
            position=meta.order,
            published_at=state.now_iso(),
            meta=msgspec.json.encode(meta),
            terms=msgspec.json.encode(terms),
            terms_rev=1,
        )
    )
    _enter_operations(connection, recording_id, terms)
    for role, named in _files(request).items():
        path = state.objects.path(named.sha256)
        connection.execute(
            sa.insert(db.recording_files).values(
                recording_id=recording_id,
                role=role,
                sha256=named.sha256,
                size=path.stat().st_size,
                name=Path(named.name).name,
                media_type=media_type(named.name),
            )
        )


def _enter_operations(connection: Connection, recording_id: str, terms: Terms) -> None:
    for operation in sorted(set(terms.permit) - set(terms.deny)):
        connection.execute(sa.insert(db.recording_operations).values(recording_id=recording_id, operation=operation))


def _files(request: PublishRequest) -> dict[str, FileName]:
    files = {"mix": request.audio, **request.stems}
    return files if request.artwork is None else {**files, "artwork": request.artwork}


def media_type(name: str) -> str:
    """The media type by a file's name; plain bytes where it is not audio or an image."""
    known = {
        ".flac": "audio/flac",
        ".ogg": "audio/ogg",
        ".opus": "audio/ogg",
        ".wav": "audio/wav",
        ".mp3": "audio/mpeg",
    }
    suffix = Path(name).suffix.lower()
    guessed = known.get(suffix) or mimetypes.types_map.get(suffix, "")
    return (
        guessed if guessed.split("/")[0] in {"audio", "image"} and "svg" not in guessed else "application/octet-stream"
    )


def decoded_facts(path: Path) -> AudioFacts:
    """Decode a whole file: what does not decode is never published.

    Raises:
        AudioFileError: what is wrong with it.
    """
    # The decoder is heavy and only publishing needs it; a service that only serves starts without it.
    from engine.io.decode import decode

    decoded = decode(path)
    channels, frames = decoded.samples.shape
    return AudioFacts(duration_s=frames / decoded.rate, rate=decoded.rate, channels=channels)
