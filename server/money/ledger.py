"""The ledger: a row is held before an upstream call and settled once after it, on whatever exit.

Functions of a connection, so that the caller decides what else belongs to the transaction. Sums are kept in the same
transaction, which is why reading them never scans the rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, literal_column, select, update

from server.ids import now
from server.money import rollup
from server.money.figures import Figures, sums
from server.store.statement import Statement
from server.store.tables import Call, Message
from server.wire.events import Usage

calls = Call.__table__  # type: ignore[attr-defined]
messages = Message.__table__  # type: ignore[attr-defined]


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


_OF_END = (
    "status",
    "settled_at",
    "first_token_ms",
    "duration_ms",
    "model_served",
    "response_id",
    "usage_source",
    "cost_nanos",
    "cost_state",
    "saved_nanos",
    "error_kind",
    "error_status",
    "dropped",
)
_OF_USAGE = (
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
)
_SET = (*_OF_END, *_OF_USAGE, "usage_raw")
Posting = tuple[Mapping[str, Any], Settlement | None]
"""The row of a call with a value for every column, and once it is over how it ended."""

_HOLD = Statement(insert(calls).values({column.name: bindparam(column.name) for column in calls.columns}))
_SETTLE = Statement(
    update(calls)
    .where(calls.c.id == bindparam("call_id"), calls.c.status == literal_column("'held'"))
    .values(
        {name: bindparam(f"new_{name}", type_=calls.c[name].type) for name in _SET}
        | {"price": func.coalesce(bindparam("new_price", type_=calls.c.price.type), calls.c.price)}
    )
)
_THERE = select(calls.c.id).where(calls.c.id == bindparam("call_id"))


def hold(connection: Connection, row: Call | Mapping[str, Any]) -> None:
    """Reserves: writes the row that ``settle`` will end. A mapping has a value for every column."""
    _HOLD.run(connection, row.model_dump() if isinstance(row, Call) else row)


def settle(connection: Connection, end: Settlement) -> bool:
    """Ends a held call; False (and no change at all) when it had been settled before."""
    settled = _SETTLE.run_many(connection, [_values(end)]) == 1
    if settled:
        rollup.count(connection, [end.call_id])
    return settled


def post(connection: Connection, entries: Sequence[Posting]) -> None:
    """``hold`` and ``settle_anyhow`` of many calls in one go. Raises NotHeld, and then each has to be posted alone."""
    if rows := [row for row, end in entries if end is None]:
        _HOLD.run_many(connection, rows)
    ended = [(row, end) for row, end in entries if end is not None]
    if len(ended) == 1:
        settle_anyhow(connection, *ended[0])
    elif ended:
        if _SETTLE.run_many(connection, [_values(end) for _, end in ended]) < len(ended):
            raise NotHeld
        rollup.count(connection, [end.call_id for _, end in ended])


class NotHeld(Exception):
    """One of several calls was settled before, or never held."""


def _values(end: Settlement) -> dict[str, Any]:
    values = {f"new_{name}": getattr(end, name) for name in _OF_END}
    values |= {f"new_{name}": getattr(end.usage, name) for name in _OF_USAGE}
    return values | {"call_id": end.call_id, "new_price": end.price, "new_usage_raw": end.usage.raw or None}


def settle_anyhow(connection: Connection, row: Mapping[str, Any], end: Settlement) -> None:
    """The same for a call that was made while its row could not be written: it is written now."""
    if not settle(connection, end) and connection.execute(_THERE, {"call_id": end.call_id}).first() is None:
        hold(connection, row)
        settle(connection, end)


def count_imported(connection: Connection, ids: Sequence[str]) -> None:
    """Adds rows that came with an import to the sums of their conversations: what was spent here is not theirs."""
    theirs = (calls.c.id.in_(ids), calls.c.conversation_id.is_not(None))
    query = select(calls.c.conversation_id, *sums()).where(*theirs).group_by(calls.c.conversation_id)
    found = {row.conversation_id: Figures.of(row) for row in connection.execute(query)}
    rollup.add_totals(connection, "conversation", found)


def held(connection: Connection, call_id: str | None = None) -> list[Any]:
    """The calls that are reserved, or this one if it is, each with the text that was stored (``said``, ``thought``)."""
    query = (
        select(calls, messages.c.text.label("said"), messages.c.reasoning.label("thought"))
        .outerjoin(messages, messages.c.id == calls.c.message_id)
        .where(calls.c.status == "held")
    )
    return list(connection.execute(query if call_id is None else query.where(calls.c.id == call_id)))


def figures(connection: Connection, scope: str, ids: Sequence[str]) -> dict[str, Figures]:
    """The sums of each conversation, device, account or key; those without a call are left out."""
    return rollup.read_totals(connection, scope, ids)


@dataclass(frozen=True, slots=True)
class MessageUsage:
    """What one reply used over all its calls. ``cost_state`` is the least certain one."""

    figures: Figures
    cost_nanos: int | None
    cost_state: str


_CERTAINTY = ("free", "exact", "computed", "estimated", "unknown_price")
ANSWERED = (calls.c.status != "held", calls.c.kind != "title")
"""What of a message's calls is shown with it."""
_OF_MESSAGES = (
    select(calls.c.message_id, calls.c.cost_state, *sums())
    .where(calls.c.message_id.in_(bindparam("ids", expanding=True)), *ANSWERED)
    .group_by(calls.c.message_id, calls.c.cost_state)
)


def by_message(connection: Connection, ids: Iterable[str]) -> dict[str, MessageUsage]:
    """The usage of each of these messages that has a settled call, or had one until retention took it."""
    wanted = list(ids)
    found: dict[str, MessageUsage] = {}

    def add(id: str, part: Figures, state: str) -> None:
        before = found.get(id)
        total = before.figures + part if before else part
        least = max(before.cost_state if before else "free", state, key=_CERTAINTY.index)
        found[id] = MessageUsage(total, None if total.unknown else total.cost_nanos, least)

    if not wanted:
        return found
    for row in connection.execute(_OF_MESSAGES, {"ids": wanted}):
        add(row.message_id, Figures.of(row), row.cost_state)
    for id, kept in rollup.read_totals(connection, "message", wanted).items():
        sure = "computed" if kept.cost_nanos else "free"
        add(id, kept, "unknown_price" if kept.unknown else "estimated" if kept.estimated else sure)
    return found


def of_messages(connection: Connection, ids: Select[tuple[str]]) -> Figures:
    """What the settled calls for these messages used and cost, all together."""
    rows = Figures.of(connection.execute(select(*sums()).where(calls.c.message_id.in_(ids), *ANSWERED)).one())
    kept = rollup.totals.select().where(rollup.totals.c.scope == "message", rollup.totals.c.id.in_(ids))
    return sum((Figures.of(row) for row in connection.execute(kept)), rows)


def new_settlement(
    call_id: str, status: str, usage: Usage, source: str, cost: tuple[int | None, str], **more: Any
) -> Settlement:
    """A settlement as of now; ``cost`` is (nano-dollars or None, state)."""
    return Settlement(call_id, status, usage, source, cost[0], cost[1], now(), **more)
