"""A statement of the hot path: compiled once for the database it runs on, from then on plain SQL and values."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Executable
from sqlalchemy.sql.elements import ClauseElement

Names = list[tuple[str, Callable[[Any], Any] | None]]
"""The bound names in their order, and what makes of a value what the driver takes."""


class Rows(Protocol):
    """What a statement gave back, by its driver or through SQLAlchemy."""

    def fetchone(self) -> Any: ...


class Statement:
    """``run`` takes every bound name of the statement; what is given beside them is not looked at."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, Names, bool]] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Rows:
        sql, names, positional = self._compiled.get(connection.dialect.name) or self._compile(connection)
        if connection.dialect.name == "sqlite":
            raw: Any = connection.connection.driver_connection
            rows: Rows = raw.execute(sql, _bound(names, values))
            return rows
        return connection.exec_driver_sql(sql, _given(names, values, positional))

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Once for each of them; how many rows of the table it wrote."""
        sql, names, positional = self._compiled.get(connection.dialect.name) or self._compile(connection)
        if connection.dialect.name == "sqlite":
            raw: Any = connection.connection.driver_connection
            return int(raw.executemany(sql, [_bound(names, values) for values in rows]).rowcount)
        if not rows:
            return 0
        return connection.exec_driver_sql(sql, [_given(names, values, positional) for values in rows]).rowcount

    def _compile(self, connection: Connection) -> tuple[str, Names, bool]:
        assert isinstance(self._statement, ClauseElement)
        compiled: Any = self._statement.compile(dialect=connection.dialect)
        order = compiled.positiontup if compiled.positional else list(compiled.bind_names.values())
        names = [(name, compiled._bind_processors.get(name)) for name in order]
        found = self._compiled[connection.dialect.name] = str(compiled), names, bool(compiled.positional)
        return found


def _bound(names: Names, values: Mapping[str, Any]) -> list[Any]:
    return [
        process(value) if (value := values[name]) is not None and process is not None else value
        for name, process in names
    ]


def _given(names: Names, values: Mapping[str, Any], positional: bool) -> Any:
    """As SQLAlchemy hands it on to a driver."""
    bound = _bound(names, values)
    return tuple(bound) if positional else {name: value for (name, _), value in zip(names, bound, strict=True)}
