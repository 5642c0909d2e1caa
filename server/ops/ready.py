"""Whether the server can do its work now: what an orchestrator asks, many times, and without a key."""

import asyncio
import time
from collections.abc import Callable
from functools import cache

from sqlalchemy import Connection, text

from server.ops.room import Room
from server.store.engine import Database
from server.store.migrate import revisions

FRESH = 1.0
"""Seconds for which an answer of the database counts, however many ask."""
PATIENCE = 3.0


class Ready:
    """``missing`` names what keeps it from working, in words that tell a stranger nothing."""

    def __init__(self, database: Database, room: Room) -> None:
        self._database = database
        self._conditions: dict[str, Callable[[], bool]] = {"disk": lambda: room.state != "low"}
        self._asking = asyncio.Lock()
        self._until = 0.0
        self._answer: str | None = None

    def add(self, name: str, holds: Callable[[], bool]) -> None:
        """One more condition; it is looked at without waiting."""
        self._conditions[name] = holds

    async def missing(self) -> list[str]:
        async with self._asking:
            if time.monotonic() >= self._until:
                self._answer = await self._ask()
                self._until = time.monotonic() + FRESH
        held_up = [name for name, holds in self._conditions.items() if not holds()]
        return [self._answer, *held_up] if self._answer else held_up

    async def _ask(self) -> str | None:
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._database.read(_revision)
        except Exception:
            return "database"
        return None if found == _newest() else "schema"


def _revision(connection: Connection) -> str | None:
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


@cache
def _newest() -> str:
    return revisions()[-1]
