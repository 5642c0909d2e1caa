"""The client's end of a request: what is sent to it, its signs of life, and whether it is still there."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from server.gateway.body import Gone, Receive

HOLD = 10.0
"""Seconds for which a stream's status waits for the upstream's: an error that comes sooner has its true one."""
STREAM = {"content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no"}

Send = Callable[[Any], Awaitable[None]]


class Outlet:
    """``heartbeat`` makes a sign of life; it is set by whoever writes, and a stream has one."""

    def __init__(self, send: Send, headers: Mapping[str, str], patience: float = 120) -> None:
        """``patience``: seconds for which a client that reads nothing is waited for."""
        self._patience = patience
        self._task = asyncio.current_task()
        self.headers = dict(headers)
        self.begun = False
        self.gone = False
        self.heartbeat: Callable[[], bytes] | None = None
        self.ready: asyncio.Future[Any] | None = None
        """What has to be done before the first byte may go out."""
        self._send = send
        self._busy = False
        self._last = time.monotonic()
        self._timer: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._beat: asyncio.Task[None] | None = None

    def watch(self, receive: Receive) -> None:
        """From now on the request's task is cancelled when the client leaves; its body has been read."""
        self._watcher = asyncio.create_task(self._wait_gone(receive))

    def keep_alive(self, interval: float, hold: float) -> None:
        """Sends heartbeats in silence, the first one after ``hold`` seconds, with the status."""
        loop = asyncio.get_running_loop()

        def look() -> None:
            silent = time.monotonic() - self._last
            due = interval if self.begun else min(hold, interval)
            if silent + 0.001 >= due and not self._busy and self.heartbeat is not None:
                self._beat = loop.create_task(self._send_beat(self.heartbeat()))
                silent = 0.0
            self._timer = loop.call_later(max(0.01, (interval if self.begun else due) - silent), look)

        self._timer = loop.call_later(min(hold, interval), look)

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Does nothing once a heartbeat has begun the answer."""
        if self.begun:
            return
        if self.ready is not None:
            await self.ready
        # A heartbeat may have begun it meanwhile.
        if not self._claim():
            return
        await self._start(status, {"cache-control": "no-store"} | self.headers | dict(headers))

    async def write(self, data: bytes) -> None:
        """Returns when there is room for more. Raises Gone for a client that reads nothing for too long."""
        self._busy = True
        try:
            async with asyncio.timeout(self._patience):
                await self._send({"type": "http.response.body", "body": data, "more_body": True})
        except TimeoutError:
            raise Gone from None
        finally:
            self._busy = False
            self._last = time.monotonic()

    async def end(self, data: bytes = b"") -> None:
        self.silence()
        await self._send({"type": "http.response.body", "body": data, "more_body": False})

    async def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """A whole answer at once."""
        if self.ready is not None:
            await self.ready
        self.begun = True
        pairs = {"content-type": "application/json"} | self.headers | dict(headers) | {"content-length": str(len(body))}
        await self._start(status, pairs)
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    def silence(self) -> None:
        self.heartbeat = None
        if self._timer is not None:
            self._timer.cancel()

    async def close(self) -> None:
        self.silence()
        for task in (self._watcher, self._beat):
            if task is not None and not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def _claim(self) -> bool:
        before, self.begun = self.begun, True
        return not before

    async def _start(self, status: int, headers: Mapping[str, str]) -> None:
        pairs = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})

    async def _send_beat(self, data: bytes) -> None:
        await self.begin(200, STREAM)
        await self.write(data)

    async def _wait_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        if self._task is not None:
            self._task.cancel()
