"""What a provider itself says it charged, wherever its usage object says so: it goes before every price list. Pure."""

from decimal import Decimal
from typing import Any

from server.ids import nanos
from server.wire.loose import mapping

_TICKS = 10**10
"""xAI counts in ticks, of which a dollar has this many."""
_MOST = 1_000_000
"""Dollars of one call: more is no amount."""


def charged(usage: dict[str, Any]) -> int | None:
    """Nano-dollars; None where it does not say."""
    ticks = usage.get("cost_in_usd_ticks")
    if isinstance(ticks, int) and not isinstance(ticks, bool) and 0 <= ticks < _MOST * _TICKS:
        return nanos(Decimal(ticks) / _TICKS)
    # OpenRouter gives an amount, Perplexity what it is made of.
    said = usage.get("cost")
    cost = _dollars(said.get("total_cost") if isinstance(said, dict) else said)
    if cost is None:
        return None
    # With a person's own upstream key, that bill comes on top of OpenRouter's.
    upstream = _dollars(mapping(usage.get("cost_details")).get("upstream_inference_cost"))
    return nanos(cost + upstream if usage.get("is_byok") is True and upstream is not None else cost)


def _dollars(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _MOST:
        return None
    return Decimal(str(value))
