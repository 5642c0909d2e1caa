"""The program as its own process, with the fake provider as its OpenAI and its Anthropic."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bench.direct import ANTHROPIC, KEYS, OPENAI
from bench.limits import Limits
from bench.page import Page, signed_in
from bench.proc import cpu_seconds
from bench.process import Took, ready
from bench.run import Run
from bench.upstream import Upstream
from tests.process import Process


class Server(Process):
    """``before`` is a command that runs the program's."""

    def __init__(self, data: Path, limits: Limits, before: Sequence[str] = (), **environment: str) -> None:
        super().__init__(data, **environment)
        self.command = [*before, *self.command]
        self._limits = limits

    def begin(self) -> None:
        super().begin()
        self._limits.put(self.pid)

    async def start(self) -> "Server":
        self.begin()
        await ready(self.port)
        return self


def database(process: Process) -> Path:
    return database_in(process.data)


def database_in(data: Path) -> Path:
    return data / "llm-router.db"


@asynccontextmanager
async def serving(
    run: Run, data: Path, upstream: Upstream | None = None, *, before: Sequence[str] = (), **environment: str
) -> AsyncIterator[Server]:
    """Started over a data folder that is there already: making the first account costs time and memory."""
    if upstream is not None:
        environment |= {
            "OPENAI_API_KEY": KEYS[OPENAI],
            "OPENAI_BASE_URL": upstream.openai,
            "ANTHROPIC_API_KEY": KEYS[ANTHROPIC],
            "ANTHROPIC_BASE_URL": upstream.anthropic,
        }
    if not database_in(data).exists():
        first = Server(data, run.limits, **environment)
        await first.start()
        await first.end()
    process = Server(data, run.limits, before, **environment)
    await process.start()
    try:
        yield process
    finally:
        await process.end()


async def to_ready(run: Run, data: Path) -> Took:
    """From the command to the first 200 of ``/health``."""
    started = Server(data, run.limits)
    began = time.monotonic()
    try:
        await started.start()
        return Took(time.monotonic() - began, cpu_seconds(started.pid))
    finally:
        await started.end()


@asynccontextmanager
async def joined(process: Process, page: Page) -> AsyncIterator[Page]:
    """The page of one more person, whom the admin of this one lets in."""
    async with signed_in(process.url, *await page.let_in()) as other:
        yield other


@asynccontextmanager
async def opened(process: Process) -> AsyncIterator[Page]:
    async with signed_in(process.url) as page:
        yield page
