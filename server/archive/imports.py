"""Imports under way: received into a folder of their own, read by a process, shown in one transaction.

What a restart interrupts leaves nothing behind that the next start does not remove.
"""

import asyncio
import json
import logging
import shutil
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from server.archive import process
from server.archive.publish import Counts, give_up, publish, staged
from server.archive.shape import MAX_UPLOAD, MB
from server.content.files import Files, sha256_of
from server.content.kinds import PICTURES
from server.content.pictures import Pictures
from server.errors import AppError, BadRequest, Conflict, NotFound, TooLarge, Unavailable
from server.ids import new_id
from server.live.ring import Live
from server.store.engine import Database

log = logging.getLogger(__name__)
SPARE = 64 * MB
"""Bytes of the disk that an import leaves free."""
KEPT = 20
"""Ended imports that can still be asked about."""


@dataclass(slots=True)
class Import:
    id: str
    user_id: str
    name: str
    state: str = "receiving"
    """receiving → reading → pictures → writing → done | failed"""
    done: int = 0
    size: int = 0
    conversations: int = 0
    error: str | None = None
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        return self.state in ("done", "failed")

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "user_id"}


class Imports:
    def __init__(self, db: Database, live: Live, files: Files, folder: Path) -> None:
        self._db, self._live, self._files, self._folder = db, live, files, folder
        self._pictures = Pictures()
        self._imports: dict[str, Import] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Semaphore(1)

    async def start_up(self) -> None:
        """Removes what an interrupted import left."""
        await self._db.write(give_up)
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def get(self, user_id: str, id: str) -> Import:
        """Raises NotFound."""
        found = self._imports.get(id)
        if found is None or found.user_id != user_id:
            raise NotFound("there is no such import")
        return found

    async def receive(self, user_id: str, name: str, size: int | None, chunks: AsyncIterator[bytes]) -> Import:
        """Takes the file in and starts the import. Raises BadRequest, Conflict, Unavailable."""
        if any(one.user_id == user_id and not one.ended for one in self._imports.values()):
            raise Conflict("an import of yours is under way: wait for its end")
        self._forget()
        started = Import(new_id(), user_id, name, size=size or 0)
        folder = self._folder / started.id
        self._imports[started.id] = started
        try:
            await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True)
            await self._save(folder / "upload", started, chunks)
        except BaseException:
            del self._imports[started.id]
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            raise
        task = asyncio.create_task(self._run(started, folder), name=f"import {started.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return started

    async def _save(self, path: Path, started: Import, chunks: AsyncIterator[bytes]) -> None:
        with path.open("wb") as file:
            room = shutil.disk_usage(path.parent).free - SPARE
            if started.size > room:
                raise Unavailable("the server's disk has too little room for this file")
            waiting = bytearray()
            async for chunk in chunks:
                started.done += len(chunk)
                if started.done > MAX_UPLOAD:
                    raise TooLarge(f"this file is too large: {MAX_UPLOAD // MB} MB is the most")
                if started.done > room:
                    raise Unavailable("the server's disk has too little room for this file")
                waiting += chunk
                if len(waiting) >= MB:
                    await asyncio.to_thread(file.write, bytes(waiting))
                    waiting.clear()
            file.write(waiting)
        if not started.done:
            raise BadRequest("the file is empty", code="import_refused")
        if started.size and started.done != started.size:
            raise BadRequest("the file did not arrive whole: send it again", code="import_refused")

    async def _run(self, started: Import, folder: Path) -> None:
        try:
            async with self._turn:
                counts = await self._import(started, folder)
            started.report |= asdict(counts)
            self._say(started, "done")
            if counts.messages:
                self._live.reset(started.user_id)
        except AppError as error:
            started.error = error.message
            self._say(started, "failed")
        except Exception:
            log.exception("an import failed")
            started.error = "the import failed and nothing was taken in: the server's log says why"
            self._say(started, "failed")
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _import(self, started: Import, folder: Path) -> Counts:
        self._say(started, "reading", done=0)
        said: dict[str, Any] = {}
        async for said in process.lines("server.archive.stage", str(folder / "upload"), str(folder), started.user_id):
            if "error" in said:
                raise BadRequest(said["error"], code="import_refused")
            started.conversations = said["conversations"]
            self._say(started, "reading", done=said["read"], size=said["size"])
        started.report = said["report"]
        await self._check_pictures(started, folder)
        self._say(started, "writing")

        def finish() -> None:
            # In the writer's turn, as is the removal of strays: a file is never removed between the two.
            for path in sorted(folder.glob("[0-9a-f]" * 64)):
                thumb = path.with_suffix(".thumb")
                self._files.put(path, path.name, thumb=thumb if thumb.exists() else None)

        return await publish(self._db, started.user_id, folder, finish)

    async def _check_pictures(self, started: Import, folder: Path) -> None:
        """Each picture is opened once, in a process of its own; one that cannot be is left out."""
        found = await asyncio.to_thread(lambda: sorted(_pictures(folder, started.user_id)))
        unread = 0
        for number, sha256 in enumerate(found):
            self._say(started, "pictures", done=number, size=len(found))
            path = folder / sha256
            same, thumb = folder / "same", path.with_suffix(".thumb")
            try:
                await self._pictures.take(path, same, thumb, keep=True)
                if await asyncio.to_thread(sha256_of, path) != sha256:
                    raise BadRequest("the picture changed")
            except AppError:
                await asyncio.to_thread(_drop, path, thumb)
                unread += 1
        if unread:
            started.report["left_out"].append({"what": "pictures that cannot be read", "count": unread})

    def _say(self, started: Import, state: str, *, done: int | None = None, size: int | None = None) -> None:
        started.state = state
        started.done = started.done if done is None else done
        started.size = started.size if size is None else size
        self._live.publish(started.user_id, "import", json.dumps(started.as_json()))

    def _forget(self) -> None:
        ended = [one.id for one in self._imports.values() if one.ended]
        for id in ended[:-KEPT]:
            del self._imports[id]


def _drop(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _pictures(folder: Path, user_id: str) -> set[str]:
    """The hashes of the pictures that came along."""
    found: set[str] = set()
    for exported in staged(folder, user_id):
        found |= {one["sha256"] for one in exported["attachments"] if one["type"] in PICTURES}
    return {sha256 for sha256 in found if (folder / sha256).exists()}
