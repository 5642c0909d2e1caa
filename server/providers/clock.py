"""How far this machine's clock is from those of the providers, by the time that is in their answers anyway."""

import time
from email.utils import parsedate_to_datetime

OFTEN = 60.0
"""Seconds between two answers that are looked at."""
OLD = 24 * 3600.0
"""Seconds after which what was seen says nothing any more."""

_seen: tuple[float, float] | None = None
"""When, on the monotonic clock, and by how many seconds this machine was ahead."""


def saw(date: str | None) -> None:
    """The ``Date`` header of an answer that came just now."""
    global _seen
    now = time.monotonic()
    if date is None or (_seen is not None and now - _seen[0] < OFTEN):
        return
    try:
        _seen = now, time.time() - parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError, OverflowError):
        return


def ahead() -> float | None:
    """Seconds; None while no provider has answered lately."""
    return _seen[1] if _seen is not None and time.monotonic() - _seen[0] < OLD else None
