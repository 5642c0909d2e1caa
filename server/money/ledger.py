"""The ledger: a row is held before an upstream call and settled once after it, on whatever exit.

Functions of a connection, so that the caller decides what else belongs to the transaction. Sums are kept in the same
transaction, which is why reading them never scans the rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)

from server.ids import now
from server.store.statement import Statement
from server.store.tables import Call, Message, Total
from server.wire.events import Usage

calls = Call.__table__  # type: ignore[attr-defined]
totals = Total.__table__  # type: ignore[attr-defined]
messages = Message.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Figures:
    """What some calls used and cost. ``unknown`` calls have no known price and are not in ``cost_nanos``."""

    calls: int = 0
    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    image_input: int = 0
    image_output: int = 0
    cost_nanos: int = 0
    saved_nanos: int = 0
    """What the providers' caches saved, at each call's own price."""
    unknown: int = 0
    estimated: int = 0

    @property
    def tokens(self) -> int:
        return sum(getattr(self, name) for name in _TOKENS)

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, name) + getattr(other, name) for name in _NAMES))

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _NAMES} | {
            "tokens": self.tokens,
            "estimated": self.estimated > 0,
        }


_TOKENS = ("input", "cache_read", "cache_write", "output", "reasoning", "image_input", "image_output")
_NAMES = tuple(field.name for field in fields(Figures))


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a held call ended. ``cost_nanos`` None: the price is not known."""

    call_id: str
    status: str
    usage: Usage
    usage_source: str
    cost_nanos: int | None
    cost_state: str
    settled_at: datetime
    saved_nanos: int = 0
    price: dict[str, Any] | None = None
    """The price that was applied; None leaves the one of the reservation."""
    first_token_ms: int | None = None
    duration_ms: int | None = None
    model_served: str | None = None
    response_id: str | None = None
    error_kind: str | None = None
    error_status: int | None = None
    dropped: list[str] | None = None
    """What the upstream's format could not carry."""


_SET = (
    "status",
    "settled_at",
    "first_token_ms",
    "duration_ms",
    "model_served",
    "response_id",
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_long",
    "output",
    "reasoning",
    "image_input",
    "image_output",
    "images",
    "web_searches",
    "usage_source",
    "usage_raw",
    "cost_nanos",
    "cost_state",
    "saved_nanos",
    "error_kind",
    "error_status",
    "dropped",
)
_HOLD = Statement(insert(calls).values({column.name: bindparam(column.name) for column in calls.columns}))
_SETTLE = Statement(
    update(calls)
    .where(calls.c.id == bindparam("call_id"), calls.c.status == literal_column("'held'"))
    .values(
        {name: bindparam(f"new_{name}", type_=calls.c[name].type) for name in _SET}
        | {"price": func.coalesce(bindparam("new_price", type_=calls.c.price.type), calls.c.price)}
    )
    .returning(calls.c.user_id, calls.c.device_id, calls.c.conversation_id, calls.c.key_id)
)
_ADD = text(
    f"INSERT INTO totals (scope, id, {', '.join(_NAMES)})"
    f" VALUES (:scope, :id, {', '.join(f':{name}' for name in _NAMES)})"
    " ON CONFLICT (scope, id) DO UPDATE SET "
    + ", ".join(f"{name} = totals.{name} + excluded.{name}" for name in _NAMES)
)
_ADD_ONE = Statement(_ADD)


def hold(connection: Connection, row: Call | Mapping[str, Any]) -> None:
    """Reserves: writes the row that ``settle`` will end. A mapping has a value for every column."""
    _HOLD.run(connection, row.model_dump() if isinstance(row, Call) else row)


def settle(connection: Connection, end: Settlement) -> bool:
    """Ends a held call; False (and no change at all) when it had been settled before."""
    usage = end.usage
    values: dict[str, Any] = {"call_id": end.call_id, "new_price": end.price}
    for name in _SET:
        values[f"new_{name}"] = getattr(usage, name) if hasattr(usage, name) else getattr(end, name, None)
    values["new_usage_raw"] = usage.raw or None
    row = _SETTLE.run(connection, values).one_or_none()
    if row is None:
        return False
    figures = Figures(
        calls=1,
        input=usage.input,
        cache_read=usage.cache_read,
        cache_write=usage.cache_write_5m + usage.cache_write_long,
        output=usage.output,
        reasoning=usage.reasoning,
        image_input=usage.image_input,
        image_output=usage.image_output,
        cost_nanos=end.cost_nanos or 0,
        saved_nanos=end.saved_nanos,
        unknown=int(end.cost_nanos is None),
        estimated=int(end.usage_source == "estimated" and usage.total > 0),
    )
    amounts = {name: getattr(figures, name) for name in _NAMES}
    for scope, id in zip(("account", "device", "conversation", "key"), row, strict=True):
        if id is not None:
            _ADD_ONE.run(connection, amounts | {"scope": scope, "id": id})
    return True


