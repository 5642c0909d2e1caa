"""The book of what may be spent: however many calls ask at once, one estimate at most can be wrong."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from server import ids
from server.accounts.new_key import NewKey
from server.accounts.virtual_keys import VirtualKeys
from server.calls import book as booking
from server.calls.book import Book, Reservation, payers
from server.calls.calls import settle_leftovers
from server.calls.quote import NOTHING, Quote
from server.errors import BudgetExceeded
from server.ids import NANOS_PER_DOLLAR
from server.money import budgets, ledger
from server.money.budgets import Budget
from server.store.engine import Database
from server.store.tables import Call, User
from server.wire.events import Usage

pytestmark = pytest.mark.anyio

CENT = NANOS_PER_DOLLAR // 100
UNKNOWN = Quote(None, None)
ADA = payers("ada", "k1", "home")


def sure(cents: float) -> Quote:
    return Quote(int(cents * CENT), int(cents * CENT))


@pytest.fixture
def book(database: Database) -> Book:
    return Book(database, "UTC", patience=0.2)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets the time."""
    return lambda at: monkeypatch.setattr(ids, "now", lambda: at)


async def limit(
    database: Database, cents: int, scope: Any = "user", subject: str = "ada", period: Any = "month"
) -> str:
    return await database.write(
        lambda connection: budgets.put(connection, scope, subject, period, cents * CENT), durable=False
    )


def held_row(**values: Any) -> Call:
    usual = {"id": ids.new_id(), "status": "held", "kind": "gateway", "user_id": "ada", "credential_id": "x"}
    return Call(**usual | {"provider": "openai", "model": "gpt-5.1", "started_at": ids.now()} | values)


async def settled(database: Database, cents: int, **values: Any) -> None:
    """A row that was spent before."""
    row = held_row(**values)
    end = ledger.new_settlement(row.id, "done", Usage(input=5), "provider", (cents * CENT, "computed"))

    def work(connection: Any) -> None:
        ledger.hold(connection, row)
        ledger.settle(connection, end)

    await database.write(work)


async def together(book: Book, count: int, quote: Quote) -> list[Reservation]:
    results = await asyncio.gather(*(book.reserve(ADA, quote) for _ in range(count)), return_exceptions=True)
    assert all(isinstance(each, Reservation | BudgetExceeded) for each in results)
    return [each for each in results if isinstance(each, Reservation)]


@pytest.mark.parametrize(("scope", "subject"), [("server", ""), ("user", "ada"), ("key", "k1"), ("project", "home")])
@pytest.mark.parametrize("period", ["day", "week", "month", "total"])
async def test_every_budget_holds_however_many_ask_at_once(
    book: Book, database: Database, scope: str, subject: str, period: str
) -> None:
    await limit(database, 10, scope, subject, period)
    admitted = await together(book, 50, sure(3))
    assert len(admitted) == 3
    for each in admitted:
        book.spend(ADA, CENT, ids.now())
        each.close()
        each.close()
    (await book.reserve(ADA, sure(7))).close()
    with pytest.raises(BudgetExceeded, match=r"\$0.0300 of \$0.10 spent, and this may cost about \$0.0800"):
        await book.reserve(ADA, sure(8))
    assert await book.reserve(payers("bob"), sure(7) if scope == "server" else sure(1000))


async def test_what_may_come_to_more_than_is_left_is_let_in_alone(book: Book, database: Database) -> None:
    """Expected to fit, but without a limit that fits too: only one such call runs, so only one can overrun."""
    await limit(database, 10)
    running = await together(book, 50, Quote(CENT, 100 * CENT))
    assert len(running) == 1
    (await book.reserve(ADA, sure(9))).close()
    waits = asyncio.create_task(book.reserve(ADA, Quote(CENT, 100 * CENT)))
    await asyncio.sleep(0)
    book.spend(ADA, 4 * CENT, ids.now())
    running[0].close()
    (await waits).close()
    running = [await book.reserve(ADA, Quote(CENT, 100 * CENT))]
    waits = asyncio.create_task(book.reserve(ADA, Quote(CENT, 100 * CENT)))
    await asyncio.sleep(0)
    book.spend(ADA, 60 * CENT, ids.now())
    running[0].close()
    with pytest.raises(BudgetExceeded, match=r"your budget for this month is used up, \$0.64 of \$0.10: it starts"):
        await waits


async def test_free_always_passes_and_an_unknown_price_while_something_is_left(book: Book, database: Database) -> None:
    await limit(database, 1, period="total")
    (await book.reserve(ADA, UNKNOWN)).close()
    book.spend(ADA, CENT, ids.now())
    (await book.reserve(ADA, NOTHING)).close()
    with pytest.raises(BudgetExceeded, match=r"used up, .* it does not start again, so it has to be raised"):
        await book.reserve(ADA, UNKNOWN)


async def test_the_next_period_begins_with_nothing_spent(
    book: Book, database: Database, clock: Callable[[datetime], None]
) -> None:
    evening = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
    clock(evening)
    await limit(database, 10, period="day")
    held = await book.reserve(ADA, sure(10))
    clock(evening + timedelta(hours=1))
    # It began yesterday, so it counts for yesterday; what it holds is given back when it ends.
    book.spend(ADA, 10 * CENT, evening)
    held.close()
    (await book.reserve(ADA, sure(10))).close()
    clock(evening)
    berlin = {"timezone": "Europe/Berlin"}
    await database.write(lambda connection: connection.execute(update(User).values(preferences=berlin)))
    await book.change()
    with pytest.raises(BudgetExceeded):
        # In Berlin it is the 29th already.
        await book.reserve(ADA, sure(11))


