"""Memory: idle, and with both SDKs loaded and twenty replies streaming to twenty pages; LiteLLM's idle."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

from bench import proc, process, server, texts, upstream, ways
from bench.direct import MODELS
from bench.proc import MB, Memory
from bench.report import Figure, Table
from bench.run import Run

IDLE_MB, LOADED_MB = 90.0, 160.0
REPLIES = 20
SETTLE = 1.0
"""Seconds until a start is over for good."""


async def measure(run: Run) -> Table:
    table = Table("memory", "Memory", "a FastAPI app with one route on the same libraries, idle")
    bare, idle, loaded, after, beside = [], [], [], [], []
    async with upstream.running() as fake:
        for number in run.rounds(2, seconds=15):
            bare.append(await _bare(run))
            idle.append(await _idle(run))
            one, other = await _loaded(run, run.folder / f"loaded-{number}", fake)
            loaded.append(one)
            after.append(other)
            if run.litellm:
                beside.append(await _litellm(run))
    table.add(
        Figure("idle, RSS", _mb(idle, "rss"), "MB", aim=IDLE_MB, baseline=_mb(bare, "rss")),
        Figure("idle, PSS", _mb(idle, "pss"), "MB", baseline=_mb(bare, "pss")),
        Figure(f"{REPLIES} replies streaming, RSS", _mb(loaded, "rss"), "MB", aim=LOADED_MB, baseline=_mb(bare, "rss")),
        Figure(f"{REPLIES} replies streaming, PSS", _mb(loaded, "pss"), "MB", baseline=_mb(bare, "pss")),
        Figure("after them, RSS", _mb(after, "rss"), "MB", baseline=_mb(bare, "rss")),
        Figure("highest of all, RSS", _mb(after, "peak"), "MB", baseline=_mb(bare, "rss")),
    )
    if run.litellm:
        table.add(
            Figure("LiteLLM: idle, RSS", _mb(beside, "rss"), "MB", baseline=_mb(bare, "rss")),
            Figure("LiteLLM: idle, PSS", _mb(beside, "pss"), "MB", baseline=_mb(bare, "pss")),
        )
        table.notes += [run.litellm.described, "Both with a hundred streams: among the figures of the gateway."]
    return table


async def _bare(run: Run) -> Memory:
    async with process.bare(run.limits) as pid:
        await asyncio.sleep(SETTLE)
        return proc.memory(pid)


async def _idle(run: Run) -> Memory:
    async with server.serving(run, run.folder / "idle") as started:
        await asyncio.sleep(SETTLE)
        return proc.memory(started.pid)


async def _litellm(run: Run) -> Memory:
    assert run.litellm is not None
    async with ways.stub() as upstream, run.litellm.serving(upstream, run.limits) as started:
        await asyncio.sleep(SETTLE)
        return proc.memory(started.pid)


async def _loaded(run: Run, data: Path, fake: upstream.Upstream) -> tuple[Memory, Memory]:
    """The most that was seen while all of them were streaming, and what is left after they ended."""
    text = texts.prose(8_000)
    seconds = 4.0
    async with server.serving(run, data, fake) as started, server.opened(started) as page, AsyncExitStack() as pages:
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
