"""What others wait for while twenty replies stream: every kind of request that asks no model."""

import asyncio
import itertools
import time

from bench import server, ways
from bench.page import Page
from bench.report import Figure, Table, quantile
from bench.run import Run
from bench.stopwatch import milliseconds
from tests.house import ADMIN
from tests.phone import Phone

REPLIES = 20
CHUNKS, PAUSE_MS = 250, 40
"""A token every 40 ms for ten seconds."""
AIM = 50.0
PAUSE = 0.005
"""Seconds between two requests of the one who asks: a person, not a load."""


async def measure(run: Run) -> Table:
    table = Table(
        "meanwhile", f"Other requests while {REPLIES} replies stream: p99", "the same requests while nothing streams"
    )
    rounds = 1 if run.quick else 2
    async with (
        ways.stub(chunks=CHUNKS, pause=PAUSE_MS) as upstream,
        server.serving(run, run.folder / "data", OLLAMA_BASE_URL=f"{upstream}/v1") as process,
        server.opened(process) as page,
    ):
        phone = await Phone(process.url).sign_in(*ADMIN)
        try:
            talk = await phone.conversation(model=ways.MODEL)
            paths = _paths(talk)
            await _ask(phone, paths, seconds=0.5)  # loads what is loaded late
            quiet: dict[str, list[float]] = {name: [] for name in paths}
            busy: dict[str, list[float]] = {name: [] for name in paths}
            for _ in range(rounds):
                _add(quiet, await _ask(phone, paths, seconds=CHUNKS * PAUSE_MS / 1000 / 2))
                _add(busy, await _while_streaming(page, phone, paths))
        finally:
            await phone.close()
    every = [value for values in busy.values() for value in values]
    calm = [value for values in quiet.values() for value in values]
    table.add(Figure("all of them", [quantile(every, 0.99)], "ms", AIM, [quantile(calm, 0.99)]))
    table.add(Figure("all of them, the median", [quantile(every, 0.5)], "ms", None, [quantile(calm, 0.5)]))
    for name, seen in busy.items():
        table.add(Figure(name, [quantile(seen, 0.99)], "ms", AIM, [quantile(quiet[name], 0.99)]))
    table.notes.append(
        f"Each reply is a conversation of its own with a page attached, and gets a token every {PAUSE_MS} ms. One"
        f" person asks in turns, {len(every):,} requests in all."
    )
    return table


def _paths(conversation: str) -> dict[str, str]:
    return {
        "health": "/health",
        "session": "/api/session",
        "conversations": "/api/conversations?limit=40",
        "a conversation": f"/api/conversations/{conversation}",
        "search": "/api/search?q=river",
        "models": "/api/models",
        "usage of a month": "/api/usage?range=month",
        "commands": "/api/commands",
    }


async def _while_streaming(page: Page, phone: Phone, paths: dict[str, str]) -> dict[str, list[float]]:
    talks = [await page.conversation(ways.MODEL) for _ in range(REPLIES)]
    began = asyncio.Barrier(REPLIES + 1)

    async def reply(conversation: str) -> None:
        async with page.listening(conversation) as listener:
            await page.send(conversation)
            await listener.until_text()
            await began.wait()
            await listener.until_ended()

    async with asyncio.TaskGroup() as group:
        for talk in talks:
            group.create_task(reply(talk))
        await began.wait()
        return await _ask(phone, paths, seconds=CHUNKS * PAUSE_MS / 1000 * 0.8)


async def _ask(phone: Phone, paths: dict[str, str], *, seconds: float) -> dict[str, list[float]]:
    """Milliseconds of each, in turns, for so long."""
    seen: dict[str, list[float]] = {name: [] for name in paths}
    until = time.monotonic() + seconds
    for name, path in itertools.cycle(paths.items()):
        if time.monotonic() > until and all(seen.values()):
            break
        seen[name].append(await milliseconds(phone.get(path)))
        await asyncio.sleep(PAUSE)
    return seen


def _add(all: dict[str, list[float]], more: dict[str, list[float]]) -> None:
    for name, values in more.items():
        all[name] += values
