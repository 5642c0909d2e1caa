"""Every settled row of a range for a spreadsheet or a program, a page at a time: never more than that is held.

Rows do not change once they are settled, so that what was settled before the export began is the same all through it.
"""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, select

from server.ids import NANOS_PER_DOLLAR, first_id, instant, now
from server.money.slices import Whose
from server.money.span import Span
from server.store.engine import Database
from server.store.tables import Call, StoredKey, User

_calls: Table = Call.__table__  # type: ignore[attr-defined]
_users: Table = User.__table__  # type: ignore[attr-defined]
_keys: Table = StoredKey.__table__  # type: ignore[attr-defined]

PAGE = 500
_NEAR = timedelta(minutes=1)
"""Between the time of a row's id and that at which its call began."""
_PLAIN = (
    "id",
    "request_id",
    "attempt",
    "started_at",
    "settled_at",
    "status",
    "kind",
    "project",
    "endpoint",
    "asked_model",
    "provider",
    "model",
    "model_served",
    "route",
    "credential_last4",
    "conversation_id",
    "message_id",
    "device_id",
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
    "cost_nanos",
    "cost_state",
    "saved_nanos",
    "first_token_ms",
    "duration_ms",
    "error_kind",
    "error_status",
)
COLUMNS = ("user", "key", *_PLAIN, "cost_usd")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With what a spreadsheet takes a text for a formula."""


async def as_csv(database: Database, whose: Whose, over: Span) -> AsyncIterator[bytes]:
    yield _line([list(COLUMNS)])
    async for page in _pages(database, whose, over, lambda rows: _line([_cells(row) for row in rows])):
        yield page


async def as_json(database: Database, whose: Whose, over: Span) -> AsyncIterator[bytes]:
    """{"range", "calls": [row…]}"""
    yield f'{{"range":{json.dumps(over.as_json())},"calls":['.encode()
    first = True
    async for page in _pages(database, whose, over, lambda rows: ",\n".join(map(_object, rows)).encode()):
        yield (b"\n" if first else b",\n") + page
        first = False
    yield b"\n]}\n"


async def _pages(
    database: Database, whose: Whose, over: Span, write: Callable[[Sequence[Row[Any]]], bytes]
) -> AsyncIterator[bytes]:
    asked_at, after = now(), ""
    # Everything that was settled until now is committed when it is the turn of this.
    await database.write(lambda _: None, durable=False)
    while True:

        def work(connection: Connection, after: str = after) -> tuple[bytes, str | None]:
            rows = connection.execute(_query(whose, over, asked_at, after)).all()
            return (write(rows), rows[-1].id) if rows else (b"", None)

        page, last = await database.read(work)
        if last is None:
            return
        yield page
        after = last


def _query(whose: Whose, over: Span, asked_at: datetime, after: str) -> Select[Any]:
    c = _calls.c
    start, end = over.times
    return (
        select(_users.c.username.label("user"), _keys.c.name.label("key"), *(c[name] for name in _PLAIN))
        .select_from(_calls)
        .outerjoin(_users, _users.c.id == c.user_id)
        .outerjoin(_keys, _keys.c.id == c.key_id)
        .where(
            c.id > max(after, first_id(start - _NEAR)),
            c.id < first_id(end + _NEAR),
            c.started_at >= start,
            c.started_at < end,
            c.settled_at <= asked_at,
            c.imported_at.is_(None),
            *whose.conditions(_calls),
        )
        .order_by(c.id)
        .limit(PAGE)
    )


def _values(row: Row[Any]) -> list[Any]:
    values = [instant(value) if isinstance(value, datetime) else value for value in row]
    return [*values, None if row.cost_nanos is None else str(Decimal(row.cost_nanos) / NANOS_PER_DOLLAR)]


def cell(value: Any) -> Any:
    """The value as a spreadsheet shows it, and does not reckon with it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _cells(row: Row[Any]) -> list[Any]:
    return [cell(value) for value in _values(row)]


def _object(row: Row[Any]) -> str:
    return json.dumps(dict(zip(COLUMNS, _values(row), strict=True)), ensure_ascii=False, separators=(",", ":"))


def _line(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
