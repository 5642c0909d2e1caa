"""What the latest rows of the ledger tell: a day's sums by the hour, and how fast each model writes.

Reads only rows that are young, along the ids, which sort by time.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from server.ids import first_id
from server.money.ledger import Figures, calls

HOURS = 24
LATEST = 300
"""Calls of a person that tell how fast their models are now."""


def day(connection: Connection, user_id: str, since: datetime) -> dict[str, Any]:
    """The figures of the 24 hours from ``since`` on, and what each of them cost in nano-dollars."""
    c = calls.c
    query = select(c).where(c.user_id == user_id, c.id >= first_id(since), c.status != "held", c.imported_at.is_(None))
    total, hours = Figures(), [0] * HOURS
    for row in connection.execute(query):
        hour = int((row.started_at - since).total_seconds() // 3600)
        if not 0 <= hour < HOURS:
            continue
        total += Figures(
            calls=1,
            input=row.input,
            cache_read=row.cache_read,
            cache_write=row.cache_write_5m + row.cache_write_long,
            output=row.output,
            reasoning=row.reasoning,
            image_input=row.image_input,
            image_output=row.image_output,
            cost_nanos=row.cost_nanos or 0,
            saved_nanos=row.saved_nanos,
            unknown=int(row.cost_nanos is None),
            estimated=int(row.cost_state == "estimated"),
        )
        hours[hour] += row.cost_nanos or 0
    return total.as_json() | {"hours": hours}


def speeds(connection: Connection, user_id: str) -> dict[tuple[str, str], float]:
    """Tokens per second from the first one on, by (provider, model), where that was measured."""
    c = calls.c
    latest = (
        select(c.provider, c.model, (c.output + c.reasoning).label("tokens"), c.duration_ms, c.first_token_ms)
        .where(c.user_id == user_id, c.status == "done", c.kind == "chat", c.imported_at.is_(None))
        .order_by(c.id.desc())
        .limit(LATEST)
        .subquery()
    )
    took = func.sum(latest.c.duration_ms - latest.c.first_token_ms)
    query = (
        select(latest.c.provider, latest.c.model, func.sum(latest.c.tokens), took)
        .where(latest.c.duration_ms > latest.c.first_token_ms)
        .group_by(latest.c.provider, latest.c.model)
        .having(took > 0)
    )
    return {(provider, model): tokens * 1000 / took for provider, model, tokens, took in connection.execute(query)}
