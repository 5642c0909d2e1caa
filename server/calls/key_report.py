"""Virtual keys as people see them: what each is, what it has used, and whether the old key is still needed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from server.accounts.roster import LEGACY
from server.accounts.virtual_keys import VirtualKey
from server.ids import first_id, instant, now, time_of
from server.money import budgets, ledger, zones
from server.money.figures import Figures
from server.money.rollup import slots
from server.store.engine import Database
from server.store.tables import Call, User

_calls = Call.__table__  # type: ignore[attr-defined]
_users = User.__table__  # type: ignore[attr-defined]
LATELY = timedelta(days=7)


def shown(key: VirtualKey, limit_nanos: int | None) -> dict[str, Any]:
    """What a key is, without anything that lets it be used; ``limit_nanos`` is what may be spent with it, ever."""
    return {
        "id": key.id,
        "user_id": key.user_id,
        "name": key.name,
        "project": key.project,
        "shown": f"{key.prefix}…{key.last4}",
        "scope": key.scope,
        "models": key.models,
        "endpoints": key.endpoints,
        "limit_nanos": limit_nanos,
        "rpm": key.rpm,
        "tpm": key.tpm,
        "streams": key.streams,
        "state": key.state(now()),
        "created_at": instant(key.created_at),
        "expires_at": instant(key.expires_at),
        "revoked_at": instant(key.revoked_at),
    }


async def report(database: Database, keys: list[VirtualKey]) -> list[dict[str, Any]]:
    """Each key with its owner's name, its figures, when it was last used, and its calls of the last days."""
    since = now() - LATELY

    def work(connection: Connection) -> list[dict[str, Any]]:
        ids = [key.id for key in keys]
        figures, limits = ledger.figures(connection, "key", ids), budgets.key_limits(connection, ids)
        names = {row.id: row.username for row in connection.execute(select(_users.c.id, _users.c.username))}
        used = {id: _used(connection, id, since) for id in ids}
        return [
            shown(key, limits.get(key.id))
            | {
                "username": names.get(key.user_id, ""),
                "legacy": key.user_id == LEGACY,
                "figures": figures.get(key.id, Figures()).as_json(),
                "last_used_at": instant(used[key.id][0]),
                "lately": used[key.id][1],
            }
            for key in keys
        ]

    return await database.read(work)


def _used(connection: Connection, key_id: str, since: datetime) -> tuple[datetime | None, int]:
    """When it was last used, and how often since then. Along the ids, which sort by time."""
    last = connection.execute(select(func.max(_calls.c.id)).where(_calls.c.key_id == key_id)).scalar_one()
    recent = select(func.count()).where(_calls.c.key_id == key_id, _calls.c.id >= first_id(since))
    return time_of(last) if last else _slot(connection, key_id), connection.execute(recent).scalar_one()


def _slot(connection: Connection, key_id: str) -> datetime | None:
    """The last quarter hour in which it was used: it stays when retention takes the rows."""
    last = connection.execute(select(func.max(slots.c.slot)).where(slots.c.key_id == key_id)).scalar_one()
    return None if last is None else datetime.fromtimestamp(last * zones.SLOT, UTC)