def count_imported(connection: Connection, ids: Sequence[str]) -> None:
    """Adds rows that came with an import to the sums of their conversations: what was spent here is not theirs."""
    sums: dict[str, Figures] = {}
    for row in connection.execute(select(calls).where(calls.c.id.in_(ids), calls.c.conversation_id.is_not(None))):
        figures = Figures(
            calls=1,
            input=row.input,
            cache_read=row.cache_read,
            cache_write=row.cache_write_5m + row.cache_write_long,
            output=row.output,
            reasoning=row.reasoning,
            image_input=row.image_input,
            image_output=row.image_output,
            cost_nanos=row.cost_nanos or 0,
            saved_nanos=row.saved_nanos,
            unknown=int(row.cost_nanos is None),
            estimated=int(row.usage_source == "estimated" and row.input + row.output > 0),
        )
        sums[row.conversation_id] = sums.get(row.conversation_id, Figures()) + figures
    amounts = [
        {"scope": "conversation", "id": id} | {name: getattr(figures, name) for name in _NAMES}
        for id, figures in sums.items()
    ]
    if amounts:
        connection.execute(_ADD, amounts)


def held(connection: Connection) -> list[Any]:
    """The calls that a dead process left reserved, each with the text that had come in (``text``, ``reasoning``)."""
    query = (
        select(calls, messages.c.text.label("said"), messages.c.reasoning.label("thought"))
        .outerjoin(messages, messages.c.id == calls.c.message_id)
        .where(calls.c.status == "held")
    )
    return list(connection.execute(query))


def figures(connection: Connection, scope: str, ids: Sequence[str]) -> dict[str, Figures]:
    """The sums of each conversation, device or account; those without a call are left out."""
    query = select(totals).where(totals.c.scope == scope, totals.c.id.in_(ids))
    return {row.id: Figures(*(getattr(row, name) for name in _NAMES)) for row in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class MessageUsage:
    """What one reply used over all its calls. ``cost_state`` is the least certain one."""

    figures: Figures
    cost_nanos: int | None
    cost_state: str


_SUMMED = ("input", "cache_read", "output", "reasoning", "image_input", "image_output", "saved_nanos")
_CERTAINTY = ("free", "exact", "computed", "estimated", "unknown_price")


def by_message(connection: Connection, ids: Iterable[str]) -> dict[str, MessageUsage]:
    """The usage of each of these messages that has a settled call."""
    query = (
        select(
            calls.c.message_id,
            calls.c.cost_state,
            func.count().label("calls"),
            *(func.sum(calls.c[name]).label(name) for name in _SUMMED),
            func.sum(calls.c.cache_write_5m + calls.c.cache_write_long).label("cache_write"),
            func.coalesce(func.sum(calls.c.cost_nanos), 0).label("cost_nanos"),
        )
        .where(calls.c.message_id.in_(list(ids)), calls.c.status != "held", calls.c.kind != "title")
        .group_by(calls.c.message_id, calls.c.cost_state)
    )
    found: dict[str, MessageUsage] = {}
    for row in connection.execute(query):
        unknown = row.calls if row.cost_state == "unknown_price" else 0
        estimated = row.calls if row.cost_state == "estimated" else 0
        sums = {name: getattr(row, name) for name in ("calls", "cache_write", "cost_nanos", *_SUMMED)}
        part = Figures(**sums, unknown=unknown, estimated=estimated)
        before = found.get(row.message_id)
        total = before.figures + part if before else part
        state = max(before.cost_state if before else "free", row.cost_state, key=_CERTAINTY.index)
        found[row.message_id] = MessageUsage(total, None if total.unknown else total.cost_nanos, state)
    return found


def of_messages(connection: Connection, ids: Select[tuple[str]]) -> Figures:
    """What the settled calls for these messages used and cost, all together."""
    c = calls.c
    sums: dict[str, ColumnElement[Any]] = {name: func.sum(c[name]) for name in _NAMES if name in c}
    sums |= {
        "calls": func.count(),
        "cache_write": func.sum(c.cache_write_5m + c.cache_write_long),
        "unknown": func.sum(case((c.cost_state == "unknown_price", 1), else_=0)),
        "estimated": func.sum(case((c.cost_state == "estimated", 1), else_=0)),
    }
    query = select(*(func.coalesce(sums[name], 0).label(name) for name in _NAMES))
    row = connection.execute(query.where(c.message_id.in_(ids), c.status != "held", c.kind != "title")).one()
    return Figures(*(getattr(row, name) for name in _NAMES))


def new_settlement(
    call_id: str, status: str, usage: Usage, source: str, cost: tuple[int | None, str], **more: Any
) -> Settlement:
    """A settlement as of now; ``cost`` is (nano-dollars or None, state)."""
    return Settlement(call_id, status, usage, source, cost[0], cost[1], now(), **more)
