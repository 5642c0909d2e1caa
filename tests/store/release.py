"""Writes `tests/store/released/<version>.db.gz`: the database of this version with one row in every table.

python -m tests.store.release
"""

import gzip
import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Connection, DateTime, Float, Integer, LargeBinary, insert
from sqlmodel import SQLModel

from server import __version__
from server.store import tables
from server.store.engine import connect
from server.store.migrate import migrate

RELEASED = Path(__file__).parent / "released"

VALUES: dict[type[Any], Any] = {
    DateTime: datetime(2026, 1, 31, 12, tzinfo=UTC),
    Integer: 1,
    Float: 1.5,
    Boolean: True,
    LargeBinary: b"bytes",
    JSON: {},
}


def fill(connection: Connection) -> None:
    """One row in every table of tables.py; what refers to another row refers to that one."""
    assert tables.User.metadata is SQLModel.metadata
    for table in SQLModel.metadata.sorted_tables:
        connection.execute(insert(table), {column.name: _value(column) for column in table.columns})


def _value(column: Column[Any]) -> Any:
    for reference in column.foreign_keys:
        if reference.column.table is column.table:
            return None
        return _value(reference.column)
    kind = getattr(column.type, "impl", column.type)  # what a type of ours is in the database
    for described, value in VALUES.items():
        if isinstance(kind, described):
            return value
    return f"{column.table.name} {column.name}"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "llm-router.db"
        migrate(f"sqlite:///{path}")
        engine = connect(f"sqlite:///{path}")
        with engine.begin() as connection:
            fill(connection)
        engine.dispose()
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA journal_mode=DELETE")
        target = RELEASED / f"{__version__}.db.gz"
        target.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    sys.stdout.write(f"{target.name}: {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
