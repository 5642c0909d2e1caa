"""Numbers of an upstream or a program that cannot be what they are said to be."""

from typing import Any

import pytest

from server.wire.charged import charged
from server.wire.loose import MOST, count, integer


@pytest.mark.parametrize(
    ("value", "counted"),
    [
        (None, 0),
        ("7", 0),
        (True, 0),
        (-1, 0),
        (0, 0),
        (7, 7),
        (7.9, 7),
        (-0.5, 0),
        (float("nan"), 0),
        (float("inf"), 0),
        (MOST, MOST),
        (MOST + 1, MOST),
        (2**63, MOST),
        (1e300, MOST),
    ],
)
def test_a_count_is_one_that_can_be_added_up(value: Any, counted: int) -> None:
    assert count(value) == counted


@pytest.mark.parametrize(
    ("value", "read"), [(529, 529), (-(2**63), -(2**63)), (2**63 - 1, 2**63 - 1), (2**63, None), (-(2**63) - 1, None)]
)
def test_an_integer_is_one_that_can_be_stored(value: int, read: int | None) -> None:
    assert integer(value) == read


@pytest.mark.parametrize(
    "usage",
    [
        {"cost_in_usd_ticks": 2**63},
        {"cost_in_usd_ticks": 10**4000},
        {"cost_in_usd_ticks": 10**16},
        {"cost": 1e6},
        {"cost": {"total_cost": 1e300}},
        {"cost": -1},
    ],
)
def test_what_nobody_charges_for_one_call_is_no_amount(usage: dict[str, Any]) -> None:
    assert charged(usage) is None


def test_what_costs_much_is_one() -> None:
    assert charged({"cost_in_usd_ticks": 10**16 - 10}) == 10**15 - 1
