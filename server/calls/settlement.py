"""How a call ends in the ledger, worked out from what its meter saw: the same for chat and gateway."""

from collections.abc import Sequence
from typing import Any

from server.calls.meter import Meter
from server.money import cost, ledger
from server.money.cost import Source
from server.money.ledger import Settlement
from server.money.prices import Price
from server.providers.base import ProviderError
from server.wire.events import Usage

MAX_PRICES = 200


def settlement(
    call_id: str, meter: Meter, status: str, error: ProviderError | None = None, dropped: Sequence[str] = ()
) -> Settlement:
    """``status`` is done, stopped, failed or cut."""
    if meter.sent and (status == "stopped" or _is_silence(error)):
        # We stopped waiting for its answer, which it bills all the same.
        meter.accepted = True
    usage, source = meter.outcome(finished=status == "done")
    price = meter.price
    return ledger.new_settlement(
        call_id,
        status,
        usage,
        source,
        price_of(usage, price, source),
        saved_nanos=cost.saved(usage, price),
        price=frozen(price, usage.tier) if usage.tier else None,
        first_token_ms=meter.first_token_ms,
        duration_ms=meter.elapsed_ms,
        model_served=meter.model_served,
        response_id=meter.response_id,
        error_kind=error.kind if error else None,
        error_status=error.status if error else None,
        dropped=list(dropped) or None,
    )


def _is_silence(error: ProviderError | None) -> bool:
    return error is not None and error.kind == "timeout" and error.status is None


def price_of(usage: Usage, price: Price | None, source: Source) -> tuple[int | None, str]:
    """(nano-dollars or None, state). A call that used nothing costs nothing, whatever its price."""
    used = usage.total or usage.images or usage.web_searches or usage.unpriced
    if not used and usage.provider_cost_nanos is None:
        return 0, "free"
    return cost.settle(usage, price, source)


_rows: dict[tuple[int, str | None], tuple[Price, dict[str, Any]]] = {}
"""Prices as rows keep them, by the object and the tier; the object is kept so that its number stays its own."""


def frozen(price: Price | None, tier: str | None) -> dict[str, Any] | None:
    """What a row keeps of the price, so that no later one changes its cost."""
    if price is None:
        return None
    known = _rows.get((id(price), tier))
    if known is None:
        if len(_rows) >= MAX_PRICES:
            _rows.clear()
        known = _rows[id(price), tier] = price, price.only(tier).to_dict()
    return known[1]
