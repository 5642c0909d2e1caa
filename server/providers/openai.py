"""OpenAI through the Responses API: the official SDK sends, the codec reads."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from server.providers import catalog
from server.providers.base import Credential, Model, ProviderError, Timeouts
from server.providers.clients import Clients
from server.providers.drawing import draw
from server.providers.errors import Upstream, from_failure
from server.providers.halves import Halves
from server.providers.known import PROVIDERS, chat_url
from server.providers.listen import Response, ask, listen
from server.wire import openai_responses
from server.wire.events import Event, Failure
from server.wire.loose import mappings, string
from server.wire.openai_images import ImageRequest
from server.wire.request import Request

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_POLL_FIRST, _POLL_MOST = 0.5, 5.0
"""Seconds between looks at a response that can no longer be streamed."""


def connect(timeouts: Timeouts, key: str, base_url: str) -> "AsyncOpenAI":
    """An SDK client that leaves retries and waiting to us."""
    import httpx2
    from openai import AsyncOpenAI, DefaultAioHttpClient

    from server.providers.whole import keep

    timeout = httpx2.Timeout(None, connect=timeouts.connect)
    client = AsyncOpenAI(
        api_key=key,
        base_url=base_url,
        max_retries=0,
        timeout=timeout,
        # A redirect would take the key along, to wherever it leads.
        http_client=DefaultAioHttpClient(timeout=timeout, follow_redirects=False, event_hooks={"response": [keep]}),
    )
    # The SDK takes these from the environment, but they belong to one account and we speak for many.
    client.organization = client.project = None
    return client


class OpenAI:
    def __init__(self, name: str, timeouts: Timeouts) -> None:
        self.name = name
        self._timeouts = timeouts
        self._clients: Clients[AsyncOpenAI] = Clients("openai", lambda key, url: connect(timeouts, key, url))

    async def stream(self, request: Request, credential: Credential) -> AsyncGenerator[Event, None]:
        key, base_url, upstream = self._place(credential, request.model)
        body = openai_responses.write_request(request, family=self.name)
        async with self._clients.borrow(key, base_url) as client:

            async def send() -> Response:
                try:
                    return await _post(client, body)
                except Exception as exc:
                    if not _refuses_summary(exc, body):
                        raise
                    # Accounts that are not verified get the reasoning, but no summary of it.
                    del body["reasoning"]["summary"]
                    return await _post(client, body)

            events = listen(send, openai_responses.Reader(self.name), upstream, self._timeouts)
            try:
                async for event in events:
                    yield event
            finally:
                await events.aclose()

    async def resume(
        self, response_id: str, position: int | None, credential: Credential
    ) -> AsyncGenerator[Event, None]:
        """Go on with a response that was asked for in the background, after the event at ``position``.

        When it can no longer be streamed it is waited for, and its whole text comes as one ``Replace``.
        """
        key, base_url, upstream = self._place(credential)
        path = f"/responses/{quote(response_id, safe='')}"
        params: dict[str, Any] = {"stream": "true"}
        if position is not None:
            params["starting_after"] = position
        async with self._clients.borrow(key, base_url) as client:

            async def send() -> Response:
                from openai import AsyncStream

                stream = await client.get(
                    path,
                    cast_to=object,
                    options={"params": params},
                    stream=True,
                    stream_cls=AsyncStream[object],
                )
                return stream.response

            events = listen(send, openai_responses.Reader(self.name), upstream, self._timeouts)
            try:
                async for event in events:
                    yield event
                return
            except ProviderError as error:
                if error.status not in (400, 404):
                    raise
            finally:
                await events.aclose()
            response = await self._wait(client, path, upstream)
            for read in Halves().join(openai_responses.read_response(response)):
                if isinstance(read, Failure):
                    raise from_failure(read, upstream)
                yield read

    async def cancel(self, response_id: str, credential: Credential) -> None:
        """Stop a response that runs in the background; closing its stream does not."""
        key, base_url, upstream = self._place(credential)
        path = f"/responses/{quote(response_id, safe='')}/cancel"
        async with self._clients.borrow(key, base_url) as client:
            await ask(lambda: client.post(path, cast_to=object), upstream, self._timeouts.models)

    async def draw(self, request: ImageRequest, credential: Credential) -> AsyncGenerator[Event, None]:
        key, base_url, upstream = self._place(credential, request.model)
        async with self._clients.borrow(key, base_url) as client:
            events = draw(client, request, upstream, self._timeouts, stream=True)
            try:
                async for event in events:
                    yield event
            finally:
                await events.aclose()

    async def models(self, credential: Credential) -> list[Model]:
        key, base_url, upstream = self._place(credential)
        async with self._clients.borrow(key, base_url) as client:
            answer = await ask(lambda: client.get("/models", cast_to=object), upstream, self._timeouts.models)
        listed = mappings(answer.get("data"))
        return [catalog.describe(self.name, string(item["id"]), item) for item in listed if item.get("id")]

    async def close(self) -> None:
        await self._clients.close()

    def _place(self, credential: Credential, model: str = "") -> tuple[str, str, Upstream]:
        base_url = chat_url(credential.base_url or PROVIDERS[self.name].base_url or "")
        upstream = Upstream.of(self.name, base_url, credential, model)
        if not credential.key:
            raise upstream.no_key()
        return credential.key, base_url, upstream

    async def _wait(self, client: "AsyncOpenAI", path: str, upstream: Upstream) -> dict[str, Any]:
        pause = _POLL_FIRST
        clock = asyncio.get_running_loop().time
        until = clock() + self._timeouts.total
        while True:
            response = await ask(lambda: client.get(path, cast_to=object), upstream, self._timeouts.models)
            if response.get("status") not in ("queued", "in_progress"):
                return response
            if clock() >= until:
                raise upstream.endless(self._timeouts.total)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _POLL_MOST)


async def _post(client: "AsyncOpenAI", body: dict[str, Any]) -> Response:
    from openai import AsyncStream

    stream = await client.post("/responses", body=body, cast_to=object, stream=True, stream_cls=AsyncStream[object])
    return stream.response


def _refuses_summary(exc: Exception, body: dict[str, Any]) -> bool:
    return (
        getattr(exc, "status_code", None) == 400
        and "summary" in body.get("reasoning", {})
        and ("reasoning.summary" in str(exc) or "reasoning summar" in str(exc).lower())
    )
