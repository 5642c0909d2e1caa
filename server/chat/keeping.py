"""Keeps what running replies say: in checkpoints while they run, in their row when they end."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection

from server.chat import messages
from server.chat.running import UNSAVED, RunningReply
from server.content import attachments
from server.errors import Unavailable
from server.ids import now
from server.store.engine import Database

AGAIN = 1.0
"""Seconds after which the end of a reply that the disk did not take is written again."""


async def checkpoint(db: Database, running: Iterable[RunningReply]) -> None:
    """What came in since the last time; what cannot be stored now is in the next one."""
    replies = list(running)
    try:
        await _append(db, replies)
    except Unavailable:
        raise
    except Exception:
        # The fault may be in one of them, which takes none of the others along.
        failures = [error for reply in replies if (error := await _failure(_append(db, [reply])))]
        if failures:
            raise failures[0] from None


async def _append(db: Database, running: Iterable[RunningReply]) -> None:
    before = [(reply, reply.saved) for reply in running if not reply.saving]
    rows = [row for reply, _ in before if (row := reply.unsaved()) is not None]
    try:
        if rows:
            await db.write(lambda connection: messages.append_checkpoints(connection, rows), durable=False)
    except Exception:
        for reply, saved in before:
            reply.saved = min(reply.saved, saved)
        raise


async def _failure(work: Awaitable[None]) -> Exception | None:
    try:
        await work
    except Exception as error:
        return error
    return None


async def save_end(db: Database, reply: RunningReply, values: dict[str, Any], files: Sequence[str]) -> None:
    """``values`` are the columns that end its row, ``files`` the attachments that it made."""

    def work(connection: Connection) -> None:
        messages.save(connection, reply.id, **values)
        attachments.link(connection, reply.user_id, reply.id, files)
        messages.drop_checkpoints(connection, reply.id)

    reply.saving = True
    try:
        await db.write(work)
    except Exception:
        reply.saving = False
        raise


async def save_bare_end(db: Database, reply: RunningReply) -> None:
    """Where something in the end itself cannot be saved: that it ended, with what its checkpoints hold."""
    error = {name: UNSAVED[name] for name in ("code", "message")}

    def work(connection: Connection) -> None:
        messages.fold(connection, reply.id)
        messages.save(connection, reply.id, status="failed", error=error, finished_at=now(), resume=None)
        messages.drop_checkpoints(connection, reply.id)

    reply.saving = True
    await db.write(work)


async def save_end_again(db: Database, reply: RunningReply, values: dict[str, Any], files: Sequence[str]) -> None:
    """After a while; the reply is found again where the disk takes it now."""
    await asyncio.sleep(AGAIN)
    with suppress(Unavailable):
        await save_end(db, reply, values, files)
        reply.found()
