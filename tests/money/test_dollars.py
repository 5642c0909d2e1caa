"""Amounts as people write them: never another one than they meant, and never the work of minutes."""

import pytest

from server.errors import BadRequest
from server.money.dollars import dollars, full, price, read, written


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("30", 30_000_000_000),
        ("$2.50", 2_500_000_000),
        ("2,5", 2_500_000_000),
        ("0,125", 125_000_000),
        (" 0.000001 ", 1_000),
        ("0", 0),
    ],
)
def test_an_amount_is_read_with_a_point_or_a_comma(text: str, nanos: int) -> None:
    assert read(text) == nanos


@pytest.mark.parametrize("text", ["lots", "", "nan", "-inf", "1e999990", "9e999999", "9" * 40 + "e999999", "1,2,3"])
def test_what_is_no_amount_is_refused_before_anything_is_done_with_it(text: str) -> None:
    with pytest.raises(BadRequest, match="is not an amount of dollars"):
        read(text)


@pytest.mark.parametrize("text", ["1,000", "$1,000", "12,345,678", "2,125"])
def test_what_may_be_a_thousand_or_one_is_asked_for_again(text: str) -> None:
    with pytest.raises(BadRequest, match="without a comma"):
        read(text)


@pytest.mark.parametrize(
    ("amount", "text"), [(1, "0.000000001"), (1_234_567_890_123, "1234.567890123"), (10**18, "1000000000"), (0, "0")]
)
def test_what_is_written_is_read_as_the_same(amount: int, text: str) -> None:
    assert written(amount) == text
    assert read(text) == amount


def test_what_cost_anything_is_never_shown_as_nothing() -> None:
    assert [dollars(amount) for amount in (0, 1, 100_000, 18_700_000_000)] == ["$0.00", "<$0.0001", "$0.0001", "$18.70"]
    assert [price(amount) for amount in (0, 2_500_000, 1_250_000_000, 10_000_000_000)] == [
        "$0",
        "$0.0025",
        "$1.25",
        "$10",
    ]
    assert [full(amount) for amount in (None, 5_800_000)] == ["$?", "$0.005800"]
