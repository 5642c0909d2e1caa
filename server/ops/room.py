"""Watches how much room the disk has: new work is refused before the database finds none, and admins are warned."""

import asyncio
import json
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from sqlalchemy import select

from server.errors import NoRoom
from server.live.ring import Live
from server.ops.push import Push
from server.store.engine import Database
from server.store.tables import User

MB = 1_000_000
FRESH = 1.0
"""Seconds for which what was measured counts."""
OFTEN = 15.0
AGAIN = 6 * 3600.0
"""Seconds after which a warning is repeated while nothing changes."""
NEAR = 3
"""Times the least that stays free: from there on people are warned."""
DISCREET = "the server's disk is nearly full"

State = Literal["ok", "near", "low"]
log = logging.getLogger(__name__)
_users = User.__table__  # type: ignore[attr-defined]


def free_bytes(folder: Path) -> int:
    """Of the disk that a folder is on, for whoever is not root. Raises OSError."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


class Room:
    """``check`` is for whatever is about to bring something new; it costs a look at the clock."""

    def __init__(
        self,
        folder: Path,
        min_free_mb: int,
        database: Database,
        live: Live,
        push: Push,
        measure: Callable[[Path], int] = free_bytes,
    ) -> None:
        self._folder, self._least, self._measure = folder, min_free_mb * MB, measure
        self._database, self._live, self._push = database, live, push
        self._free: int | None = None
        self._until = 0.0
        self._told: State = "ok"
        self._told_at = 0.0
        self._watching: asyncio.Task[None] | None = None

    @property
    def free(self) -> int | None:
        """Bytes; None where that cannot be found out."""
        if (now := time.monotonic()) >= self._until:
            self._until = now + FRESH
            try:
                self._free = self._measure(self._folder)
            except OSError:
                self._free = None
        return self._free

    @property
    def state(self) -> State:
        free = self.free
        if free is None or free >= self._least * NEAR or not self._least:
            return "ok"
        return "low" if free < self._least else "near"

    def check(self) -> None:
        """Raises NoRoom."""
        if self.state == "low":
            raise NoRoom(f"{_sentence(self.free or 0)}, so nothing new is begun: make room on it, then try again")

    def start_up(self) -> None:
        self._watching = asyncio.create_task(self._watch(), name="room")

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching

    async def look(self) -> None:
        """Tells the admins what has changed for the worse, and what has not become better for hours."""
        state, before = self.state, self._told
        worse = ("ok", "near", "low").index(state) > ("ok", "near", "low").index(before)
        self._told = state
        if state == "ok":
            if before != "ok":
                log.info("the disk has room again: %d MB", (self.free or 0) // MB)
            return
        if worse or time.monotonic() - self._told_at > AGAIN:
            self._told_at = time.monotonic()
            await self._tell(state)

    async def _tell(self, state: State) -> None:
        what = "nothing new is begun" if state == "low" else f"below {self._least // MB} MB nothing new is begun"
        said = f"{_sentence(self.free or 0)}: {what}; make room on it"
        log.warning("%s", said)
        admins = select(_users.c.id).where(_users.c.role == "admin", _users.c.disabled_at.is_(None))
        tone = "error" if state == "low" else "warn"
        for user_id in await self._database.read(lambda connection: list(connection.execute(admins).scalars())):
            self._live.publish(user_id, "notice", json.dumps({"text": said, "tone": tone}))
            self._push.announce(user_id, "disk", said, DISCREET, "/#/settings")

    async def _watch(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("nobody could be told about the disk; trying again")
            await asyncio.sleep(OFTEN)


def _sentence(free: int) -> str:
    return f"the server's disk is nearly full, {free // MB} MB are free"
