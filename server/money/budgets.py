"""Budgets: how much may be spent in a period by a user, with a key, for a project, on the whole server. Stored, and
read with what was spent of them; holding anybody to them is for ``server.calls.book``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, insert, or_, select, update

from server import ids
from server.errors import BadRequest
from server.money import zones
from server.money.dollars import MOST
from server.money.rollup import days, slots, totals
from server.store import tables

Scope = Literal["server", "user", "key", "project"]
Period = Literal["day", "week", "month", "total"]
PERIODS: tuple[Period, ...] = ("day", "week", "month", "total")

ALWAYS = datetime.max.replace(tzinfo=UTC)

_budgets = tables.Budget.__table__  # type: ignore[attr-defined]
_users = tables.User.__table__  # type: ignore[attr-defined]
_keys = tables.StoredKey.__table__  # type: ignore[attr-defined]

_WHEN = {"day": "for today", "week": "for this week", "month": "for this month", "total": ""}


@dataclass(frozen=True, slots=True)
class Budget:
    """``name`` is the user's, the key's or the project's; ``owner`` the id of the user whose time zone counts."""

    id: str
    scope: Scope
    subject_id: str
    period: Period
    limit_nanos: int
    warned_for: str | None
    name: str
    owner: str | None
    owner_name: str | None
    place: ZoneInfo

    def starts(self, at: datetime) -> datetime | None:
        """When its present period began; None: with the first call, since it is prepaid."""
        return None if self.period == "total" else zones.start(self.period, self.place, at)

    def ends(self, at: datetime) -> datetime | None:
        """When all of it is there again; None: never."""
        return None if self.period == "total" else zones.end(self.period, self.place, at)

    def mark(self, at: datetime) -> str:
        """What ``warned_for`` says once the warning of the present period is sent."""
        start = self.starts(at)
        return start.isoformat() if start else "total"

    @property
    def called(self) -> str:
        """`your budget for this month`, as those say whom it concerns."""
        whose = {
            "server": "this server's budget",
            "user": "your budget",
            "key": f"the budget of the key {self.name}",
            "project": f"the budget of the project {self.name}",
        }[self.scope]
        return f"{whose} {_WHEN[self.period]}".rstrip()

    def again(self, at: datetime) -> str:
        """What can be waited for, or done."""
        end = self.ends(at)
        if end is None:
            return "it does not start again, so it has to be raised"
        local = end.astimezone(self.place)
        return f"it starts again on {local:%a} {local.day} {local:%b}, unless it is raised".lower()


def every(connection: Connection, default_zone: str, owner: str | None = None) -> list[Budget]:
    """All of them; with ``owner`` those of this person, and of the keys and projects of this person."""
    query = (
        select(
            _budgets,
            _users.c.id.label("owner"),
            _users.c.username,
            _users.c.preferences,
            _keys.c.name.label("key_name"),
        )
        .outerjoin(_keys, and_(_budgets.c.scope == "key", _keys.c.id == _budgets.c.subject_id))
        .outerjoin(
            _users,
            or_(_users.c.id == _keys.c.user_id, and_(_budgets.c.scope == "user", _users.c.id == _budgets.c.subject_id)),
        )
        .order_by(_budgets.c.scope, _budgets.c.subject_id, _budgets.c.id)
    )
    if owner is not None:
        mine = select(_keys.c.project).where(_keys.c.user_id == owner, _keys.c.project != "")
        query = query.where(
            or_(_users.c.id == owner, and_(_budgets.c.scope == "project", _budgets.c.subject_id.in_(mine)))
        )
    return [_budget(row, default_zone) for row in connection.execute(query)]


def check_limit(limit_nanos: int) -> int:
    """Raises BadRequest for what no budget can be."""
    if not 0 < limit_nanos <= MOST * ids.NANOS_PER_DOLLAR:
        raise BadRequest("a budget is more than $0: remove it where nothing should be held back")
    return limit_nanos


