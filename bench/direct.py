"""The same answers without the server: the official SDKs alone, asked and read the way the providers do it."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bench.upstream import Upstream
from server.providers import anthropic, openai
from server.providers.base import Timeouts
from server.wire.sse import Decoder

OPENAI = "gpt-5.1"
ANTHROPIC = "claude-sonnet-4-5"
MODELS = (OPENAI, ANTHROPIC)
KEYS = {OPENAI: "sk-bench-openai-0001", ANTHROPIC: "sk-ant-bench-0002"}
_TEXT = ("response.output_text.delta", "content_block_delta")


@dataclass(frozen=True, slots=True)
class Read:
    """Monotonic seconds; ``text`` counts characters."""

    asked_at: float
    first_at: float
    text: int


class Direct:
    def __init__(self, upstream: Upstream) -> None:
        timeouts = Timeouts()
        self._openai = openai.connect(timeouts, KEYS[OPENAI], upstream.openai)
        self._anthropic = anthropic.connect(timeouts, KEYS[ANTHROPIC], upstream.anthropic)

    async def ask(self, model: str, text: str = "Tell me about the river.") -> Read:
        asked_at, first_at, length = time.monotonic(), 0.0, 0
        response = await (self._ask_openai(text) if model == OPENAI else self._ask_anthropic(text))
        decoder = Decoder()
        async for chunk in response.aiter_bytes():
            for data in decoder.feed(chunk):
                event = json.loads(data)
                if event["type"] in _TEXT:
                    first_at = first_at or time.monotonic()
                    delta = event["delta"]
                    length += len(delta if isinstance(delta, str) else delta.get("text", ""))
        await response.aclose()
        return Read(asked_at, first_at, length)

    async def _ask_openai(self, text: str) -> Any:
        from openai import AsyncStream

        body = {
            "model": OPENAI,
            "input": [{"role": "user", "content": [{"type": "input_text", "text": text}]}],
            "stream": True,
            "store": False,
            "reasoning": {"effort": "low", "summary": "auto"},
        }
        stream = await self._openai.post(
            "/responses", body=body, cast_to=object, stream=True, stream_cls=AsyncStream[object]
        )
        return stream.response

    async def _ask_anthropic(self, text: str) -> Any:
        from anthropic import AsyncStream

        body = {
            "model": ANTHROPIC,
            "max_tokens": 16_000,
            "messages": [{"role": "user", "content": [{"type": "text", "text": text}]}],
            "stream": True,
        }
        stream = await self._anthropic.post(
            "/v1/messages", body=body, cast_to=object, stream=True, stream_cls=AsyncStream[object]
        )
        return stream.response

    async def close(self) -> None:
        await self._openai.close()
        await self._anthropic.close()


@asynccontextmanager
async def connected(upstream: Upstream) -> AsyncIterator[Direct]:
    direct = Direct(upstream)
    try:
        yield direct
    finally:
        await direct.close()
