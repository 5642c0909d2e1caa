"""The end of a server, in good order and in time: what came in is safe first, then everybody is told to come back."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

GRACE = 0.5
"""The share of the time there is that answers under way get to end by themselves."""
LAST_CALL = 0.6
"""… and the share after which connections are closed whatever happens; the rest is for saving what is left."""


async def _nothing_to_save() -> None:
    pass


class Stopping:
    """``begin`` is called once, when the server is told to end and no longer listens.

    Whoever is there sets what is to be done: ``save`` what is only in memory, ``tell`` the pages to come back later,
    ``end`` the answers that are still under way after a while.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self.save: Callable[[], Awaitable[None]] = _nothing_to_save
        self.tell: Callable[[], None] = lambda: None
        self.end: Callable[[], None] = lambda: None
        self._at = 0.0

    async def begin(self) -> None:
        self._at = time.monotonic()
        late = threading.Timer(self._timeout, self._too_late)
        late.daemon = True
        late.start()
        asyncio.get_running_loop().call_later(self._timeout * GRACE, self.end)
        self.tell()
        try:
            await self.save()
        except Exception:
            log.exception("what is only in memory could not be saved; it is tried once more at the end")
        log.info("stopping")

    def ended(self) -> None:
        log.info("stopped after %.1f s", time.monotonic() - self._at)

    def _too_late(self) -> None:
        """Whoever started the server would kill it in a moment; all that was acknowledged is on the disk."""
        log.error("stopping took longer than %.0f s, and was broken off", self._timeout)
        os._exit(1)
