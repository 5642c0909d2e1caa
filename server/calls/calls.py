"""THE way to an upstream: hold a ledger row, ask, try again while nothing was said, settle once on whatever exit."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from server.calls.meter import Meter
from server.ids import new_id, now
from server.money import cost, estimate, ledger
from server.money.cost import Source
from server.money.prices import Price
from server.money.prices import find as find_price
from server.providers.base import Drawing, Kind, Provider, ProviderError
from server.providers.models import Choice
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
MAX_PRICES = 200
LONG_ANSWER = 4096
"""Tokens that are held for an answer."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """Who the call is for, and what for: ``kind`` is chat, title …"""

    kind: str
    user_id: str
    device_id: str | None = None
    conversation_id: str | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call starts, or starts again ``wait`` seconds from now because of ``error``. ``call_id`` is its ledger row."""

    call_id: str
    meter: Meter
    wait: float = 0
    error: ProviderError | None = None


class Calls:
    def __init__(self, db: Database, providers: dict[str, Provider], pool: Pool, retry_wait_max: float) -> None:
        self._db = db
        self._providers = providers
        self._pool = pool
        self._retry_wait_max = retry_wait_max
        self._prices: dict[tuple[str, str, datetime], Price | None] = {}

    def provider(self, name: str) -> Provider:
        return self._providers[name]

    async def stream(
        self, purpose: Purpose, target: Choice, request: Request | ImageRequest, attempts: int = ATTEMPTS
    ) -> AsyncGenerator[Event | Attempt, None]:
        """The answer's events, each attempt announced first. Raises ProviderError. Close the iterator to stop."""
        spare = list(target.others)
        for number in range(1, attempts + 1):
            ask = self._asking(target, request)
            price = await self.price(target.model.provider, request.model)
            meter, call_id = _meter(price, request), new_id()
            try:
                async with aclosing(
                    self._attempt(purpose, target, request.model, number, call_id, meter, ask)
                ) as events:
                    async for event in events:
                        yield event
                self._pool.worked(target.credential, request.model)
                return
            except ProviderError as error:
                self._pool.failed(target.credential, request.model, error)
                wait = self._wait(error, number, attempts)
                if spare and number < attempts and error.kind in ELSEWHERE:
                    target, wait = replace(target, credential=spare.pop(0)), 0
                if meter.said or wait is None:
                    raise
                yield Attempt(call_id, meter, wait, error)
                await asyncio.sleep(wait)

    def _asking(self, target: Choice, request: Request | ImageRequest) -> Callable[[], AsyncGenerator[Event, None]]:
        provider = self._providers[target.model.provider]
        if isinstance(request, Request):
            return lambda: provider.stream(request, target.credential)
        if not isinstance(provider, Drawing):
            raise ProviderError("bad_request", f"{target.model.name} makes no pictures here", provider=provider.name)
        return lambda: provider.draw(request, target.credential)

    async def resume(
        self, purpose: Purpose, target: Choice, request: Request, call_id: str, events: AsyncGenerator[Event, None]
    ) -> AsyncGenerator[Event | Attempt, None]:
        """Goes on with a call that an earlier process held: its row is settled by this one."""
        price = await self.price(target.model.provider, request.model)
        meter = Meter(price, estimate.request_tokens(request))
        async with aclosing(self._settling(call_id, meter, events)) as settled:
            async for event in settled:
                yield event

    async def price(self, provider: str, model: str) -> Price | None:
        """Looked up off the loop, and once an hour: the first look loads the whole table."""
        time = now()
        key = (provider, model, time.replace(minute=0, second=0, microsecond=0))
        if key not in self._prices:
            if len(self._prices) > MAX_PRICES:
                self._prices.clear()
            self._prices[key] = await asyncio.to_thread(find_price, provider, model, time)
        return self._prices[key]

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
            started_at=now(),
            input=meter.input_tokens,
            image_output=meter.image_tokens,
            reserved_nanos=_reserve(meter),
            price=meter.price.only(None).to_dict() if meter.price else None,
        )
        try:
            await self._db.write(lambda connection: ledger.hold(connection, row))
        except asyncio.CancelledError:
            # The row is written all the same, and nobody was asked.
            self._settle(call_id, meter, "stopped", None)
            raise
        async with aclosing(self._settling(call_id, meter, ask())) as events:
            async for event in events:
                yield event

    async def _settling(
        self, call_id: str, meter: Meter, events: AsyncGenerator[Event, None]
    ) -> AsyncGenerator[Event | Attempt, None]:
        """Announces the attempt, passes its events on, and settles on the one exit, however it is reached."""
        status, error = "stopped", None
        try:
            yield Attempt(call_id, meter)
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
            self._settle(call_id, meter, status, error)

    def _settle(self, call_id: str, meter: Meter, status: str, error: ProviderError | None) -> None:
        usage, source = meter.outcome(finished=status == "done")
        end = ledger.new_settlement(
            call_id,
            status,
            usage,
            source,
            price_of(usage, meter.price, source),
            saved_nanos=cost.saved(usage, meter.price),
            price=meter.price.only(usage.tier).to_dict() if meter.price else None,
            first_token_ms=meter.first_token_ms,
            duration_ms=meter.elapsed_ms,
            model_served=meter.model_served,
            response_id=meter.response_id,
            error_kind=error.kind if error else None,
            error_status=error.status if error else None,
        )
        self._db.defer(lambda connection: ledger.settle(connection, end))


def price_of(usage: Usage, price: Price | None, source: Source) -> tuple[int | None, str]:
    """(nano-dollars or None, state). A call that used nothing costs nothing, whatever its price."""
    if usage.total == 0 and not usage.images and usage.provider_cost_nanos is None:
        return 0, "free"
    return cost.settle(usage, price, source)


def _meter(price: Price | None, request: Request | ImageRequest) -> Meter:
    if isinstance(request, Request):
        return Meter(price, estimate.request_tokens(request))
    return Meter(price, estimate.drawing_tokens(request), openai_images.expected_tokens(request))


def _reserve(meter: Meter) -> int:
    """nano-dollars held for the call: its input, and as much output again as a long answer has."""
    if meter.price is None:
        return 0
    held = Usage(input=meter.input_tokens, output=LONG_ANSWER)
    if meter.image_tokens:
        held = Usage(input=meter.input_tokens, image_output=meter.image_tokens)
    return cost.compute(held, meter.price) or 0


async def settle_leftovers(db: Database, keep: frozenset[str] = frozenset()) -> int:
    """Settles what a dead process had held, from what it had stored of the answer; ``keep`` are call ids to leave."""

    def work(connection: Connection) -> int:
        count = 0
        for row in ledger.held(connection):
            if row.id in keep:
                continue
            said, thought = row.said or "", row.thought or ""
            usage = Usage(
                input=row.input,
                output=estimate.tokens(said),
                reasoning=estimate.tokens(thought),
                image_output=row.image_output,
            )
            price = Price.from_dict(row.price) if row.price else None
            end = ledger.new_settlement(row.id, "killed", usage, "estimated", price_of(usage, price, "estimated"))
            count += ledger.settle(connection, end)
        return count

    return await db.write(work)
