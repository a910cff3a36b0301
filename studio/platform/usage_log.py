"""Usage events: counted once each, for the statements of rightsholders."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from studio.platform import database as db
from studio.platform.messages import Account, UsageEvent
from studio.platform.state import PlatformState


def record(state: PlatformState, account: Account, events: Sequence[UsageEvent]) -> int:
    """Enter events; returns how many are new. The time of an event is when it arrived: devices set their own clocks."""
    table = db.usage_events
    taken = 0
    with state.db.write() as connection:
        for event in events:
            if connection.execute(sa.select(table.c.id).where(table.c.id == event.id)).one_or_none() is None:
                connection.execute(
                    sa.insert(table).values(
                        id=event.id, account_id=account.id, kind=event.kind, subject=event.subject, at=state.now_iso()
                    )
                )
                taken += 1
    return taken
