"""Migrates a database by a throw-away chain and is killed at it, at moments that a seed chooses, again and again.

    python -m tests.faults.pull_the_plug FOLDER TIMES [SEED]

FOLDER holds a migrated database. Every time the database must be whole, and all old or all new.
"""

import json
import logging
import os
import random
import shutil
import signal
import sqlite3
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import alembic.autogenerate  # loaded before the children are made, which would each load it again
import alembic.command
import alembic.config

from server.ops import upgrade
from server.ops.backup.source import Source
from server.store import migrate as module

OLD = module.revisions()[-1]
ROWS = 800

STEP = """
from alembic import op
revision, down_revision = {revision!r}, {before!r}

def upgrade():
    op.execute("CREATE TABLE IF NOT EXISTS plug (id INTEGER PRIMARY KEY, text TEXT)")
    op.execute("CREATE TABLE made_{number} (id INTEGER PRIMARY KEY, text TEXT)")
    op.execute("INSERT INTO made_{number} (text) SELECT text || hex(randomblob(100)) FROM plug")
    op.execute("UPDATE plug SET text = text || '{number}'")
    op.execute("CREATE INDEX made_{number}_by_text ON made_{number} (text)")
"""


def chain(folder: Path, steps: int) -> Path:
    """Our migrations, and some that no version has, below ``folder``."""
    ours = Path(module.__file__).parent / "migrations"
    shutil.copytree(ours, folder, ignore=shutil.ignore_patterns("__pycache__"))
    before = OLD
    for number in range(steps):
        revision = f"{9000 + number}"
        text = STEP.format(revision=revision, before=before, number=number)
        (folder / "versions" / f"{revision}_made.py").write_text(text)
        before = revision
    return folder


def schema_of(database: Path) -> str:
    """The revision of a database that is whole."""
    with closing(sqlite3.connect(database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return str(db.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def state(database: Path) -> str:
    """old or new; anything between is an error."""
    schema = schema_of(database)
    with closing(sqlite3.connect(database)) as db:
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE name LIKE 'made%'")}
        texts = {text for (text,) in db.execute("SELECT DISTINCT text FROM plug")}
        if schema == OLD:
            assert (tables, texts) == (set(), {"plug"})
            return "old"
        assert (schema, texts) == ("9002", {"plug012"})
        assert len(tables) == 6
        assert db.execute("SELECT count(*) FROM made_2").fetchone() == (ROWS,)
        return "new"


def upgrade_in_a_child(source: Source, until: float | None) -> tuple[float, bool]:
    """Seconds that it took, and whether it was killed, ``until`` seconds after its start."""
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        if until is not None:
            threading.Timer(until, os.kill, (os.getpid(), signal.SIGKILL)).start()
        url = f"sqlite:///{source.database}"
        upgrade.keep(source, OLD)
        module._upgrade(url)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status)
    assert killed or os.waitstatus_to_exitcode(status) == 0
    return time.monotonic() - began, killed


def main(folder: Path, times: int, seed: int) -> None:
    assert alembic.command and alembic.autogenerate and alembic.config
    logging.disable(logging.WARNING)
    work = folder / "plug"
    work.mkdir()
    module._MIGRATIONS = chain(work / "migrations", steps=3)
    original = work / "original.db"
    shutil.copy(folder / "llm-router.db", original)
    with closing(sqlite3.connect(original)) as db, db:
        db.execute("CREATE TABLE plug (id INTEGER PRIMARY KEY, text TEXT)")
        db.executemany("INSERT INTO plug (text) VALUES (?)", [("plug",)] * ROWS)
    chance = random.Random(seed)
    found = {"old": 0, "new": 0, "killed": 0}
    whole = 0.0
    for number in range(-1, times):
        data = work / str(number)
        data.mkdir()
        source = Source(data, data / "llm-router.db")
        shutil.copy(original, source.database)
        took, killed = upgrade_in_a_child(source, chance.uniform(0, 1.1 * whole) if number >= 0 else None)
        came_to = state(source.database)
        for copy in upgrade.kept(source):
            assert state(copy) == "old"
        assert came_to == "old" or upgrade.kept(source), "migrated without a copy"
        if number < 0:
            whole = took
            assert came_to == "new"
            continue
        found[came_to] += 1
        found["killed"] += killed
        if came_to == "old" and number % 5 == 0:
            upgrade_in_a_child(source, None)  # the next start
            assert state(source.database) == "new"
        shutil.rmtree(data)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 7)
