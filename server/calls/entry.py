"""One upstream call of the gateway in the ledger: held before it, settled once after it, on whatever exit."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from server.calls.calls import LONG_ANSWER, MAX_PRICES, price_of
from server.calls.meter import Meter
from server.ids import new_id, now
from server.money import cost, ledger
from server.money.prices import Price
from server.providers.base import Credential, ProviderError
from server.store.engine import Database
from server.store.tables import Call
from server.wire.events import Usage

_EMPTY = Call(
    id="", status="held", kind="gateway", user_id="", provider="", model="", credential_id="", started_at=now()
).model_dump()
"""A value for every column: making the row an object would cost more than writing it."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What all attempts at one request of a program have in common."""

    request_id: str
    user_id: str
    key_id: str
    project: str | None
    endpoint: str
    asked_model: str
    input_tokens: int


def reserve(price: Price | None, input_tokens: int, max_output: int | None) -> int | None:
    """nano-dollars that a request may cost; None where that is not known."""
    if price is None:
        return None
    expected = LONG_ANSWER if max_output is None else max_output
    return cost.compute(Usage(input=input_tokens, output=expected), price)


class Entry:
    """Made at the moment of the call. ``held`` has to be awaited before anything of the answer is passed on."""

    def __init__(
        self,
        database: Database,
        errand: Errand,
        credential: Credential,
        model: str,
        price: Price | None,
        *,
        attempt: int,
        route: str,
        reserved: int | None,
    ) -> None:
        self.meter = Meter(price, errand.input_tokens)
        self.call_id = new_id()
        self.dropped: Sequence[str] = ()
        self.cost: int | None = 0
        """nano-dollars, once it is settled; None: the price is not known."""
        self._database = database
        row = _EMPTY | {
            "id": self.call_id,
            "user_id": errand.user_id,
            "attempt": attempt,
            "provider": credential.provider,
            "model": model,
            "credential_id": credential.id,
            "credential_last4": credential.last4,
            "started_at": now(),
            "input": errand.input_tokens,
            "reserved_nanos": reserved or 0,
            "price": _frozen(price, None),
            "request_id": errand.request_id,
            "key_id": errand.key_id,
            "project": errand.project,
            "endpoint": errand.endpoint,
            "asked_model": errand.asked_model if errand.asked_model != model else None,
            "route": route,
        }
        # The upstream is asked meanwhile, so that the disk costs no time; nothing of the answer overtakes it.
        self.held = asyncio.create_task(database.write(lambda connection: ledger.hold(connection, row)))

    def settle(self, status: str, error: ProviderError | None = None) -> Usage:
        """``status`` is done, stopped, failed or cut."""
        meter = self.meter
        usage, source = meter.outcome(finished=status == "done")
        price = meter.price
        self.cost, state = price_of(usage, price, source)
        end = ledger.new_settlement(
            self.call_id,
            status,
            usage,
            source,
            (self.cost, state),
            saved_nanos=cost.saved(usage, price),
            price=_frozen(price, usage.tier),
            first_token_ms=meter.first_token_ms,
            duration_ms=meter.elapsed_ms,
            model_served=meter.model_served,
            response_id=meter.response_id,
            error_kind=error.kind if error else None,
            error_status=error.status if error else None,
            dropped=list(self.dropped) or None,
        )
        self._database.defer(lambda connection: ledger.settle(connection, end))
        return usage


_rows: dict[tuple[int, str | None], tuple[Price, dict[str, Any]]] = {}
"""Prices as rows keep them, by the object and the tier; the object is kept so that its number stays its own."""


def _frozen(price: Price | None, tier: str | None) -> dict[str, Any] | None:
    if price is None:
        return None
    known = _rows.get((id(price), tier))
    if known is None:
        if len(_rows) >= MAX_PRICES:
            _rows.clear()
        known = _rows[id(price), tier] = price, price.only(tier).to_dict()
    return known[1]
