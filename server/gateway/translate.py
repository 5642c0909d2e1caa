"""An upstream that speaks another format: the request through the codecs, its events back in the client's words."""

from contextlib import aclosing
from dataclasses import replace
from typing import Any

from server.calls.meter import Meter
from server.gateway.outlet import STREAM
from server.gateway.piece import Head, Last, Pieces
from server.gateway.surface import Surface
from server.ids import now
from server.providers.base import Credential, Model, Provider
from server.providers.fit import fit
from server.providers.known import PROVIDERS
from server.wire import anthropic_messages, openai_chat, openai_responses, sse, stops
from server.wire.blocks import Collector
from server.wire.events import Event, Finish
from server.wire.request import Request
from server.wire.stream_writer import StreamWriter, custom_names

_MAX_STOP: dict[str, int | None] = {
    "responses": openai_responses.MAX_STOP,
    "chat": openai_chat.MAX_STOP,
    "messages": anthropic_messages.MAX_STOP,
    "demo": 0,
}


def read(surface: Surface, asked: dict[str, Any], key: bytes) -> Request:
    """Raises BadRequest for what no other format can carry."""
    request: Request = surface.codec.read_request(asked, key)
    return request


def fitted(request: Request, model: Model) -> Request:
    """``request`` for this model, with what it would refuse among what is left out."""
    changed, notes = fit(replace(request, model=model.name, dropped=list(request.dropped)), model)
    for note in notes:
        changed.drop(note.path)
    return changed


def writer(surface: Surface, asked: dict[str, Any], response_id: str, key: bytes, input_tokens: int) -> StreamWriter:
    made: StreamWriter = surface.codec.Writer(
        asked, response_id=response_id, created=int(now().timestamp()), key=key, input_tokens=input_tokens
    )
    return made


async def stream(
    provider: Provider, credential: Credential, request: Request, writer: StreamWriter, meter: Meter
) -> Pieces:
    """Raises ProviderError; before its ``Head`` nothing of the answer has left."""
    begun = False
    async with aclosing(_events(provider, credential, request, meter)) as events:
        async for event in events:
            out = writer.write(event)
            if out and not begun:
                begun = True
                yield Head(200, STREAM)
            if out:
                yield Last(out) if isinstance(event, Finish) else out


async def whole(
    provider: Provider,
    credential: Credential,
    request: Request,
    surface: Surface,
    asked: dict[str, Any],
    response_id: str,
    key: bytes,
    meter: Meter,
) -> Pieces:
    collector = Collector(custom_names(asked))
    async with aclosing(_events(provider, credential, request, meter)) as events:
        async for event in events:
            collector.take(event)
    created = int(now().timestamp())
    answer = surface.codec.write_answer(collector.answer, asked, response_id=response_id, created=created, key=key)
    body = sse.packed(answer)
    yield Head(200, {"content-type": "application/json", "content-length": str(len(body))})
    yield Last(body)


async def _events(provider: Provider, credential: Credential, request: Request, meter: Meter) -> Any:
    watching = stops.watch(request, _MAX_STOP[PROVIDERS[provider.name].wire])
    meter.sent = True
    async with aclosing(provider.stream(request, credential)) as events:
        async for event in events:
            meter.see(event)
            for one in _watched(watching, event):
                # An answer that we end has its count still to come, and some servers never count.
                if isinstance(one, Finish) and (meter.reported is None or one is not event):
                    meter.ended_here = one is not event
                    yield meter.outcome(finished=False)[0]
                yield one
            if watching is not None and watching.over:
                return


def _watched(watching: stops.Stops | None, event: Event) -> Any:
    return (event,) if watching is None else watching.take(event)
