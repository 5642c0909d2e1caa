"""How many requests a minute one key may make: a person, or an address. In memory, and never more than it may be."""

import time
from collections import OrderedDict
from collections.abc import Callable

from server.errors import TooManyRequests

MAX_KEYS = 4096
MINUTE = 60.0


class Pace:
    """A bucket a key: it holds the requests of one minute and fills up steadily. ``per_minute`` 0 counts nothing."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = MINUTE / per_minute if per_minute else 0.0
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()
        """When the bucket of a key will be full again; what is full is as good as forgotten."""

    def take(self, key: str) -> None:
        """Raises TooManyRequests."""
        if not self._interval:
            return
        now = self._clock()
        full_at = max(now, self._full_at.pop(key, now)) + self._interval
        over = full_at - now - MINUTE
        if over > 1e-6:  # what is refused costs nothing, or one who never stops would never be let in again
            self._full_at[key] = full_at - self._interval
            raise TooManyRequests(f"too many requests, try again in {max(1, round(over))} s", retry_after=over)
        self._full_at[key] = full_at
        if len(self._full_at) > MAX_KEYS:
            self._full_at.popitem(last=False)
