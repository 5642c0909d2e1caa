"""Brings one sealed message to a push service: where it may go, how long it takes, how often it is tried."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import httpx2

from server import __version__
from server.ops import destination
from server.ops.destination import Destination, Refused
from server.providers.errors import retry_header
from server.settings import Settings

TRIES = 4
AT_ONCE = 8
MOST_ADDRESSES = 3

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """``gone``: the subscription has ended, and no message will ever reach it again."""

    state: Literal["ok", "gone", "failed"]
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    retry_after: float | None = None
    problem: str = ""

    @property
    def may_pass(self) -> bool:
        return self.status in (0, 429) or self.status >= 500


class Courier:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # A proxy would look the name up once more. One connection a message: a kept one would be known by its address
        # alone, and hosts share addresses.
        self._client = httpx2.AsyncClient(
            trust_env=False,
            verify=httpx2.create_ssl_context(),
            follow_redirects=False,
            timeout=httpx2.Timeout(settings.push_timeout, connect=settings.push_timeout / MOST_ADDRESSES),
            limits=httpx2.Limits(max_keepalive_connections=0),
            headers={"User-Agent": f"LLM-Router/{__version__}"},
        )
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def check(self, endpoint: str) -> None:
        """Raises Refused; an address that cannot be looked up just now is looked at again when it is used."""
        try:
            await destination.find(endpoint, local=self._settings.push_local)
        except OSError:
            log.info("the name of a push service could not be looked up")

    async def send(self, endpoint: str, headers: Callable[[str], Mapping[str, str]], body: bytes) -> Outcome:
        """``headers`` are made for the origin of the push service, anew for every try."""
        for attempt in range(TRIES):
            async with self._gate:
                answer = await self._attempt(endpoint, headers, body)
            if 200 <= answer.status < 300:
                return Outcome("ok")
            if answer.status in (404, 410):
                return Outcome("gone", "the browser has ended this subscription")
            if not answer.may_pass or attempt == TRIES - 1:
                break
            wait = 2.0**attempt if answer.retry_after is None else answer.retry_after
            await asyncio.sleep(min(wait, self._settings.push_retry_wait_max))
        return Outcome("failed", answer.problem or f"the push service answered {answer.status}")

    async def close(self) -> None:
        await self._client.aclose()

    async def _attempt(self, endpoint: str, headers: Callable[[str], Mapping[str, str]], body: bytes) -> _Answer:
        try:
            async with asyncio.timeout(self._settings.push_timeout):
                there = await destination.find(endpoint, local=self._settings.push_local)
                return await self._post(there, headers(there.origin), body)
        except Refused as error:
            return _Answer(403, problem=error.message)
        except TimeoutError:
            return _Answer(0, problem="the push service did not answer in time")
        except (OSError, httpx2.TransportError):
            return _Answer(0, problem="the push service cannot be reached")

    async def _post(self, there: Destination, headers: Mapping[str, str], body: bytes) -> _Answer:
        """Tries the addresses in turn; only a connection that never came about leads to the next."""
        failure: httpx2.TransportError | None = None
        for address in there.addresses[:MOST_ADDRESSES]:
            request = self._client.build_request(
                "POST",
                there.url.copy_with(host=address),
                headers={**headers, "Host": there.url.netloc.decode()},
                content=body,
                extensions={"sni_hostname": there.host},
            )
            try:
                response = await self._client.send(request, stream=True)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = error
                continue
            await response.aclose()
            return _Answer(response.status_code, retry_header(response.headers))
        raise failure or httpx2.ConnectError("no address")
