"""The lossless export: conversations as JSON, written while they are read. ``docs/export.md`` describes the format.

One conversation is one JSON file with its attachments inside; everything is a ZIP with the JSON and the files beside
each other. Nothing is held but a batch of messages, or one attachment.
"""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from io import RawIOBase
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from sqlalchemy import Row

from server import __version__
from server.archive import reading, rows
from server.archive.shape import FORMAT, MB, VERSION
from server.content.files import Files
from server.errors import NotFound
from server.ids import instant, now
from server.store.engine import Database

ENTRY = "export.json"
HIDDEN = frozenset({"resume", "title_folded"})
"""Columns that only this server can make use of."""
UNFINISHED = frozenset({"pending", "streaming"})


async def conversation(db: Database, files: Files, user: dict[str, str], id: str) -> AsyncIterator[bytes]:
    """Raises NotFound, before the first byte."""
    await reading.conversation(db, user["id"], id)
    found: dict[str, Row[Any]] = {}
    async for text in _document(db, user, [id], found):
        yield text
    async for text in _files_inside(files, list(found.values())):
        yield text


async def everything(db: Database, files: Files, user: dict[str, str]) -> AsyncIterator[bytes]:
    """A ZIP of ``export.json`` and ``files/<sha256>``."""
    sink = _Sink()
    found: dict[str, Row[Any]] = {}
    with ZipFile(sink, "w", ZIP_DEFLATED) as archive:
        with archive.open(_entry(ENTRY, ZIP_DEFLATED), "w", force_zip64=True) as entry:
            async for text in _document(db, user, await reading.ids(db, user["id"]), found):
                await asyncio.to_thread(entry.write, text)
                if sink.waiting > MB // 4:
                    yield sink.take()
            entry.write(b"\n]}\n")
        for row in found.values():
            path = files.path(row.sha256)
            if await asyncio.to_thread(path.exists):
                await asyncio.to_thread(_store, archive, f"files/{row.sha256}", path)
                yield sink.take()
    yield sink.take()


async def _document(
    db: Database, user: dict[str, str], ids: Sequence[str], found: dict[str, Row[Any]]
) -> AsyncIterator[bytes]:
    """The JSON up to the end of the last conversation; puts the attachments that it met into ``found``, by hash."""
    head = {
        "format": FORMAT,
        "version": VERSION,
        "program": f"LLM Router {__version__}",
        "exported_at": instant(now().replace(microsecond=0)),
        "user": user,
    }
    yield (_dumps(head)[:-1] + ',"conversations":[').encode()
    before = ""
    for id in ids:
        try:
            row = await reading.conversation(db, user["id"], id)
        except NotFound:  # deleted since the ids were read
            continue
        yield f'{before}\n{{"conversation":{_dumps(_shown(row))}'.encode()
        before = ","
        yield b',\n"messages":['
        first = True
        async for some in reading.every_message(db, id):
            yield _list([_message(row) for row in some], first)
            first = False
        yield b'],\n"calls":['
        first = True
        async for some in reading.usage(db, id):
            yield _list([_shown(row) for row in some], first)
            first = False
        attached = await reading.files(db, id)
        found |= {row.sha256: row for row, _ in attached}
        shown = [_shown(row) | {"links": hangs} for row, hangs in attached]
        yield f'],\n"attachments":{_dumps(shown)}}}'.encode()


async def _files_inside(files: Files, found: Sequence[Row[Any]]) -> AsyncIterator[bytes]:
    yield b'\n],"files":['
    first = True
    for row in found:
        path = files.path(row.sha256)
        if not await asyncio.to_thread(path.exists):
            continue
        data = b64encode(await asyncio.to_thread(path.read_bytes)).decode()
        yield _list([{"sha256": row.sha256, "name": row.name, "type": row.type, "data": data}], first)
        first = False
    yield b"]}\n"


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in rows.as_json(row).items() if name not in HIDDEN}


def _message(row: Row[Any]) -> dict[str, Any]:
    shown = _shown(row)
    return shown | {"status": "interrupted"} if row.status in UNFINISHED else shown


def _list(values: Sequence[Any], first: bool) -> bytes:
    return (("\n" if first else ",\n") + ",\n".join(map(_dumps, values))).encode()


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _entry(name: str, compression: int) -> ZipInfo:
    entry = ZipInfo(name, now().timetuple()[:6])
    entry.compress_type = compression
    entry.external_attr = 0o600 << 16
    return entry


def _store(archive: ZipFile, name: str, path: Path) -> None:
    with path.open("rb") as file, archive.open(_entry(name, ZIP_STORED), "w", force_zip64=True) as entry:
        while block := file.read(MB):
            entry.write(block)


class _Sink(RawIOBase):
    """Where the ZIP is written to: it is sent on as it grows, so there is no going back in it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.waiting = 0

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._parts.append(piece)
        self.waiting += len(piece)
        return len(piece)

    def take(self) -> bytes:
        parts, self._parts, self.waiting = self._parts, [], 0
        return b"".join(parts)
