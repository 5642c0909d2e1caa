"""Reads the sums that are kept by time: whole days where a range has them, quarter hours at its edges."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, func, or_, select

from server.money import zones
from server.money.figures import NAMES, TOKENS, Figures
from server.money.rollup import DIMENSIONS, SPEED, conversation_slots, days, slots, totals
from server.store.tables import Conversation

_conversations: Table = Conversation.__table__  # type: ignore[attr-defined]

FILTERS = {
    "model": "model",
    "provider": "provider",
    "kind": "kind",
    "key": "key_id",
    "project": "project",
    "user": "user_id",
    "device": "device_id",
}
"""What usage can be narrowed to, and the column of it."""
SUMS = (*NAMES, *SPEED)


@dataclass(frozen=True, slots=True)
class Whose:
    """A person's usage, or everybody's, and of that only what the filters let through."""

    user_id: str | None
    filters: Mapping[str, str] = field(default_factory=dict)

    def conditions(self, table: Table) -> list[ColumnElement[bool]]:
        found = [] if self.user_id is None else [table.c.user_id == self.user_id]
        return found + [_matches(table, name, value) for name, value in self.filters.items()]


def _matches(table: Table, name: str, value: str) -> ColumnElement[bool]:
    if name == "model" and "/" in value:
        provider, _, model = value.partition("/")
        return or_(table.c.model == value, (table.c.provider == provider) & (table.c.model == model))
    return table.c[FILTERS[name]] == value


def lines(connection: Connection, whose: Whose, start: int, end: int) -> list[tuple[Any, ...]]:
    """Everything from slot ``start`` up to ``end``: tuples of DIMENSIONS and SUMS, each of the first once."""
    found: dict[tuple[str, ...], list[int]] = {}
    for table, *within in _parts(start, end):
        keys = [table.c[name] for name in DIMENSIONS]
        query = select(*keys, *(func.sum(table.c[name]) for name in SUMS)).where(*within, *whose.conditions(table))
        for row in connection.execute(query.group_by(*keys)):
            key, values = tuple(row[: len(DIMENSIONS)]), list(row[len(DIMENSIONS) :])
            known = found.get(key)
            found[key] = values if known is None else [a + b for a, b in zip(known, values, strict=True)]
    return [(*key, *values) for key, values in found.items()]


def figures(connection: Connection, whose: Whose, start: int, end: int) -> Figures:
    total = Figures()
    for table, *within in _parts(start, end):
        query = select(*(func.coalesce(func.sum(table.c[name]), 0).label(name) for name in NAMES))
        total += Figures.of(connection.execute(query.where(*within, *whose.conditions(table))).one())
    return total


def ever(connection: Connection, whose: Whose) -> Figures:
    """Since the first call."""
    if whose.filters:
        return figures(connection, whose, 0, 1 << 40)
    query = select(*(func.coalesce(func.sum(totals.c[name]), 0).label(name) for name in NAMES))
    query = query.where(totals.c.scope == "account")
    if whose.user_id is not None:
        query = query.where(totals.c.id == whose.user_id)
    return Figures.of(connection.execute(query).one())


def first_slot(connection: Connection, whose: Whose) -> int | None:
    """The quarter hour of the first call; None: there is none."""
    query = select(slots.c.slot).where(*whose.conditions(slots)).order_by(slots.c.slot).limit(1)
    found: int | None = connection.execute(query).scalar_one_or_none()
    return found


def over_time(connection: Connection, whose: Whose, start: int, end: int) -> Iterator[tuple[int, list[int]]]:
    """Every quarter hour in which something was called, with its [cost_nanos, calls, tokens]."""
    c = slots.c
    tokens = sum((c[name] for name in TOKENS[1:]), c[TOKENS[0]])
    query = select(c.slot, func.sum(c.cost_nanos), func.sum(c.calls), func.sum(tokens))
    query = query.where(c.slot >= start, c.slot < end, *whose.conditions(slots))
    for slot, *values in connection.execute(query.group_by(c.slot)):
        yield slot, values


def dearest(connection: Connection, whose: Whose, start: int, end: int, count: int) -> list[Row[Any]]:
    """The conversations that cost most, with who had them, and what is left of them. Knows of no filter but `user`."""
    if set(whose.filters) - {"user"}:
        return []
    c = conversation_slots.c
    sums = select(
        c.conversation_id,
        func.min(c.user_id).label("user_id"),
        func.sum(c.cost_nanos).label("cost_nanos"),
        func.sum(c.tokens).label("tokens"),
        func.sum(c.calls).label("calls"),
    ).where(c.slot >= start, c.slot < end, *whose.conditions(conversation_slots))
    dear = sums.group_by(c.conversation_id).order_by(
        func.sum(c.cost_nanos).desc(), func.sum(c.tokens).desc(), c.conversation_id
    )
    top = dear.limit(count).subquery()
    query = select(top, _conversations.c.title, _conversations.c.model).outerjoin(
        _conversations, (_conversations.c.id == top.c.conversation_id) & _conversations.c.deleted_at.is_(None)
    )
    return list(connection.execute(query.order_by(top.c.cost_nanos.desc(), top.c.tokens.desc(), top.c.conversation_id)))


def _parts(start: int, end: int) -> Iterator[tuple[Any, ...]]:
    """Tables with the conditions under which each is read: together the whole range, every quarter hour once."""
    first, last = -(-start // zones.SLOTS_A_DAY), end // zones.SLOTS_A_DAY
    if first >= last:
        yield slots, slots.c.slot >= start, slots.c.slot < end
        return
    yield days, days.c.day >= first, days.c.day < last
    for lower, upper in ((start, first * zones.SLOTS_A_DAY), (last * zones.SLOTS_A_DAY, end)):
        if lower < upper:
            yield slots, slots.c.slot >= lower, slots.c.slot < upper
