"""The backups that a running server makes: by itself from time to time, and when an admin asks for one.

A thread does the work, one at a time; the oldest that were made on schedule go when there are too many.
"""

import asyncio
import logging
import shutil
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.errors import AppError, Conflict
from server.ids import instant, now
from server.ops.backup import shelf
from server.ops.backup.progress import Progress, Stopped
from server.ops.backup.source import BackupError, Source
from server.settings import Settings

if TYPE_CHECKING:
    from server.ops.backup.write import Made

log = logging.getLogger(__name__)

FIRST = timedelta(minutes=10)
"""After a start, so that a start has the machine for itself."""
AGAIN = timedelta(hours=1)
"""After one that failed."""
SPARE = 200_000_000
"""Bytes that stay free on the disk."""
UNDERWAY = "a backup is being made already: wait for it"


class Backups:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.data, self.folder = settings.data.absolute(), settings.backups
        self._every = timedelta(hours=settings.backup_hours)
        self._passphrase = settings.backup_passphrase.get_secret_value() if settings.backup_passphrase else None
        self._progress: Progress | None = None
        self._error: str | None = None
        self._next: datetime | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._making: asyncio.Task[None] | None = None

    @property
    def failed(self) -> str | None:
        """Why the last one could not be made."""
        return self._error

    def start_up(self) -> None:
        if self._every and self._settings.database.startswith("sqlite"):
            self._waiting = asyncio.create_task(self._run(), name="backups")

    async def close(self) -> None:
        if self._progress is not None:
            self._progress.stopped = True
        if self._waiting is not None:
            self._waiting.cancel()
            with suppress(asyncio.CancelledError):
                await self._waiting
        if self._making is not None:
            await self._making

    async def list(self) -> dict[str, Any]:
        """Those that are there, newest first; the one being made, or why the last one failed; when the next comes."""
        making = self._progress  # looked at first: one that ends meanwhile is still being made, or there
        found = await asyncio.to_thread(shelf.backups, self.folder)
        return {
            "backups": [backup.as_json() for backup in found],
            "making": {"done": making.done, "size": making.size} if making else None,
            "error": self._error,
            "folder": str(self.folder),
            "hours": self._settings.backup_hours,
            "keep": self._settings.backup_keep,
            "sealed": self._passphrase is not None,
            "next_at": instant(self._next),
        }

    def start(self) -> None:
        """Begins to make one. Raises Conflict while one is being made, BackupError where that cannot be."""
        source = Source.of(self._settings)
        self._begin(source, scheduled=False)

    async def make(self, folder: Path, passphrase: str | None = None) -> "Made":
        """One in a folder of somebody's choice, under their passphrase or the one of the settings.

        Raises Conflict while one is being made, BackupError.
        """
        source, passphrase = Source.of(self._settings), passphrase or self._passphrase
        if self._progress is not None:
            raise Conflict(UNDERWAY)
        self._progress = progress = Progress()
        try:
            name = shelf.new_name(scheduled=False, sealed=passphrase is not None)
            return await asyncio.to_thread(make, source, folder / name, passphrase, progress)
        finally:
            progress.stopped = True
            self._progress = None

    async def delete(self, name: str) -> None:
        """Raises NotFound."""
        await asyncio.to_thread(lambda: shelf.path(self.folder, name).unlink(missing_ok=True))

    def _begin(self, source: Source, *, scheduled: bool) -> asyncio.Task[None]:
        if self._progress is not None:
            raise Conflict(UNDERWAY)
        self._progress, self._error = Progress(), None
        self._making = asyncio.create_task(self._make(source, self._progress, scheduled), name="backup")
        return self._making

    async def _make(self, source: Source, progress: Progress, scheduled: bool) -> None:
        try:
            await asyncio.to_thread(self._work, source, progress, scheduled)
        except Stopped:
            pass
        except AppError as error:
            log.error("a backup failed: %s", error.message)
            self._error = error.message
        except Exception:
            log.exception("a backup failed")
            self._error = "the backup could not be made: the server's log says why"
        finally:
            self._progress = None

    def _work(self, source: Source, progress: Progress, scheduled: bool) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The copy and what is packed of it are there at the same time.
            needed = 2 * source.database.stat().st_size + _last(self.folder) + SPARE
            free = shutil.disk_usage(self.folder).free
        except OSError as error:
            raise BackupError(f"No backup can be made in {self.folder}: {error.strerror}.") from error
        if free < needed:
            raise BackupError(
                f"A backup needs {needed // 1_000_000} MB in {self.folder}, and {free // 1_000_000} MB are free: "
                "make room, or set LLM_ROUTER_BACKUP_FOLDER to another disk."
            )
        name = shelf.new_name(scheduled=scheduled, sealed=self._passphrase is not None)
        make(source, self.folder / name, self._passphrase, progress)
        shelf.rotate(self.folder, self._settings.backup_keep)

    async def _run(self) -> None:
        soonest = now() + FIRST
        while True:
            made = [each for each in await asyncio.to_thread(shelf.backups, self.folder) if each.scheduled]
            self._next = max(soonest, made[0].made_at + self._every) if made else soonest
            await asyncio.sleep((self._next - now()).total_seconds())
            if self._progress is None:
                await asyncio.shield(self._begin(Source.of(self._settings), scheduled=True))
            soonest = now() + AGAIN


def _last(folder: Path) -> int:
    """Bytes of the newest backup: about what the next will have."""
    found = shelf.backups(folder)
    return found[0].size if found else 0


def make(source: Source, path: Path, passphrase: str | None, progress: Progress) -> "Made":
    """``write.make``, loaded with the first one: a server that is not making any does without archives."""
    from server.ops.backup import write

    return write.make(source, path, passphrase, progress)
