"""THE way to an upstream: hold a ledger row, ask, try again while nothing was said, settle once on whatever exit."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row

from server import counters
from server.calls.book import Book, Payers, payers
from server.calls.meter import Meter
from server.calls.quote import Quote, quote
from server.calls.reason import ASKED, once_more
from server.calls.settlement import frozen, price_of, settlement
from server.ids import new_id, now, time_of
from server.money import estimate, ledger
from server.money.ledger import Settlement
from server.money.price_book import PriceBook
from server.money.prices import Price
from server.providers.base import Credential, Drawing, Kind, Provider, ProviderError
from server.providers.models import Choice, names
from server.providers.pool import Pool
from server.store.engine import Database
from server.store.tables import Call
from server.wire import openai_images
from server.wire.events import Event, Finish, Usage
from server.wire.openai_images import ImageRequest
from server.wire.request import Request

ATTEMPTS = 3
ELSEWHERE: frozenset[Kind] = frozenset({"auth", "quota", "rate_limit", "overloaded", "network"})
"""Failures with which another credential may have better luck."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """Who the call is for, and what for: ``kind`` is chat, title …"""

    kind: str
    user_id: str
    device_id: str | None = None
    conversation_id: str | None = None
    message_id: str | None = None
    asked_model: str | None = None
    """What was asked for, where that was not a model."""
    reason: str = ASKED
    """Why this model."""
    request_id: str = field(default_factory=lambda: f"req_{new_id()}")
    """Of all attempts, at whichever model."""

    @property
    def payers(self) -> Payers:
        return payers(self.user_id)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call starts, or starts again ``wait`` seconds from now because of ``error``. ``call_id`` is its ledger row."""

    call_id: str
    meter: Meter
    credential: Credential
    wait: float = 0
    error: ProviderError | None = None


