"""One request of a program, from the door to the ledger: admitted once, tried where it is served, settled once."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from server.calls.admission import Admission
from server.calls.entry import Entry, Errand
from server.calls.quote import Quote, quote
from server.calls.reason import ALIAS, ASKED, instead, once_more
from server.errors import AppError, BudgetExceeded
from server.gateway.asked import Asked
from server.gateway.client import dropped_header
from server.gateway.errors import Refused
from server.gateway.passthrough import Told
from server.gateway.piece import Head, Last, Pieces
from server.gateway.targets import Target
from server.money.prices import Price
from server.providers.base import Credential, ProviderError
from server.providers.models import names

PAUSE = 0.4
"""Seconds before the same credential is asked again, doubled each time."""
ATTEMPTS = 3


@dataclass(slots=True)
class Way:
    """How one attempt is made: its pieces, its signs of life, and how its stream says that it broke off.

    ``dropped`` is what of the request did not get through; it may grow until the answer begins.
    """

    route: str
    pieces: Callable[[Entry], Pieces]
    heartbeat: Callable[[], bytes] | None = None
    broken: Callable[[Exception], bytes] | None = None
    dropped: Sequence[str] = ()


Ways = Callable[[Credential], Way]


class Exchange:
    """``ask`` runs the attempts; whatever happens, what was used is settled when it returns."""

    def __init__(
        self,
        asked: Asked,
        endpoint: str,
        model: str,
        input_tokens: int,
        max_output: int | None,
        *,
        answers: int = 1,
        pictures: tuple[str, int] | None = None,
        again: bool = True,
    ) -> None:
        """``model`` as the client names it; ``answers`` and ``pictures`` as ``quote`` has them.

        ``again`` is False for a body that can be sent only once.
        """
        self._desk, self._outlet, self._surface = asked.desk, asked.outlet, asked.surface
        self._max_output, self._again = max_output, again
        self._answers, self._pictures = answers, pictures
        self._errand = Errand(asked.request_id, asked.caller, endpoint, model, input_tokens)
        self._admission: Admission | None = None
        self._missed: tuple[str, AppError] | None = None
        """The model before this one, and why it did not answer."""
        self._tokens = 0

    async def ask(self, targets: Sequence[Target], ways: Callable[[Target], Ways]) -> None:
        """The answer of the first of the targets that gives one. Raises AppError before anything was answered."""
        try:
            for number, target in enumerate(targets, start=1):
                try:
                    await self._ask(target, ways(target))
                    return
                except (ProviderError, BudgetExceeded) as error:
                    if number == len(targets) or self._outlet.begun or _is_final(error):
                        raise
                    self._missed = target.model.name, error
        finally:
            if self._admission is not None:
                self._admission.settle(self._tokens)

    async def _ask(self, target: Target, ways: Ways) -> None:
        model = target.model
        await self._desk.pool.grants.check(self._errand.caller.user_id, *names(model))
        price = await self._desk.calls.prices.price(model.provider, model.name)
        quoted = quote(
            price,
            self._errand.input_tokens,
            self._max_output,
            ceiling=model.max_output,
            pictures=self._pictures,
            answers=self._answers,
        )
        admission = await self._admit(target, quoted)
        headers = self._outlet.headers
        headers |= self._surface.limits(admission.left) | admission.reservation.headers()
        if target.reason:
            headers["x-gateway-model"] = target.names[0]
        await self._attempts(target, ways, price, quoted)

    async def _admit(self, target: Target, quoted: Quote) -> Admission:
        if self._admission is None:
            self._admission = await self._desk.admissions.admit(
                self._errand.caller,
                self._errand.endpoint,
                self._errand.asked_model,
                names=target.names,
                tokens=self._errand.input_tokens + self._answers * (self._max_output or 0),
                quote=quoted,
            )
        else:
            await self._admission.change(quoted)
        return self._admission

    async def _attempts(self, target: Target, ways: Ways, price: Price | None, quoted: Quote) -> None:
        model, pool = target.model.name, self._desk.pool
        plan = _plan(target.credentials, self._again)
        number, why = 0, target.reason or (ASKED if self._errand.asked_model in names(target.model) else ALIAS)
        reason = why = instead(why, *self._missed) if self._missed else why
        while True:
            credential = plan[number]
            number += 1
            way = ways(credential)
            entry = Entry(
                self._desk.database,
                self._desk.admissions.book,
                self._errand,
                credential,
                model,
                price,
                attempt=number,
                route=way.route,
                reason=reason,
                expected=quoted,
            )
            try:
                broken = await self._attempt(entry, way)
            except ProviderError as error:
                pool.failed(credential, model, error)
                following = plan[number] if number < len(plan) else None
                wait = self._wait(error, credential, following, number)
                if wait is None:
                    raise
                reason = once_more(why, error, elsewhere=following is not None and following.id != credential.id)
                await asyncio.sleep(wait)
            else:
                if broken is None:
                    pool.worked(credential, model)
                else:
                    pool.failed(credential, model, broken)
                return

    async def _attempt(self, entry: Entry, way: Way) -> ProviderError | None:
        """Passes the answer on; what broke it off once it had begun is returned, and raised while none of it had."""
        outlet, head = self._outlet, False
        error: ProviderError | None = None
        outlet.ready, outlet.heartbeat, outlet.broken = entry.held, way.heartbeat, way.broken
        try:
            async with aclosing(way.pieces(entry)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Head):
                        await outlet.begin(piece.status, {**piece.headers, **dropped_header(way.dropped)})
                        head = True
                    elif isinstance(piece, Last):
                        await self._settle(entry, way, "done")
                        await outlet.write(piece.data)
                    else:
                        await outlet.write(piece)
            await self._settle(entry, way, "done")
            await outlet.end()
        except Told as failure:
            error = failure
            await self._settle(entry, way, "cut", error)
            await outlet.end(failure.data)
        except ProviderError as failure:
            error = failure
            await self._settle(entry, way, "cut" if entry.meter.said else "failed", error)
            if not head:
                raise
            # The one last frame of a stream; what is none is seen to be broken by its early end.
            if way.broken is not None:
                await outlet.end(way.broken(failure))
        finally:
            outlet.ready = None
            entry.dropped = way.dropped
            entry.settle("stopped")
            self._tokens += entry.used
        return error

    async def _settle(self, entry: Entry, way: Way, status: str, error: ProviderError | None = None) -> None:
        """Before the client is told of the end: it may ask what it cost, and the server may be killed."""
        entry.dropped = way.dropped
        entry.settle(status, error)
        await entry.settled()

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


def _is_final(error: ProviderError | BudgetExceeded) -> bool:
    """The body itself is what a provider refused: another model would be sent the same."""
    return isinstance(error, ProviderError) and error.kind in ("bad_request", "refused")


def _plan(credentials: Sequence[Credential], again: bool) -> list[Credential]:
    """Each credential once; one that is alone gets a second and a third chance."""
    if not again:
        return list(credentials[:1])
    return [credentials[0]] * ATTEMPTS if len(credentials) == 1 else list(credentials)
