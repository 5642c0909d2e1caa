"""A statement of the hot path: compiled once for the database it runs on, from then on plain SQL and values."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from sqlalchemy import Connection, Executable
from sqlalchemy.sql.elements import ClauseElement


class Rows(Protocol):
    """What a statement gave back, by its driver or through SQLAlchemy."""

    def fetchone(self) -> Any: ...


class Statement:
    """``run`` takes every bound name of the statement; what is given beside them is not looked at."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, list[tuple[str, Callable[[Any], Any] | None]], bool]] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Rows:
        name = connection.dialect.name
        sql, names, positional = self._compiled.get(name) or self._compile(connection)
        bound = [
            process(value) if (value := values[each]) is not None and process is not None else value
            for each, process in names
        ]
        if name == "sqlite":
            raw: Any = connection.connection.driver_connection
            rows: Rows = raw.execute(sql, bound)
            return rows
        given = tuple(bound) if positional else {each: value for (each, _), value in zip(names, bound, strict=True)}
        return connection.exec_driver_sql(sql, given)

    def _compile(self, connection: Connection) -> tuple[str, list[tuple[str, Callable[[Any], Any] | None]], bool]:
        assert isinstance(self._statement, ClauseElement)
        compiled: Any = self._statement.compile(dialect=connection.dialect)
        order = compiled.positiontup if compiled.positional else list(compiled.bind_names.values())
        names = [(name, compiled._bind_processors.get(name)) for name in order]
        found = self._compiled[connection.dialect.name] = str(compiled), names, bool(compiled.positional)
        return found
