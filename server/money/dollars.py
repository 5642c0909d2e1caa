"""Amounts of dollars as people write them and see them; inside they are nano-dollars. Pure."""

import re
from decimal import Decimal, InvalidOperation

from server.errors import BadRequest
from server.ids import NANOS_PER_DOLLAR, nanos

MOST = 1_000_000_000
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(,\d{3})+")


def read(text: str) -> int:
    """`30`, `$2.50` or `2,50` as nano-dollars. Raises BadRequest."""
    digits = text.strip().removeprefix("$")
    if _THOUSANDS.fullmatch(digits):
        raise BadRequest(f"{text:.40} can be read in two ways: write it without a comma, such as 1000 or 1.5")
    try:
        value = Decimal(digits.replace(",", "."))
    except InvalidOperation:
        value = Decimal("NaN")
    # Compared before it becomes an integer: 1e999999 has a million digits, and making them takes minutes.
    if not value.is_finite() or not -MOST <= value <= MOST:
        raise BadRequest(f"{text:.40} is not an amount of dollars, such as 30 or 2.50")
    return nanos(value)


def written(amount: int) -> str:
    """Nano-dollars, exactly: what ``read`` takes."""
    return f"{(Decimal(amount) / NANOS_PER_DOLLAR).normalize():f}"


def dollars(amount: int) -> str:
    """`$18.70`; amounts below ten cents to a hundredth of a cent."""
    if 0 < amount < NANOS_PER_DOLLAR // 10_000:
        return "<$0.0001"
    return f"${amount / NANOS_PER_DOLLAR:.{4 if 0 < amount < NANOS_PER_DOLLAR // 10 else 2}f}"


def full(amount: int | None) -> str:
    """`$0.005800`, for sums that are checked; `$?` where it is not known."""
    return "$?" if amount is None else f"${amount / NANOS_PER_DOLLAR:.6f}"


def price(amount: int) -> str:
    """`$10` or `$1.25`, as price lists have it."""
    places = ".3g" if 0 < amount < NANOS_PER_DOLLAR // 100 else ".2f"
    return f"${amount / NANOS_PER_DOLLAR:{places}}".removesuffix(".00")
