"""Time, identity and money: the three values that the whole program shares, and the seam that tests freeze."""

import secrets
import threading
import time
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

NANOS_PER_DOLLAR = 1_000_000_000

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_lock = threading.Lock()
_last = 0


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """26 characters that sort by the time they were made (ULID, lower case).

    Two ids of one process never tie: within a millisecond the random part counts up.
    """
    global _last
    with _lock:
        fresh = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(79)
        _last = fresh if fresh >> 80 > _last >> 80 else _last + 1
        value = _last
    return _written(value)


def first_id(at: datetime) -> str:
    """The id before which everything was made earlier than ``at``."""
    return _written(int(at.timestamp() * 1000) << 80)


def _written(value: int) -> str:
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -5, -5))


def new_secret(size: int = 32) -> str:
    """A URL-safe random string with ``size`` bytes of entropy."""
    return secrets.token_urlsafe(size)


def nanos(dollars: Decimal) -> int:
    """Dollars as integer nano-dollars, rounded half to even."""
    return int((dollars * NANOS_PER_DOLLAR).to_integral_value(ROUND_HALF_EVEN))
