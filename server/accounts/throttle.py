"""Slows guessing down: after some free attempts each one has to wait twice as long as the one before.

In memory and bounded; by address, so that one guesser gets nowhere, and by name, so that many do not either.
"""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from server.errors import TooManyRequests

MAX_KEYS = 4096


@dataclass(slots=True)
class _Attempts:
    count: int
    latest: float
    until: float


class _Counter:
    """``free`` attempts, then 1, 2, 4 … seconds up to ``longest``; forgotten after a quiet time."""

    def __init__(self, free: int, longest: float, quiet: float = 900.0) -> None:
        self._free, self._longest, self._quiet = free, longest, quiet
        self._keys: OrderedDict[str, _Attempts] = OrderedDict()

    def wait(self, key: str, now: float) -> float:
        attempts = self._keys.get(key)
        return max(0.0, attempts.until - now) if attempts else 0.0

    def count(self, key: str, now: float) -> None:
        attempts = self._keys.pop(key, None)
        if attempts is None or now - attempts.latest > self._quiet:
            attempts = _Attempts(0, now, now)
        attempts.count += 1
        attempts.latest = now
        over = attempts.count - self._free
        attempts.until = now + min(self._longest, 2.0 ** min(over, 30)) if over >= 0 else now
        self._keys[key] = attempts
        while len(self._keys) > MAX_KEYS:
            self._keys.popitem(last=False)

    def forgive(self, key: str) -> None:
        """Takes the last attempt back: it was not a guess."""
        if attempts := self._keys.get(key):
            attempts.count -= 1
            attempts.until = attempts.latest

    def forget(self, key: str) -> None:
        self._keys.pop(key, None)


class Throttle:
    """``clock`` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._addresses = _Counter(free=10, longest=900.0)
        # Short, because a stranger must not be able to lock somebody out by trying their name.
        self._names = _Counter(free=5, longest=30.0)

    def attempt(self, address: str, name: str = "") -> None:
        """Counts the attempt before it is judged, so that many at once do not slip through.

        Raises TooManyRequests.
        """
        now, address = self._clock(), network(address)
        wait = max(self._addresses.wait(address, now), self._names.wait(name, now) if name else 0.0)
        if wait > 0:
            seconds = max(1, round(wait))
            raise TooManyRequests(
                f"too many attempts, try again in {seconds} s",
                retry_after=wait,
            )
        self._addresses.count(address, now)
        if name:
            self._names.count(name, now)

    def success(self, address: str, name: str = "") -> None:
        """The attempt was right: the name is clean again, the address has one attempt back."""
        self._addresses.forgive(network(address))
        self._names.forget(name)


def network(address: str) -> str:
    """One home has one IPv4 address but a whole /64 of IPv6 ones."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
