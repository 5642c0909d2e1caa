"""The edge for other programs: everything below /v1, in front of everything that the page needs.

``ROUTES`` is the whole table; whoever asks is asked for a key before any of it is looked at.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from urllib.parse import unquote

from starlette.types import Receive, Scope, Send

from server.errors import AppError, NotFound
from server.gateway import generate, listing, other, tokens
from server.gateway.asked import Asked
from server.gateway.body import Gone
from server.gateway.desk import PREFIX, Desk
from server.gateway.errors import Refused, problem
from server.gateway.outlet import Outlet
from server.gateway.surface import CHAT, MESSAGES, RESPONSES, Surface
from server.ids import new_id
from server.logs import REQUEST

log = logging.getLogger(__name__)

Handler = Callable[[Asked], Awaitable[None]]

ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", CHAT.path): generate.generate,
    ("POST", RESPONSES.path): generate.generate,
    ("POST", MESSAGES.path): generate.generate,
    ("POST", "messages/count_tokens"): tokens.count,
    ("GET", "models"): listing.models,
    ("GET", "models/*"): listing.models,
    ("POST", "*"): other.forward,
}
"""A path that ends in ``*`` stands for everything below it that has no line of its own."""


async def serve(desk: Desk, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers one HTTP request whose path begins with ``PREFIX``."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    path = scope["path"].removeprefix(PREFIX)
    surface = _surface(path, headers)
    request_id = f"req_{new_id()}"
    REQUEST.set(request_id)
    outlet = Outlet(send, surface.head(request_id), desk.settings.idle_timeout)
    asked: Asked | None = None
    try:
        caller = await desk.admissions.authenticate(headers)
        desk.pace.take(caller.user_id)
        handler = _route(scope["method"], path)
        if scope["method"] != "GET":
            desk.room.check()
        query = scope["query_string"].decode("latin-1")
        asked = Asked(desk, surface, caller, path, query, headers, receive, outlet, request_id)
        with desk.underway.serving(caller.user_id, caller.key_id, outlet.shut_out):
            await handler(asked)
    except Gone:
        pass
    except (Exception, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError):
            if outlet.gone:
                return  # its own leaving cancelled it; there is nobody to tell
            if outlet.shut is None:
                raise
            error = outlet.shut
        elif not isinstance(error, AppError):
            log.error("%s %s failed", scope["method"], scope["path"], exc_info=error)
        try:
            await _refuse(outlet, asked.surface if asked else surface, error, request_id)
        except asyncio.CancelledError:
            if not outlet.gone:
                raise
    finally:
        await outlet.close()


async def refuse(error: AppError, scope: Scope, send: Send) -> None:
    """Answers a request that is let no further, as its client's format has it."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    surface, request_id = _surface(scope["path"].removeprefix(PREFIX), headers), f"req_{new_id()}"
    outlet = Outlet(send, surface.head(request_id))
    try:
        await _refuse(outlet, surface, error, request_id)
    finally:
        await outlet.close()


async def _refuse(outlet: Outlet, surface: Surface, error: Exception, request_id: str) -> None:
    """The error as the client's format has it; in the stream where that has begun."""
    if outlet.begun:
        # What is no stream is seen to be broken by its early end.
        if outlet.broken is not None:
            await outlet.end(outlet.broken(error))
    elif isinstance(error, Refused):
        headers = surface.head(request_id) | {"x-should-retry": "false"}
        await outlet.answer(error.status or 400, headers, error.body)
    else:
        status, headers, body = surface.refusal(problem(error), request_id)
        await outlet.answer(status, headers, body)


def _surface(path: str, headers: dict[str, str]) -> Surface:
    """How errors are told; where the address does not say, by what only Anthropic's clients send."""
    if path.startswith("messages") or "anthropic-version" in headers:
        return MESSAGES
    return RESPONSES if path.startswith("responses") else CHAT


def _route(method: str, path: str) -> Handler:
    """Raises NotFound."""
    handler = ROUTES.get((method, path))
    if handler is None:
        head = path.partition("/")[0]
        handler = ROUTES.get((method, f"{head}/*")) or ROUTES.get((method, "*"))
    if handler is None:
        raise NotFound(f"there is no {method} /v1/{unquote(path)[:100]} here")
    return handler
