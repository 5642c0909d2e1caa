"""Every server that speaks Chat Completions, at any address, with or without a key."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from server.providers import catalog
from server.providers.base import Credential, Model, Timeouts
from server.providers.clients import Clients
from server.providers.drawing import draw
from server.providers.errors import Upstream
from server.providers.known import PROVIDERS, chat_url
from server.providers.listen import Response, ask, listen
from server.providers.openai import connect
from server.wire import openai_chat
from server.wire.events import Event
from server.wire.loose import items, mapping, string
from server.wire.openai_images import ImageRequest
from server.wire.request import Request

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_NO_KEY = "none"
"""The SDK insists on a key; servers without keys ignore it."""


class Compatible:
    def __init__(self, name: str, timeouts: Timeouts) -> None:
        self.name = name
        self._info = PROVIDERS[name]
        self._timeouts = timeouts
        self._clients: Clients[AsyncOpenAI] = Clients("openai", lambda key, url: connect(timeouts, key, url))

    async def stream(self, request: Request, credential: Credential) -> AsyncGenerator[Event, None]:
        key, base_url, upstream = self._place(credential, request.model)
        body = openai_chat.write_request(
            request,
            ask_usage=self._info.ask_usage,
            family=self.name,
            replay_reasoning=self._info.replay_reasoning,
        )
        async with self._clients.borrow(key, base_url) as client:

            async def send() -> Response:
                try:
                    return await _post(client, body)
                except Exception as exc:
                    if not _refuses_usage(exc, body):
                        raise
                    # Strict servers refuse the wish for usage; most of those count unasked.
                    del body["stream_options"]
                    return await _post(client, body)

            events = listen(send, openai_chat.Reader(self.name), upstream, self._timeouts)
            try:
                async for event in events:
                    yield event
            finally:
                await events.aclose()

    async def draw(self, request: ImageRequest, credential: Credential) -> AsyncGenerator[Event, None]:
        key, base_url, upstream = self._place(credential, request.model)
        async with self._clients.borrow(key, base_url) as client:
            events = draw(client, request, upstream, self._timeouts, stream=False)
            try:
                async for event in events:
                    yield event
            finally:
                await events.aclose()

    async def models(self, credential: Credential) -> list[Model]:
        key, base_url, upstream = self._place(credential)
        async with self._clients.borrow(key, base_url) as client:
            for path in (self._info.check_path, "/models"):
                if path is not None:
                    answer = await ask(_get(client, path), upstream, self._timeouts.models)
        # Together and a few others answer with the bare list inside another name.
        listed = [mapping(item) for item in items(answer.get("data", answer.get("models")))]
        names = [string(item.get("id") or item.get("name")).removeprefix("models/") for item in listed]
        return [catalog.describe(self.name, name, item) for name, item in zip(names, listed, strict=True) if name]

    async def close(self) -> None:
        await self._clients.close()

    def _place(self, credential: Credential, model: str = "") -> tuple[str, str, Upstream]:
        address = credential.base_url or self._info.base_url or ""
        base_url = chat_url(address)
        upstream = Upstream.of(self.name, base_url, credential, model)
        if not address:
            raise upstream.error("bad_request", "this server has no address: give its base URL in the settings")
        if self._info.needs_key and not credential.key:
            raise upstream.no_key()
        return credential.key or _NO_KEY, base_url, upstream


def _get(client: "AsyncOpenAI", path: str) -> Any:
    return lambda: client.get(path, cast_to=object)


async def _post(client: "AsyncOpenAI", body: dict[str, Any]) -> Response:
    from openai import AsyncStream

    stream = await client.post(
        "/chat/completions", body=body, cast_to=object, stream=True, stream_cls=AsyncStream[object]
    )
    return stream.response


def _refuses_usage(exc: Exception, body: dict[str, Any]) -> bool:
    return (
        getattr(exc, "status_code", None) in (400, 422)
        and "stream_options" in body
        and ("stream_options" in str(exc) or "include_usage" in str(exc))
    )