async def test_what_was_spent_before_a_restart_still_counts(database: Database, book: Book) -> None:
    for period in ("day", "total"):
        await limit(database, 10, "key", "k1", period)
    await limit(database, 10, "project", "home", "week")
    await settled(database, 9, key_id="k1", project="home")
    with pytest.raises(BudgetExceeded, match=r"\$0.0900 of \$0.10 spent"):
        await book.reserve(ADA, sure(2))
    await book.reserve(ADA, sure(1))


async def test_nothing_that_a_dead_process_had_held_is_stuck(database: Database, book: Book) -> None:
    await limit(database, 10)
    await book.reserve(ADA, sure(10))
    row = held_row(kind="chat", reserved_nanos=10 * CENT)
    await database.write(lambda connection: ledger.hold(connection, row))
    # The process dies here; the next one:
    again = Book(database, "UTC", patience=0.2)
    assert await settle_leftovers(database) == 1
    (await again.reserve(ADA, sure(10))).close()


async def test_a_call_that_goes_on_after_a_restart_holds_what_it_may_come_to_and_is_refused_by_nobody(
    database: Database,
) -> None:
    await limit(database, 10)
    await settled(database, 9)
    book = Book(database, "UTC", patience=0.2)
    going_on = await book.hold(ADA, 5 * CENT)
    with pytest.raises(BudgetExceeded, match=r"\$0.0500 are held"):
        await book.reserve(ADA, sure(1))
    going_on.close()
    (await book.reserve(ADA, sure(1))).close()


async def test_a_row_that_is_settled_while_the_sums_are_read_counts_once(database: Database) -> None:
    await limit(database, 100)
    for turn in range(12):
        book = Book(database, "UTC")
        reading = asyncio.create_task(book.reserve(ADA, sure(1)))
        for _ in range(turn):
            await asyncio.sleep(0)
        row = held_row()
        end = ledger.new_settlement(row.id, "done", Usage(input=5), "provider", (CENT, "computed"))
        database.defer(lambda connection, row=row: ledger.hold(connection, row))
        database.defer(lambda connection, end=end: ledger.settle(connection, end))
        book.spend(ADA, CENT, row.started_at)
        (await reading).close()
        left = (await book.reserve(ADA, sure(1))).headers()["x-budget-remaining"]
        assert left == f"{(99 - turn) / 100:.6f}"


async def test_a_budget_that_another_process_sets_holds_soon_and_one_set_here_at_once(
    book: Book, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    (await book.reserve(ADA, sure(5))).close()
    await limit(database, 1)
    await book.change()
    with pytest.raises(BudgetExceeded):
        await book.reserve(ADA, sure(5))
    id = await limit(database, 9)
    monkeypatch.setattr(booking, "FRESH", 0)
    (await book.reserve(ADA, sure(5))).close()
    await database.write(lambda connection: budgets.remove(connection, id))
    (await book.reserve(ADA, sure(500))).close()


async def test_most_of_it_is_said_once_a_period_and_again_when_it_is_raised(book: Book, database: Database) -> None:
    told: list[tuple[Budget, int]] = []
    book.on_near = lambda budget, spent: told.append((budget, spent))
    await limit(database, 10)
    for _ in range(9):
        (await book.reserve(ADA, sure(1))).close()
        book.spend(ADA, CENT, ids.now())
    assert [spent for _, spent in told] == [8 * CENT]
    reservation = await book.reserve(ADA, sure(1))
    headers = reservation.headers()
    assert headers["x-budget-scope"] == "user"
    assert (headers["x-budget-period"], headers["x-budget-limit"]) == ("month", "0.100000")
    assert headers["x-budget-remaining"] == "0.010000"
    assert headers["x-budget-warning"] == "90 % of your budget for this month is spent"
    assert headers["x-budget-reset"].endswith("-01T00:00:00Z")
    await limit(database, 11)
    await book.change()
    assert [spent for _, spent in told] == [8 * CENT, 9 * CENT]
    mark = told[-1][0].mark(ids.now())
    assert await database.write(lambda connection: budgets.warn(connection, told[-1][0].id, mark))
    assert not await database.write(lambda connection: budgets.warn(connection, told[-1][0].id, mark))
    after = Book(database, "UTC")
    after.on_near = book.on_near
    (await after.reserve(ADA, sure(1))).close()
    assert len(told) == 2


async def test_the_limit_of_a_key_is_a_budget_of_it(keys: VirtualKeys, database: Database, book: Book) -> None:
    key, _ = await keys.create("ada", NewKey("tool", limit_nanos=CENT))
    (stored,) = await database.read(lambda connection: budgets.every(connection, "UTC", "ada"))
    assert (stored.scope, stored.name, stored.period, stored.limit_nanos) == ("key", "tool", "total", CENT)
    with pytest.raises(BudgetExceeded, match="the budget of the key tool"):
        await book.reserve(payers("ada", key.id), sure(2))
