"""Responses that run in the background: they go on without a reader, and can be read again from any event."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from tests.upstream.answer import Answer
from tests.upstream.frames import Frame
from tests.upstream.responses import ResponseWire


class Kept:
    def __init__(self, wire: ResponseWire, answer: Answer, release: asyncio.Event) -> None:
        self.answer = answer
        self._wire = wire
        self._release = release
        self._frames: list[Frame] = []
        self._more = asyncio.Condition()
        self._done = False
        self._cancelled = False
        self._task = asyncio.create_task(self._run())

    def object(self) -> dict[str, Any]:
        if self._cancelled:
            return self._wire.object("cancelled")
        return self._wire.final() if self._done else self._wire.object("in_progress")

    async def cancel(self) -> dict[str, Any]:
        self._cancelled = True
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        return self.object()

    async def frames(self, after: int | None) -> AsyncIterator[Frame]:
        """Those after the sequence number ``after``, as they come."""
        at = 0 if after is None else after + 1
        while await self._has(at):
            yield self._frames[at]
            at += 1

    async def _has(self, at: int) -> bool:
        async with self._more:
            await self._more.wait_for(lambda: len(self._frames) > at or self._done)
            return len(self._frames) > at

    async def _run(self) -> None:
        try:
            for number, frame in enumerate(self._wire.events()):
                if number == self.answer.hold_after:
                    await self._release.wait()
                await asyncio.sleep(self.answer.delay)
                async with self._more:
                    self._frames.append(frame)
                    self._more.notify_all()
        finally:
            self._done = True
            async with self._more:
                self._more.notify_all()
