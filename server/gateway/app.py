"""The edge for other programs: everything below /v1, in front of what the page needs of middleware.

``ROUTES`` is the whole table; each of its routes asks for a key before it does anything else.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from server.calls.admission import Caller
from server.errors import AppError, BadRequest, NotFound
from server.gateway import generate, listing, other, tokens
from server.gateway.body import Body, Gone, read
from server.gateway.errors import Refused, problem
from server.gateway.exchange import Desk
from server.gateway.outlet import Outlet
from server.gateway.surface import CHAT, MESSAGES, RESPONSES, Surface
from server.ids import new_id

log = logging.getLogger(__name__)

PREFIX = "/v1/"


@dataclass(slots=True)
class Asked:
    """One request as it came in; ``path`` is what follows /v1, ``headers`` are in lower case."""

    desk: Desk
    surface: Surface
    caller: Caller
    path: str
    query: str
    headers: dict[str, str]
    receive: Receive
    outlet: Outlet
    request_id: str

    async def body(self) -> Body:
        """Raises AppError, Gone."""
        kind = self.headers.get("content-encoding", "identity")
        if kind != "identity":
            raise BadRequest(f"this server reads no bodies in {kind}: send them as they are")
        body = Body(await read(self.receive))
        self.outlet.watch(self.receive)
        return body


async def _generate(asked: Asked) -> None:
    body = await asked.body()
    surface = asked.surface = generate.surface_of(asked.surface, body)
    await generate.generate(
        asked.desk, surface, asked.caller, body, asked.headers, asked.query, asked.outlet, asked.request_id
    )


async def _count(asked: Asked) -> None:
    body = await asked.body()
    await tokens.answer(asked.desk, asked.caller, body, asked.headers, asked.query, asked.outlet)


async def _models(asked: Asked) -> None:
    await listing.answer(asked.desk, asked.caller, asked.path.removeprefix("models").strip("/"), asked.outlet)


async def _other(asked: Asked) -> None:
    await other.forward(
        asked.desk,
        asked.surface,
        asked.caller,
        asked.path,
        asked.query,
        asked.headers,
        asked.receive,
        asked.outlet,
        asked.request_id,
    )


Handler = Callable[[Asked], Awaitable[None]]

ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", CHAT.path): _generate,
    ("POST", RESPONSES.path): _generate,
    ("POST", MESSAGES.path): _generate,
    ("POST", "messages/count_tokens"): _count,
    ("GET", "models"): _models,
    ("GET", "models/*"): _models,
    ("POST", "*"): _other,
}
"""A path that ends in ``*`` stands for everything below it that has no line of its own."""


class Gateway:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        desk: Desk = scope["app"].state.desk
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path = scope["path"].removeprefix(PREFIX)
        surface = _surface(path, headers)
        request_id = f"req_{new_id()}"
        outlet = Outlet(send, surface.head(request_id), desk.settings.idle_timeout)
        try:
            caller = await desk.admissions.authenticate(headers)
            handler = _route(scope["method"], path)
            query = scope["query_string"].decode("latin-1")
            asked = Asked(desk, surface, caller, path, query, headers, receive, outlet, request_id)
            await handler(asked)
        except Gone:
            pass
        except asyncio.CancelledError:
            if not outlet.gone:
                raise
            # Its own leaving cancelled it; there is nobody to tell.
        except Exception as error:
            if not isinstance(error, AppError):
                log.error("%s %s failed (%s)", scope["method"], scope["path"], request_id, exc_info=error)
            await _refuse(outlet, surface, error, request_id)
        finally:
            await outlet.close()


async def _refuse(outlet: Outlet, surface: Surface, error: Exception, request_id: str) -> None:
    """The error as the client's format has it; in the stream where that has begun."""
    if outlet.begun:
        await outlet.end(surface.broken(problem(error)))
        return
    outlet.ready = None
    if isinstance(error, Refused):
        headers = surface.head(request_id) | {"x-should-retry": "false"}
        await outlet.answer(error.status or 400, headers, error.body)
        return
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
