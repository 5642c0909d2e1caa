"""Writes a scripted stream to a connection, with all the weather that was ordered for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from tests.upstream.answer import Answer
from tests.upstream.frames import Frame
from tests.upstream.record import Asked

Message = MutableMapping[str, Any]
COMMENT = b": keep-alive\n\n"
GARBAGE = b"data: {this is no JSON\n\n"


class Gone(Exception):
    """The client went away."""


class Connection:
    """One ASGI response. ``pause`` is where the client's going away is noticed."""

    def __init__(self, asked: Asked, answer: Answer, receive: Any, send: Any, release: asyncio.Event) -> None:
        self.asked = asked
        self._answer = answer
        self._send = send
        self._release = release
        self._gone = asyncio.Event()
        self._listener = asyncio.create_task(self._listen(receive))

    async def close(self) -> None:
        self._listener.cancel()
        with suppress(asyncio.CancelledError):
            await self._listener

    async def pause(self, seconds: float | None, until: asyncio.Event | None = None) -> None:
        """Wait, with heartbeats where they were ordered. Raises Gone."""
        clock = asyncio.get_running_loop().time
        end = None if seconds is None else clock() + seconds
        waits = [asyncio.create_task(event.wait()) for event in (self._gone, until) if event is not None]
        try:
            while not self._gone.is_set():
                left = None if end is None else max(0.0, end - clock())
                step = min((wait for wait in (left, self._answer.heartbeat) if wait is not None), default=None)
                done, _ = await asyncio.wait(waits, timeout=step, return_when=asyncio.FIRST_COMPLETED)
                if done or (end is not None and clock() >= end):
                    break
                await self.write(COMMENT)
        finally:
            for wait in waits:
                wait.cancel()
        if self._gone.is_set():
            raise Gone

    async def start(self, content_type: str) -> None:
        headers = {"content-type": content_type, "x-request-id": "req_1"} | self._answer.headers
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": 200, "headers": pairs})
        self.asked.status = 200

    async def write(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def finish(self) -> None:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        self.asked.finished = True

    async def play(self, frames: AsyncIterator[Frame], error: Callable[[int], Frame]) -> None:
        """Send ``frames``; a return without ``finish`` makes the server break the connection off."""
        answer, sent = self._answer, 0
        async for frame in frames:
            if sent == answer.hold_after:
                await self.pause(None, until=self._release)
            if sent == answer.cut_after:
                return
            if sent == answer.garbage_after:
                await self.write(GARBAGE)
            if sent == answer.error_after:
                await self.write(error(sent).encode())
                break
            await self._write_frame(frame)
            sent += 1
            self.asked.events = sent
            if frame.text:
                self.asked.sent += frame.text
                self.asked.pieces.append((time.monotonic(), len(self.asked.sent)))
        await self.finish()

    async def _write_frame(self, frame: Frame) -> None:
        data = frame.encode()
        size = self._answer.chunk if self._answer.unit == "bytes" else len(data)
        for at in range(0, len(data), size):
            await self.pause(self._answer.delay)
            await self.write(data[at : at + size])

    async def _listen(self, receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._gone.set()
