"""What was spent and on what, summed from the settled rows of the ledger since some day."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from server.ids import instant
from server.store.tables import Call, StoredKey, User

_calls = Call.__table__  # type: ignore[attr-defined]
_users = User.__table__  # type: ignore[attr-defined]
_keys = StoredKey.__table__  # type: ignore[attr-defined]

TOKENS = ("input", "cache_read", "cache_write_5m", "cache_write_long", "output", "reasoning")
GROUPS: dict[str, Any] = {
    "model": _calls.c.model,
    "provider": _calls.c.provider,
    "user": func.coalesce(_users.c.username, ""),
    "key": func.coalesce(_keys.c.name, ""),
    "project": func.coalesce(_calls.c.project, ""),
    "kind": _calls.c.kind,
}


def spending(connection: Connection, since: datetime) -> dict[str, Any]:
    """``{"since", "total", "by": {group: [line…]}}``, the dearest line first. What an import brought is left out."""
    return {
        "since": instant(since),
        "total": _sums(connection, since, None)[0],
        "by": {name: _sums(connection, since, column) for name, column in GROUPS.items()},
    }


def _sums(connection: Connection, since: datetime, column: Any) -> list[dict[str, Any]]:
    cost = func.coalesce(func.sum(_calls.c.cost_nanos), 0).label("cost_nanos")
    tokens = sum((_calls.c[name] for name in TOKENS[1:]), _calls.c[TOKENS[0]])
    query = (
        select(
            func.count().label("calls"),
            func.coalesce(func.sum(tokens), 0).label("tokens"),
            cost,
            func.count().filter(_calls.c.cost_nanos.is_(None)).label("unknown"),
        )
        .select_from(_calls)
        .outerjoin(_users, _users.c.id == _calls.c.user_id)
        .outerjoin(_keys, _keys.c.id == _calls.c.key_id)
        .where(_calls.c.status != "held", _calls.c.started_at >= since, _calls.c.imported_at.is_(None))
    )
    if column is not None:
        query = query.add_columns(column.label("name")).where(column != "").group_by(column).order_by(cost.desc())
    return [dict(row) for row in connection.execute(query).mappings()]
