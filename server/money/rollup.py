"""The sums that are kept beside the ledger, by whom and by when, so that no figure ever has to be added up from rows.

Written in the transaction that settles a row; they stay when retention takes the row.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    bindparam,
    extract,
    func,
    insert,
    literal_column,
    select,
    text,
    union_all,
)

from server.money import zones
from server.money.figures import OF_ROW, SPEED_OF_ROW, TOKENS, Figures
from server.store.statement import Statement
from server.store.tables import Call, ConversationSlot, Total, UsageDay, UsageSlot

totals: Table = Total.__table__  # type: ignore[attr-defined]
slots: Table = UsageSlot.__table__  # type: ignore[attr-defined]
days: Table = UsageDay.__table__  # type: ignore[attr-defined]
conversation_slots: Table = ConversationSlot.__table__  # type: ignore[attr-defined]
_calls = Call.__table__  # type: ignore[attr-defined]

DIMENSIONS = ("user_id", "device_id", "key_id", "project", "provider", "model", "kind")
SPEED = tuple(SPEED_OF_ROW)
_SCOPES = {"account": "user_id", "device": "device_id", "conversation": "conversation_id", "key": "key_id"}
_FEW, _MANY = 2, 16
"""How many ids one statement takes; there is always one for each of its places."""

_Columns = Mapping[str, ColumnElement[Any]]


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _conflict(table: Table) -> str:
    """What makes an insert add to the row that is there."""
    keys = [column.name for column in table.primary_key]
    added = [f"{name} = {table.name}.{name} + excluded.{name}" for name in _names(table) if name not in keys]
    return f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {', '.join(added)}"


def _sums(places: int, table: Table, by: _Columns, figures: _Columns) -> Select[Any]:
    """The figures of the given rows, by what a table's sums are kept by; without those that have none of it."""
    values = {**by, **{name: func.sum(each) for name, each in figures.items()}}
    query = select(*(values[name].label(name) for name in _names(table)))
    given = _calls.c.id.in_([bindparam(f"id_{place}") for place in range(places)])
    there = [each.is_not(None) for each in by.values() if isinstance(each, Column) and each.nullable]
    return query.where(given, *there).group_by(*by.values())


def _adding(table: Table, *queries: Select[Any]) -> Statement:
    *others, last = queries
    added = last.suffix_with(text(_conflict(table)))
    return Statement(insert(table).from_select(_names(table), union_all(*others, added) if others else added))


_slot = extract("epoch", _calls.c.started_at) // literal_column(str(zones.SLOT), Integer)
_day = extract("epoch", _calls.c.started_at) // literal_column(str(zones.SLOT * zones.SLOTS_A_DAY), Integer)
_by_time = OF_ROW | SPEED_OF_ROW
_dimensions = {name: func.coalesce(_calls.c[name], literal_column("''")) for name in DIMENSIONS}
_spent = {
    "calls": OF_ROW["calls"],
    "tokens": sum((OF_ROW[name] for name in TOKENS), start=literal_column("0", Integer)),
    "cost_nanos": OF_ROW["cost_nanos"],
}
_scoped = [{"scope": literal_column(f"'{scope}'"), "id": _calls.c[column]} for scope, column in _SCOPES.items()]
_said = {"slot": _slot, "user_id": _calls.c.user_id, "conversation_id": _calls.c.conversation_id}
_COUNTS = {
    places: (
        _adding(totals, *(_sums(places, totals, by, OF_ROW) for by in _scoped)),
        _adding(slots, _sums(places, slots, {"slot": _slot} | _dimensions, _by_time)),
        _adding(days, _sums(places, days, {"day": _day} | _dimensions, _by_time)),
        _adding(conversation_slots, _sums(places, conversation_slots, _said, _spent)),
    )
    for places in (_FEW, _MANY)
}
_TOTAL = Statement(
    text(f"INSERT INTO totals ({', '.join(_names(totals))}) VALUES (:{', :'.join(_names(totals))}) {_conflict(totals)}")
)


def count(connection: Connection, ids: Sequence[str]) -> None:
    """Adds rows that were settled, of which it reads everything that sums are kept by."""
    places = _FEW if len(ids) <= _FEW else _MANY
    for start in range(0, len(ids), places):
        given = dict.fromkeys((f"id_{place}" for place in range(places)), "")
        given |= {f"id_{place}": id for place, id in enumerate(ids[start : start + places])}
        for statement in _COUNTS[places]:
            statement.run(connection, given)


def add_totals(connection: Connection, scope: str, sums: Mapping[str, Figures]) -> None:
    """Adds to the sums of this scope, by id."""
    for id, figures in sums.items():
        _TOTAL.run(connection, figures.as_values() | {"scope": scope, "id": id})


_READ = totals.select().where(totals.c.scope == bindparam("scope"), totals.c.id.in_(bindparam("ids", expanding=True)))


def read_totals(connection: Connection, scope: str, ids: Iterable[str]) -> dict[str, Figures]:
    """The sums of these ids; those without a call are left out."""
    rows = connection.execute(_READ, {"scope": scope, "ids": list(ids)})
    return {row.id: Figures.of(row) for row in rows}
