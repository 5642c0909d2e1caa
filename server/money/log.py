"""The request log: every call that ended, newest first, a page at a time. What an import brought is not in it.

There is no text of anybody in a row, so there is none in the log.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, literal_column, select

from server.ids import first_id, instant
from server.money.figures import TOKENS
from server.store.tables import Call, StoredKey, User

_calls = Call.__table__  # type: ignore[attr-defined]
_keys = StoredKey.__table__  # type: ignore[attr-defined]
_users = User.__table__  # type: ignore[attr-defined]

MOST = 200
"""Rows of one page."""
PROBE = 20_000
"""Rows after which one filter counts as wide as another."""
_NOT_DONE: ColumnElement[bool] = literal_column("calls.status NOT IN ('held', 'done')")
"""Written as the index has it, or the database does not see that they are the same."""
_SHOWN = (
    "id",
    "request_id",
    "status",
    "kind",
    "attempt",
    "project",
    "endpoint",
    "provider",
    "model",
    "model_served",
    "route",
    "reason",
    "input",
    "cache_read",
    "output",
    "reasoning",
    "image_input",
    "image_output",
    "cost_nanos",
    "cost_state",
    "first_token_ms",
    "duration_ms",
    "conversation_id",
    "message_id",
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What is left None does not matter. ``since`` is the first moment, ``until`` the first one after the last."""

    user_id: str | None = None
    key_id: str | None = None
    model: str | None = None
    kind: str | None = None
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def page(connection: Connection, wanted: Filter, before: str | None = None, limit: int = 50) -> dict[str, Any]:
    """``{"calls": [row…], "next"}``: the rows before that id, and the id for the page after this one, or None."""
    c = _calls.c
    limit = max(1, min(limit, MOST))
    span = [c.id < before] if before else []
    if wanted.since is not None:
        span.append(c.id >= first_id(wanted.since))
    if wanted.until is not None:
        span.append(c.id < first_id(wanted.until))
    given = {
        name: value for name in ("key_id", "model", "kind", "status", "user_id") if (value := getattr(wanted, name))
    }
    narrowest = _narrowest(connection, given, span)
    query = (
        select(_calls, _users.c.username, _keys.c.name.label("key_name"))
        .outerjoin(_users, _users.c.id == c.user_id)
        .outerjoin(_keys, _keys.c.id == c.key_id)
        .where(*span, c.imported_at.is_(None), c.status != "held")
        .order_by(c.id.desc())
        .limit(limit + 1)
    )
    for name, value in given.items():
        query = query.where(*(_by(name, value) if name == narrowest else [func.coalesce(c[name], "") == value]))
    rows = list(connection.execute(query))
    return {"calls": [_shown(row) for row in rows[:limit]], "next": rows[limit - 1].id if len(rows) > limit else None}


def _narrowest(connection: Connection, given: dict[str, str], span: list[ColumnElement[bool]]) -> str | None:
    """The filter along whose index to go: the one with the fewest rows, as far as a short look tells."""
    if len(given) < 2:
        return next(iter(given), None)

    def rows(name: str) -> int:
        some: Select[Any] = select(literal_column("1")).select_from(_calls).where(*_by(name, given[name]), *span)
        return connection.execute(select(func.count()).select_from(some.limit(PROBE).subquery())).scalar_one()

    return min(given, key=rows)


def _by(name: str, value: str) -> list[ColumnElement[bool]]:
    """So that the index of this column is gone along; the others are hidden from the planner, which would guess."""
    by: ColumnElement[bool] = _calls.c[name] == value
    return [by, _NOT_DONE] if name == "status" and value not in ("held", "done") else [by]


def _shown(row: Row[Any]) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in _SHOWN}
    written = row.cache_write_5m + row.cache_write_long
    tokens = {name: getattr(row, name) for name in TOKENS if name != "cache_write"} | {"cache_write": written}
    return shown | {
        "started_at": instant(row.started_at),
        "user": {"id": row.user_id, "name": row.username or "deleted user"},
        "key": {"id": row.key_id, "name": row.key_name or "deleted key"} if row.key_id else None,
        "asked_model": row.asked_model or row.model,
        "credential": f"…{row.credential_last4}" if row.credential_last4 else "",
        "cache_write": written,
        "tokens": sum(tokens.values()),
        "estimated": row.usage_source == "estimated",
        "error": {"kind": row.error_kind, "status": row.error_status} if row.error_kind else None,
        "dropped": row.dropped or [],
    }
