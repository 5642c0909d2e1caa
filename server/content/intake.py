"""Takes files in: from the stream of an upload to a checked, stored attachment, and lets go of those nobody uses."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from server.content import attachments, kinds
from server.content.files import Files, sha256_of
from server.content.kinds import TEXT, TextCheck
from server.content.pictures import Pictures, Shape
from server.errors import BadRequest, TooLarge
from server.ids import now
from server.store.engine import Database

log = logging.getLogger(__name__)

MAX_TEXT = 1_000_000
"""Bytes of a text file: all of it is read by the model."""
SWEEP = 6 * 3600
PAUSE = 0.05
"""Seconds between two steps, in which others write."""
_EDGE = 4096
_BLOCK = 1 << 20


@dataclass(slots=True)
class _Received:
    path: Path
    size: int
    head: bytes
    tail: bytes
    is_text: bool


class Intake:
    """``limit`` is the most bytes of one file, ``days`` how long one is kept that no message has."""

    def __init__(self, db: Database, files: Files, limit: int, days: int) -> None:
        self.files = files
        self._kept = timedelta(days=days)
        self.limit = limit
        self._db = db
        self._pictures = Pictures()
        self._sweeping: asyncio.Task[None] | None = None

    async def take(self, user_id: str, name: str, chunks: AsyncIterator[bytes]) -> Row[Any]:
        """The attachment. Raises BadRequest with what is wrong with the file, Unavailable."""
        name = kinds.clean_name(name)
        path = await asyncio.to_thread(self.files.temporary)
        try:
            received = await self._receive(path, chunks)
            kind = self._kind(name, received)
            if kind.startswith("image/"):
                return await self._take_picture(user_id, name, path)
            kinds.honest(name, kind)
            return await self._keep(user_id, name, kind, path)
        finally:
            await asyncio.to_thread(_discard, path)

    async def take_made(self, user_id: str, name: str, data: bytes) -> Row[Any]:
        """A picture that a model made, kept as it is. Raises BadRequest where it is none."""
        path = await asyncio.to_thread(self.files.temporary)
        try:
            await asyncio.to_thread(path.write_bytes, data)
            return await self._take_picture(user_id, kinds.clean_name(name), path, keep=True)
        finally:
            await asyncio.to_thread(_discard, path)

    async def read(self, row: Row[Any]) -> bytes:
        """All of a file. Raises BadRequest where it is gone from the disk."""
        try:
            return await asyncio.to_thread(self.files.path(row.sha256).read_bytes)
        except OSError:
            raise BadRequest(f"the file {row.name} is missing on the server", code="file_missing") from None

    def start_up(self) -> None:
        """From now on what no message has taken is removed."""
        self._sweeping = asyncio.create_task(self._keep_clean(), name="attachments")

    async def close(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._sweeping

    async def sweep(self) -> int:
        """Removes the rows of orphans and the files without a row; gives the number of files removed."""
        before = now() - self._kept
        more = True
        while more:
            more = await self._db.write(lambda connection: attachments.remove_orphans(connection, before))
            await asyncio.sleep(PAUSE)
        named = await self._db.read(attachments.contents)
        strays = await asyncio.to_thread(lambda: list(self.files.strays(named)))
        return await self._db.write(lambda connection: _remove(connection, strays)) if strays else 0

    async def _keep_clean(self) -> None:
        while True:
            try:
                await self.sweep()
            except Exception:
                log.exception("the attachments could not be tidied; trying again later")
            await asyncio.sleep(SWEEP)

    async def _receive(self, path: Path, chunks: AsyncIterator[bytes]) -> _Received:
        size, head, tail, waiting, text = 0, b"", b"", bytearray(), TextCheck()
        with path.open("wb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > self.limit:
                    raise TooLarge(f"this file is too large: {self.limit // 1_000_000} MB is the most")
                head = head if len(head) >= _EDGE else (head + chunk)[:_EDGE]
                tail = (tail + chunk)[-_EDGE:]
                if text.good:
                    text.feed(chunk)
                waiting += chunk
                if len(waiting) >= _BLOCK:
                    await asyncio.to_thread(file.write, bytes(waiting))
                    waiting.clear()
            await asyncio.to_thread(file.write, bytes(waiting))
        if not size:
            raise BadRequest("this file is empty", code="empty_file")
        text.feed(b"", final=True)
        return _Received(path, size, head, tail, text.good)

    def _kind(self, name: str, received: _Received) -> str:
        kind = kinds.of(received.head, received.tail)
        if kind is not None:
            return kind
        if not received.is_text:
            kinds.honest(name, "")
            raise BadRequest(
                f"{name} is no kind of file that models read: pictures, PDF and text are", code="unknown_kind"
            )
        if received.size > MAX_TEXT:
            raise TooLarge(f"this text is too long: {MAX_TEXT // 1_000_000} MB is the most")
        return TEXT

    async def _take_picture(self, user_id: str, name: str, path: Path, *, keep: bool = False) -> Row[Any]:
        target, thumb = await asyncio.to_thread(lambda: (self.files.temporary(), self.files.temporary()))
        try:
            shape = await self._pictures.take(path, target, thumb, keep=keep)
            kinds.honest(name, shape.type)
            return await self._keep(user_id, kinds.renamed(name, shape.type), shape.type, target, shape, thumb)
        finally:
            await asyncio.to_thread(_discard, target, thumb)

    async def _keep(
        self, user_id: str, name: str, kind: str, path: Path, shape: Shape | None = None, thumb: Path | None = None
    ) -> Row[Any]:
        size, sha256 = await asyncio.to_thread(lambda: (path.stat().st_size, sha256_of(path)))

        def work(connection: Connection) -> Row[Any]:
            # In the writer's turn, as is the removal of strays: a file is never removed between the two.
            self.files.put(path, sha256, thumb=thumb)
            return attachments.add(
                connection,
                user_id,
                name=name,
                type=kind,
                size=size,
                sha256=sha256,
                width=shape.width if shape else None,
                height=shape.height if shape else None,
            )

        return await self._db.write(work)


def _discard(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _remove(connection: Connection, strays: list[Path]) -> int:
    gone = [path for path in strays if not attachments.is_known(connection, path.stem)]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)
