"""What a key may do per minute and at once. In memory, on the monotonic clock: setting the clock changes nothing."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field

from server.errors import TooManyRequests

MINUTE = 60.0
MAX_KNOWN = 1000


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much of a limit is left. ``reset`` is in seconds, until all of it is there again."""

    kind: str
    """requests | tokens"""
    limit: int
    remaining: int
    reset: float


class Bucket:
    """Fills by ``limit`` a minute up to ``limit``. What turned out larger than thought is owed."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._level, self._at = float(limit), time.monotonic()

    def wait(self, amount: float) -> float:
        """Seconds until ``amount`` is there; more than all of it counts as all of it."""
        self._fill()
        return max(0.0, (min(amount, self.limit) - self._level) / self.limit * MINUTE)

    def take(self, amount: float) -> None:
        """``amount`` below 0 gives back."""
        self._fill()
        self._level = min(self._level - amount, float(self.limit))

    def left(self, kind: str) -> Allowance:
        self._fill()
        return Allowance(
            kind, self.limit, max(0, int(self._level)), max(0.0, (self.limit - self._level) / self.limit * MINUTE)
        )

    def _fill(self) -> None:
        now = time.monotonic()
        self._level = min(float(self.limit), self._level + (now - self._at) * self.limit / MINUTE)
        self._at = now


@dataclass(slots=True)
class _Use:
    requests: Bucket | None = None
    tokens: Bucket | None = None
    running: int = 0


@dataclass(slots=True)
class Limits:
    """Of every key that was used lately. A restart forgives the minute."""

    _uses: OrderedDict[str, _Use] = field(default_factory=OrderedDict)

    def begin(self, key_id: str, rpm: int | None, tpm: int | None, streams: int | None, tokens: int) -> None:
        """Takes one request with so many tokens, or takes nothing and raises TooManyRequests."""
        use = self._use(key_id, rpm, tpm)
        if streams is not None and use.running >= streams:
            raise TooManyRequests(
                f"this key has {use.running} requests running, which is its limit: try again when one has ended",
                retry_after=1,
                code="concurrency",
            )
        for bucket, amount, what in ((use.requests, 1, "requests"), (use.tokens, tokens, "tokens")):
            if bucket is not None and (wait := bucket.wait(amount)) > 0:
                raise TooManyRequests(
                    f"this key may use {bucket.limit} {what} per minute: try again in {max(1, round(wait))} s",
                    retry_after=wait,
                    code="rate_limit",
                )
        use.running += 1
        if use.requests is not None:
            use.requests.take(1)
        if use.tokens is not None:
            use.tokens.take(min(tokens, use.tokens.limit))

    def end(self, key_id: str, thought: int, used: int) -> None:
        """The request is over; it used so many tokens, not the ``thought`` ones."""
        use = self._uses.get(key_id)
        if use is None:
            return
        use.running -= 1
        if use.tokens is not None:
            use.tokens.take(used - min(thought, use.tokens.limit))

    def left(self, key_id: str) -> tuple[Allowance, ...]:
        use = self._uses.get(key_id, _Use())
        kinds = (("requests", use.requests), ("tokens", use.tokens))
        return tuple(bucket.left(kind) for kind, bucket in kinds if bucket is not None)

    def _use(self, key_id: str, rpm: int | None, tpm: int | None) -> _Use:
        use = self._uses.setdefault(key_id, _Use())
        self._uses.move_to_end(key_id)
        use.requests = _sized(use.requests, rpm)
        use.tokens = _sized(use.tokens, tpm)
        while len(self._uses) > MAX_KNOWN and next(iter(self._uses.values())).running == 0:
            self._uses.popitem(last=False)
        return use


def _sized(bucket: Bucket | None, limit: int | None) -> Bucket | None:
    if limit is None:
        return None
    return bucket if bucket is not None and bucket.limit == limit else Bucket(limit)
