"""Statements: which exports use the recordings of a rightsholder, and what share of each is theirs.

A statement counts shares, exactly, in parts of a million of one export; what an export is worth in money is settled
elsewhere, on the receipts that the statement names.
"""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from studio.platform import catalogue
from studio.platform import database as db
from studio.platform.messages import Account, RecordingStatement, RecordingUse, Statement
from studio.platform.publishing import require_rightsholder
from studio.platform.state import PlatformState

ALL = 200


def statement(state: PlatformState, owner: Account) -> Statement:
    """All recordings of an owner with their uses, the newest first.

    Raises:
        Refusal: not-a-rightsholder.
    """
    require_rightsholder(owner)
    found: list[RecordingStatement] = []
    offset = 0
    while True:
        page = catalogue.search(state, catalogue.SearchQuery(owner_id=owner.id, offset=offset, limit=ALL))
        found += [_of(state, each.id) for each in page.recordings]
        offset += ALL
        if offset >= page.total:
            break
    return Statement(owner=owner.subject, name=owner.name, at=state.now_iso(), recordings=found)


def _of(state: PlatformState, recording_id: str) -> RecordingStatement:
    detail = catalogue.detail(state, recording_id)
    asset = detail.summary.asset_sha256
    works = {
        str(work.get("iswc") or f"work:{asset[:16]}.{index}").replace("-", "").replace(".", "")
        for index, work in enumerate(detail.meta.works)
    }
    grants, links, exports = db.grants, db.export_grants, db.exports
    with state.db.read() as connection:
        held = connection.execute(
            sa.select(sa.func.count(sa.distinct(grants.c.grant_id))).where(grants.c.recording_id == recording_id)
        ).scalar_one()
        used = sa.select(links.c.receipt_id).where(
            links.c.grant_id.in_(sa.select(grants.c.grant_id).where(grants.c.recording_id == recording_id))
        )
        rows = connection.execute(
            sa.select(exports.c.receipt_id, exports.c.title, exports.c.at, exports.c.receipt)
            .where(exports.c.receipt_id.in_(used))
            .order_by(exports.c.at.desc(), exports.c.receipt_id)
        ).all()
        events = connection.execute(
            sa.select(db.usage_events.c.kind, sa.func.count())
            .where(db.usage_events.c.subject.in_((asset, recording_id)))
            .group_by(db.usage_events.c.kind)
        ).all()
    uses: list[RecordingUse] = []
    for row in rows:
        body: dict[str, Any] = msgspec.json.decode(row.receipt)
        body = body.get("body", body)
        uses.append(
            RecordingUse(
                receipt_id=row.receipt_id,
                title=row.title,
                at=row.at,
                master_ppm=int(body.get("master_ppm", {}).get(asset, 0)),
                publishing_ppm=sum(
                    int(ppm)
                    for payee, ppm in body.get("publishing_ppm", {}).items()
                    if payee.split("/", 1)[0].replace("-", "").replace(".", "") in works
                ),
            )
        )
    return RecordingStatement(
        recording_id=recording_id,
        asset_sha256=asset,
        title=detail.summary.title,
        artists=detail.summary.artists,
        terms_rev=detail.terms_rev,
        licences=int(held),
        events={str(kind): int(count) for kind, count in events},
        uses=uses,
    )
