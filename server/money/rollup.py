"""The sums that are kept beside the ledger, by whom and by when, so that no figure ever has to be added up from rows.

Written in the transaction that settles a row; they stay when retention takes the row.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, text

from server.money import zones
from server.money.figures import SPEED_OF_ROW, Figures
from server.store.statement import Statement
from server.store.tables import ConversationSlot, Total, UsageDay, UsageSlot

totals: Table = Total.__table__  # type: ignore[attr-defined]
slots: Table = UsageSlot.__table__  # type: ignore[attr-defined]
days: Table = UsageDay.__table__  # type: ignore[attr-defined]
conversation_slots: Table = ConversationSlot.__table__  # type: ignore[attr-defined]

DIMENSIONS = ("user_id", "device_id", "key_id", "project", "provider", "model", "kind")
SPEED = tuple(SPEED_OF_ROW)


def _adding(table: Table) -> str:
    """An insert that adds to the row that is there."""
    names = [column.name for column in table.columns]
    keys = [column.name for column in table.primary_key]
    added = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in names if name not in keys)
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {added}"
    )


_TOTAL, _SLOT, _DAY, _CONVERSATION = (
    Statement(text(_adding(table))) for table in (totals, slots, days, conversation_slots)
)


def count(connection: Connection, row: Any, figures: Figures) -> None:
    """Adds a row that was settled, of which it reads everything that sums are kept by."""
    values = figures.as_values()
    scopes = {"account": row.user_id, "device": row.device_id, "conversation": row.conversation_id, "key": row.key_id}
    for scope, id in scopes.items():
        if id is not None:
            _TOTAL.run(connection, values | {"scope": scope, "id": id})
    slot = zones.slot(_aware(row.started_at))
    used = (
        values | {name: getattr(row, name) for name in SPEED} | {name: getattr(row, name) or "" for name in DIMENSIONS}
    )
    _SLOT.run(connection, used | {"slot": slot})
    _DAY.run(connection, used | {"day": slot // zones.SLOTS_A_DAY})
    if row.conversation_id is not None:
        spent = {"calls": 1, "tokens": figures.tokens, "cost_nanos": figures.cost_nanos}
        at = {"slot": slot, "user_id": row.user_id, "conversation_id": row.conversation_id}
        _CONVERSATION.run(connection, spent | at)


def add_totals(connection: Connection, scope: str, sums: Mapping[str, Figures]) -> None:
    """Adds to the sums of this scope, by id."""
    for id, figures in sums.items():
        _TOTAL.run(connection, figures.as_values() | {"scope": scope, "id": id})


def read_totals(connection: Connection, scope: str, ids: Iterable[str]) -> dict[str, Figures]:
    """The sums of these ids; those without a call are left out."""
    query = totals.select().where(totals.c.scope == scope, totals.c.id.in_(list(ids)))
    return {row.id: Figures.of(row) for row in connection.execute(query)}


def _aware(value: Any) -> datetime:
    """A time as a plain driver gives it."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
