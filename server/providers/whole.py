"""The bytes of an SDK's answer as a stream that loses none of them; loaded with the first SDK."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2

from server.providers.tail import left


async def keep(response: httpx2.Response) -> None:
    """For an SDK's client, as its hook: what came before the connection broke comes before the error."""
    response.stream = _Whole(response.stream)


class _Whole(httpx2.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                yield chunk
        except Exception:
            if tail := left(_reader(self._stream)):
                yield tail
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()


def _reader(stream: Any) -> Any:
    """The one at the bottom of the streams of the SDKs' transport."""
    while (beneath := getattr(stream, "_stream", None)) is not None:
        stream = beneath
    return getattr(getattr(stream, "_aiohttp_response", None), "content", None)
