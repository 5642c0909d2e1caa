"""Chat Completions, Responses and Messages: to each upstream by the shorter way, bytes through or translated."""

from dataclasses import replace
from functools import cached_property, partial

from server.calls.entry import Entry
from server.gateway import history, passthrough, translate
from server.gateway.asked import Asked
from server.gateway.body import Body
from server.gateway.client import address, request_headers
from server.gateway.errors import problem
from server.gateway.exchange import Exchange, Way, Ways
from server.gateway.outlet import HOLD
from server.gateway.piece import Pieces
from server.gateway.surface import CHAT, RESPONSES, Surface
from server.gateway.targets import Target
from server.ids import new_id
from server.money import estimate
from server.providers.base import Credential
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


async def generate(asked: Asked) -> None:
    """Answers on the outlet. Raises AppError before anything was answered."""
    desk, body = asked.desk, await asked.body()
    surface = asked.surface = surface_of(asked.surface, body)
    await desk.refuse_others(asked.caller, body)
    reading = _Reading(surface, body, desk.key)
    sticky = _sticky(body, asked.headers)
    targets = await desk.targets.candidates(asked.caller, body.model, lambda: _facts(reading.request), sticky)
    lengths = [count(body.value.get(field)) for field in _LIMITS if body.value.get(field) is not None]
    if body.streams:
        asked.outlet.keep_alive(desk.settings.heartbeat_interval, HOLD)

    def ways(target: Target) -> Ways:
        if target.speaks(surface.wire):
            return _Same(asked, body, target).way
        return _Translated(asked, body, reading.request, target).way

    longest = max(lengths, default=None)
    exchange = Exchange(asked, surface.path, body.model, body.tokens, longest, answers=body.answers)
    await exchange.ask(targets, ways)


class _Reading:
    """The request as the codecs have it: read when somebody wants it, once."""

    def __init__(self, surface: Surface, body: Body, key: bytes) -> None:
        self._surface, self._body, self._key = surface, body, key

    @cached_property
    def request(self) -> Request:
        """Raises BadRequest for what no other format can carry."""
        return translate.read(self._surface, self._body.value, self._key)


class _Same:
    def __init__(self, asked: Asked, body: Body, target: Target) -> None:
        self._asked, self._target = asked, target
        self._streams = body.streams
        ask_usage = PROVIDERS[target.model.provider].ask_usage
        self._hides = asked.surface is CHAT and body.streams and ask_usage and not body.asks_usage
        sent, self._dropped = history.own(asked.surface, body, asked.desk.key, target.model.provider)
        self._data = sent.sent(target.model.name, ask_usage=self._hides)

    def way(self, credential: Credential) -> Way:
        if not self._streams:
            return Way("same", lambda entry: self._pieces(credential, entry), dropped=self._dropped)
        surface = self._asked.surface
        return Way(
            "same",
            lambda entry: self._pieces(credential, entry),
            heartbeat=lambda: surface.ping,
            broken=lambda error: surface.broken(problem(error)),
            dropped=self._dropped,
        )

    def _pieces(self, credential: Credential, entry: Entry) -> Pieces:
        surface, client, meter = self._asked.surface, self._asked.desk.client, entry.meter
        url = address(credential, surface.path, self._asked.query)
        headers = request_headers(self._asked.headers, credential, "application/json")
        upstream = Upstream.of(credential.provider, url, credential, self._target.model.name)
        if not self._streams:
            return passthrough.whole(client, surface, url, self._data, headers, upstream, meter)
        return passthrough.stream(client, surface, url, self._data, headers, upstream, meter, hide_usage=self._hides)


class _Translated:
    def __init__(self, asked: Asked, body: Body, request: Request, target: Target) -> None:
        self._asked, self._body = asked, body
        self._read = translate.fitted(request, target.model)
        self._id = asked.surface.prefix + new_id()
        self._writer: StreamWriter | None = None
        if body.streams:
            self._writer = translate.writer(asked.surface, body.value, self._id, asked.desk.key, body.tokens)

    def way(self, credential: Credential) -> Way:
        # Each attempt has one of its own: what is left out on the way is noted in it.
        request = replace(self._read, dropped=list(self._read.dropped))
        provider = self._asked.desk.calls.provider(credential.provider)
        surface, writer = self._asked.surface, self._writer
        route = f"{surface.wire} → {PROVIDERS[credential.provider].wire}"
        if writer is None:
            whole = partial(translate.whole, provider, credential, request, surface, self._body.value, self._id)
            return Way(route, lambda entry: whole(self._asked.desk.key, entry.meter), dropped=request.dropped)
        return Way(
            route,
            lambda entry: translate.stream(provider, credential, request, writer, entry.meter),
            heartbeat=writer.heartbeat,
            broken=lambda error: writer.fail(problem(error)),
            dropped=request.dropped,
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
