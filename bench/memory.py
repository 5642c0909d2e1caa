"""Memory: idle, and with both SDKs loaded and twenty replies streaming to twenty pages."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

from bench import proc, process, server, texts, upstream
from bench.direct import MODELS
from bench.proc import MB, Memory
from bench.report import Figure, Table

IDLE_MB, LOADED_MB = 90.0, 160.0
REPLIES = 20
SETTLE = 1.0
"""Seconds until a start is over for good."""


async def measure(folder: Path, *, quick: bool) -> Table:
    table = Table("memory", "Memory", "a FastAPI app with one route on the same libraries, idle")
    rounds = 1 if quick else 2
    bare, idle, loaded, after = [], [], [], []
    async with upstream.running() as fake:
        for number in range(rounds):
            bare.append(await _bare())
            idle.append(await _idle(folder / "idle"))
            one, other = await _loaded(folder / f"loaded-{number}", fake)
            loaded.append(one)
            after.append(other)
    table.add(
        Figure("idle, RSS", _mb(idle, "rss"), "MB", aim=IDLE_MB, baseline=_mb(bare, "rss")),
        Figure("idle, PSS", _mb(idle, "pss"), "MB", baseline=_mb(bare, "pss")),
        Figure(f"{REPLIES} replies streaming, RSS", _mb(loaded, "rss"), "MB", aim=LOADED_MB, baseline=_mb(bare, "rss")),
        Figure(f"{REPLIES} replies streaming, PSS", _mb(loaded, "pss"), "MB", baseline=_mb(bare, "pss")),
        Figure("after them, RSS", _mb(after, "rss"), "MB"),
        Figure("highest of all, RSS", _mb(after, "peak"), "MB"),
    )
    return table


async def _bare() -> Memory:
    async with process.bare() as pid:
        await asyncio.sleep(SETTLE)
        return proc.memory(pid)


async def _idle(data: Path) -> Memory:
    async with server.serving(data) as started:
        await asyncio.sleep(SETTLE)
        return proc.memory(started.pid)


async def _loaded(data: Path, fake: upstream.Upstream) -> tuple[Memory, Memory]:
    """The most that was seen while all of them were streaming, and what is left after they ended."""
    text = texts.prose(8_000)
    seconds = 4.0
    async with server.serving(data, fake) as started, server.opened(started) as page, AsyncExitStack() as pages:
        await fake.answers(text=text, chunk=24, delay=seconds * 24 / len(text))
        listeners = []
        for number in range(REPLIES):
            conversation = await page.conversation(MODELS[number % len(MODELS)])
            listeners.append(await pages.enter_async_context(page.listening(conversation)))
            await page.send(conversation)
        await asyncio.gather(*(listener.until_text() for listener in listeners))
        ends = asyncio.gather(*(listener.until_ended() for listener in listeners))
        most, until = proc.memory(started.pid), time.monotonic() + seconds * 0.8
        while time.monotonic() < until and not ends.done():
            await asyncio.sleep(0.25)
            most = max(most, proc.memory(started.pid), key=lambda seen: seen.rss)
        await ends
        await asyncio.sleep(SETTLE)
        return most, proc.memory(started.pid)


def _mb(seen: list[Memory], field: str) -> list[float]:
    return [getattr(each, field) / MB for each in seen]
