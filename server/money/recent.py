"""What the latest rows of the ledger tell: how fast each model writes now.

Reads only rows that are young, along the ids, which sort by time.
"""

from sqlalchemy import Connection, func, select

from server.money.ledger import calls

LATEST = 300
"""Calls of a person that tell how fast their models are now."""


def speeds(connection: Connection, user_id: str) -> dict[tuple[str, str], tuple[float, float]]:
    """By (provider, model), where it was measured: milliseconds to the first token, and tokens per second after it."""
    c = calls.c
    latest = (
        select(c.provider, c.model, (c.output + c.reasoning).label("tokens"), c.duration_ms, c.first_token_ms)
        .where(c.user_id == user_id, c.status == "done", c.kind.in_(("chat", "gateway")), c.imported_at.is_(None))
        .order_by(c.id.desc())
        .limit(LATEST)
        .subquery()
    )
    took = func.sum(latest.c.duration_ms - latest.c.first_token_ms)
    query = (
        select(latest.c.provider, latest.c.model, func.avg(latest.c.first_token_ms), func.sum(latest.c.tokens), took)
        .where(latest.c.duration_ms > latest.c.first_token_ms, latest.c.tokens > 0)
        .group_by(latest.c.provider, latest.c.model)
    )
    return {
        (provider, model): (float(first), float(tokens) * 1000 / float(milliseconds))
        for provider, model, first, tokens, milliseconds in connection.execute(query)
    }
