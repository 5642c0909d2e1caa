"""Time, identity and money: the three values that the whole program shares, and the seam that tests freeze."""

import os
import re
import secrets
import threading
import time
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from hashlib import sha256

NANOS_PER_DOLLAR = 1_000_000_000

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_ID = re.compile(f"[0-7][{_ALPHABET}]{{25}}")
_TIME = 10
"""Characters of an id that are its time."""
_lock = threading.Lock()
_last = 0
_spare = b""


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """26 characters that sort by the time they were made (ULID, lower case).

    Two ids of one process never tie: within a millisecond the random part counts up.
    """
    global _last
    with _lock:
        time_ms = time.time_ns() // 1_000_000
        _last = time_ms << 80 | _random_bits() if time_ms > _last >> 80 else _last + 1
        value = _last
    return _written(value)


def _random_bits() -> int:
    """79 of them. The system is asked for many at once: each time it is, another thread gets the turn."""
    global _spare
    if not _spare:
        _spare = os.urandom(1000)
    taken, _spare = _spare[:10], _spare[10:]
    return int.from_bytes(taken) >> 1


def first_id(at: datetime) -> str:
    """The id before which everything was made earlier than ``at``."""
    return _written(int(at.timestamp() * 1000) << 80)


def time_of(id: str) -> datetime:
    """When this id was made, to the millisecond."""
    value = 0
    for character in id[:_TIME]:
        value = value << 5 | _ALPHABET.index(character)
    return datetime.fromtimestamp(value / 1000, UTC)


def derived_id(at: datetime, *names: str) -> str:
    """The id of something that was made elsewhere ``at`` that time: the same names give the same id."""
    return _named(first_id(max(at, datetime.fromtimestamp(0, UTC))), names)


def moved_id(id: str, *names: str) -> str:
    """Another id of the same time: the same one for the same names."""
    return _named(id, (id, *names))


def is_id(value: str) -> bool:
    return _ID.fullmatch(value) is not None


def _named(id: str, names: tuple[str, ...]) -> str:
    digest = sha256("\0".join(names).encode("utf-8", "surrogatepass")).digest()
    return id[:_TIME] + _written(int.from_bytes(digest[:10], "big"))[_TIME:]


def _written(value: int) -> str:
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(120, -10, -10)])


def new_secret(size: int = 32) -> str:
    """A URL-safe random string with ``size`` bytes of entropy."""
    return secrets.token_urlsafe(size)


def instant(time: datetime | None) -> str | None:
    """As JSON writes it: `2026-01-31T12:00:00Z`."""
    return time.isoformat().replace("+00:00", "Z") if time else None


def nanos(dollars: Decimal) -> int:
    """Dollars as integer nano-dollars, rounded half to even."""
    return int((dollars * NANOS_PER_DOLLAR).to_integral_value(ROUND_HALF_EVEN))
