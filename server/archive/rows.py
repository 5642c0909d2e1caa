"""Database rows as JSON and back, by the columns that their table has: nothing is lost, nothing else gets in."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, DateTime, Float, Integer, Row, Table

from server import ids
from server.archive.shape import Broken
from server.ids import is_id, moved_id

MAX_INTEGER = 2**53


def as_json(row: Row[Any]) -> dict[str, Any]:
    return {name: ids.instant(value) if isinstance(value, datetime) else value for name, value in row._mapping.items()}


def values(table: Table, given: Mapping[str, Any], **fixed: Any) -> dict[str, Any]:
    """What to insert: every column of the table. Raises Broken where a value does not fit its column."""
    found: dict[str, Any] = {}
    for column in table.columns:
        if column.name in fixed:
            found[column.name] = fixed[column.name]
        elif given.get(column.name) is not None:
            found[column.name] = _value(column, given[column.name])
        else:
            found[column.name] = _empty(column)
    return found


def moved(given: Mapping[str, Any], user_id: str) -> dict[str, Any]:
    """The same row with other ids: for somebody else's export, so that both can keep theirs."""
    return {name: value if name in ("text", "reasoning") else _moved(value, user_id) for name, value in given.items()}


def _moved(value: Any, user_id: str) -> Any:
    if isinstance(value, str):
        return moved_id(value, user_id) if is_id(value) else value
    if isinstance(value, list):
        return [_moved(each, user_id) for each in value]
    if isinstance(value, dict):
        return {_moved(name, user_id): _moved(each, user_id) for name, each in value.items()}
    return value


def instant(value: Any) -> datetime:
    """Raises Broken."""
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Broken(f"{str(value)[:40]!r} is not a time: the file is damaged") from None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _value(column: Column[Any], value: Any) -> Any:
    kind = getattr(column.type, "impl", column.type)
    if isinstance(column.type, JSON):
        return value
    if isinstance(kind, DateTime):
        return instant(value)
    if isinstance(column.type, Boolean):
        fits = isinstance(value, bool)
    elif isinstance(column.type, Integer | BigInteger):
        fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_INTEGER
    elif isinstance(column.type, Float):
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    else:
        fits = isinstance(value, str)
    if not fits:
        raise Broken(f"{column.table.name}.{column.name} cannot be {str(value)[:40]!r}: the file is damaged")
    return value


def _empty(column: Column[Any]) -> Any:
    if column.default is not None and column.default.is_scalar:
        return column.default.arg  # type: ignore[attr-defined]  # true of a scalar default
    if column.nullable:
        return None
    kind = getattr(column.type, "impl", column.type)
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Integer | BigInteger | Float):
        return 0
    if isinstance(kind, DateTime) or column.primary_key:
        raise Broken(f"{column.table.name}.{column.name} is missing: the file is damaged")
    return [] if isinstance(kind, JSON) else ""
