"""One request of a program, from the door to the ledger: admitted, tried where it is served, settled once."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from server.calls.admission import Admission, Admissions, Caller
from server.calls.calls import Calls
from server.calls.entry import Entry, Errand, reserve
from server.gateway.client import Client
from server.gateway.errors import Refused
from server.gateway.outlet import Outlet
from server.gateway.passthrough import Told
from server.gateway.piece import Head, Pieces
from server.gateway.surface import Surface
from server.gateway.targets import Target, Targets
from server.money.prices import Price
from server.providers.base import Credential, ProviderError
from server.providers.pool import Pool
from server.settings import Settings
from server.store.engine import Database
from server.wire.request import Request

log = logging.getLogger(__name__)

PAUSE = 0.4
"""Seconds before the same credential is asked again, doubled each time."""
ATTEMPTS = 3


@dataclass(slots=True)
class Desk:
    """What every request of the gateway is served with."""

    settings: Settings
    database: Database
    calls: Calls
    pool: Pool
    admissions: Admissions
    targets: Targets
    client: Client
    key: bytes
    """Seals what is only for another provider."""


@dataclass(slots=True)
class Way:
    """How one attempt is made: its pieces, its signs of life, and how its stream says that it broke off."""

    route: str
    pieces: Callable[[Entry], Pieces]
    heartbeat: Callable[[], bytes] | None = None
    broken: Callable[[Exception], bytes] | None = None
    request: Request | None = None


class Exchange:
    """``ask`` runs the attempts; whatever happens, what was used is settled when it returns."""

    def __init__(
        self, desk: Desk, surface: Surface, caller: Caller, outlet: Outlet, request_id: str, endpoint: str
    ) -> None:
        self._desk, self._surface, self._caller, self._outlet = desk, surface, caller, outlet
        self._request_id, self._endpoint = request_id, endpoint
        self._tokens, self._nanos = 0, 0
        self._unpriced = False

    async def ask(
        self,
        asked: str,
        target: Target,
        way: Callable[[Credential], Way],
        *,
        input_tokens: int,
        max_output: int | None,
        again: bool = True,
    ) -> None:
        """``again`` is False for a body that can be sent only once. Raises AppError before anything was answered."""
        provider, name = target.model.provider, target.model.name
        price = await self._desk.calls.price(provider, name)
        reserved = reserve(price, input_tokens, max_output)
        expected = input_tokens + (max_output or 0)
        admission = await self._desk.admissions.admit(
            self._caller, self._endpoint, asked, names=target.names, tokens=expected, nanos=reserved
        )
        errand = Errand(
            self._request_id,
            self._caller.user_id,
            self._caller.key_id,
            self._caller.project,
            self._endpoint,
            asked,
            input_tokens,
        )
        try:
            self._outlet.headers |= self._surface.limits(admission.left)
            await self._attempts(errand, target, way, price, reserved, again)
        finally:
            self._give_back(admission)

    async def _attempts(
        self,
        errand: Errand,
        target: Target,
        way: Callable[[Credential], Way],
        price: Price | None,
        reserved: int | None,
        again: bool,
    ) -> None:
        model = target.model.name
        plan = _plan(target.credentials, again)
        number = 0
        while True:
            credential = plan[number]
            number += 1
            chosen = way(credential)
            entry = Entry(
                self._desk.database,
                errand,
                credential,
                model,
                price,
                attempt=number,
                route=f"{chosen.route}: {target.reason}" if target.reason else chosen.route,
                reserved=reserved,
            )
            try:
                await self._attempt(entry, chosen)
            except ProviderError as error:
                self._desk.pool.failed(credential, model, error)
                following = plan[number] if number < len(plan) else None
                wait = self._wait(error, credential, following, number)
                if wait is None:
                    raise
                log.info("%s: %s, attempt %d: %s", errand.request_id, credential.provider, number, error.message)
                await asyncio.sleep(wait)
            else:
                self._desk.pool.worked(credential, model)
                return

    async def _attempt(self, entry: Entry, way: Way) -> None:
        """Passes the answer on. Raises ProviderError only while none of it has left."""
        outlet, status, head = self._outlet, "stopped", False
        error: ProviderError | None = None
        outlet.ready = entry.held
        outlet.heartbeat = way.heartbeat
        try:
            async with aclosing(way.pieces(entry)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Head):
                        await outlet.begin(piece.status, piece.headers)
                        head = True
                    else:
                        await outlet.write(piece)
            await outlet.end()
            status = "done"
        except Told as failure:
            status, error = "cut", failure
            await outlet.end()
        except ProviderError as failure:
            status, error = ("cut" if entry.meter.said else "failed"), failure
            if not head:
                raise
            await self._break_off(way, failure)
        finally:
            outlet.ready = None
            if way.request is not None:
                entry.dropped = way.request.dropped
            usage = entry.settle(status, error)
            self._tokens += usage.total
            self._unpriced = self._unpriced or entry.cost is None
            self._nanos += entry.cost or 0

    async def _break_off(self, way: Way, error: ProviderError) -> None:
        """The one last frame of a stream; what is none is seen to be broken by its early end."""
        if way.broken is not None:
            await self._outlet.end(way.broken(error))

    def _wait(
        self, error: ProviderError, credential: Credential, following: Credential | None, number: int
    ) -> float | None:
        """Seconds until the next attempt; None: there is none."""
        if following is None or isinstance(error, Refused):
            return None
        if following.id != credential.id:
            return 0.0 if error.retryable or error.kind in ("auth", "quota", "no_key") else None
        if not error.retryable or error.kind == "timeout":
            return None
        if error.retry_after is not None:
            return error.retry_after if error.retry_after <= self._desk.settings.retry_wait_max else None
        return float(PAUSE * 2 ** (number - 1))

    def _give_back(self, admission: Admission) -> None:
        admission.settle(self._tokens, None if self._unpriced and not self._nanos else self._nanos)


def _plan(credentials: Sequence[Credential], again: bool) -> list[Credential]:
    """Each credential once; one that is alone gets a second and a third chance."""
    if not again:
        return list(credentials[:1])
    return [credentials[0]] * ATTEMPTS if len(credentials) == 1 else list(credentials)
