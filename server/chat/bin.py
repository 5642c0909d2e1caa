"""What was deleted stays in the bin for a while; then its rows go, a few at a time. The ledger keeps what it cost."""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from server.chat.conversations import NEVER, conversations
from server.chat.messages import messages
from server.content import templates
from server.ids import now
from server.store.engine import Database

log = logging.getLogger(__name__)

STEP = 200
"""Messages that one transaction deletes."""
PAUSE = 0.05
"""Seconds between two steps, in which others write."""
OFTEN = 3600.0
"""Seconds between two looks into the bin."""


def expire(connection: Connection, before: datetime) -> None:
    """Gives up what was put in the bin before that time."""
    c = conversations.c
    old = update(conversations).where(c.deleted_at < before, c.deleted_at > NEVER)
    connection.execute(old.values(deleted_at=NEVER))


def clear_some(connection: Connection) -> bool:
    """Deletes some rows of what was given up; says whether there may be more."""
    c = messages.c
    id = connection.execute(select(conversations.c.id).where(conversations.c.deleted_at == NEVER).limit(1)).scalar()
    if id is None:
        return False
    rows = connection.execute(select(c.id).where(c.conversation_id == id).limit(STEP)).scalars().all()
    if rows:
        connection.execute(delete(messages).where(c.id.in_(rows)))
    else:
        connection.execute(delete(conversations).where(conversations.c.id == id))
    return True


class Bin:
    """Owns the task that empties it. ``days`` is how long something stays."""

    def __init__(self, db: Database, days: int) -> None:
        self._db, self._days = db, timedelta(days=days)
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start_up(self) -> None:
        self._task = asyncio.create_task(self._run(), name="bin")

    def look(self) -> None:
        """Something was given up: its rows can go."""
        self._wanted.set()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            self._wanted.clear()
            try:
                await self._empty()
            except Exception:
                log.exception("the bin could not be emptied; trying again")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), OFTEN)

    async def _empty(self) -> None:
        expired = now() - self._days
        await self._db.write(lambda connection: expire(connection, expired), durable=False)
        await self._db.write(lambda connection: templates.purge(connection, expired), durable=False)
        more = True
        while more:
            more = await self._db.write(clear_some, durable=False)
            await asyncio.sleep(PAUSE)
