"""The gateway beside a bare pass-through: requests a second, processor time, memory; in turns in one run."""

import asyncio
import time
from dataclasses import dataclass

from bench import load, proc, ways
from bench.proc import MB
from bench.report import Figure, Table
from bench.run import Run
from bench.ways import Way, Ways

REQUESTS, AT_ONCE = 300, 8
TOKENS, STREAMS = 1_000, 4
"""Of a stream, and how many of them at once."""
MANY, MANY_MB = 100, 150.0
LONG, READERS, GROWTH_MB = 5_000, 50, 20.0
SETTLE = 0.1
"""Seconds after the last answer in which its connections are let go of."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Requests a second, and microseconds of processor time for each."""

    rate: float
    cpu: float


async def measure(run: Run) -> Table:
    table = Table("gateway", "The gateway", "a bare aiohttp pass-through, in turns with it")
    async with ways.opened(run, run.folder / "data") as there:
        for way in there.between:  # opens connections, and loads what is loaded late
            await load.streams(way, 4, chunks=2, pause=0)
            await load.requests(way, 20, 4)
        asked: dict[str, list[Answered]] = {way.name: [] for way in there.between}
        streamed: dict[str, list[float]] = {way.name: [] for way in there.between}
        for _ in run.rounds(8, seconds=15, quick=3):
            for way in there.between:
                asked[way.name].append(await _requests(way))
        for _ in run.rounds(3, seconds=10):
            for way in there.between:
                streamed[way.name].append(await _tokens(way))
        table.add(
            *_figures("requests a second", "/s", {name: [each.rate for each in seen] for name, seen in asked.items()}),
            *_figures("CPU a request", "µs", {name: [each.cpu for each in seen] for name, seen in asked.items()}),
            *_figures("CPU for 1,000 streamed tokens", "ms", streamed),
            *await _memory(there, LONG // 5 if run.quick else LONG),
        )
    table.notes.append(
        f"{AT_ONCE} requests at once. Admission, limits and both writes of the ledger are part of the gateway's"
        " figures. Each process between has one core. The aims: 2 times the pass-through in processor time a request."
    )
    if run.litellm:
        table.notes.append(run.litellm.described)
    return table


async def _requests(way: Way) -> Answered:
    assert way.pid is not None
    count = int(REQUESTS * way.share)
    before, began = proc.cpu_seconds(way.pid), time.monotonic()
    await load.requests(way, count, AT_ONCE)
    took = time.monotonic() - began
    await asyncio.sleep(SETTLE)
    return Answered(count / took, (proc.cpu_seconds(way.pid) - before) / count * 1e6)


async def _tokens(way: Way) -> float:
    """Milliseconds of processor time for 1,000; each is an event of its own."""
    assert way.pid is not None
    before = proc.cpu_seconds(way.pid)
    await load.streams(way, STREAMS, chunks=TOKENS, pause=1)
    await asyncio.sleep(SETTLE)
    return (proc.cpu_seconds(way.pid) - before) / STREAMS * 1e3


async def _memory(there: Ways, long: int) -> list[Figure]:
    loaded = {way.name: [await _loaded(way)] for way in there.between}
    way = there.same
    assert way.pid is not None
    before = proc.memory(way.pid).rss
    reading = asyncio.gather(*(load.stream(way, long, 0) for _ in range(READERS)))
    most = before
    while not reading.done():
        await asyncio.sleep(0.2)
        most = max(most, proc.memory(way.pid).rss)
    await reading
    return [
        *_figures(f"RSS with {MANY} streams", "MB", loaded, aim=MANY_MB),
        Figure(f"{READERS} streams of {long:,} chunks: growth", [(most - before) / MB], "MB", aim=GROWTH_MB),
    ]


async def _loaded(way: Way) -> float:
    """Megabytes, the most that was seen while the streams went on."""
    assert way.pid is not None
    most, running = 0.0, asyncio.ensure_future(load.streams(way, MANY, chunks=60, pause=40))
    while not running.done():
        await asyncio.sleep(0.2)
        most = max(most, proc.memory(way.pid).rss / MB)
    await running
    return most


def _figures(title: str, unit: str, seen: dict[str, list[float]], *, aim: float | None = None) -> list[Figure]:
    """The first is what the others are compared with; the aim is ours."""
    bare = next(iter(seen))
    return [
        Figure(
            f"{title}: {name}",
            values,
            unit,
            aim=aim if name == "same wire" else None,
            baseline=() if name == bare else seen[bare],
        )
        for name, values in seen.items()
    ]
