"""A start of the program that is killed at a moment which a seed chooses, and the start after it."""

import asyncio
import random
import sqlite3
from contextlib import closing
from pathlib import Path

from server.store import migrate
from tests.process import Process

LONGEST = 2.0
"""Seconds of a start within which it is killed, on a machine with nothing else to do."""


def start_and_kill(folder: Path, seed: int) -> str:
    """Which way it went. Every second one is the first start of all, that makes the database."""
    return asyncio.run(_start_and_kill(folder, random.Random(seed), again=seed % 2 == 1))


async def _start_and_kill(folder: Path, dice: random.Random, *, again: bool) -> str:
    process = Process(folder / "data", LLM_ROUTER_DEMO="true")
    database = process.data / "llm-router.db"
    try:
        if again:
            migrate.migrate(f"sqlite:///{database}")
        process.begin()
        await asyncio.sleep(dice.uniform(0, LONGEST))
        await process.kill()
        made = database.exists() and database.stat().st_size > 0
        if made:
            check(database)
        await process.start()
        check(database)
        assert await process.end() in (0, -15), process.log.read_text()
        check(database)
    finally:
        await process.kill()
    return "killed over a database" if again else "killed while it was made" if made else "killed before it was made"


def check(database: Path) -> None:
    """It opens, it is whole, and its schema is none or the newest: a migration is never half done."""
    with closing(sqlite3.connect(database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "alembic_version" in tables:
            found = db.execute("SELECT version_num FROM alembic_version").fetchall()
            assert not found or found[0][0] in migrate.revisions(), found
            assert "users" in tables or not found, "a version without its tables"
