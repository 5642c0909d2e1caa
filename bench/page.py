"""A page that costs next to nothing: it sends over one connection, listens over another, and draws nothing.

Its own time is part of what it measures, hence no HTTP client on the measured way.
"""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bench.stream import Stream
from tests.house import ADMIN
from tests.phone import Phone

PATIENCE = 60.0
"""Seconds from one event that is waited for to the next."""
SPEAKS = (b"delta", b"reasoning")


@dataclass(frozen=True, slots=True)
class Event:
    type: bytes
    data: bytes
    at: float
    """Monotonic seconds."""


class Page:
    def __init__(self, phone: Phone, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in phone.http.cookies.jar)
        self._headers = f"Host: {parts.netloc}\r\nCookie: {cookies}\r\nX-CSRF-Token: {phone.csrf}\r\n"
        self._phone = phone
        self._sending: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def conversation(self, model: str) -> str:
        return await self._phone.conversation(model=model)

    async def virtual_key(self) -> str:
        """One for a program that goes through the gateway."""
        made = await self._phone.post("/admin/virtual-keys", {"name": "bench"})
        return str(made["key"])

    async def let_in(self) -> tuple[str, str]:
        """Makes somebody else: a name and a password."""
        name, password = f"person-{uuid.uuid4().hex[:8]}", "lovelace engine"
        await self._phone.post("/api/users", {"username": name, "password": password})
        return name, password

    async def reply(self, conversation: str, text: str, ready: asyncio.Barrier | None = None) -> Stream:
        """Listens, waits until everybody is ``ready``, sends; returns when the reply has ended well."""
        async with self.listening(conversation) as listener:
            if ready is not None:
                await ready.wait()
            began = time.monotonic()
            sending = asyncio.create_task(self.send(conversation, text))
            first = await listener.until_text()
            await sending
            await listener.until_ended()
        return Stream(first.at - began, listener.stall)

    async def connect(self) -> None:
        """Opens the connection for the next ``send`` ahead of it, so that opening it is not measured."""
        self._sending = await asyncio.open_connection(self._host, self._port)

    async def send(self, conversation: str, text: str = "Tell me about the river.") -> None:
        """Over a connection of its own: the server closes those that were not used for a while.

        Raises when it is not accepted.
        """
        ahead, self._sending = self._sending, None
        reader, writer = ahead or await asyncio.open_connection(self._host, self._port)
        path = f"/api/conversations/{conversation}/messages"
        data = json.dumps({"client_id": str(uuid.uuid4()), "text": text}).encode()
        head = f"POST {path} HTTP/1.1\r\n{self._headers}Content-Type: application/json\r\nContent-Length: {len(data)}"
        writer.write(f"{head}\r\n\r\n".encode() + data)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(f"{path}: {answer.splitlines()[0]!r}")
        writer.close()

    @asynccontextmanager
    async def listening(self, conversation: str) -> AsyncIterator["Listener"]:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            path = f"/api/stream?conversation={conversation}"
            writer.write(f"GET {path} HTTP/1.1\r\n{self._headers}Accept: text/event-stream\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{path}: {head.splitlines()[0]!r}")
            listener = Listener(reader)
            await listener.until(b"sync")
            yield listener
        finally:
            writer.close()

    async def close(self) -> None:
        await self._phone.close()


class Listener:
    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._events = self._read(reader)
        self.spoke_at = 0.0
        """When the last piece of an answer came."""
        self.stall = 0.0
        """The longest time between two of them, in seconds."""

    async def until(self, *types: bytes) -> Event:
        async with asyncio.timeout(PATIENCE):
            async for event in self._events:
                if event.type in SPEAKS:
                    self.stall = max(self.stall, event.at - self.spoke_at if self.spoke_at else 0.0)
                    self.spoke_at = event.at
                if event.type in types:
                    return event
        raise RuntimeError("the stream ended")

    async def until_text(self) -> Event:
        """The first piece of an answer. Raises when the reply ends without one."""
        while (event := await self.until(*SPEAKS, b"message")).type == b"message":
            if _has_ended(json.loads(event.data)):
                raise RuntimeError("the reply ended without a word")
        return event

    async def until_ended(self) -> dict[str, Any]:
        """The final row of the conversation's reply. Raises when it did not end well."""
        while True:
            row: dict[str, Any] = json.loads((await self.until(b"message")).data)
            if _has_ended(row):
                if row["status"] != "done":
                    raise RuntimeError(f"the reply ended {row['status']}: {row['error']}")
                return row

    async def _read(self, reader: asyncio.StreamReader) -> AsyncIterator[Event]:
        """Takes the chunks of the transfer apart, then the events in them."""
        buffer = b""
        while size := int(await reader.readline(), 16):
            chunk = await reader.readexactly(size + 2)
            at = time.monotonic()
            *whole, buffer = (buffer + chunk[:-2]).split(b"\n\n")
            for frame in whole:
                fields = dict(line.split(b": ", 1) for line in frame.split(b"\n") if line and line[:1] != b":")
                if b"data" in fields:
                    yield Event(fields.get(b"event", b""), fields[b"data"], at)


def _has_ended(row: dict[str, Any]) -> bool:
    return row["role"] == "assistant" and row["status"] not in ("pending", "streaming")


@asynccontextmanager
async def signed_in(url: str, name: str = ADMIN[0], password: str = ADMIN[1]) -> AsyncIterator[Page]:
    """A page of the account that ``tests.process`` makes, or of another."""
    page = Page(await Phone(url).sign_in(name, password), url)
    try:
        yield page
    finally:
        await page.close()
