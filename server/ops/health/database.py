"""Looks at the database: can it be read, is its schema ours, how large is it, is all of it whole. Changes nothing."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from server.errors import AppError
from server.ops.health.finding import MB, Finding, megabytes
from server.settings import Settings
from server.store.migrate import revision, revisions

STEPS = 200_000
"""Of SQLite's virtual machine, after which it is asked whether to go on."""
LARGE_WAL = 100 * MB


def look(settings: Settings) -> Iterator[Finding]:
    path, shown = settings.database_file, make_url(settings.database).render_as_string(hide_password=True)
    if path is not None and not path.exists():
        yield Finding("bad", "database", f"{path} does not exist", "`llm-router init` makes it")
        return
    try:
        found, newest = revision(settings.database), revisions()[-1]
    except AppError as error:
        yield Finding("bad", "database", error.message)
        return
    except Exception as error:
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        yield Finding("bad", "database", f"{shown} cannot be read ({reason})", "put a backup back: llm-router restore")
        return
    if found == newest:
        yield Finding("ok", "database", f"{_sizes(path) if path else shown}, schema {found}")
    elif found is None or found in revisions():
        yield Finding("note", "database", f"its schema is {found}", f"the next start brings it to {newest}")
    else:
        message = f"its schema is {found}, newer than this version, which knows {newest}"
        yield Finding("bad", "database", message, "start the newer version, or `llm-router rollback`")
    if path is not None and (wal := _wal(path)) > LARGE_WAL:
        step = "a reader holds it open for long, such as a copy under way; it shrinks at the next start"
        yield Finding("note", "journal", f"what is not merged into the database yet has {megabytes(wal)}", step)


def content(settings: Settings, stopped: Callable[[], bool] = lambda: False) -> Iterator[Finding]:
    """Reads all of it, which takes a while; ``stopped`` is asked whether to go on."""
    path = settings.database_file
    if path is None or not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.set_progress_handler(stopped, STEPS)
            answer = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
            dangling = answer == "ok" and connection.execute("PRAGMA foreign_key_check").fetchone() is not None
    except sqlite3.Error as error:
        if stopped():
            return
        answer, dangling = str(error), False
    if answer != "ok":
        yield Finding("bad", "content", f"the database is damaged ({answer})", "put a backup back: llm-router restore")
    elif dangling:
        step = "put a backup back, or report it: this should not happen"
        yield Finding("bad", "content", "there are rows that refer to nothing", step)
    else:
        yield Finding("ok", "content", "every page of the database is whole")


def _sizes(path: Path) -> str:
    return f"{megabytes(path.stat().st_size)} and {megabytes(_wal(path))} of journal"


def _wal(path: Path) -> int:
    wal = path.with_name(f"{path.name}-wal")
    return wal.stat().st_size if wal.exists() else 0
