"""Says once a period that most of a budget is spent: on the pages, and on the devices that asked to be told."""

import asyncio
import json
import logging

from sqlalchemy import Connection, select

from server import ids
from server.live.ring import Live
from server.money import budgets
from server.money.budgets import Budget
from server.money.dollars import dollars
from server.ops.push import Push
from server.store.engine import Database
from server.store.tables import StoredKey, User

log = logging.getLogger(__name__)

DISCREET = "most of a budget is spent"
"""For screens on which a device shows no contents."""

_users = User.__table__  # type: ignore[attr-defined]
_keys = StoredKey.__table__  # type: ignore[attr-defined]


class Warnings:
    def __init__(self, database: Database, live: Live, push: Push) -> None:
        self._database, self._live, self._push = database, live, push
        self._tasks: set[asyncio.Task[None]] = set()

    def near(self, budget: Budget, spent: int) -> None:
        task = asyncio.create_task(self._tell(budget, spent))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _tell(self, budget: Budget, spent: int) -> None:
        now = ids.now()

        def work(connection: Connection) -> list[str]:
            due = budgets.warn(connection, budget.id, budget.mark(now))
            return _concerned(connection, budget) if due else []

        try:
            people = await self._database.write(work)
        except Exception:
            log.exception("the warning about budget %s could not be noted", budget.id)
            return
        share = spent * 100 // budget.limit_nanos
        said = f"{share} % of {budget.called} is spent, {dollars(spent)} of {dollars(budget.limit_nanos)}"
        for user_id in people:
            self._live.publish(user_id, "notice", json.dumps({"text": said, "tone": "warn"}))
            self._push.announce(user_id, f"budget-{budget.id}", said, DISCREET, "/#/settings")


def _concerned(connection: Connection, budget: Budget) -> list[str]:
    """Whose budget it is; everybody with a key for a project; the admins for the server's."""
    if budget.owner is not None:
        return [budget.owner]
    query = select(_users.c.id).where(_users.c.role == "admin", _users.c.disabled_at.is_(None))
    if budget.scope == "project":
        query = select(_keys.c.user_id).where(_keys.c.project == budget.subject_id).distinct()
    return list(connection.execute(query).scalars())
