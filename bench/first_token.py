"""Time to first token of one reply: from the moment a person sends until the page that listens has the first text."""

import asyncio
import time

from bench import direct, server, upstream
from bench.direct import MODELS
from bench.page import Page
from bench.report import Figure, Table, quantile
from bench.run import Run

AIM_MS = 5.0
ANSWER = {"text": "A river keeps its own time. " * 16, "chunk": 24, "delay": 0.004}
THINKS = (0.0, 0.15)
"""Seconds that the upstream takes before it answers; a real model takes at least the longer one."""


async def measure(run: Run) -> Table:
    table = Table(
        "first-token",
        "One reply: time to first token",
        "the official SDK asking the same upstream, before and after each round",
    )
    async with (
        upstream.running() as fake,
        server.serving(run, run.folder / "data", fake) as process,
        server.opened(process) as page,
        direct.connected(fake) as sdk,
    ):
        for model in MODELS[:1] if run.quick else MODELS:
            for _ in range(3):  # opens connections, and loads what is loaded late
                await _direct(fake, sdk, model, 0)
                await _through(fake, page, model, 0)
            for thinks in THINKS:
                alone, through = [], []
                for _ in run.rounds(12, seconds=8, quick=5):
                    alone.append(await _direct(fake, sdk, model, thinks))
                    through.append(await _through(fake, page, model, thinks))
                when = f"after {thinks * 1000:.0f} ms" if thinks else "at once"
                table.add(*_figures(f"{model} answers {when}", alone, through))
    return table


async def _direct(fake: upstream.Upstream, sdk: direct.Direct, model: str, thinks: float) -> tuple[float, float]:
    """Milliseconds until the upstream saw the request, and until the first text was there."""
    await fake.answers(**ANSWER, first_delay=thinks)
    read = await sdk.ask(model)
    seen = (await fake.asked_at())[0]
    return (seen - read.asked_at) * 1000, (read.first_at - read.asked_at) * 1000


async def _through(fake: upstream.Upstream, page: Page, model: str, thinks: float) -> tuple[float, float]:
    await fake.answers(**ANSWER, first_delay=thinks)
    conversation = await page.conversation(model)
    async with page.listening(conversation) as listener:
        first = asyncio.create_task(listener.until_text())
        await page.connect()
        began = time.monotonic()
        await page.send(conversation)
        event = await first
        await listener.until_ended()
    seen = (await fake.asked_at())[0]
    return (seen - began) * 1000, (event.at - began) * 1000


def _figures(name: str, alone: list[tuple[float, float]], through: list[tuple[float, float]]) -> list[Figure]:
    pairs = list(zip(alone, through, strict=True))
    added = [there[1] - here[1] for here, there in pairs]
    before = [there[0] - here[0] for here, there in pairs]
    after = [(there[1] - there[0]) - (here[1] - here[0]) for here, there in pairs]
    return [
        Figure(
            f"{name}: send to first text", [each[1] for each in through], "ms", baseline=[each[1] for each in alone]
        ),
        Figure(f"{name}: added by the server", added, "ms", aim=AIM_MS),
        Figure(f"{name}: added until the upstream saw the request", before, "ms"),
        Figure(f"{name}: added from the upstream's answer to the page", after, "ms"),
        Figure(f"{name}: added, p95", [quantile(added, 0.95)], "ms"),
    ]
