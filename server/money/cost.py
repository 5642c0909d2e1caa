"""From tokens and a price to nano-dollars, in integers, rounded once, on the total, half to even. Pure."""

from typing import Literal

from server.money.prices import Price
from server.wire.events import BUCKETS, Usage

State = Literal["exact", "computed", "estimated", "unknown_price", "free"]
Source = Literal["provider", "estimated"]

_MILLION = 1_000_000


def compute(usage: Usage, price: Price) -> int | None:
    """Nano-dollars; None where the price of anything that was used is not known."""
    if price.free:
        return 0
    card = None if usage.unpriced else price.card(usage.tier)
    if card is None:
        return None
    rates = card.at(usage.input_total)
    total = price.request * _MILLION
    for bucket in BUCKETS:
        count = getattr(usage, bucket)
        rate = getattr(rates, bucket)
        if bucket == "reasoning" and rate is None:
            rate = rates.output
        if count and rate is None:
            return None
        total += count * (rate or 0)
    if usage.images:
        each = price.images.get(usage.image_class or "")
        if each is None:
            return None
        total += usage.images * each * _MILLION
    if usage.web_searches:
        if price.web_search is None:
            return None
        total += usage.web_searches * price.web_search * _MILLION
    return _half_even(total)


def settle(usage: Usage, price: Price | None, source: Source) -> tuple[int | None, State]:
    """What a call cost and how sure that is. What the provider itself says it charged goes first."""
    if usage.provider_cost_nanos is not None and source == "provider":
        return usage.provider_cost_nanos, "exact"
    if price is None:
        return None, "unknown_price"
    if price.free:
        return 0, "free"
    nanos = compute(usage, price)
    if nanos is None:
        return None, "unknown_price"
    return nanos, "computed" if source == "provider" else "estimated"


def saved(usage: Usage, price: Price | None) -> int:
    """Nano-dollars that reading from the cache saved, less what writing to it cost; 0 where that is not known."""
    card = price.card(usage.tier) if price is not None else None
    rates = card.at(usage.input_total) if card is not None else None
    if rates is None or rates.input is None:
        return 0
    cached = {bucket: getattr(usage, bucket) for bucket in ("cache_read", "cache_write_5m", "cache_write_long")}
    if any(count and getattr(rates, bucket) is None for bucket, count in cached.items()):
        return 0
    return _half_even(sum(count * (rates.input - (getattr(rates, bucket) or 0)) for bucket, count in cached.items()))


def _half_even(millionths: int) -> int:
    whole, rest = divmod(millionths, _MILLION)
    return whole + (rest * 2 > _MILLION or (rest * 2 == _MILLION and whole % 2 == 1))
