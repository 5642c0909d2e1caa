"""A copy of the database as it was at one moment, made while others write to it, and whether a copy is sound."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from server.ops.backup.progress import Progress
from server.ops.backup.source import BackupError

PAGES = 1024
"""Of the database, that are copied between two looks whether to go on."""


def copy(database: Path, target: Path, progress: Progress | None = None) -> str:
    """Makes ``target``, for its owner only and on the disk; the schema it is at. Raises BackupError, Stopped."""
    if not database.is_file():
        raise BackupError(f"There is no database at {database} yet: nothing to back up.")
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        _copy(database, target, progress or Progress())
    except sqlite3.Error as error:
        raise BackupError(f"The database {database} cannot be copied: {error}.") from error
    with target.open("rb+") as file:
        os.fsync(file.fileno())
    return inspect(target, str(database))


def inspect(path: Path, name: str) -> str:
    """Looks through a copy that nobody uses; the schema it is at. Raises BackupError unless it is sound and ours."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                raise BackupError(f"The database of {name} is damaged ({found}).")
            ours = connection.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('alembic_version', 'users')")
            if ours.fetchone()[0] != 2:
                raise BackupError(f"The database of {name} is not one of LLM Router.")
            return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except (sqlite3.Error, TypeError) as error:
        raise BackupError(f"The database of {name} is damaged ({error}).") from error


def _copy(database: Path, target: Path, progress: Progress) -> None:
    with (
        closing(sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True, timeout=15, isolation_level=None)) as source,
        closing(sqlite3.connect(target, isolation_level=None)) as copied,
    ):
        # Held until the end: else every write of somebody else would begin the copy anew.
        source.execute("BEGIN")
        size = source.execute("PRAGMA page_size").fetchone()[0]
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        copied.execute("PRAGMA synchronous=OFF")
        before = 0

        def tell(_status: int, remaining: int, total: int) -> None:
            nonlocal before
            progress.advance((total - remaining - before) * size)
            before = total - remaining

        source.backup(copied, pages=PAGES, progress=tell)
