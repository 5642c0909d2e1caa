"""Costs to the nano-dollar: cases worked out by hand, and laws that hold for all of them."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.ids import nanos
from server.money import cost
from server.money.prices import FREE, Card, Price, Rates, Tier
from server.wire.events import BUCKETS, Usage
from tests.money.listed import find

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SUMMER = datetime(2026, 8, 1, 12, tzinfo=UTC)

BY_HAND: list[tuple[str, str, Usage, str | None]] = [
    (
        "openai",
        "gpt-6.1-sol",
        Usage(input=2000, cache_read=6000, cache_write_5m=2000, output=500, reasoning=1000),
        "0.0246",
    ),
    ("openai", "gpt-6.1-sol", Usage(input=100_000, cache_read=200_000, output=2000), "0.47"),
    ("openai", "gpt-6.1-sol", Usage(input=10_000, cache_write_long=40_000, output=500), None),
    ("openai", "gpt-5.6-sol", Usage(input=100_000, output=10_000), "0.60"),
    ("openai", "gpt-6.1-sol", Usage(input=10_000, output=1000), "0.03"),
    ("openai", "gpt-6.1-sol", Usage(input=10_000, output=1000, tier="default"), "0.03"),
    ("openai", "gpt-6.1-sol", Usage(input=10_000, output=1000, tier="priority"), "0.06"),
    ("openai", "gpt-6.1-sol", Usage(input=10_000, output=1000, tier="flex"), "0.015"),
    ("openai", "gpt-6.1-sol", Usage(input=10_000, output=1000, tier="ultrafast"), None),
    (
        "anthropic",
        "claude-opus-5-5",
        Usage(input=1000, cache_write_5m=4000, cache_write_long=8000, cache_read=20_000, output=800),
        "0.108",
    ),
    ("anthropic", "claude-haiku-5-5", Usage(input=5000, cache_read=110_000, output=1000), "0.0105"),
    ("anthropic", "claude-haiku-5-5", Usage(input=5000, cache_read=95_000, output=1000), "0.00195"),
    ("anthropic", "claude-opus-5-5", Usage(input=10_000, output=1000, web_searches=3, tier="fast"), "0.15"),
    ("gemini", "gemini-2.5-pro", Usage(input=250_000, output=5000), "0.70"),
    ("gemini", "gemini-2.5-pro", Usage(input=200_000, output=2000, reasoning=3000), "0.30"),
    ("openai", "gpt-5.1", Usage(input=5000, cache_read=5000, output=1000), "0.016875"),
    ("openai", "gpt-4o", Usage(input=8000, cache_read=2000, output=1000), "0.0325"),
    ("groq", "openai/gpt-oss-120b", Usage(input=6000, cache_read=4000, output=1000), "0.0018"),
    ("anthropic", "claude-fable-5-2", Usage(input=10_000, output=1000), "0.12"),
    ("anthropic", "claude-mythos-5-1", Usage(input=10_000, output=1000), None),
    ("openrouter", "anthropic/claude-opus-5.5", Usage(input=10_000, output=1000), "0.06"),
    ("deepseek", "deepseek-v4-pro", Usage(input=50_000, cache_read=50_000, output=10_000), "0.0539"),
    ("xai", "grok-4.7", Usage(input=200_000, output=1000), "0.812"),
]


@pytest.mark.parametrize(("provider", "model", "usage", "dollars"), BY_HAND)
def test_a_call_costs_what_was_worked_out_by_hand(provider: str, model: str, usage: Usage, dollars: str | None) -> None:
    expected = None if dollars is None else nanos(Decimal(dollars))
    price = find(provider, model, NOW)
    state = "unknown_price" if expected is None else "computed"
    assert cost.settle(usage, price, "provider") == (expected, state)
    if price is not None:
        thawed = Price.from_dict(price.only(usage.tier).to_dict())
        assert cost.compute(usage, thawed) == expected


def test_a_call_before_a_price_cut_keeps_the_price_of_its_day() -> None:
    price = find("openai", "gpt-5.6-sol", SUMMER)
    assert price is not None
    assert cost.compute(Usage(input=100_000, output=10_000), price) == nanos(Decimal("0.80"))


def test_cached_tokens_are_charged_once_and_at_their_own_price() -> None:
    """14,000 read and 1,000 written of 15,200 tokens: counting them as input too would more than double the bill."""
    price = find("anthropic", "claude-sonnet-4-5", NOW)
    assert price is not None
    usage = Usage(input=200, cache_read=14_000, cache_write_5m=1000, output=400)
    assert cost.compute(usage, price) == nanos(Decimal("0.01455"))
    assert (cost.compute(Usage(input=15_200, output=400), price) or 0) > 3 * nanos(Decimal("0.01455"))


def test_each_bucket_has_its_own_price() -> None:
    rates = Rates(*(10**position * 1_000_000 for position in range(len(BUCKETS))))
    price = Price(Card(rates))
    for position, bucket in enumerate(BUCKETS):
        assert cost.compute(Usage(**{bucket: 7}), price) == 7 * 10**position


def test_reasoning_costs_what_output_costs_unless_it_has_a_price() -> None:
    plain = Price(Card(Rates(input=0, output=3_000_000)))
    own = Price(Card(Rates(input=0, output=3_000_000, reasoning=5_000_000)))
    assert cost.compute(Usage(output=1, reasoning=1), plain) == 6
    assert cost.compute(Usage(output=1, reasoning=1), own) == 8


def test_a_tier_takes_the_whole_request_and_begins_after_its_threshold() -> None:
    price = Price(
        Card(Rates(input=1_000_000, output=1_000_000), (Tier(100, Rates(input=2_000_000, output=2_000_000)),))
    )
    assert cost.compute(Usage(input=100, output=1), price) == 101
    assert cost.compute(Usage(input=101, output=1), price) == 204


@pytest.mark.parametrize(
    ("rate", "nanos"), [(500_000, 0), (500_001, 1), (1_500_000, 2), (2_500_000, 2), (2_499_999, 2), (3_500_000, 4)]
)
def test_the_total_is_rounded_half_to_even(rate: int, nanos: int) -> None:
    assert cost.compute(Usage(input=1), Price(Card(Rates(input=rate, output=1)))) == nanos


def test_only_the_total_is_rounded() -> None:
    price = Price(Card(Rates(input=400_000, output=400_000)))
    assert cost.compute(Usage(input=1, output=1), price) == 1


def test_a_bucket_without_a_price_matters_only_when_it_was_used() -> None:
    price = Price(Card(Rates(input=1_000_000, output=1_000_000)))
    assert cost.compute(Usage(input=5), price) == 5
    for usage in (Usage(input=5, cache_read=1), Usage(input=5, cache_write_long=1), Usage(input=5, web_searches=1)):
        assert cost.compute(usage, price) is None
        assert cost.settle(usage, price, "provider") == (None, "unknown_price")


def test_what_the_provider_says_it_charged_goes_first() -> None:
    usage = Usage(input=10, output=10, provider_cost_nanos=123, tier="whatever")
    price = find("openai", "gpt-5.1", NOW)
    assert cost.settle(usage, price, "provider") == (123, "exact")
    assert cost.settle(usage, None, "provider") == (123, "exact")
    assert cost.settle(Usage(provider_cost_nanos=0), None, "provider") == (0, "exact")


def test_a_local_model_is_free_whatever_it_counted() -> None:
    usage = Usage(input=10, output=10, cache_write_long=3, web_searches=2, tier="turbo")
    assert cost.settle(usage, FREE, "provider") == (0, "free")
    assert cost.settle(usage, FREE, "estimated") == (0, "free")


def test_an_estimated_count_is_never_called_computed() -> None:
    price = find("openai", "gpt-5.1", NOW)
    assert cost.settle(Usage(input=1000), price, "estimated") == (1_250_000, "estimated")
    assert cost.settle(Usage(input=1000), None, "estimated") == (None, "unknown_price")


counts = st.integers(0, 3_000_000)
usages = st.builds(Usage, **dict.fromkeys(BUCKETS, counts), web_searches=st.integers(0, 20))
amounts = st.integers(0, 200_000_000_000)
priced = st.builds(
    Price,
    st.builds(Card, st.builds(Rates, *[amounts] * len(BUCKETS))),
    web_search=st.integers(0, 100_000_000),
)


@given(usages, usages, priced)
def test_two_calls_cost_what_their_sum_costs_but_for_the_rounding(one: Usage, other: Usage, price: Price) -> None:
    apart = (cost.compute(one, price) or 0) + (cost.compute(other, price) or 0)
    assert abs((cost.compute(one + other, price) or 0) - apart) <= 1


@given(usages, priced, st.sampled_from([*BUCKETS, "web_searches"]), st.integers(0, 1000))
def test_a_cost_is_never_negative_and_never_falls_with_use(usage: Usage, price: Price, bucket: str, more: int) -> None:
    before = cost.compute(usage, price)
    after = cost.compute(usage + Usage(**{bucket: more}), price)
    assert before is not None
    assert after is not None
    assert 0 <= before <= after


@given(usages, priced)
def test_integers_give_what_exact_decimals_give(usage: Usage, price: Price) -> None:
    rates = price.standard.rates
    exact = sum((Decimal(getattr(usage, name)) * getattr(rates, name) for name in BUCKETS), Decimal(0)) / 1_000_000
    exact += usage.web_searches * (price.web_search or 0)
    assert cost.compute(usage, price) == int(exact.to_integral_value(ROUND_HALF_EVEN))
