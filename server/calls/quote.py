"""What a call may come to, before it is made: what is to be expected, and what it cannot exceed. Pure."""

from dataclasses import dataclass

from server.money import cost
from server.money.prices import Price
from server.wire.events import Usage

LONG_ANSWER = 4096
"""Tokens that are expected of an answer without a limit."""
LONGEST = 32_768
"""Tokens that an answer has at most, where neither the request nor the model says."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Nano-dollars; None where the price is not known."""

    expected: int | None
    most: int | None


NOTHING = Quote(0, 0)


def quote(
    price: Price | None,
    input_tokens: int,
    max_output: int | None = None,
    *,
    ceiling: int | None = None,
    image_tokens: int = 0,
    pictures: tuple[str, int] | None = None,
    answers: int = 1,
) -> Quote:
    """``max_output`` as the request says, ``ceiling`` as the model does, ``answers`` are how many are wanted.

    ``image_tokens`` are a picture's; ``pictures`` (which kind, how many) count where they are billed by the piece.
    """
    if price is None:
        return Quote(None, None)
    if price.free:
        return NOTHING
    if pictures is not None and price.images:
        drawn = cost.compute(Usage(images=pictures[1], image_class=pictures[0]), price)
        return Quote(drawn, drawn)
    if image_tokens:
        drawn = cost.compute(Usage(input=input_tokens, image_output=image_tokens), price)
        return Quote(drawn, drawn)
    longest = (ceiling or LONGEST) if max_output is None else max_output
    expected = Usage(input=input_tokens, output=answers * min(LONG_ANSWER, longest))
    # Input is estimated within a third, and not every upstream keeps to the limit that it is told.
    most = Usage(input=input_tokens * 3 // 2, output=answers * (longest and max(LONG_ANSWER, longest)))
    return Quote(cost.compute(expected, price), cost.compute(most, price))
