"""Brings a database to the newest schema. A start that finds nothing to do costs one small read.

Alembic runs in a process of its own: the server does not carry it afterwards.
"""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import inspect, make_url, text
from sqlalchemy.exc import DBAPIError

from server.errors import Unavailable
from server.store.engine import connect

PAGE_SIZE = 1024
"""Bytes; fixed for good when a database is made."""

_MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaError(Unavailable):
    """The database cannot be used as it is."""

    code = "schema"


def migrate(url: str, before: Callable[[str], object] | None = None) -> bool:
    """Whether anything had to be done. Raises SchemaError; a migration that fails changes nothing.

    ``before`` is called with the revision of a database that has something to lose, while it is as it was.
    """
    try:
        if url.startswith("sqlite"):
            _create(Path(make_url(url).database or ""))
        found = revision(url)
    except (OSError, sqlite3.Error, DBAPIError) as error:
        reason = getattr(error, "strerror", None) or str(getattr(error, "orig", None) or error)
        shown = make_url(url).render_as_string(hide_password=True)
        raise SchemaError(f"The database {shown} cannot be opened: {reason}.") from error
    known = revisions()
    if found == known[-1]:
        return False
    if found is not None and found not in known:
        raise SchemaError(
            f"The database was used by a newer version (schema {found}; this one knows {known[-1]}): "
            "start that version, or go back with `llm-router rollback`."
        )
    if found is not None and before is not None:
        before(found)
    run = subprocess.run(
        [sys.executable, "-m", __name__],
        input=url,  # not an argument: it may hold a password, and everybody sees arguments
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    if run.returncode:
        reason = (run.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise SchemaError(f"The database could not be migrated, and is as it was: {reason}")
    return True


def revision(url: str) -> str | None:
    """The revision a database is at; None for an empty one. Raises SchemaError for somebody else's."""
    engine = connect(url)
    try:
        with engine.connect() as connection:
            tables = inspect(connection).get_table_names()
            if "alembic_version" in tables:
                return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            if tables:
                raise SchemaError("The database holds other tables: name an empty one or one made by this program.")
            return None
    finally:
        engine.dispose()


def revisions() -> list[str]:
    """Every revision of this version, oldest first."""
    return sorted(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def described(name: str | None, kind: str, _parents: object = None) -> bool:
    """Whether tables.py says what this is like: how the full-text index is kept is SQLite's own."""
    return kind != "table" or not (name or "").startswith("search_index")


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if connection.execute("PRAGMA page_count").fetchone() == (0,):
            # Only before the first page is written; WAL mode writes it.
            connection.execute(f"PRAGMA page_size={PAGE_SIZE}")
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.execute("PRAGMA journal_mode=WAL")


def _upgrade(url: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["url"] = url
    command.upgrade(config, "head")


if __name__ == "__main__":
    _upgrade(sys.stdin.read())
