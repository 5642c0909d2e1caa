"""The fake provider as its own process, so that its work is nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from bench import process


class Upstream:
    """Scripted over HTTP; an answer is given as the fields of ``tests.upstream.Answer``."""

    def __init__(self, url: str, http: httpx2.AsyncClient) -> None:
        self.openai = f"{url}/v1"
        self.anthropic = url
        self._http = http

    async def answers(self, **answer: Any) -> None:
        """What every call is answered from now on; what was asked before is forgotten."""
        await self._control("reset", {})
        await self._control("default", answer)

    async def asked_at(self) -> list[float]:
        """When each call came in, in this machine's monotonic time."""
        told = (await self._control("requests", {}))["requests"]
        return [asked["at"] for asked in told if asked["method"] == "POST"]

    async def _control(self, name: str, body: Any) -> Any:
        answer = await self._http.post(f"/_control/{name}", json=body)
        answer.raise_for_status()
        return answer.json()


@asynccontextmanager
async def running() -> AsyncIterator[Upstream]:
    started = process.begin("tests.upstream")
    try:
        assert started.stdout is not None
        url = (await asyncio.to_thread(started.stdout.readline)).strip()
        async with httpx2.AsyncClient(base_url=url, timeout=30) as http:
            yield Upstream(url, http)
    finally:
        await process.end(started)
