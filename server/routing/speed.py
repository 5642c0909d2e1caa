"""How fast each model answered a person lately, from the rows of the ledger; asked again at most every half minute."""

import time
from collections import OrderedDict

from sqlalchemy import Connection, func, select

from server.money.ledger import calls
from server.routing.pick import Speed
from server.store.engine import Database

LATEST = 300
"""Calls that count."""
KEPT = 30.0
"""Seconds."""
MAX_PEOPLE = 200

Speeds = dict[tuple[str, str], Speed]
"""By (provider, model)."""


def measure(connection: Connection, user_id: str) -> Speeds:
    """The mean time to the first token and the tokens per second after it, over the latest answered calls."""
    c = calls.c
    latest = (
        select(c.provider, c.model, (c.output + c.reasoning).label("tokens"), c.duration_ms, c.first_token_ms)
        .where(c.user_id == user_id, c.status == "done", c.kind == "chat")
        .order_by(c.id.desc())
        .limit(LATEST)
        .subquery()
    )
    took = func.sum(latest.c.duration_ms - latest.c.first_token_ms)
    tokens = func.sum(latest.c.tokens)
    query = (
        select(latest.c.provider, latest.c.model, func.avg(latest.c.first_token_ms), tokens, took)
        .where(latest.c.duration_ms > latest.c.first_token_ms, latest.c.tokens > 0)
        .group_by(latest.c.provider, latest.c.model)
    )
    return {
        (provider, model): Speed(float(first), float(count) * 1000 / float(milliseconds))
        for provider, model, first, count, milliseconds in connection.execute(query)
    }


class Measured:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._kept: OrderedDict[str, tuple[float, Speeds]] = OrderedDict()

    async def speeds(self, user_id: str) -> Speeds:
        at, found = self._kept.get(user_id, (0.0, {}))
        if not at or time.monotonic() - at > KEPT:
            found = await self._db.read(lambda connection: measure(connection, user_id))
            self._kept[user_id] = (time.monotonic(), found)
            self._kept.move_to_end(user_id)
            while len(self._kept) > MAX_PEOPLE:
                self._kept.popitem(last=False)
        return found
