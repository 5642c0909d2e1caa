"""Chat Completions, Responses and Messages: to each upstream by the shorter way, bytes through or translated."""

from dataclasses import replace

from server.calls.admission import Caller
from server.calls.entry import Entry
from server.gateway import passthrough, translate
from server.gateway.body import Body
from server.gateway.client import address, request_headers
from server.gateway.errors import problem
from server.gateway.exchange import Desk, Exchange, Way
from server.gateway.outlet import HOLD, Outlet
from server.gateway.piece import Pieces
from server.gateway.surface import CHAT, RESPONSES, Surface
from server.gateway.targets import Target
from server.ids import new_id
from server.money import estimate
from server.providers.base import Credential, ProviderError
from server.providers.errors import Upstream
from server.providers.known import PROVIDERS
from server.routing import facts
from server.wire.loose import count
from server.wire.request import ImagePart, Request
from server.wire.stream_writer import StreamWriter

_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")


def surface_of(surface: Surface, body: Body) -> Surface:
    """Some programs send Responses to the address of Chat Completions; they are answered as they ask."""
    if surface is CHAT and "input" in body.value and "messages" not in body.value:
        return RESPONSES
    return surface


async def generate(
    desk: Desk,
    surface: Surface,
    caller: Caller,
    body: Body,
    headers: dict[str, str],
    query: str,
    outlet: Outlet,
    request_id: str,
) -> Exchange:
    """Answers on ``outlet``. Raises AppError before anything was answered."""
    targets = await desk.targets.candidates(
        caller, body.model, lambda: _facts(translate.read(surface, body.value, desk.key)), _sticky(body, headers)
    )
    limits = [count(body.value.get(field)) for field in _LIMITS if body.value.get(field) is not None]
    if body.streams:
        outlet.keep_alive(desk.settings.heartbeat_interval, HOLD)
    for number, target in enumerate(targets, start=1):
        exchange = Exchange(desk, surface, caller, outlet, request_id, surface.path)
        if target.speaks(surface.wire):
            way = _Same(desk, surface, target, body, headers, query).way
        else:
            way = _Translated(desk, surface, target, body, request_id).way
        if target.reason:
            outlet.headers["x-gateway-model"] = target.names[0]
        try:
            max_output = limits[0] if limits else None
            await exchange.ask(body.model, target, way, input_tokens=body.tokens, max_output=max_output)
            return exchange
        except ProviderError as error:
            # The body itself is what a provider refused: another model would be sent the same.
            if number == len(targets) or outlet.begun or error.kind in ("bad_request", "refused"):
                raise
    raise AssertionError("candidates are never none")


class _Same:
    def __init__(
        self, desk: Desk, surface: Surface, target: Target, body: Body, headers: dict[str, str], query: str
    ) -> None:
        info = PROVIDERS[target.model.provider]
        self._desk, self._surface, self._target = desk, surface, target
        self._headers, self._query = headers, query
        self._streams = body.streams
        self._hides = surface is CHAT and body.streams and info.ask_usage and not body.asks_usage
        self._data = body.sent(target.model.name, ask_usage=self._hides)

    def way(self, credential: Credential) -> Way:
        if not self._streams:
            return Way("same", lambda entry: self._pieces(credential, entry))
        return Way(
            "same",
            lambda entry: self._pieces(credential, entry),
            heartbeat=lambda: self._surface.ping,
            broken=lambda error: self._surface.broken(problem(error)),
        )

    def _pieces(self, credential: Credential, entry: Entry) -> Pieces:
        url = address(credential, self._surface.path, self._query)
        headers = request_headers(self._headers, credential, "application/json")
        upstream = Upstream.of(credential.provider, url, credential, self._target.model.name)
        client, meter = self._desk.client, entry.meter
        if not self._streams:
            return passthrough.whole(client, self._surface, url, self._data, headers, upstream, meter)
        return passthrough.stream(
            client, self._surface, url, self._data, headers, upstream, meter, hide_usage=self._hides
        )


class _Translated:
    def __init__(self, desk: Desk, surface: Surface, target: Target, body: Body, request_id: str) -> None:
        self._desk, self._surface, self._target, self._body = desk, surface, target, body
        self._id = surface.prefix + new_id()
        self._request_id = request_id
        translate.read(surface, body.value, desk.key)  # what cannot be carried is refused before anybody is asked
        self._writer: StreamWriter | None = None
        if body.streams:
            self._writer = translate.writer(surface, body.value, self._id, desk.key, body.tokens)

    def way(self, credential: Credential) -> Way:
        request = self._request()
        route = f"{self._surface.wire} → {PROVIDERS[credential.provider].wire}"
        writer = self._writer
        if writer is None:
            return Way(route, lambda entry: self._whole(credential, request, entry), request=request)
        provider = self._desk.calls.provider(credential.provider)
        return Way(
            route,
            lambda entry: translate.stream(provider, credential, request, writer, entry.meter),
            heartbeat=writer.heartbeat,
            broken=lambda error: writer.fail(problem(error)),
            request=request,
        )

    def _request(self) -> Request:
        """Each attempt has one of its own: what is left out on the way is noted in it."""
        return replace(translate.read(self._surface, self._body.value, self._desk.key), model=self._target.model.name)

    def _whole(self, credential: Credential, request: Request, entry: Entry) -> Pieces:
        provider = self._desk.calls.provider(credential.provider)
        key = self._desk.key
        return translate.whole(
            provider, credential, request, self._surface, self._body.value, self._id, key, entry.meter
        )


def _facts(request: Request) -> facts.Facts:
    """What the router weighs: the last thing that was said, and everything that goes with it."""
    said = [message.text for message in request.messages if message.role == "user" and message.text]
    image = any(isinstance(part, ImagePart) for message in request.messages for part in message.parts)
    return facts.of(said[-1] if said else "", estimate.request_tokens(request), has_image=image)


def _sticky(body: Body, headers: dict[str, str]) -> str | None:
    """What keeps a conversation with one credential, whose provider has it in its cache."""
    for given in (body.value.get("prompt_cache_key"), headers.get("x-claude-code-session-id")):
        if isinstance(given, str) and given:
            return given
    return None
