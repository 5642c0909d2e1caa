"""uvicorn for tests: it starts and stops as ours does, but looks neither for signals nor at the clock for it."""

import asyncio
import socket
from contextlib import suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from server.edge.protocol import IDLE


class Server(uvicorn.Server):
    """The program looks ten times a second whether it should end; thousands of tests cannot wait for that."""

    def __init__(self, app: ASGIApp, grace: float, *, lifespan: bool, http: Any = "auto") -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=http,
                ws="none",
                proxy_headers=False,
                log_config=None,
                lifespan="on" if lifespan else "off",
                timeout_keep_alive=IDLE,
            )
        )
        self._grace = grace
        self._told = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def begin(self, listener: socket.socket) -> None:
        self._running = asyncio.create_task(self._serve([listener]))
        while not self.started:
            if self._running.done():
                self._running.result()
                raise RuntimeError("the server did not start")
            await asyncio.sleep(0.005)

    async def end(self) -> None:
        self._told.set()
        if self._running is not None:
            await self._running

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._grace):
                while self.server_state.connections or self.server_state.tasks:
                    await asyncio.sleep(0.002)
        for task in self.server_state.tasks:
            task.cancel()
        await self.lifespan.shutdown()
