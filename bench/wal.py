"""Reads SQLite's write-ahead log from the outside: what was committed, while the server goes on.

The file's format (https://sqlite.org/fileformat2.html#walformat) tells: a frame is one page, the frame that ends a
commit carries the size of the database, and a log that was begun anew after a checkpoint has another salt.
"""

import asyncio
import sqlite3
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

_HEADER = 32
_FRAME = 24
_EVERY = 0.02


@dataclass(slots=True)
class Log:
    """What was written since it was first looked at."""

    commits: int = 0
    frames: int = 0
    restarts: int = 0
    """How often everything had been copied to the database and the log began anew."""
    page_size: int = 4096

    @property
    def bytes(self) -> int:
        return self.frames * (self.page_size + _FRAME)


class Watch:
    """Call ``look`` more often than the log can be filled and begun anew."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-wal")
        self._salt, self._at = b"", _HEADER
        self.log = Log()
        self.look()
        self.log = Log(page_size=self.log.page_size)

    def look(self) -> None:
        with self._path.open("rb") as file:
            header = file.read(_HEADER)
            if len(header) < _HEADER:
                return
            self.log.page_size = struct.unpack(">I", header[8:12])[0]
            if header[16:24] != self._salt:
                self.log.restarts += bool(self._salt)
                self._salt, self._at = header[16:24], _HEADER
            while True:
                file.seek(self._at)
                frame = file.read(_FRAME)
                # What lies behind the newest frame is from before the log began anew.
                if len(frame) < _FRAME or frame[8:16] != self._salt:
                    return
                self.log.frames += 1
                self.log.commits += struct.unpack(">I", frame[4:8])[0] > 0
                self._at += _FRAME + self.log.page_size


def empty(database: Path) -> None:
    """Copies all of it to the database, so that the log begins anew with what comes next. Raises when it is in use."""
    with closing(sqlite3.connect(database)) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise RuntimeError("the log is being read")


@asynccontextmanager
async def watching(database: Path) -> AsyncIterator[Watch]:
    watch = Watch(database)

    async def keep_looking() -> None:
        while True:
            await asyncio.sleep(_EVERY)
            watch.look()

    task = asyncio.create_task(keep_looking())
    try:
        yield watch
        watch.look()
    finally:
        task.cancel()
