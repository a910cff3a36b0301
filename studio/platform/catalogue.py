"""The catalogue: search, and what a recording is."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from studio.platform import database as db
from studio.platform.folding import folded
from studio.platform.messages import (
    Account,
    FileInfo,
    RecordingDetail,
    RecordingMeta,
    RecordingSummary,
    SearchPage,
)
from studio.platform.refusal import Refusal, not_found
from studio.platform.state import PlatformState

PAGE = 50
MAX_PAGE = 200


class SearchQuery(Struct, frozen=True, kw_only=True):
    """What is searched: every word of `text` occurs in title, artists, ISRC or key; every operation is permitted."""

    text: str = ""
    tempo_from_bpm: float | None = None
    tempo_to_bpm: float | None = None
    key: str | None = None
    operations: tuple[str, ...] = ()
    stems: bool | None = None
    owner_id: str | None = None
    offset: int = 0
    limit: int = PAGE


def search(state: PlatformState, query: SearchQuery) -> SearchPage:
    """A page of the catalogue in the order that the owners set, then by title."""
    table = db.recordings
    wanted: list[sa.ColumnElement[bool]] = [
        table.c.search_text.contains(folded(word), autoescape=True) for word in query.text.split()[:16]
    ]
    if query.tempo_from_bpm is not None:
        wanted.append(table.c.tempo_bpm >= query.tempo_from_bpm)
    if query.tempo_to_bpm is not None:
        wanted.append(table.c.tempo_bpm <= query.tempo_to_bpm)
    if query.key:
        wanted.append(sa.func.lower(table.c.musical_key) == query.key.lower())
    if query.stems is not None:
        wanted.append(table.c.has_stems == query.stems)
    if query.owner_id is not None:
        wanted.append(table.c.owner_id == query.owner_id)
    operations = db.recording_operations
    for operation in query.operations[:16]:
        permitted = sa.select(operations.c.recording_id).where(operations.c.operation == operation)
        wanted.append(table.c.id.in_(permitted))
    found = sa.select(table).where(*wanted)
    with state.db.read() as connection:
        total = connection.execute(sa.select(sa.func.count()).select_from(found.subquery())).scalar_one()
        rows = connection.execute(
            found.order_by(table.c.position, table.c.title, table.c.id)
            .offset(max(0, query.offset))
            .limit(min(MAX_PAGE, max(1, query.limit)))
        ).all()
    return SearchPage(recordings=[_summary(row) for row in rows], total=total, offset=max(0, query.offset))


def detail(state: PlatformState, recording_id: str) -> RecordingDetail:
    """A recording with credits, files and terms. Takes an id, the asset's SHA-256 or an ISRC.

    Raises:
        Refusal: not-found.
    """
    table = db.recordings
    with state.db.read() as connection:
        row = connection.execute(
            sa.select(table).where(
                sa.or_(table.c.id == recording_id, table.c.asset_sha256 == recording_id, table.c.isrc == recording_id)
            )
        ).one_or_none()
        if row is None:
            raise not_found("recording")
        files = connection.execute(
            sa.select(db.recording_files)
            .where(db.recording_files.c.recording_id == row.id)
            .order_by(db.recording_files.c.role)
        ).all()
    return RecordingDetail(
        summary=_summary(row),
        meta=msgspec.json.decode(row.meta, type=RecordingMeta),
        terms=msgspec.json.decode(row.terms),
        terms_rev=row.terms_rev,
        files=[
            FileInfo(role=file.role, sha256=file.sha256, size=file.size, name=file.name, media_type=file.media_type)
            for file in files
        ],
        published_at=row.published_at,
    )


def require_owner(state: PlatformState, account: Account, recording_id: str) -> None:
    """Only its owner changes a recording.

    Raises:
        Refusal: not-found, not-the-owner.
    """
    with state.db.read() as connection:
        owner = connection.execute(
            sa.select(db.recordings.c.owner_id).where(db.recordings.c.id == recording_id)
        ).scalar_one_or_none()
    if owner is None:
        raise not_found("recording")
    if owner != account.id:
        raise Refusal(
            403, "not-the-owner", "This recording belongs to somebody else.", remedy="Sign in with the owner's account."
        )


def _summary(row: sa.Row[tuple[Any, ...]]) -> RecordingSummary:
    meta = msgspec.json.decode(row.meta, type=RecordingMeta)
    terms: dict[str, Any] = msgspec.json.decode(row.terms)
    return RecordingSummary(
        id=row.id,
        asset_sha256=row.asset_sha256,
        title=row.title,
        artists=list(meta.artists),
        isrc=row.isrc,
        duration_s=row.duration_s,
        tempo_bpm=row.tempo_bpm,
        key=row.musical_key,
        has_stems=row.has_stems,
        permit=list(terms["permit"]),
        deny=list(terms["deny"]),
        terms=terms,
        artwork=meta.artwork,
    )