class Calls:
    def __init__(
        self,
        db: Database,
        providers: dict[str, Provider],
        pool: Pool,
        prices: PriceBook,
        book: Book,
        retry_wait_max: float,
    ) -> None:
        self._db = db
        self._providers = providers
        self._pool = pool
        self.prices, self._book = prices, book
        self._retry_wait_max = retry_wait_max

    def provider(self, name: str) -> Provider:
        return self._providers[name]

    async def stream(
        self, purpose: Purpose, target: Choice, request: Request | ImageRequest, attempts: int = ATTEMPTS
    ) -> AsyncGenerator[Event | Attempt, None]:
        """The answer's events, each attempt announced first. Close it to stop.

        Raises ProviderError, Forbidden, and BudgetExceeded before anybody is asked.
        """
        await self._pool.grants.check(purpose.user_id, *names(target.model))
        price = await self.prices.price(target.model.provider, request.model)
        expected = _quote(price, request, target.model.max_output)
        reservation = await self._book.reserve(purpose.payers, expected)
        spare, reason = list(target.others), purpose.reason
        try:
            for number in range(1, attempts + 1):
                ask = self._asking(target, request)
                meter, call_id = _meter(price, request), new_id()
                try:
                    async with aclosing(
                        self._attempt(purpose, target, request.model, number, call_id, meter, expected, ask)
                    ) as events:
                        async for event in events:
                            yield event
                    self._pool.worked(target.credential, request.model)
                    return
                except ProviderError as error:
                    self._pool.failed(target.credential, request.model, error)
                    wait = self._wait(error, number, attempts)
                    elsewhere = bool(spare) and number < attempts and error.kind in ELSEWHERE
                    purpose = replace(purpose, reason=once_more(reason, error, elsewhere=elsewhere))
                    if elsewhere:
                        target, wait = replace(target, credential=spare.pop(0)), 0
                    if meter.said or wait is None:
                        raise
                    yield Attempt(call_id, meter, target.credential, wait, error)
                    await asyncio.sleep(wait)
        finally:
            reservation.close()

    def _asking(self, target: Choice, request: Request | ImageRequest) -> Callable[[], AsyncGenerator[Event, None]]:
        provider = self._providers[target.model.provider]
        if isinstance(request, Request):
            return lambda: provider.stream(request, target.credential)
        if not isinstance(provider, Drawing):
            raise ProviderError("bad_request", f"{target.model.name} makes no pictures here", provider=provider.name)
        return lambda: provider.draw(request, target.credential)

    async def resume(
        self,
        purpose: Purpose,
        target: Choice,
        request: Request,
        call_id: str,
        response_id: str,
        events: AsyncGenerator[Event, None],
    ) -> AsyncGenerator[Event | Attempt, None]:
        """Goes on with a call that an earlier process held: its row is settled by this one, unless it was by that."""
        price = await self.prices.price(target.model.provider, request.model)
        row = next(iter(await self._db.read(lambda connection: ledger.held(connection, call_id))), None)
        meter = Meter(price, estimate.request_tokens(request))
        said, thought = (row.said or "", row.thought or "") if row is not None else ("", "")
        meter.take_up(response_id, said, thought)
        reservation = await self._book.hold(purpose.payers, row.reserved_nanos if row is not None else 0)
        settling = self._settling(purpose, target.credential, call_id, meter, events, held=row is not None)
        try:
            async with aclosing(settling) as settled:
                async for event in settled:
                    yield event
        finally:
            reservation.close()

    async def give_up(self, user_id: str, call_id: str) -> None:
        """Settles a call that an earlier process held, and that nobody went on with; one that is settled stays so."""
        for row in await self._db.read(lambda connection: ledger.held(connection, call_id)):
            self._end(payers(user_id), _killed(row))

    def _wait(self, error: ProviderError, number: int, attempts: int) -> float | None:
        """Seconds until the next attempt; None: there is none."""
        if not error.retryable or number == attempts or error.kind == "timeout":
            return None
        if error.retry_after is not None:
            return error.retry_after if error.retry_after <= self._retry_wait_max else None
        return float(0.5 * 2 ** (number - 1)) * random.uniform(0.8, 1.2)

    async def _attempt(
        self,
        purpose: Purpose,
        target: Choice,
        model: str,
        number: int,
        call_id: str,
        meter: Meter,
        expected: Quote,
        ask: Callable[[], AsyncGenerator[Event, None]],
    ) -> AsyncGenerator[Event | Attempt, None]:
        row = Call(
            id=call_id,
            status="held",
            kind=purpose.kind,
            user_id=purpose.user_id,
            device_id=purpose.device_id,
            conversation_id=purpose.conversation_id,
            message_id=purpose.message_id,
            attempt=number,
            provider=target.model.provider,
            model=model,
            credential_id=target.credential.id,
            credential_last4=target.credential.last4,
            request_id=purpose.request_id,
            asked_model=purpose.asked_model,
            reason=purpose.reason,
            started_at=now(),
            input=meter.input_tokens,
            image_output=meter.image_tokens,
            reserved_nanos=expected.expected or 0,
            price=frozen(meter.price, None),
        )
        try:
            await self._db.write(lambda connection: ledger.hold(connection, row))
        except asyncio.CancelledError:
            # The row is written all the same, and nobody was asked.
            self._settle(purpose, call_id, meter, "stopped", None)
            raise
        async with aclosing(self._settling(purpose, target.credential, call_id, meter, ask())) as events:
            async for event in events:
                yield event

    async def _settling(
        self,
        purpose: Purpose,
        credential: Credential,
        call_id: str,
        meter: Meter,
        events: AsyncGenerator[Event, None],
        *,
        held: bool = True,
    ) -> AsyncGenerator[Event | Attempt, None]:
        """Announces the attempt, passes its events on, and settles on the one exit, however it is reached."""
        status, error = "stopped", None
        try:
            yield Attempt(call_id, meter, credential)
            meter.sent = True
            async with aclosing(events) as stream:
                async for event in stream:
                    meter.see(event)
                    if isinstance(event, Finish):
                        status = "done"
                    yield event
        except ProviderError as failure:
            status, error = ("cut" if meter.said else "failed"), failure
            raise
        finally:
            if held and not (meter.left and status == "stopped"):
                self._settle(purpose, call_id, meter, status, error)

    def _settle(self, purpose: Purpose, call_id: str, meter: Meter, status: str, error: ProviderError | None) -> None:
        end = settlement(call_id, meter, status, error)
        counters.settled(purpose.kind, status, end.first_token_ms, end.duration_ms)
        self._end(purpose.payers, end)

    def _end(self, who: Payers, end: Settlement) -> None:
        self._db.defer(lambda connection: ledger.settle(connection, end))
        self._book.spend(who, end.cost_nanos, time_of(end.call_id))


def _meter(price: Price | None, request: Request | ImageRequest) -> Meter:
    if isinstance(request, Request):
        return Meter(price, estimate.request_tokens(request))
    return Meter(price, estimate.drawing_tokens(request), openai_images.expected_tokens(request))


def _quote(price: Price | None, request: Request | ImageRequest, ceiling: int | None) -> Quote:
    if isinstance(request, Request):
        return quote(price, estimate.request_tokens(request), request.max_output_tokens, ceiling=ceiling)
    tokens, kind = openai_images.expected_tokens(request), openai_images.price_class(request)
    return quote(price, estimate.drawing_tokens(request), image_tokens=tokens, pictures=(kind, 1))


async def settle_leftovers(db: Database, keep: frozenset[str] = frozenset()) -> int:
    """Settles what a dead process had held, from what it had stored of the answer; ``keep`` are call ids to leave."""

    def work(connection: Connection) -> int:
        rows = [row for row in ledger.held(connection) if row.id not in keep]
        return sum(ledger.settle(connection, _killed(row)) for row in rows)

    return await db.write(work)


def _killed(row: Row[Any]) -> Settlement:
    """The end of a call that a dead process held, from what it had stored of the answer."""
    usage = Usage(
        input=row.input,
        output=estimate.tokens(row.said or ""),
        reasoning=estimate.tokens(row.thought or ""),
        image_output=row.image_output,
    )
    price = Price.from_dict(row.price) if row.price else None
    return ledger.new_settlement(row.id, "killed", usage, "estimated", price_of(usage, price, "estimated"))
