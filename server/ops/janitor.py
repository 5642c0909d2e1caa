"""Lets go of what is kept for a while only, in small steps between which others write, and gives the space back."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import Connection

from server.ids import now
from server.money import retention
from server.store.engine import Database

log = logging.getLogger(__name__)

PAUSE = 0.05
"""Seconds between two steps."""
OFTEN = 3600.0
"""Seconds between two rounds."""
PAGES = 500
"""Of the database file, that one step gives back."""
SPARE = 2000
"""Pages that stay free for what is written next."""


class Janitor:
    """``log_days`` is how long the rows of the request log are kept (None: for good), ``raw_days`` how long what the
    provider said word for word is.
    """

    def __init__(self, db: Database, log_days: int | None, raw_days: int) -> None:
        self._db = db
        self._kept: list[tuple[Callable[[Connection, datetime], bool], timedelta]] = [
            (work, timedelta(days=days))
            for work, days in ((retention.drop_some, log_days), (retention.forget_some, raw_days))
            if days is not None
        ]
        self._task: asyncio.Task[None] | None = None

    def start_up(self) -> None:
        self._task = asyncio.create_task(self._run(), name="janitor")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def tidy(self) -> None:
        """One round."""
        for work, kept in self._kept:
            before = now() - kept
            await self._repeat(lambda connection, work=work, before=before: work(connection, before))  # type: ignore[misc]
        await self._repeat(give_back)

    async def _repeat(self, work: Callable[[Connection], bool]) -> None:
        more = True
        while more:
            more = await self._db.write(work, durable=False)
            await asyncio.sleep(PAUSE)

    async def _run(self) -> None:
        while True:
            try:
                await self.tidy()
            except Exception:
                log.exception("what is old could not be let go of; trying again later")
            await asyncio.sleep(OFTEN)


def give_back(connection: Connection) -> bool:
    """Makes the database file smaller by some free pages; says whether there are more. SQLite only.

    A file that was not made to shrink has as many free pages as before, and is left alone.
    """
    if connection.dialect.name != "sqlite":
        return False
    free = _free_pages(connection)
    if free <= SPARE:
        return False
    raw = connection.connection.driver_connection
    assert raw is not None
    for _ in range(PAGES):
        # Python's driver takes one step of what it sees no rows of, and one step gives one page back.
        raw.execute("PRAGMA incremental_vacuum(1)")
    return SPARE < _free_pages(connection) < free


def _free_pages(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA freelist_count").scalar_one())
