"""The program as its own process, with the fake provider as its OpenAI and its Anthropic."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.direct import ANTHROPIC, KEYS, OPENAI
from bench.page import Page, signed_in
from bench.upstream import Upstream
from tests.process import Process


def database(process: Process) -> Path:
    return database_in(process.data)


def database_in(data: Path) -> Path:
    return data / "llm-router.db"


@asynccontextmanager
async def serving(data: Path, upstream: Upstream | None = None, **environment: str) -> AsyncIterator[Process]:
    """Started over a data folder that is there already: making the first account costs time and memory."""
    if upstream is not None:
        environment |= {
            "OPENAI_API_KEY": KEYS[OPENAI],
            "OPENAI_BASE_URL": upstream.openai,
            "ANTHROPIC_API_KEY": KEYS[ANTHROPIC],
            "ANTHROPIC_BASE_URL": upstream.anthropic,
        }
    process = Process(data, **environment)
    if not database(process).exists():
        await process.start()
        await process.end()
    await process.start()
    try:
        yield process
    finally:
        await process.end()


@asynccontextmanager
async def opened(process: Process) -> AsyncIterator[Page]:
    async with signed_in(process.url) as page:
        yield page
