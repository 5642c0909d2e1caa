"""One more request while a hundred replies stream: what is added to its first token.

A hundred that begin in the same moment, as in ``streams``, wait for each other; one that comes while a hundred are
being written is what a busy house feels.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import cycle
from statistics import median

from bench import load, ways
from bench.page import Page
from bench.report import Figure, quantile
from bench.stream import Stream

COUNT = 100
CHUNKS = 125
BEGIN, SECONDS = 2.0, 2.5
"""After which all of them stream, and for which one more is asked again and again, before the first of them ends."""
APART = 0.03
"""Seconds between an answer and the next request."""


async def figures(there: ways.Ways) -> list[Figure]:
    seen = {way.name: await _through(way) for way in there.all}
    seen["chat"] = await _chat(there.pages)
    direct = seen.pop("direct")
    found = []
    for title, of in (("p50", median), ("p95", partial(quantile, part=0.95))):
        added = {name: of(values) - of(direct) for name, values in seen.items()}
        for name, value in added.items():
            aim = ways.ADDED_MS if title == "p95" and name in ways.OURS else None
            bare = () if name == there.relay.name else [added[there.relay.name]]
            found.append(Figure(f"one more while {COUNT} stream: {name}, {title}", [value], "ms", aim, bare))
    return found


async def _through(way: ways.Way) -> list[float]:
    crowd = load.streams(way, COUNT, chunks=CHUNKS, pause=ways.PAUSE_MS)
    return await _one_more(crowd, partial(load.stream, way, 1, 0))


async def _chat(pages: Sequence[Page]) -> list[float]:
    text, each = ways.told(CHUNKS), cycle(pages)
    crowd = asyncio.gather(*(page.reply(talk, text) for page, talk in await ways.talks(pages, COUNT)))

    async def one_more() -> Stream:
        page = next(each)
        return await page.reply(await page.conversation(ways.MODEL), ways.told(1))

    return await _one_more(crowd, one_more)


async def _one_more(crowd: Awaitable[object], ask: Callable[[], Awaitable[Stream]]) -> list[float]:
    """Milliseconds to the first piece of each, while the crowd streams."""
    found = []

    async def probe() -> None:
        await asyncio.sleep(BEGIN)
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            found.append((await ask()).first * 1000)
            await asyncio.sleep(APART)

    await asyncio.gather(crowd, probe())
    return found
