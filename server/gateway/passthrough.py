"""An upstream that speaks the client's format: bytes through, usage read off the side."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from server.calls.meter import Meter
from server.gateway.client import Client, answer_headers, failure, read
from server.gateway.errors import Refused
from server.gateway.frames import Splitter, Tap
from server.gateway.outlet import STREAM
from server.gateway.piece import Head, Last, Pieces
from server.gateway.surface import Surface
from server.providers.base import ProviderError
from server.providers.clock import saw
from server.providers.errors import Upstream, from_failure, read_body, retry_header
from server.providers.listen import DRAIN, ERROR_BODY
from server.wire.events import Finish, Start

if TYPE_CHECKING:
    from aiohttp import ClientResponse

_RELAYED = (400, 404, 405, 409, 413, 415, 422)
"""An upstream's words about the request itself are for the client; those about our key are not."""
_DONE = b"data: [DONE]\n\n"

Data = bytes | AsyncIterator[bytes]


async def whole(
    client: Client, surface: Surface, url: str, data: Data, headers: Mapping[str, str], upstream: Upstream, meter: Meter
) -> Pieces:
    """An answer that is not streamed. Raises ProviderError."""
    try:
        async with asyncio.timeout(client.timeouts.total) as limit:
            response = await client.post(url, data, headers, upstream, meter)
            try:
                await check(response, upstream)
                body = await response.read()
            finally:
                response.close()
    except TimeoutError:
        if limit.expired():
            raise upstream.endless(client.timeouts.total) from None
        raise upstream.cut(empty=False) from None
    except ProviderError:
        raise
    except Exception as exc:
        raise failure(exc, upstream) or exc from None
    answer = _object(body)
    if answer is None:
        raise upstream.not_an_api()
    model, response_id = answer.get("model"), answer.get("id")
    meter.see(Start(response_id if isinstance(response_id, str) else None, model if isinstance(model, str) else None))
    usage = surface.usage(answer)
    if usage is not None:
        meter.see(usage)
    meter.see(Finish("stop"))
    shape = {"content-type": "application/json", "content-length": str(len(body))}
    yield Head(response.status, shape | answer_headers(response.headers))
    yield Last(body)


async def stream(
    client: Client,
    surface: Surface,
    url: str,
    data: Data,
    headers: Mapping[str, str],
    upstream: Upstream,
    meter: Meter,
    *,
    hide_usage: bool,
) -> Pieces:
    """An answer that is passed on frame by frame. Raises ProviderError; before its ``Head`` nothing has left."""
    clock = asyncio.get_running_loop().time
    began, timeouts = clock(), client.timeouts
    until, waited = began + timeouts.first_byte, timeouts.first_byte
    splitter, tap = Splitter(), Tap(surface, meter)
    waiting: list[bytes] | None = []
    response: ClientResponse | None = None
    ended, frames = False, 0
    try:
        async with asyncio.timeout_at(until):
            response = await client.post(url, data, headers, upstream, meter)
            await check(response, upstream)
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            raise upstream.not_an_api()
        head = Head(200, STREAM | answer_headers(response.headers))
        while not ended:
            async with asyncio.timeout_at(min(until, began + timeouts.total)):
                chunk = await read(response.content)
            until, waited = clock() + timeouts.idle, timeouts.idle
            found = splitter.feed(chunk) if chunk else splitter.end()
            out = []
            for frame in found:
                kind = tap.see(frame)
                frames += 1
                if kind == "failure" and waiting is not None and tap.failure is not None:
                    raise from_failure(tap.failure, upstream)
                if kind == "usage" and hide_usage:
                    continue
                if waiting is not None:
                    waiting.append(frame)
                    if kind in ("content", "end", "failure"):
                        yield head
                        out, waiting = waiting, None
                else:
                    out.append(frame)
                if kind in ("end", "failure"):
                    ended = True
                    break
            if not chunk and not ended:
                tap.end()
                if not tap.finished:
                    raise upstream.cut(empty=not frames)
                # Some servers stop without the word for it, on which clients wait.
                out, ended = [*(waiting or ()), *out, _DONE], True
                if waiting is not None:
                    yield head
                    waiting = None
            if out:
                said = out[0] if len(out) == 1 else b"".join(out)
                if tap.failure is not None:
                    raise Told(from_failure(tap.failure, upstream), said)
                yield Last(said) if ended else said
        if not response.content.at_eof():
            with suppress(Exception):
                async with asyncio.timeout(DRAIN):
                    await response.content.readany()
    except TimeoutError:
        if clock() >= began + timeouts.total:
            raise upstream.endless(timeouts.total) from None
        raise upstream.silent(waited) from None
    except ProviderError:
        raise
    except ValueError:
        raise upstream.garbage() from None
    except Exception as exc:
        raise failure(exc, upstream) or exc from None
    finally:
        if response is not None:
            response.close()


class Told(ProviderError):
    """The upstream's stream ended with a failure in its own words: ``data`` is for the client."""

    def __init__(self, error: ProviderError, data: bytes) -> None:
        super().__init__(error.kind, error.message, provider=error.provider, status=error.status, retryable=False)
        self.data = data


async def check(response: "ClientResponse", upstream: Upstream) -> None:
    """Raises ProviderError for every answer that is none; with the upstream's own words where they are the client's."""
    saw(response.headers.get("Date"))
    if response.status < 300:
        if "html" in response.headers.get("content-type", ""):
            raise upstream.not_an_api()
        return
    body = b""
    try:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > ERROR_BODY:
                break
    except Exception as exc:
        raise failure(exc, upstream) or exc from None
    finally:
        response.close()
    said = _object(body)
    found = read_body(said, response.status)
    if response.status == 404 and said is None:
        raise upstream.not_an_api()
    error = from_failure(found, upstream, retry_after=retry_header(response.headers))
    if said is not None and response.status in _RELAYED and error.kind not in ("auth", "quota"):
        if upstream.secret:
            body = body.replace(upstream.secret.encode(), "…".encode())
        raise Refused(error, response.status, body)
    raise error


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
