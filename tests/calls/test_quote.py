"""What a call may come to before it is made."""

import pytest

from server.calls.quote import LONG_ANSWER, LONGEST, NOTHING, Quote, quote
from server.money.prices import FREE, Card, Price, Rates

PRICE = Price(Card(Rates(input=1_250_000_000, output=10_000_000_000)), source="test", version="1")


@pytest.mark.parametrize(
    ("given", "expected", "most"),
    [
        ({}, LONG_ANSWER, LONGEST),
        ({"ceiling": 128_000}, LONG_ANSWER, 128_000),
        ({"ceiling": 1000}, 1000, LONG_ANSWER),
        ({"max_output": 50}, 50, LONG_ANSWER),
        ({"max_output": 50, "ceiling": 128_000}, 50, LONG_ANSWER),
        ({"max_output": 32_000}, LONG_ANSWER, 32_000),
        ({"max_output": 0}, 0, 0),
        ({"max_output": 50, "answers": 100}, 5000, 100 * LONG_ANSWER),
    ],
)
def test_an_answer_is_as_long_as_answers_are_and_at_most_as_long_as_it_may_be(
    given: dict[str, int], expected: int, most: int
) -> None:
    """$1.25 a million tokens in, $10 out; what goes in is estimated, so that half of it again is possible."""
    assert quote(PRICE, 1000, **given) == Quote(1000 * 1250 + expected * 10_000, 1500 * 1250 + most * 10_000)


def test_free_is_nothing_and_unknown_is_unknown() -> None:
    assert quote(FREE, 1000) is NOTHING
    assert quote(None, 1000, 50) == Quote(None, None)
    assert quote(Price(Card(Rates(input=1_250_000_000)), source="test", version="1"), 1000).most is None


def test_pictures_by_the_piece_cost_what_all_of_them_cost() -> None:
    price = Price(Card(Rates()), images={"hd 1024x1024": 80_000_000}, source="test", version="1")
    assert quote(price, 1000, pictures=("hd 1024x1024", 2)) == Quote(160_000_000, 160_000_000)
    assert quote(price, 1000, pictures=("hd 1x1", 2)) == Quote(None, None)
    by_token = quote(PRICE, 1000, 50, pictures=("standard auto", 1))
    assert by_token == quote(PRICE, 1000, 50)
