"""The one HTTP client for bytes that go through as they are; loaded and opened with the first such request."""

import asyncio
import importlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import TYPE_CHECKING

from server.calls.meter import Meter
from server.providers.base import Credential, ProviderError, Timeouts
from server.providers.errors import Upstream
from server.providers.known import PROVIDERS, chat_url, messages_url
from server.providers.tail import left

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession, Payload, StreamReader

_BUFFER = 8 * 1024
"""Bytes of an answer that wait for a client that reads slowly; there are twice as many, and a copy in frames."""
ANTHROPIC_VERSION = "2023-06-01"
_OURS = ("openai-organization", "openai-project")
"""They name an account, and the account is the credential's."""
_PRIVATE = ("anthropic-ratelimit-", "anthropic-organization-id", "openai-organization", "openai-project")
"""What an upstream says of the account behind the credential is not for the client."""
_LONGEST_HEADER = 1000
"""Characters; servers in between refuse an answer whose headers have no end."""


class Client:
    def __init__(self, timeouts: Timeouts) -> None:
        self.timeouts = timeouts
        self._session: ClientSession | None = None
        self._opening: asyncio.Lock = asyncio.Lock()

    async def post(
        self,
        url: str,
        data: bytes | AsyncIterator[bytes],
        headers: Mapping[str, str],
        upstream: Upstream,
        meter: Meter | None = None,
    ) -> "ClientResponse":
        """The answer once its headers are there. The ``meter`` is told as soon as the request is on its way.

        Raises ProviderError for what never became an answer.
        """
        session = self._session or await self._open()
        try:
            body = data if meter is None else _with_note(data, meter)
            response = await session.post(url, data=body, headers=headers, allow_redirects=False)
        except Exception as exc:
            raise failure(exc, upstream) or exc from None
        if 300 <= response.status < 400:
            response.close()
            raise upstream.error("network", f"{upstream.host} sent the request elsewhere: check its base URL")
        return response

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _open(self) -> "ClientSession":
        async with self._opening:
            if self._session is None:
                # A second on a small machine, in which everybody else's replies must go on.
                await asyncio.to_thread(importlib.import_module, "aiohttp")
                from urllib.request import getproxies

                import aiohttp

                self._session = aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300, keepalive_timeout=30),
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.timeouts.connect),
                    read_bufsize=_BUFFER,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    trust_env=bool(getproxies()),
                    skip_auto_headers=("User-Agent", "Accept", "Content-Type"),
                )
        return self._session


def _with_note(data: bytes | AsyncIterator[bytes], meter: Meter) -> "Payload":
    """The same, telling the meter when it is being sent."""
    from server.gateway.sent import Sent, SentInParts

    return Sent(data, meter) if isinstance(data, bytes) else SentInParts(data, meter)


def address(credential: Credential, path: str, query: str = "") -> str:
    """Where ``path``, which follows /v1, is at the credential's provider. Raises ProviderError."""
    info = PROVIDERS[credential.provider]
    base = credential.base_url or info.base_url
    if not base:
        upstream = Upstream.of(credential.provider, "", credential)
        raise upstream.error("bad_request", "this server has no address: give its base URL in the settings")
    if info.needs_key and not credential.key:
        raise Upstream.of(credential.provider, base, credential).no_key()
    root = f"{messages_url(base)}/v1" if info.wire == "messages" else chat_url(base)
    return f"{root}/{path}" + (f"?{query}" if query else "")


def request_headers(given: Mapping[str, str], credential: Credential, content_type: str) -> dict[str, str]:
    """The client's own for the provider, with the credential instead of its key."""
    headers = {
        name: value for name, value in given.items() if name.startswith(("anthropic-", "openai-")) and name not in _OURS
    }
    headers["content-type"] = content_type
    # Frames that were compressed would have to be gathered before they could be passed on.
    headers["accept-encoding"] = "identity"
    headers["user-agent"] = "llm-router"
    if PROVIDERS[credential.provider].wire == "messages":
        headers.setdefault("anthropic-version", ANTHROPIC_VERSION)
        headers["x-api-key"] = credential.key or ""
    elif credential.key:
        headers["authorization"] = f"Bearer {credential.key}"
    return headers


def answer_headers(given: Mapping[str, str]) -> dict[str, str]:
    """What of an upstream's headers is for the client."""
    headers = {}
    for each, value in given.items():
        name = each.lower()
        theirs = name.startswith(("anthropic-", "openai-")) and not name.startswith(_PRIVATE)
        if theirs or name == "content-disposition":
            headers[name] = value
    return headers


def dropped_header(paths: Iterable[str]) -> dict[str, str]:
    """Tells the client what of its request did not get through, as far as a header carries it."""
    said = ", ".join(paths).encode("ascii", "ignore").decode()
    return {"x-gateway-dropped": said[:_LONGEST_HEADER]} if said else {}


async def read(content: "StreamReader") -> bytes:
    """The next bytes of an answer; none at its end. What came before the connection broke comes before the error."""
    try:
        return await content.readany()
    except Exception:
        if tail := left(content):
            return tail
        raise


def failure(exc: BaseException, upstream: Upstream) -> ProviderError | None:
    """None when ``exc`` is not an upstream's doing."""
    import aiohttp

    host = upstream.host
    if isinstance(exc, aiohttp.ClientConnectorDNSError | socket.gaierror):
        return upstream.error("network", f"there is no host named {host}: check the base URL and the network")
    if isinstance(exc, aiohttp.ClientSSLError | ssl.SSLError):
        return upstream.error("network", f"no secure connection to {host}: its certificate was not accepted")
    if isinstance(exc, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return upstream.error("network", f"could not reach {host}: check that it runs, and the base URL")
    if isinstance(exc, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return upstream.error("network", f"{host} is no address of a model server: check the base URL")
    if isinstance(exc, aiohttp.ServerDisconnectedError):
        return upstream.cut(empty=True)
    if isinstance(exc, aiohttp.ClientError | OSError | ValueError):
        return upstream.cut(empty=False)
    return None
