"""Open SDK clients, one per key and address, so that connections are reused; the longest unused go first."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    def close(self) -> Awaitable[None]: ...


C = TypeVar("C", bound=Closable)


@dataclass(slots=True)
class _Entry(Generic[C]):
    client: C
    users: int = 0


class Clients(Generic[C]):
    """``make(key, base_url)`` opens one of the SDK ``module``. At most ``bound`` stay open unused."""

    def __init__(self, module: str, make: Callable[[str, str], C], bound: int = 8) -> None:
        self._module = module
        self._make = make
        self._bound = bound
        self._loaded = False
        self._entries: dict[tuple[str, str], _Entry[C]] = {}
        self._surplus: list[C] = []
        """Opened in vain, to be closed."""

    @asynccontextmanager
    async def borrow(self, key: str, base_url: str) -> AsyncIterator[C]:
        if not self._loaded:
            # Seconds on a small machine, in which everybody else's replies must go on. Whether it is in sys.modules
            # tells nothing: it is there from the moment in which somebody else begins to load it.
            await asyncio.to_thread(import_module, self._module)
            self._loaded = True
        entry = self._entries.pop((key, base_url), None) or await self._open(key, base_url)
        self._entries[key, base_url] = entry
        entry.users += 1
        try:
            yield entry.client
        finally:
            entry.users -= 1
            await self._trim()

    async def _open(self, key: str, base_url: str) -> _Entry[C]:
        """A new client, or the one that somebody else has opened meanwhile."""
        # Reading the certificates that it trusts takes a while, too.
        client = await asyncio.to_thread(self._make, key, base_url)
        if (entry := self._entries.pop((key, base_url), None)) is None:
            return _Entry(client)
        self._surplus.append(client)
        return entry

    async def _trim(self) -> None:
        while self._surplus:
            await self._surplus.pop().close()
        unused = [place for place, entry in self._entries.items() if not entry.users]
        for place in unused[: max(0, len(self._entries) - self._bound)]:
            await self._entries.pop(place).client.close()

    async def close(self) -> None:
        await self._trim()
        while self._entries:
            _, entry = self._entries.popitem()
            await entry.client.close()
