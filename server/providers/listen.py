"""Listens to one streamed answer: bytes in, canonical events out, with every timeout and failure there is."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any, Protocol

from server.providers.base import ProviderError, Timeouts
from server.providers.clock import saw
from server.providers.errors import Upstream, from_exception, from_failure, read_body
from server.providers.halves import Halves
from server.wire.events import Event, Failure, Finish
from server.wire.sse import Decoder

DRAIN = 0.25
"""Seconds to wait for the end of a body whose last event has come: then its connection can be used again."""
_BAD_FRAMES = 3
"""One unreadable frame is an accident; more are garbage."""
ERROR_BODY = 1 << 20
"""Bytes that are read of an answer that is an error."""


class Reader(Protocol):
    def read(self, frame: dict[str, Any]) -> Iterator[Event | Failure]: ...

    def end(self, done: bool) -> Iterator[Event | Failure]: ...


class Response(Protocol):
    """What the SDKs' streams stand on; reading it ourselves is what lets comments count as life."""

    @property
    def headers(self) -> Any: ...

    def aiter_bytes(self) -> AsyncGenerator[bytes, None]: ...

    async def aclose(self) -> None: ...


async def listen(
    send: Callable[[], Awaitable[Response]], reader: Reader, upstream: Upstream, timeouts: Timeouts
) -> AsyncGenerator[Event, None]:
    """``send`` asks and gives the answer once its headers are there. Raises ProviderError.

    Closing the generator closes the connection, which is how an upstream learns to stop.
    """
    clock = asyncio.get_running_loop().time
    began = clock()
    answer = _Answer(reader, upstream)
    waited, limit = timeouts.first_byte, began + timeouts.first_byte
    response: Response | None = None
    body: AsyncGenerator[bytes, None] | None = None
    try:
        async with asyncio.timeout_at(min(limit, began + timeouts.total)):
            response = await send()
            saw(response.headers.get("date"))
            await _check(response, upstream)
        body = response.aiter_bytes()
        while not answer.over:
            async with asyncio.timeout_at(min(limit, began + timeouts.total)):
                chunk = await anext(body, None)
            waited, limit = timeouts.idle, clock() + timeouts.idle
            for event in answer.take(chunk):
                yield event
        with suppress(Exception):
            async with asyncio.timeout(DRAIN):
                await anext(body, None)
    except TimeoutError as exc:
        if clock() >= began + timeouts.total:
            raise upstream.endless(timeouts.total) from None
        if clock() >= limit:
            raise upstream.silent(waited) from None
        raise (from_exception(exc, upstream) or exc) from None
    except ProviderError:
        raise
    except Exception as exc:
        error = from_exception(exc, upstream)
        if error is None:
            raise
        # The cause may quote the key, and a traceback is printed with its causes.
        raise error from None
    finally:
        if body is not None:
            await body.aclose()
        if response is not None:
            await response.aclose()


async def ask(send: Callable[[], Awaitable[object]], upstream: Upstream, seconds: float) -> dict[str, Any]:
    """One whole answer, a JSON object. Raises ProviderError."""
    try:
        async with asyncio.timeout(seconds):
            answer = await send()
    except TimeoutError:
        raise upstream.silent(seconds) from None
    except Exception as exc:
        error = from_exception(exc, upstream)
        if error is None:
            raise
        raise error from None
    if not isinstance(answer, dict):
        raise upstream.not_an_api()
    # A Responses object carries its own failure, which is an answer and not a refusal to give one.
    if answer.get("error") and answer.get("object") != "response":
        raise from_failure(read_body(answer, None), upstream)
    return answer


class _Answer:
    """Puts chunks together to frames, and frames through the reader."""

    def __init__(self, reader: Reader, upstream: Upstream) -> None:
        self._reader = reader
        self._upstream = upstream
        self._decoder = Decoder()
        self._halves = Halves()
        self._frames = 0
        self._bad = 0
        self.over = False

    def take(self, chunk: bytes | None) -> Iterator[Event]:
        """``None`` is the end of the body."""
        try:
            found = self._decoder.end() if chunk is None else self._decoder.feed(chunk)
        except ValueError:
            raise self._upstream.garbage() from None
        for data in found:
            if data.startswith("[DONE]"):
                yield from self._pass(self._reader.end(done=True))
                self.over = True
            if self.over:
                return
            yield from self._pass(self._reader.read(self._frame(data)))
        if chunk is None and not self.over:
            yield from self._pass(self._reader.end(done=False))
            if not self.over:
                raise self._upstream.cut(empty=not self._frames)

    def _frame(self, data: str) -> dict[str, Any]:
        with suppress(ValueError):
            frame = json.loads(data)
            if isinstance(frame, dict):
                self._frames += 1
                return frame
        self._bad += 1
        if self._bad > _BAD_FRAMES:
            raise self._upstream.garbage()
        return {}

    def _pass(self, events: Iterator[Event | Failure]) -> Iterator[Event]:
        for event in self._halves.join(events):
            if isinstance(event, Failure):
                raise from_failure(event, self._upstream)
            yield event
            self.over = self.over or isinstance(event, Finish)


async def _check(response: Response, upstream: Upstream) -> None:
    """An answer of 200 that is no stream: an error in JSON, or somebody else's web page."""
    kind = str(response.headers.get("content-type", "")).lower()
    if "html" in kind:
        raise upstream.not_an_api()
    if not kind.startswith("application/json"):
        return
    text = b""
    async for chunk in response.aiter_bytes():
        text += chunk
        if len(text) > ERROR_BODY:
            break
    with suppress(ValueError):
        body = json.loads(text)
        if isinstance(body, dict) and body.get("error"):
            raise from_failure(read_body(body, None), upstream)
    raise upstream.not_an_api()
