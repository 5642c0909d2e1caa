"""Anthropic through the Messages API: the official SDK sends, the codec reads."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from server.providers import catalog
from server.providers.base import Credential, Model, Timeouts
from server.providers.clients import Clients
from server.providers.errors import Upstream
from server.providers.known import PROVIDERS, messages_url
from server.providers.listen import Response, ask, listen
from server.wire import anthropic_messages
from server.wire.anthropic_messages import Thinking
from server.wire.events import Event
from server.wire.loose import mappings, name, string
from server.wire.request import Request

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

_WITH_SAMPLING = "2023-06-01"
"""The API version that still has a temperature. The SDK's own version refuses one."""
_PAGE = 1000
_TRAITS = 64
"""Models whose traits are at hand."""


def connect(timeouts: Timeouts, key: str, base_url: str) -> "AsyncAnthropic":
    """An SDK client that leaves retries and waiting to us, and looks for no key of its own."""
    import httpx2
    from anthropic import AsyncAnthropic, DefaultAioHttpClient

    from server.providers.whole import keep

    timeout = httpx2.Timeout(None, connect=timeouts.connect)
    return AsyncAnthropic(
        api_key=key,
        base_url=base_url,
        max_retries=0,
        timeout=timeout,
        # A redirect would take the key along, to wherever it leads.
        http_client=DefaultAioHttpClient(timeout=timeout, follow_redirects=False, event_hooks={"response": [keep]}),
        open_telemetry=False,
    )


class Anthropic:
    def __init__(self, name: str, timeouts: Timeouts) -> None:
        self.name = name
        self._timeouts = timeouts
        self._clients: Clients[AsyncAnthropic] = Clients("anthropic", lambda key, url: connect(timeouts, key, url))
        self._listed: dict[str, dict[str, Any]] = {}
        """What the provider last said of each model; it knows better than our table how its models think."""
        self._traits = lru_cache(maxsize=_TRAITS)(self._look_up)

    async def stream(self, request: Request, credential: Credential) -> AsyncGenerator[Event, None]:
        key, base_url, upstream = self._place(credential, request.model)
        model, thinking = self._traits(request.model)
        body = anthropic_messages.write_request(
            request,
            thinking=thinking,
            efforts=model.efforts or (),
            max_output=model.max_output,
            family=self.name,
        )
        headers = {}
        if "temperature" in body:
            headers = {"anthropic-version": _WITH_SAMPLING, "x-api-key": key}
        async with self._clients.borrow(key, base_url) as client:

            async def send() -> Response:
                from anthropic import AsyncStream

                stream = await client.post(
                    "/v1/messages",
                    body=body,
                    cast_to=object,
                    options={"headers": headers},
                    stream=True,
                    stream_cls=AsyncStream[object],
                )
                return stream.response

            events = listen(send, anthropic_messages.Reader(self.name), upstream, self._timeouts)
            try:
                async for event in events:
                    yield event
            finally:
                await events.aclose()

    async def models(self, credential: Credential) -> list[Model]:
        key, base_url, upstream = self._place(credential)
        listed: list[dict[str, Any]] = []
        params: dict[str, Any] = {"limit": _PAGE}
        async with self._clients.borrow(key, base_url) as client:
            while True:
                answer = await ask(_page(client, params), upstream, self._timeouts.models)
                page = [item for item in mappings(answer.get("data")) if item.get("id")]
                listed += page
                last = name(answer.get("last_id"))
                if answer.get("has_more") is not True or not page or last in (None, params.get("after_id")):
                    break
                params = {"limit": _PAGE, "after_id": last}
        listed = [item for item in listed if item.get("lifecycle") != "retired"]
        self._listed |= {string(item["id"]): item for item in listed}
        self._traits.cache_clear()
        return [catalog.describe(self.name, string(item["id"]), item) for item in listed]

    async def close(self) -> None:
        await self._clients.close()

    def _look_up(self, model: str) -> tuple[Model, Thinking]:
        listed = self._listed.get(model)
        return catalog.describe(self.name, model, listed), catalog.thinking(model, listed)

    def _place(self, credential: Credential, model: str = "") -> tuple[str, str, Upstream]:
        base_url = messages_url(credential.base_url or PROVIDERS[self.name].base_url or "")
        upstream = Upstream.of(self.name, base_url, credential, model)
        if not credential.key:
            raise upstream.no_key()
        return credential.key, base_url, upstream


def _page(client: "AsyncAnthropic", params: dict[str, Any]) -> Callable[[], Awaitable[object]]:
    return lambda: client.get("/v1/models", cast_to=object, options={"params": params})
