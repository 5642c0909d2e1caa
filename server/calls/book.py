"""The book of what may be spent: every call, of chat and gateway alike, is let in here before its row is held.

In memory, in the one process that makes calls. It starts from the sums of the ledger, so that nothing that a dead
process had reserved can be stuck in it.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from server import ids
from server.calls.line import Line
from server.calls.quote import Quote
from server.money import budgets
from server.money.budgets import Budget
from server.store.engine import Database

FRESH = 0.5
"""Seconds for which the budgets that were read are believed: what another process sets holds after them."""
PATIENCE = 30.0
"""Seconds that a call waits for the one before it, where there is only room for one after the other."""

Payers = tuple[tuple[str, str], ...]
"""(scope, subject id) of everything whose budgets a call counts for."""


def payers(user_id: str, key_id: str | None = None, project: str | None = None) -> Payers:
    found = [("server", ""), ("user", user_id)]
    if key_id:
        found.append(("key", key_id))
    if project:
        found.append(("project", project))
    return tuple(found)


@dataclass(slots=True)
class Reservation:
    """What one call holds. ``close`` gives it back; again does nothing."""

    book: "Book"
    holds: list[tuple[Line, int, bool]]
    tightest: Line | None = None

    def close(self) -> None:
        holds, self.holds = self.holds, []
        for line, nanos, guess in holds:
            line.held -= nanos
            line.guesses -= guess
        if holds:
            self.book.wake()

    def headers(self) -> dict[str, str]:
        """What a program is told of the budget of which most is spent; nothing where there is none."""
        return self.tightest.headers() if self.tightest is not None else {}


class Book:
    def __init__(self, database: Database, default_zone: str, patience: float = PATIENCE) -> None:
        self._database, self._zone, self._patience = database, default_zone, patience
        self._lines: dict[tuple[str, str], list[Line]] = {}
        self._read_at = float("-inf")
        self._freed = asyncio.Event()
        self._reading = asyncio.Lock()
        self.on_near: Callable[[Budget, int], None] = lambda _budget, _spent: None
        """Told, once a period, of a budget of which most is spent, and how much is."""

    async def reserve(self, who: Payers, quote: Quote) -> Reservation:
        """Lets a call in, or waits until there is room for it. Raises BudgetExceeded before anybody is asked.

        What is known to be free always passes, what has no known price while something is left.
        """
        until = time.monotonic() + self._patience
        while True:
            lines = await self._ready(who)
            freed = self._freed
            takes = [] if quote.expected == 0 else [line.takes(quote) for line in lines]
            held = [nanos for nanos in takes if nanos is not None]
            if len(held) == len(takes):
                break
            late = next(line for line, nanos in zip(lines, takes, strict=True) if nanos is None)
            try:
                async with asyncio.timeout(max(0.0, until - time.monotonic())):
                    await freed.wait()
            except TimeoutError:
                raise late.refusal(quote) from None
        guesses = [quote.most is not None and nanos < quote.most for nanos in held]
        tightest = max(lines, key=lambda line: line.share) if lines else None
        return self._holding(list(zip(lines, held, guesses, strict=False)), tightest)

    async def hold(self, who: Payers, nanos: int) -> Reservation:
        """What a call may still come to that an earlier process let in: it is running, so that nobody refuses it."""
        return self._holding([(line, nanos, True) for line in await self._ready(who)])

    def _holding(self, holds: list[tuple[Line, int, bool]], tightest: Line | None = None) -> Reservation:
        for line, nanos, guess in holds:
            line.held += nanos
            line.guesses += guess
        return Reservation(self, holds, tightest)

    def spend(self, who: Payers, nanos: int | None, at: datetime) -> None:
        """A row that began ``at`` that time is being settled: its cost counts from this moment."""
        if not self._lines or not nanos:
            return
        for payer in who:
            for line in self._lines.get(payer, ()):
                line.add(nanos, at)
                self._look(line)

    def wake(self) -> None:
        """Lets those that wait look again."""
        freed, self._freed = self._freed, asyncio.Event()
        freed.set()

    async def change(self) -> None:
        """Reads the budgets again, now that one was changed."""
        async with self._reading:
            await self._read()
        self.wake()

    def held(self, budget_id: str) -> int:
        """Nano-dollars that running calls hold of a budget."""
        every = (line for lines in self._lines.values() for line in lines)
        return next((line.held for line in every if line.budget.id == budget_id), 0)

    async def _ready(self, who: Payers) -> list[Line]:
        """The lines that apply, each of them with what was spent in its present period."""
        if time.monotonic() - self._read_at > FRESH:
            async with self._reading:
                if time.monotonic() - self._read_at > FRESH:
                    await self._read()
        while self._lines:
            now = ids.now()
            lines = [line for payer in who for line in self._lines.get(payer, ())]
            for line in lines:
                if now >= line.until:
                    line.begin(now)
            if all(line.spent is not None for line in lines):
                return lines
            async with self._reading:
                await self._load([line for line in lines if line.spent is None], now)
        return []

    async def _read(self) -> None:
        began = time.monotonic()
        stored = await self._database.read(lambda connection: budgets.every(connection, self._zone))
        now = ids.now()
        known = {line.budget.id: line for lines in self._lines.values() for line in lines}
        found: dict[tuple[str, str], list[Line]] = {}
        for budget in stored:
            line = known.get(budget.id)
            if line is None:
                line = Line(budget, now)
            elif line.budget != budget:
                line.change(budget, now)
                self._look(line)
            found.setdefault((budget.scope, budget.subject_id), []).append(line)
        self._lines, self._read_at = found, began

    async def _load(self, lines: Sequence[Line], at: datetime) -> None:
        """In the writer's queue, behind every row that was settled before, and before every one that is settled now."""

        def work(connection: Connection) -> list[int]:
            return [budgets.spent(connection, line.budget, at) for line in lines]

        late = [line.ask() for line in lines]
        sums = await self._database.write(work, durable=False) if lines else []
        for line, spent, more in zip(lines, sums, late, strict=True):
            line.load(spent, more)
            self._look(line)

    def _look(self, line: Line) -> None:
        if not line.warned and line.spent is not None and line.near:
            line.warned = True
            self.on_near(line.budget, line.spent)
