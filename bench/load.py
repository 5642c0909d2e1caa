"""A client over bare sockets, so that its own time is not what is measured: many streams at once, many requests."""

import asyncio
import time
from urllib.parse import urlsplit

from bench.stream import Stream
from bench.ways import Way

_WORD = b"river"
"""In every piece of an answer, once."""
_END = b"0\r\n\r\n"


async def streams(way: Way, count: int, *, chunks: int, pause: int) -> list[Stream]:
    return list(await asyncio.gather(*(stream(way, chunks, pause) for _ in range(count))))


async def stream(way: Way, chunks: int, pause: int) -> Stream:
    parts = urlsplit(way.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    began, first, last, stall, pieces, end = time.monotonic(), 0.0, 0.0, 0.0, 0, b""
    writer.write(way.request(stream=True, chunks=chunks, pause=pause))
    while not end.endswith(_END):
        chunk = await reader.read(65536)
        if not chunk:
            raise ConnectionError(f"{way.name}: the stream broke off: {end!r}")
        if came := (end[1 - len(_WORD) :] + chunk).count(_WORD):
            at, pieces = time.monotonic(), pieces + came
            if first:
                stall = max(stall, at - last)
            first, last = first or at - began, at
        end = (end + chunk)[-200:]
    writer.close()
    if pieces != chunks:
        raise ConnectionError(f"{way.name}: {pieces} pieces of {chunks}: {end!r}")
    return Stream(first, stall)


async def requests(way: Way, count: int, at_once: int) -> None:
    """Whole answers, so many on the way at any time."""
    parts = urlsplit(way.url)
    left = iter(range(count))
    request = way.request(stream=False, chunks=1, pause=0)

    async def work() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for _ in left:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if b" 200 " not in head.split(b"\r\n")[0]:
                raise ConnectionError(f"{way.name}: {head!r}")
            if b"content-length:" in head:
                await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
            else:
                await reader.readuntil(_END)
        writer.close()

    await asyncio.gather(*(work() for _ in range(at_once)))
