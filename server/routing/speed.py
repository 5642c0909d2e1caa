"""How fast each model answered a person lately, from the rows of the ledger; asked again at most every half minute."""

import time
from collections import OrderedDict

from sqlalchemy import Connection

from server.money import recent
from server.routing.pick import Speed
from server.store.engine import Database

KEPT = 30.0
"""Seconds."""
MAX_PEOPLE = 200

Speeds = dict[tuple[str, str], Speed]
"""By (provider, model)."""


def measure(connection: Connection, user_id: str) -> Speeds:
    return {model: Speed(*measured) for model, measured in recent.speeds(connection, user_id).items()}


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
