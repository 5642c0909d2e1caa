"""What no well-behaved client sends: bytes on a socket, and whatever comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

PATIENCE = 10.0


class Line:
    """One connection to a house."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, raw: bytes) -> None:
        self.writer.write(raw)
        with suppress(ConnectionError):
            await self.writer.drain()

    async def rest(self) -> bytes:
        """All that comes until the server closes."""
        heard = b""
        with suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE):
                while chunk := await self.reader.read(65536):
                    heard += chunk
        return heard


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Line]:
    there = urlsplit(url)
    reader, writer = await asyncio.open_connection(there.hostname, there.port)
    try:
        yield Line(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def exchange(url: str, raw: bytes) -> bytes:
    """What the server says to ``raw`` until it closes."""
    async with connected(url) as line:
        await line.say(raw)
        return await line.rest()


def statuses(heard: bytes) -> list[int]:
    """Those of every answer that came on one connection."""
    return [int(part[:3]) for part in heard.split(b"HTTP/1.1 ")[1:]]
