"""A price as people write it: taken as it is meant, or refused with what is wrong."""

from typing import Any

import pytest

from server.errors import BadRequest
from server.money import price_entry
from server.money.prices import FREE


def test_amounts_are_kept_as_text_and_read_as_dollars() -> None:
    given = {
        "input": 2,
        "output": "$8.00",
        "cache_read": "",
        "request": "0.005",
        "web_search": "0.01",
        "tiers": [{"above": 200_000, "input": "4", "output": "16"}],
        "special": {"fast": {"input": "6", "output": "24", "tiers": [{"above": 10, "input": "7"}]}},
        "images": {"hd 1024x1024": "0.08"},
    }
    checked = price_entry.check(given)
    assert (checked["input"], checked["output"]) == ("2", "8")
    assert "cache_read" not in checked
    price = price_entry.read(checked, "admin", "1")
    assert price.standard.at(200_001).output == 16_000_000_000
    assert price.special["fast"].at(11).input == 7_000_000_000
    assert price.images == {"hd 1024x1024": 80_000_000}
    assert price_entry.write(price) == checked
    assert price_entry.read(price_entry.check({"free": True}), "admin", "1") is FREE


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "say what a million tokens"),
        ({"input": "1"}, "say what a million tokens"),
        ({"input": "-1", "output": "1"}, "input: write dollars"),
        ({"input": "1", "output": "NaN"}, "output: write dollars"),
        ({"input": "1", "output": "1000000"}, "output: write dollars"),
        ({"input": "1", "output": True}, "output: write dollars"),
        ({"input": "1", "output": "1", "cached": "1"}, "'cached' is no part of a price"),
        ({"input": "1", "output": "1", "free": False}, "'free' is no part of a price"),
        ({"input": "1", "output": "1", "tiers": [{"above": "x", "input": "1"}]}, "a tier begins above"),
        ({"input": "1", "output": "1", "tiers": [{"above": True}]}, "a tier begins above"),
        ({"input": "1", "output": "1", "tiers": "x"}, "tiers is a list"),
        ({"input": "1", "output": "1", "special": {"fast": "x"}}, "a service tier has prices"),
        ({"input": "1", "output": "1", "special": {"": {"input": "1"}}}, "the name of a service tier"),
        ({"input": "1", "output": "1", "images": ["x"]}, "images has at most"),
    ],
)
def test_a_price_that_makes_no_sense_is_refused_with_what_is_wrong(given: dict[str, Any], says: str) -> None:
    with pytest.raises(BadRequest) as refused:
        price_entry.check(given)
    assert says in refused.value.message
