"""Erases people who were deleted, a few rows at a time: everything they wrote, then the account itself.

The ledger and its sums keep what they used, under an id that names nobody any more.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from sqlalchemy import ColumnElement, Connection, Table, delete, select

from server.chat.conversations import conversations
from server.chat.messages import messages
from server.content import attachments, search
from server.content.files import Files
from server.money import budgets
from server.store.engine import Database
from server.store.tables import Attachment, SearchText, StoredKey, Template, User

log = logging.getLogger(__name__)

STEP = 100
"""Rows that one transaction deletes."""
PAUSE = 0.05
"""Seconds between two steps, in which others write."""
OFTEN = 60.0
"""Seconds between two looks for somebody whom another process deleted."""

_users: Table = User.__table__  # type: ignore[attr-defined]
_keys: Table = StoredKey.__table__  # type: ignore[attr-defined]
_templates: Table = Template.__table__  # type: ignore[attr-defined]
_attachments: Table = Attachment.__table__  # type: ignore[attr-defined]
_texts: Table = SearchText.__table__  # type: ignore[attr-defined]


def leaving(connection: Connection) -> list[str]:
    """The ids of those who are to be erased."""
    return list(connection.execute(select(_users.c.id).where(_users.c.deleted_at.is_not(None))).scalars())


def erase_some(connection: Connection, user_id: str, files: Files) -> bool:
    """Deletes some of what a user wrote; says whether there is more."""
    c = conversations.c
    left = STEP
    for id in connection.execute(select(c.id).where(c.user_id == user_id).limit(STEP)).scalars().all():
        left -= 1 + _some(connection, messages, messages.c.conversation_id == id, left)
        if left <= 0:
            return True
        connection.execute(delete(conversations).where(c.id == id))
    if left < STEP:
        return True
    if kept := connection.execute(_attachments.select().where(_attachments.c.user_id == user_id).limit(STEP)).all():
        connection.execute(delete(_attachments).where(_attachments.c.id.in_([row.id for row in kept])))
        for sha256 in {row.sha256 for row in kept}:
            # In the writer's turn: nobody can be given the same file meanwhile.
            if not attachments.is_known(connection, sha256):
                files.path(sha256).unlink(missing_ok=True)
                files.thumb(sha256).unlink(missing_ok=True)
        return True
    return any(_some(connection, table, table.c.user_id == user_id) for table in (_templates, _texts))


def close_account(connection: Connection, user_id: str) -> None:
    """Its row, and everything small that hangs on it."""
    for key in connection.execute(select(_keys.c.id).where(_keys.c.user_id == user_id)).scalars().all():
        budgets.forget(connection, "key", key)
    budgets.forget(connection, "user", user_id)
    connection.execute(delete(_users).where(_users.c.id == user_id, _users.c.deleted_at.is_not(None)))


async def erase(db: Database, user_id: str, files: Files) -> None:
    """All of it, leaving room for others between the steps."""
    more = True
    while more:
        more = await db.write(partial(erase_some, user_id=user_id, files=files), durable=False)
        await asyncio.sleep(PAUSE)
    more = await db.write(partial(search.forget_words, begin=True), durable=False)
    while more:
        more = await db.write(partial(search.forget_words, begin=False), durable=False)
        await asyncio.sleep(PAUSE)
    await db.write(partial(close_account, user_id=user_id))


class Erasure:
    """Owns the task that erases. ``stop`` ends what is being made for a user."""

    def __init__(self, db: Database, files: Files, stop: Callable[[str], Awaitable[None]]) -> None:
        self._db, self._files, self._stop = db, files, stop
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start_up(self) -> None:
        self._task = asyncio.create_task(self._run(), name="erasure")

    def look(self) -> None:
        """Somebody was deleted."""
        self._wanted.set()

    async def erase(self, user_id: str) -> None:
        """Everything of somebody who was deleted."""
        await self._stop(user_id)
        await erase(self._db, user_id, self._files)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            self._wanted.clear()
            with _tried():
                for user_id in await self._db.read(leaving):
                    # Each for themselves: one who cannot be erased keeps nobody else.
                    with _tried():
                        await self.erase(user_id)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), OFTEN)


@contextmanager
def _tried() -> Iterator[None]:
    try:
        yield
    except Exception:
        log.exception("somebody who was deleted could not be erased; trying again")


def _some(connection: Connection, table: Table, condition: ColumnElement[bool], most: int = STEP) -> int:
    """Deletes at most so many rows; gives their number."""
    rows = connection.execute(select(table.c.id).where(condition).limit(most)).scalars().all()
    if rows:
        connection.execute(delete(table).where(table.c.id.in_(rows)))
    return len(rows)
