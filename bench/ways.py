"""The ways from a client to a provider that are measured in turns: straight, through a relay, ours, LiteLLM's."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlsplit

from bench import litellm, process, server
from bench.page import Page
from bench.run import Run

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
OURS = ("same wire", "translated", "chat")
"""What of that is the program, where the chat is measured too."""
ADDED_MS = 50.0
"""What may be added to a first token, at most."""
PAUSE_MS = 40
"""Between two pieces of an answer, as a usual model has it."""
PEOPLE = 10
"""Who share what is streamed in the chat at once."""
MODEL = "ollama/bench"
"""The fake provider's, as the program names it."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where it is, what is sent there, and the process in between."""

    name: str
    url: str
    path: str
    model: str
    key: str = "sk-bench"
    pid: int | None = None
    share: float = 1.0
    """Of the requests that the others get: one that is slow is not waited for as long."""

    def request(self, *, stream: bool, chunks: int, pause: int) -> bytes:
        """``chunks`` of an answer, ``pause`` milliseconds apart: ``bench.stub`` reads both there."""
        asked = {"model": self.model, "max_tokens": chunks, "temperature": pause / 100, "stream": stream}
        body = json.dumps(asked | {"messages": [{"role": "user", "content": "Tell me about the river."}]}).encode()
        host = urlsplit(self.url).netloc
        head = f"POST {self.path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {self.key}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


@dataclass(frozen=True, slots=True)
class Ways:
    direct: Way
    relay: Way
    same: Way
    """Through the gateway, asked in the provider's own format."""
    translated: Way
    litellm: Way | None
    pages: tuple[Page, ...]
    """Of the server that is the gateway: one of each person."""

    @property
    def between(self) -> tuple[Way, ...]:
        """Those with a process between, the bare one first."""
        return tuple(way for way in (self.relay, self.same, self.translated, self.litellm) if way)

    @property
    def all(self) -> tuple[Way, ...]:
        return (self.direct, *self.between)


async def talks(pages: Sequence[Page], count: int) -> list[tuple[Page, str]]:
    """New conversations of these people in turns, each with the page of its own."""
    return [(page, await page.conversation(MODEL)) for page in islice(cycle(pages), count)]


def told(chunks: int) -> str:
    """A message of the chat that gets so many."""
    return f"Tell me about the river in {chunks} words."


@asynccontextmanager
async def opened(run: Run, data: Path, *, pause: int = 0, people: int = 1) -> AsyncIterator[Ways]:
    """Each process between has one core. ``pause`` is for requests that do not say, as those of the chat."""
    async with AsyncExitStack() as stack:
        limits = run.limits.on_one_core()
        run = replace(run, limits=limits)
        upstream = await stack.enter_async_context(stub(pause=pause))
        port = process.free_port()
        relay = process.begin("bench.relay", str(port), upstream, limits=limits)
        stack.push_async_callback(process.end, relay)
        await process.ready(port)
        started = await stack.enter_async_context(server.serving(run, data, OLLAMA_BASE_URL=f"{upstream}/v1"))
        page = await stack.enter_async_context(server.opened(started))
        pages = [page, *[await stack.enter_async_context(server.joined(started, page)) for _ in range(1, people)]]
        key = await page.virtual_key()
        beside = None
        if run.litellm:
            other = await stack.enter_async_context(run.litellm.serving(upstream, limits))
            beside = Way("LiteLLM", other.url, CHAT, litellm.MODEL, other.key, other.pid, share=0.1)
        yield Ways(
            Way("direct", upstream, CHAT, "bench"),
            Way("pass-through", f"http://127.0.0.1:{port}", CHAT, "bench", pid=relay.pid),
            Way("same wire", started.url, CHAT, MODEL, key, started.pid),
            Way("translated", started.url, MESSAGES, MODEL, key, started.pid),
            beside,
            tuple(pages),
        )


@asynccontextmanager
async def stub(*, chunks: int = 1, pause: int = 0) -> AsyncIterator[str]:
    """The address of a provider that costs next to nothing."""
    port = process.free_port()
    started = process.begin("bench.stub", str(port), str(chunks), str(pause))
    try:
        await process.ready(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        await process.end(started)


async def has_room(run: Run) -> bool:
    """Whether LiteLLM starts at all under the limits of the run."""
    assert run.litellm is not None
    try:
        async with stub() as upstream, run.litellm.serving(upstream, run.limits):
            return True
    except (RuntimeError, TimeoutError):
        return False
