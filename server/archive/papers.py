"""PDFs under way: the conversation is written down, a process sets it, the result waits a while to be fetched."""

import asyncio
import json
import logging
import shutil
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Row

from server.archive import markdown, memory, process, reading
from server.archive.names import file_name
from server.content import attachments
from server.content.files import Files
from server.errors import AppError, NotFound
from server.ids import new_id, now
from server.live.ring import Live
from server.store.engine import Database

log = logging.getLogger(__name__)
FORMATS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}
KEPT = 5
"""Finished ones of all people that can still be fetched."""
WIDEST = 2_000_000
"""Bytes of a picture that is put into a PDF; a larger one is named."""


@dataclass(slots=True)
class Paper:
    id: str
    user_id: str
    conversation_id: str
    leaf: str | None
    name: str
    state: str = "waiting"
    """waiting → reading → setting → done | failed"""
    done: int = 0
    size: int = 0
    error: str | None = None
    missing: list[str] = field(default_factory=list)
    """Characters that no font at hand has."""

    @property
    def ended(self) -> bool:
        return self.state in ("done", "failed")

    def as_json(self) -> dict[str, Any]:
        names = ("id", "conversation_id", "name", "state", "done", "size", "error", "missing")
        return {name: getattr(self, name) for name in names}


class Papers:
    def __init__(self, db: Database, live: Live, files: Files, folder: Path, fonts: Path) -> None:
        """``fonts`` is a folder for fonts that the machine does not have."""
        self._db, self._live, self._files, self._folder, self._fonts = db, live, files, folder, fonts
        self._papers: dict[str, Paper] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(1)

    async def start_up(self) -> None:
        """What was made before is forgotten, and its files with it."""
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def close(self) -> None:
        await self._stop(self._tasks)

    def get(self, user_id: str, id: str) -> Paper:
        """Raises NotFound."""
        found = self._papers.get(id)
        if found is None or found.user_id != user_id:
            raise NotFound("this PDF is no longer there: make it again")
        return found

    def file(self, user_id: str, id: str) -> tuple[Path, str]:
        """The finished file and what it is called. Raises NotFound."""
        paper = self.get(user_id, id)
        if paper.state != "done":
            raise NotFound("this PDF is not finished")
        return self._folder / id / "out.pdf", paper.name

    async def forget(self, user_id: str) -> None:
        """Ends and removes everything that is and was made for somebody."""
        theirs = [one.id for one in self._papers.values() if one.user_id == user_id]
        await self._stop(theirs)
        await self._remove(theirs)

    async def start(self, user_id: str, conversation_id: str, leaf: str | None) -> Paper:
        """Raises NotFound, Unavailable where memory is short."""
        row = await reading.conversation(self._db, user_id, conversation_id)
        if leaf is not None:
            await reading.message(self._db, user_id, conversation_id, leaf)
        same = (user_id, conversation_id, leaf)
        for one in self._papers.values():
            if not one.ended and (one.user_id, one.conversation_id, one.leaf) == same:
                return one
        memory.check()
        await self._forget()
        paper = Paper(new_id(), user_id, conversation_id, leaf, file_name(row.title, "pdf"))
        self._papers[paper.id] = paper
        task = asyncio.create_task(self._run(paper, row), name=f"pdf {paper.id}")
        self._tasks[paper.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(paper.id, None))
        return paper

    async def _run(self, paper: Paper, row: Row[Any]) -> None:
        folder = self._folder / paper.id
        try:
            async with self._turn:
                memory.check()
                await asyncio.to_thread((folder / "root").mkdir, mode=0o700, parents=True)
                self._say(paper, "reading")
                await self._write_down(paper, row, folder)
                await self._set(paper, folder)
            self._say(paper, "done")
        except AppError as error:
            paper.error = error.message
            self._say(paper, "failed")
        except Exception:
            log.exception("a PDF failed")
            paper.error = "the PDF could not be made: export Markdown instead; the server's log says why"
            self._say(paper, "failed")
        finally:
            if paper.state != "done":
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _set(self, paper: Paper, folder: Path) -> None:
        """Three steps, each a process, so that what one of them needs is given back before the next begins."""
        prepared: dict[str, Any] = {}
        async for prepared in self._step("typeset", folder, self._fonts):
            self._say(paper, "setting", done=prepared["done"] // 2, size=prepared["size"])
        paper.missing = prepared["missing"]
        parts, pages = prepared["parts"], 1
        for part in range(parts):
            async for said in self._step("compose", folder, part, pages):
                pages += said["pages"]
            done = prepared["size"] // 2 * (parts + part + 1) // parts
            self._say(paper, "setting", done=done, size=prepared["size"])
        async for _ in self._step("bind", folder, parts):
            await asyncio.to_thread(_tidy, folder)

    def _step(self, name: str, *arguments: object) -> AsyncIterator[Any]:
        return process.lines(f"server.archive.{name}", *map(str, arguments), environment={"RAYON_NUM_THREADS": "1"})

    async def _write_down(self, paper: Paper, row: Row[Any], folder: Path) -> None:
        """The messages as lines of JSON for the process, and the pictures that they show."""
        head = {
            "title": markdown.title(row),
            "below": f"{row.model or ''} · {now():%Y-%m-%d}".removeprefix(" · "),
            "system": row.system or "",
        }
        with (folder / "messages.jsonl").open("w", encoding="utf-8") as out:
            out.write(json.dumps(head) + "\n")
            async for some in reading.path(self._db, row, paper.leaf):
                ids = [message.id for message in some]
                found = await self._db.read(partial(attachments.of_messages, message_ids=ids))
                await asyncio.to_thread(self._write_some, out, some, found, folder)

    def _write_some(
        self, out: TextIO, some: Sequence[Row[Any]], attached: dict[str, list[Row[Any]]], folder: Path
    ) -> None:
        out.writelines(self._line(message, attached.get(message.id, []), folder) for message in some)

    def _line(self, message: Row[Any], attached: Sequence[Row[Any]], folder: Path) -> str:
        pictures = []
        for one in attached:
            path = self._files.path(one.sha256)
            if one.type in FORMATS and one.size <= WIDEST and path.is_file():
                shutil.copyfile(path, folder / "root" / one.sha256)
                pictures.append({"file": one.sha256, "format": FORMATS[one.type]})
        line = {
            "role": message.role,
            "head": f"{markdown.who(message)} · {message.created_at:%Y-%m-%d %H:%M}",
            "text": message.text,
            "state": markdown.state(message),
            "files": [one.name for one in attached],
            "pictures": pictures,
        }
        return json.dumps(line) + "\n"

    def _say(self, paper: Paper, state: str, *, done: int = 0, size: int = 0) -> None:
        paper.state, paper.done, paper.size = state, done, size
        self._live.publish(paper.user_id, "pdf", json.dumps(paper.as_json()))

    async def _forget(self) -> None:
        await self._remove([one.id for one in self._papers.values() if one.ended][: -(KEPT - 1)])

    async def _stop(self, ids: Iterable[str]) -> None:
        tasks = [self._tasks[id] for id in ids if id in self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _remove(self, ids: Iterable[str]) -> None:
        for id in ids:
            self._papers.pop(id, None)
            await asyncio.to_thread(shutil.rmtree, self._folder / id, ignore_errors=True)


def _tidy(folder: Path) -> None:
    """Only the PDF stays."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "out.pdf":
            path.unlink()
