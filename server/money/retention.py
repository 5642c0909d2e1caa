"""Lets go of old rows of the ledger, a few at a time. No sum changes: those that are kept stay, and what a reply shows
of its rows is kept as a sum of its own. Functions of a connection.
"""

from datetime import datetime

from sqlalchemy import Connection, delete, null, select, update

from server.ids import first_id
from server.money import rollup
from server.money.figures import Figures, sums
from server.money.ledger import ANSWERED, calls

STEP = 200
"""Rows of one transaction."""


def drop_some(connection: Connection, before: datetime) -> bool:
    """Deletes some rows of calls that began earlier; says whether there may be more.

    What came with an import is part of its conversation and no call of this server: it stays.
    """
    c = calls.c
    old = select(c.id).where(c.id < first_id(before), c.status != "held", c.imported_at.is_(None))
    ids = connection.execute(old.order_by(c.id).limit(STEP)).scalars().all()
    shown = select(c.message_id, *sums()).where(c.id.in_(ids), c.message_id.is_not(None), *ANSWERED)
    found = connection.execute(shown.group_by(c.message_id))
    rollup.add_totals(connection, "message", {row.message_id: Figures.of(row) for row in found})
    connection.execute(delete(calls).where(c.id.in_(ids)))
    return len(ids) == STEP


def forget_some(connection: Connection, before: datetime) -> bool:
    """Takes what the provider said word for word off some rows of calls that began earlier."""
    c = calls.c
    old = select(c.id).where(c.usage_raw.is_not(null()), c.imported_at.is_(None), c.id < first_id(before))
    ids = connection.execute(old.order_by(c.id).limit(STEP)).scalars().all()
    connection.execute(update(calls).where(c.id.in_(ids)).values(usage_raw=null()))
    return len(ids) == STEP
