"""Counts what happens since the start of the process: integers that only grow, added to in passing, printed elsewhere.

Labels come from lists in the program, never from what somebody sent.
"""

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

STARTED: Final = time.time()
SET_BY: Final = STARTED - time.monotonic()
"""Changes with every setting of the clock."""
FIRST_TOKEN_MS: Final = (100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000)
DURATION_MS: Final = (250, 1000, 2500, 5000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000)


class Histogram:
    """Milliseconds by upper bound; the last bucket has what is above all of them."""

    __slots__ = ("bounds", "buckets", "sum")

    def __init__(self, bounds: Sequence[int]) -> None:
        self.bounds = bounds
        self.buckets = [0] * (len(bounds) + 1)
        self.sum = 0

    def add(self, value: int) -> None:
        self.buckets[bisect_left(self.bounds, value)] += 1
        self.sum += value


requests: defaultdict[tuple[str, int], int] = defaultdict(int)
"""By class and status."""
replies: defaultdict[str, int] = defaultdict(int)
"""By how they ended."""
calls: defaultdict[tuple[str, str], int] = defaultdict(int)
"""Upstream calls by what they were for and how they ended."""
failures: defaultdict[tuple[str, str], int] = defaultdict(int)
"""Upstream failures by provider and kind."""
pushes: defaultdict[str, int] = defaultdict(int)
"""Notifications by what became of them."""
sign_ins: defaultdict[str, int] = defaultdict(int)
first_token: defaultdict[str, Histogram] = defaultdict(lambda: Histogram(FIRST_TOKEN_MS))
duration: defaultdict[str, Histogram] = defaultdict(lambda: Histogram(DURATION_MS))
"""Of upstream calls, by what they were for."""


def answered(path: str, status: int) -> None:
    """A response began."""
    requests[_class(path), status] += 1


def settled(kind: str, status: str, first_token_ms: int | None, duration_ms: int | None) -> None:
    """An upstream call is over."""
    calls[kind, status] += 1
    if first_token_ms is not None:
        first_token[kind].add(first_token_ms)
    if status == "done" and duration_ms is not None:
        duration[kind].add(duration_ms)


def _class(path: str) -> str:
    if path.startswith("/v1/"):
        return "gateway"
    if path.startswith("/api/"):
        return "stream" if path == "/api/stream" else "api"
    if path.startswith("/admin/"):
        return "admin"
    return "health" if path.startswith(("/health", "/metrics")) else "page"
