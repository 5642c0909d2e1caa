"""What every request passes before the page's API or the gateway sees it: by which name, from whom, and how often."""

from functools import lru_cache
from ipaddress import ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from server.accounts.pace import Pace
from server.accounts.throttle import network
from server.api.deps import STREAM
from server.api.errors import answer
from server.api.security import SecurityHeaders
from server.edge.cors import Cors
from server.edge.forwarded import Proxies
from server.edge.names import Names, shown
from server.errors import AppError, BadRequest
from server.gateway.desk import PREFIX
from server.settings import Settings

HEALTH = "/health"
_COUNTED = ("/api/", "/v1/", "/admin/")


class Door:
    """``inside`` gets what may come in. The scope that it sees has the person's address, also behind a proxy."""

    def __init__(self, settings: Settings, inside: ASGIApp) -> None:
        self._inside = inside
        self._names = Names(settings)
        self._proxies = Proxies(settings)
        self._cors = Cors(settings.cors_origins)
        self._pace = Pace(settings.rate_limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        self._proxies.apply(scope)
        if path.startswith(PREFIX) and (origin := self._cors.allowed(scope)) is not None:
            if self._cors.is_preflight(scope):
                await self._cors.answer(origin, scope, send)
                return
            send = self._cors.sending(origin, send)
        try:
            self._check_name(scope, path)
            self._count(scope, path)
        except AppError as error:
            await _refuse(error, scope, receive, send)
            return
        await self._inside(scope, receive, send)

    def _check_name(self, scope: Scope, path: str) -> None:
        """Raises BadRequest. A probe of the health may know the server by any name: it is told nothing."""
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) == 1 and self._names.include(host := hosts[0].decode("latin-1")):
            return
        if path.startswith(HEALTH) and len(hosts) <= 1:
            return
        if len(hosts) != 1:
            raise BadRequest("a request names its host once", code="host")
        raise BadRequest(
            f"this server does not go by {shown(host)}: open it by its address, or the one who runs it puts "
            "the name into LLM_ROUTER_PUBLIC_URL or LLM_ROUTER_HOSTS",
            code="host",
        )

    def _count(self, scope: Scope, path: str) -> None:
        """Raises TooManyRequests. Files and streams are not counted, and neither is this machine itself."""
        client = scope.get("client")
        if client is None or not path.startswith(_COUNTED) or path == STREAM:
            return
        if (key := _key(client[0])) is not None:
            self._pace.take(key)


@lru_cache(maxsize=1024)
def _key(address: str) -> str | None:
    try:
        return None if ip_address(address).is_loopback else network(address)
    except ValueError:
        return None


async def _refuse(error: AppError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"].startswith(PREFIX):
        from server.gateway.app import refuse  # with the first program that asks, as the codecs are

        await refuse(error, scope, send)
    else:
        await SecurityHeaders(answer(error))(scope, receive, send)
