"""One upstream call of the gateway in the ledger: held before it, settled once after it, on whatever exit."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from server import counters
from server.calls.admission import Caller
from server.calls.book import Book
from server.calls.meter import Meter
from server.calls.quote import Quote
from server.calls.settlement import frozen, settlement
from server.ids import new_id, now
from server.money import ledger
from server.money.prices import Price
from server.providers.base import Credential, ProviderError
from server.store.batch import Part
from server.store.engine import Database
from server.store.tables import Call

PATIENCE = 1.0
"""Seconds for which the end of an answer waits for its row, on a disk that takes none."""
_EMPTY = Call(
    id="", status="held", kind="gateway", user_id="", provider="", model="", credential_id="", started_at=now()
).model_dump()
"""A value for every column: making the row an object would cost more than writing it."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What all attempts at one request of a program have in common."""

    request_id: str
    caller: Caller
    endpoint: str
    asked_model: str
    input_tokens: int


class Entry:
    """Made at the moment of the call. ``held`` has to be awaited before anything of the answer is passed on."""

    def __init__(
        self,
        database: Database,
        book: Book,
        errand: Errand,
        credential: Credential,
        model: str,
        price: Price | None,
        *,
        attempt: int,
        route: str,
        reason: str,
        expected: Quote,
    ) -> None:
        self.meter = Meter(price, errand.input_tokens)
        self.call_id = new_id()
        self.dropped: Sequence[str] = ()
        self.used = 0
        """Tokens, once it is settled."""
        self._settled: asyncio.Future[None] | None = None
        self._database, self._book, self._payers = database, book, errand.caller.payers
        self._started_at = now()
        self._row = row = _EMPTY | {
            "id": self.call_id,
            "user_id": errand.caller.user_id,
            "attempt": attempt,
            "provider": credential.provider,
            "model": model,
            "credential_id": credential.id,
            "credential_last4": credential.last4,
            "started_at": self._started_at,
            "input": errand.input_tokens,
            "reserved_nanos": expected.expected or 0,
            "price": frozen(price, None),
            "request_id": errand.request_id,
            "key_id": errand.caller.key_id,
            "project": errand.caller.project,
            "endpoint": errand.endpoint,
            "asked_model": errand.asked_model if errand.asked_model != model else None,
            "route": route,
            "reason": reason,
        }
        # The upstream is asked meanwhile, so that the disk costs no time; nothing of the answer overtakes it.
        self.held = database.submit(Part(ledger.post, (row, None)))
        self.held.add_done_callback(_look)

    def settle(self, status: str, error: ProviderError | None = None) -> None:
        """``status`` is done, stopped, failed or cut. Only the first time counts."""
        if self._settled is not None:
            return
        end = settlement(self.call_id, self.meter, status, error, self.dropped)
        counters.settled("gateway", status, end.first_token_ms, end.duration_ms)
        self._settled = self._database.keep(Part(ledger.post, (self._row, end)))
        self._book.spend(self._payers, end.cost_nanos, self._started_at)
        self.used = end.usage.total

    async def settled(self) -> None:
        """Returns when the end is on the disk, so that who is told of it finds it there whatever happens next."""
        if self._settled is not None and not self._settled.done():
            await asyncio.wait((self._settled,), timeout=PATIENCE)


def _look(held: "asyncio.Future[Any]") -> None:
    """A row that could not be written is nobody's surprise: who waits for it is told, and ``settle`` writes it."""
    if not held.cancelled():
        held.exception()
