"""Budgets as people see them: what is spent of each in its present period, and when all of it is there again."""

from typing import Any

from sqlalchemy import Connection

from server.calls.book import Book
from server.calls.line import NEAR
from server.errors import NotFound
from server.ids import instant, now
from server.money import budgets
from server.money.budgets import Budget
from server.store.engine import Database

CELLS = 10


async def report(database: Database, book: Book, default_zone: str, owner: str | None) -> list[dict[str, Any]]:
    """Those of one person, or everybody's."""
    at = now()

    def work(connection: Connection) -> list[tuple[Budget, int]]:
        every = budgets.every(connection, default_zone, owner)
        return [(budget, budgets.spent(connection, budget, at)) for budget in every]

    return [shown(budget, spent, book.held(budget.id)) for budget, spent in await database.read(work)]


async def one(database: Database, book: Book, default_zone: str, id: str) -> dict[str, Any]:
    """Raises NotFound."""
    at = now()

    def work(connection: Connection) -> tuple[Budget, int]:
        found = next((each for each in budgets.every(connection, default_zone) if each.id == id), None)
        if found is None:
            raise NotFound("there is no such budget")
        return found, budgets.spent(connection, found, at)

    budget, spent = await database.read(work)
    return shown(budget, spent, book.held(id))


def bar(share: float) -> str:
    """`▓▓▓░░░░░░░`"""
    full = min(CELLS, round(share * CELLS))
    return "▓" * full + "░" * (CELLS - full)


def shown(budget: Budget, spent: int, held: int) -> dict[str, Any]:
    share = spent / budget.limit_nanos
    return {
        "id": budget.id,
        "scope": budget.scope,
        "subject": {"id": budget.subject_id, "name": budget.name},
        "owner": budget.owner_name,
        "period": budget.period,
        "limit_nanos": budget.limit_nanos,
        "spent_nanos": spent,
        "held_nanos": held,
        "resets_at": instant(budget.ends(now())),
        "state": "over" if share >= 1 else "near" if share >= NEAR else "ok",
    }
