"""Many replies at once: what is added to the first token, and how long a stream stands still, on one core."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from bench import crowd, load, ways
from bench.page import Page
from bench.report import Figure, Table, quantile
from bench.run import Run
from bench.stream import Stream

COUNTS = (1, 8, 32, 100)
MOST = COUNTS[-1]
RELAY = "pass-through"
CHUNKS = 20
SECONDS = 15.0
"""For as many streams."""
AIM_STALL = 250.0
"""Milliseconds, at the most streams."""

Round = Callable[[int], Awaitable[list[Stream]]]


@dataclass(frozen=True, slots=True)
class Seen:
    """Milliseconds of all streams of a round."""

    half: float
    most: float
    stall: float


async def measure(run: Run) -> Table:
    table = Table("streams", "Many replies at once: added to the first token", "a bare aiohttp pass-through, in turns")
    async with ways.opened(run, run.folder / "data", pause=ways.PAUSE_MS, people=ways.PEOPLE) as there:
        rounds: dict[str, Round] = {way.name: partial(_through, way) for way in there.all}
        rounds["chat"] = partial(_chat, there.pages)
        for begin in rounds.values():  # opens connections, and loads what is loaded late
            await begin(2)
            await begin(8)
        for count in COUNTS[1:3] if run.quick else COUNTS:
            table.add(*await _figures(run, rounds, count))
        table.add(*await crowd.figures(there))
    table.notes.append(
        f"Streams have {CHUNKS} chunks, {ways.PAUSE_MS} ms apart, and the same beginning. Added is what is left after"
        " the direct call of the same rounds; what stands still is the longest time between two pieces, of all streams."
        " Each process between has one core. Through the gateway (same wire, translated) and in the chat, of"
        f" {ways.PEOPLE} people with a page attached to each reply, admission, limits and both writes of the ledger are"
        f" counted in. “One more” is asked, again and again, while {crowd.COUNT} replies stream at that pace."
    )
    return table


async def _figures(run: Run, rounds: dict[str, Round], count: int) -> list[Figure]:
    seen: dict[str, list[Seen]] = {name: [] for name in rounds}
    for _ in run.rounds(5, seconds=SECONDS, quick=2):
        for name, begin in rounds.items():
            streams = await begin(count)
            first = [stream.first * 1000 for stream in streams]
            stall = max(stream.stall for stream in streams) * 1000
            seen[name].append(Seen(median(first), quantile(first, 0.95), stall))
    when = f"{count} stream{'s' if count > 1 else ''}"
    direct = seen.pop("direct")
    figures = [
        *_added(f"{when}: {{}}, p50", direct, seen, lambda each: each.half),
        *_added(f"{when}: {{}}, p95", direct, seen, lambda each: each.most, ways.ADDED_MS if count == MOST else None),
    ]
    for name, found in (seen if count == MOST else {}).items():
        stalls = [each.stall for each in found]
        aim = AIM_STALL if name in ways.OURS else None
        name = f"{when}: {name}, longest standstill"
        figures.append(Figure(name, stalls, "ms", aim, [each.stall for each in direct]))
    return figures


def _added(
    title: str, direct: list[Seen], seen: dict[str, list[Seen]], of: Callable[[Seen], float], aim: float | None = None
) -> list[Figure]:
    """What is left after the direct call; beside what is left of the pass-through."""
    without = median(of(each) for each in direct)
    added = {name: [of(each) - without for each in found] for name, found in seen.items()}
    return [
        Figure(
            title.format(name),
            values,
            "ms",
            aim if name in ways.OURS else None,
            () if name == RELAY else added[RELAY],
        )
        for name, values in added.items()
    ]


async def _through(way: ways.Way, count: int) -> list[Stream]:
    return await load.streams(way, count, chunks=CHUNKS, pause=ways.PAUSE_MS)


async def _chat(pages: Sequence[Page], count: int) -> list[Stream]:
    """As many conversations, with a page that listens to each, and a message to all of them at once."""
    talks = await ways.talks(pages, count)
    ready, text = asyncio.Barrier(count), ways.told(CHUNKS)
    return list(await asyncio.gather(*(page.reply(talk, text, ready) for page, talk in talks)))
