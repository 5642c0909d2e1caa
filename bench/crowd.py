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
AIM = 50.0
"""Milliseconds."""


async def figures(there: ways.Ways) -> list[Figure]:
    seen = {way.name: await _through(way) for way in there.all}
    seen["chat"] = await _chat(there.pages)
    direct = seen.pop("direct")
    found = []
    for title, of in (("p50", median), ("p95", partial(quantile, part=0.95))):
        added = {name: of(values) - of(direct) for name, values in seen.items()}
        for name, value in added.items():
            aim = AIM if title == "p95" and name in ways.OURS else None
            bare = () if name == there.relay.name else [added[there.relay.name]]
            found.append(Figure(f"one more while {COUNT} stream: {name}, {title}", [value], "ms", aim, bare))
    return found


async def _through(way: ways.Way) -> list[float]:
    crowd = asyncio.create_task(load.streams(way, COUNT, chunks=CHUNKS, pause=ways.PAUSE_MS))
    found = await _one_more(partial(load.stream, way, 1, 0))
    await crowd
    return found


async def _chat(pages: Sequence[Page]) -> list[float]:
    each = cycle(pages)
    text = ways.told(CHUNKS)
    crowd = [(page, await page.conversation(ways.MODEL)) for page, _ in zip(each, range(COUNT), strict=False)]
    streaming = asyncio.gather(*(page.reply(talk, text) for page, talk in crowd))

    async def one_more() -> Stream:
        page = next(each)
        return await page.reply(await page.conversation(ways.MODEL), ways.told(1))

    found = await _one_more(one_more)
    await streaming
    return found


async def _one_more(ask: Callable[[], Awaitable[Stream]]) -> list[float]:
    """Milliseconds to the first piece."""
    await asyncio.sleep(BEGIN)
    until, found = time.monotonic() + SECONDS, []
    while time.monotonic() < until:
        found.append((await ask()).first * 1000)
        await asyncio.sleep(APART)
    return found
