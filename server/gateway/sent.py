"""The body of a request that says when it is on its way; loaded with the HTTP client.

Its own tracing would say so too, and costs each request a dozen objects and as many calls.
"""

from collections.abc import AsyncIterator

from aiohttp import AsyncIterablePayload, BytesPayload
from aiohttp.abc import AbstractStreamWriter

from server.calls.meter import Meter


class Sent(BytesPayload):
    """Bytes that go out with the head of the request."""

    def __init__(self, data: bytes, meter: Meter) -> None:
        super().__init__(data)
        self._meter = meter

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        self._meter.sent = True
        await super().write_with_length(writer, content_length)


class SentInParts(AsyncIterablePayload):
    def __init__(self, parts: AsyncIterator[bytes], meter: Meter) -> None:
        super().__init__(parts)
        self._meter = meter

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        self._meter.sent = True
        await super().write_with_length(writer, content_length)