def put(connection: Connection, scope: Scope, subject_id: str, period: Period, limit_nanos: int) -> str:
    """Sets what may be spent, and returns the budget's id. The same again changes nothing. Raises BadRequest."""
    check_limit(limit_nanos)
    here = (_budgets.c.scope == scope, _budgets.c.subject_id == subject_id, _budgets.c.period == period)
    row = connection.execute(select(_budgets).where(*here)).one_or_none()
    if row is None:
        new = tables.Budget(
            id=ids.new_id(),
            scope=scope,
            subject_id=subject_id,
            period=period,
            limit_nanos=limit_nanos,
            created_at=ids.now(),
            updated_at=ids.now(),
        )
        connection.execute(insert(_budgets), new.model_dump())
        return new.id
    if row.limit_nanos != limit_nanos:
        values = {"limit_nanos": limit_nanos, "warned_for": None, "updated_at": ids.now()}
        connection.execute(update(_budgets).where(_budgets.c.id == row.id).values(values))
    return str(row.id)


def remove(connection: Connection, id: str) -> None:
    connection.execute(delete(_budgets).where(_budgets.c.id == id))


def limits(connection: Connection, scope: Scope, subject_id: str) -> dict[str, int]:
    """What may be spent by period."""
    here = (_budgets.c.scope == scope, _budgets.c.subject_id == subject_id)
    query = select(_budgets.c.period, _budgets.c.limit_nanos).where(*here)
    return {row.period: row.limit_nanos for row in connection.execute(query)}


def tightest(connection: Connection, default_zone: str, user_id: str) -> tuple[Budget, int] | None:
    """A person's own budget of which most is spent, and how much is."""
    at = ids.now()
    own = [one for one in every(connection, default_zone, user_id) if one.scope == "user"]
    known = [(one, spent(connection, one, at)) for one in own]
    return max(known, key=lambda pair: pair[1] / pair[0].limit_nanos, default=None)


def forget(connection: Connection, scope: Scope, subject_id: str, period: str | None = None) -> None:
    """Removes the one of this period, or all of them, if there are any."""
    here = delete(_budgets).where(_budgets.c.scope == scope, _budgets.c.subject_id == subject_id)
    connection.execute(here if period is None else here.where(_budgets.c.period == period))


def warn(connection: Connection, id: str, mark: str) -> bool:
    """Notes that the warning of this period is sent; False when it had been."""
    due = or_(_budgets.c.warned_for.is_(None), _budgets.c.warned_for != mark)
    done = connection.execute(update(_budgets).where(_budgets.c.id == id, due).values(warned_for=mark))
    return done.rowcount == 1


def key_limits(connection: Connection, key_ids: Sequence[str]) -> dict[str, int]:
    """What may be spent with each of these keys, ever."""
    query = select(_budgets.c.subject_id, _budgets.c.limit_nanos).where(
        _budgets.c.scope == "key", _budgets.c.period == "total", _budgets.c.subject_id.in_(key_ids)
    )
    return {row.subject_id: row.limit_nanos for row in connection.execute(query)}


def spent(connection: Connection, budget: Budget, at: datetime) -> int:
    """Nano-dollars of its present period, from the sums that every settled row is part of."""
    start = budget.starts(at)
    if start is None and budget.scope != "project":
        scope = "key" if budget.scope == "key" else "account"
        whose = [totals.c.scope == scope] + ([totals.c.id == budget.subject_id] if budget.scope != "server" else [])
        return _sum(connection, totals, *whose)
    first = 0 if start is None else zones.slot(start)
    # Whole days by the day, what is before them by the quarter hour.
    day = -(-first // zones.SLOTS_A_DAY)
    return _sum(connection, days, days.c.day >= day, *_counted(days, budget)) + _sum(
        connection, slots, slots.c.slot >= first, slots.c.slot < day * zones.SLOTS_A_DAY, *_counted(slots, budget)
    )


def _counted(table: Table, budget: Budget) -> list[ColumnElement[bool]]:
    column = {"user": "user_id", "key": "key_id", "project": "project"}.get(budget.scope)
    return [] if column is None else [table.c[column] == budget.subject_id]


def _sum(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
    query = select(func.coalesce(func.sum(table.c.cost_nanos), 0)).where(*conditions)
    return int(connection.execute(query).scalar_one())


def _budget(row: Any, default_zone: str) -> Budget:
    chosen = (row.preferences or {}).get("timezone")
    name = {"user": row.username, "key": row.key_name, "project": row.subject_id}.get(row.scope, "")
    return Budget(
        row.id,
        row.scope,
        row.subject_id,
        row.period,
        row.limit_nanos,
        row.warned_for,
        name or "",
        row.owner,
        row.username,
        zones.zone(chosen, default_zone),
    )
