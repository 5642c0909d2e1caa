"""Which price a model has: the admin's own, else the file that is shipped, else the price list; else none.

What is changed here counts for the next call. What another process changed is seen at the next look, which costs a
read of a small table at most twice a second.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from server.errors import BadRequest, NotFound
from server.ids import instant, new_id, now
from server.money import price_entry, zones
from server.money.price_list import About, PriceList, install
from server.money.prices import Price
from server.store.engine import Database
from server.store.tables import PriceOverride, UsageSlot

SHIPPED = Path(__file__).with_name("overrides.json")
FRESH = 0.5
"""Seconds between two looks."""
MAX_FOUND = 2000
MAX_NAME = 200

_overrides = PriceOverride.__table__  # type: ignore[attr-defined]
_slots = UsageSlot.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Override:
    """What the admin says that models cost. ``model`` is a pattern, in lower case."""

    id: str
    provider: str
    model: str
    rates: dict[str, Any]
    """As ``price_entry`` has it: dollars as text."""
    updated_at: datetime

    def fits(self, provider: str, model: str) -> bool:
        return self.provider == provider and fnmatchcase(model.lower(), self.model)

    @property
    def price(self) -> Price:
        return price_entry.read(self.rates, "admin", instant(self.updated_at) or "")

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "provider": self.provider,
            "model": self.model,
            "rates": self.rates,
            "updated_at": instant(self.updated_at),
        }


Found = dict[tuple[str, str, datetime], Price | None]


class PriceBook:
    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._folder = database, folder
        self._list = PriceList(folder)
        self._stamp = self._list.stamp()
        self._own: Sequence[Override] = ()
        self._found: Found = {}
        self._looked = float("-inf")
        self._changes = 0

    async def price(self, provider: str, model: str) -> Price | None:
        """What it costs now; None: not known. Looked up off the loop, because the first look reads the whole list."""
        await self.look()
        key = (provider, model, _quarter(now()))
        if key in self._found:
            return self._found[key]
        return await asyncio.to_thread(self.find, provider, model)

    def find(self, provider: str, model: str, at: datetime | None = None) -> Price | None:
        """The same from what is in memory, at any time."""
        found, own = self._found, self._own
        key = (provider, model, _quarter(at or now()))
        if key not in found:
            if len(found) >= MAX_FOUND:
                found.clear()
            found[key] = search(own, self._list, *key)
        return found[key]

    async def about(self) -> About:
        """Which price list counts."""
        return await asyncio.to_thread(self._list.about)

    async def look(self, *, again: bool = False) -> None:
        """Sees what was changed by another process."""
        if not again and time.monotonic() - self._looked <= FRESH:
            return
        # Those that come while this one looks need not look too.
        self._looked = time.monotonic()
        changes = self._changes
        own, stamp = await self._database.read(lambda connection: (_all(connection), self._list.stamp()))
        if changes == self._changes and (own != self._own or stamp != self._stamp):
            self._take(own, stamp)

    async def all(self) -> Sequence[Override]:
        await self.look(again=True)
        return self._own

    async def put(self, provider: str, model: str, rates: dict[str, Any]) -> Override:
        """Says what the models of a pattern cost from now on. Raises BadRequest."""
        model = model.strip().lower()
        if not 0 < len(model) <= MAX_NAME or not model.isprintable() or " " in model:
            raise BadRequest(f"a model's name has 1 to {MAX_NAME} characters and no spaces; * stands for any")
        checked, at = price_entry.check(rates), now()

        def work(connection: Connection) -> Sequence[Override]:
            same = (_overrides.c.provider == provider, _overrides.c.model == model)
            values = {"rates": checked, "updated_at": at}
            if connection.execute(update(PriceOverride).where(*same).values(**values)).rowcount == 0:
                connection.execute(insert(PriceOverride).values(id=new_id(), provider=provider, model=model, **values))
            return _all(connection)

        self._take(await self._database.write(work), self._stamp)
        return next(one for one in self._own if (one.provider, one.model) == (provider, model))

    async def remove(self, id: str) -> None:
        """Lets the list count again. Raises NotFound."""

        def work(connection: Connection) -> Sequence[Override]:
            if connection.execute(delete(PriceOverride).where(_overrides.c.id == id)).rowcount == 0:
                raise NotFound("there is no such price: it may have been removed already")
            return _all(connection)

        self._take(await self._database.write(work), self._stamp)

    async def install(self, text: bytes) -> tuple[About, int]:
        """Takes a new price list; see ``price_list.install``."""
        done = await asyncio.to_thread(install, self._folder, text)
        self._take(self._own, self._list.stamp())
        return done

    def _take(self, own: Sequence[Override], stamp: tuple[int, int] | None) -> None:
        # A new mapping: what a thread finds by the old prices goes to the old one.
        self._own, self._stamp, self._found = own, stamp, {}
        self._changes += 1


def search(own: Sequence[Override], listed: PriceList, provider: str, model: str, at: datetime) -> Price | None:
    """The price by the first of the three that has one."""
    override = next((one for one in own if one.fits(provider, model)), None)
    if override is not None:
        return override.price
    return shipped(provider, model, at.date()) or listed.find(provider, model, at)


def unknown(connection: Connection, since: datetime) -> list[dict[str, Any]]:
    """The models that were called at an unknown price, the one with the most such calls first."""
    count = func.sum(_slots.c.unknown).label("calls")
    query = (
        select(_slots.c.provider, _slots.c.model, count)
        .where(_slots.c.slot >= zones.slot(since), _slots.c.unknown > 0)
        .group_by(_slots.c.provider, _slots.c.model)
        .order_by(count.desc())
        .limit(50)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def shipped(provider: str, model: str, day: date) -> Price | None:
    """The last entry of the file that fits wins, so that later prices are simply added below."""
    for entry in reversed(_entries()):
        fits = entry["provider"] == provider and fnmatchcase(model.lower(), entry["model"])
        if fits and date.fromisoformat(entry["from"]) <= day:
            return price_entry.read(entry, "override", entry["from"])
    return None


@cache
def _entries() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(SHIPPED.read_text("utf-8"))["prices"]
    return entries


def _all(connection: Connection) -> Sequence[Override]:
    """The closest one first: a name before a pattern, a long pattern before a short one."""
    rows = connection.execute(select(_overrides).order_by(_overrides.c.provider, _overrides.c.model))
    found = [Override(row.id, row.provider, row.model, row.rates, row.updated_at) for row in rows]
    return sorted(found, key=lambda one: ("*" in one.model or "?" in one.model, -len(one.model)))


def _quarter(at: datetime) -> datetime:
    """Prices change on the day or at a time of it, never within a quarter of an hour."""
    at = at.astimezone(UTC)
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
