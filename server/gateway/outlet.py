"""The client's end of a request: what is sent to it, its signs of life, and whether it is still there."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from server import counters
from server.errors import AppError
from server.gateway.body import Receive

HOLD = 10.0
"""Seconds for which a stream's status waits for the upstream's: an error that comes sooner has its true one."""
LOOK = 0.25
"""Seconds after which a request that is not over yet has its client watched."""
STREAM = {"content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no"}

_GUARD = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
]
"""An answer that a browser is made to show is shown as nothing."""

Send = Callable[[Any], Awaitable[None]]


class Outlet:
    """A client that leaves, or reads nothing for too long, is ``gone``, and the request's task is cancelled."""

    def __init__(self, send: Send, headers: Mapping[str, str], patience: float = 120) -> None:
        """``patience``: seconds for which a client that reads nothing is waited for."""
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self.headers = dict(headers)
        self.begun = False
        self.gone = False
        self.shut: AppError | None = None
        """Why the request may not go on: its account was shut out, or the server ends."""
        self.heartbeat: Callable[[], bytes] | None = None
        """Makes a sign of life; it is set by whoever writes a stream."""
        self.broken: Callable[[Exception], bytes] | None = None
        """How the stream says that it broke off."""
        self.ready: asyncio.Future[Any] | None = None
        """What has to be done before the first byte may go out."""
        self._send = send
        self._started = asyncio.Event()
        """Whether the head has been sent: it may have to wait for room, and nothing goes before it."""
        self._sending = 0
        self._last = time.monotonic()
        """When something was last given to the client, or taken by it."""
        self._timer: asyncio.TimerHandle | None = None
        self._guard: asyncio.TimerHandle | None = None
        self._look: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._beat: asyncio.Task[None] | None = None

    def watch(self, receive: Receive) -> None:
        """From now on it is seen when the client leaves; its body has been read."""
        self._look = self._loop.call_later(LOOK, self._watch, receive)

    def keep_alive(self, interval: float, hold: float) -> None:
        """Sends heartbeats in silence, the first one after ``hold`` seconds, with the status."""

        def look() -> None:
            silent = time.monotonic() - self._last
            due = interval if self.begun else min(hold, interval)
            beating = self._beat is not None and not self._beat.done()
            if silent + 0.001 >= due and not self._sending and not beating and self.heartbeat is not None:
                self._beat = self._loop.create_task(self._send_beat(self.heartbeat()))
                silent = 0.0
            self._timer = self._loop.call_later(max(0.01, (interval if self.begun else due) - silent), look)

        self._timer = self._loop.call_later(min(hold, interval), look)

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Once a heartbeat has begun the answer it only waits for what has to come first: each attempt has its own."""
        if (ready := self.ready) is not None:
            if not ready.done():
                await asyncio.shield(ready)
            ready.result()
        if not self._claim():
            return
        await self._start(status, {"cache-control": "no-store"} | self.headers | dict(headers))

    async def write(self, data: bytes) -> None:
        """Returns when there is room for more."""
        if not self._started.is_set():
            await self._started.wait()
        await self._put({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        self.silence()
        if not self._started.is_set():
            await self._started.wait()
        await self._put({"type": "http.response.body", "body": data, "more_body": False})

    async def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """A whole answer at once."""
        self.begun = True
        pairs = {"content-type": "application/json"} | self.headers | dict(headers) | {"content-length": str(len(body))}
        await self._start(status, pairs)
        await self.end(body)

    def shut_out(self, reason: AppError) -> None:
        """Ends the request, and tells it why."""
        self.shut = reason
        if self._task is not None:
            self._task.cancel()

    def silence(self) -> None:
        self.heartbeat = None
        if self._timer is not None:
            self._timer.cancel()

    async def close(self) -> None:
        self.silence()
        for timer in (self._guard, self._look):
            if timer is not None:
                timer.cancel()
        for task in (self._watcher, self._beat):
            if task is not None and not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def _claim(self) -> bool:
        before, self.begun = self.begun, True
        return not before

    async def _start(self, status: int, headers: Mapping[str, str]) -> None:
        counters.requests["gateway", status] += 1
        pairs = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
        pairs += _GUARD
        try:
            await self._put({"type": "http.response.start", "status": status, "headers": pairs})
        except BaseException:
            self.begun = False  # nothing has left
            raise
        self._started.set()

    async def _put(self, message: Mapping[str, Any]) -> None:
        self._sending += 1
        self._last = time.monotonic()
        if self._guard is None:
            # One timer for all that is sent: one for each would cost as much as the sending.
            self._guard = self._loop.call_later(self._patience, self._check)
        try:
            await self._send(message)
        finally:
            self._sending -= 1
            self._last = time.monotonic()

    def _check(self) -> None:
        waited = time.monotonic() - self._last if self._sending else 0.0
        if waited + 0.001 >= self._patience:
            self._leave()
        else:
            self._guard = self._loop.call_later(self._patience - waited, self._check)

    async def _send_beat(self, data: bytes) -> None:
        try:
            if not self.begun:
                await self.begin(200, STREAM)
        except AppError:
            return  # whoever writes the answer is told, and says so
        if self.heartbeat is not None:
            await self.write(data)

    def _watch(self, receive: Receive) -> None:
        self._watcher = self._loop.create_task(self._wait_gone(receive))

    async def _wait_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._leave()

    def _leave(self) -> None:
        self.gone = True
        if self._task is not None:
            self._task.cancel()
