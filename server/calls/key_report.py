"""Virtual keys as people see them: what each is, what it has used, and whether the old key is still needed."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from server.accounts.users import LEGACY
from server.accounts.virtual_keys import VirtualKey
from server.ids import instant, now
from server.money import ledger
from server.money.ledger import Figures
from server.store.engine import Database
from server.store.tables import Call, User

_calls = Call.__table__  # type: ignore[attr-defined]
_users = User.__table__  # type: ignore[attr-defined]
LATELY = timedelta(days=7)


def shown(key: VirtualKey) -> dict[str, Any]:
    """What a key is, without anything that lets it be used."""
    return {
        "id": key.id,
        "user_id": key.user_id,
        "name": key.name,
        "project": key.project,
        "shown": f"{key.prefix}…{key.last4}",
        "scope": key.scope,
        "models": key.models,
        "endpoints": key.endpoints,
        "limit_nanos": key.limit_nanos,
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
        figures = ledger.figures(connection, "key", ids)
        names = {row.id: row.username for row in connection.execute(select(_users.c.id, _users.c.username))}
        recent = func.count().filter(_calls.c.started_at >= since)
        query = select(_calls.c.key_id, func.max(_calls.c.started_at), recent).where(_calls.c.key_id.in_(ids))
        used = {id: (last, count) for id, last, count in connection.execute(query.group_by(_calls.c.key_id))}
        return [
            shown(key)
            | {
                "username": names.get(key.user_id, ""),
                "legacy": key.user_id == LEGACY,
                "figures": figures.get(key.id, Figures()).as_json(),
                "last_used_at": instant(used[key.id][0]) if key.id in used else None,
                "lately": used[key.id][1] if key.id in used else 0,
            }
            for key in keys
        ]

    return await database.read(work)
