"""The database of every version that was ever released comes to the present schema with all that is in it."""

import gzip
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

from server.ops.upgrade import bring_up_to_date
from server.settings import Settings
from server.store.engine import connect
from server.store.migrate import described, revision, revisions
from tests.store.release import RELEASED

DATABASES = sorted(RELEASED.glob("*.db.gz"))


def counts(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}


def test_there_is_a_database_of_a_released_version() -> None:
    assert DATABASES


@pytest.mark.parametrize("released", DATABASES, ids=lambda path: path.name)
def test_a_released_database_is_migrated_with_everything_in_it(released: Path, tmp_path: Path) -> None:
    settings = Settings.load({"LLM_ROUTER_DATA": str(tmp_path)})
    path = tmp_path / "llm-router.db"
    with gzip.open(released) as packed, path.open("wb") as out:
        shutil.copyfileobj(packed, out)
    before = counts(path)
    assert min(before[name] for name in ("users", "conversations", "messages", "calls", "attachments")) == 1
    bring_up_to_date(settings)
    assert revision(settings.database) == revisions()[-1]
    after = counts(path)
    for table in before.keys() & {"users", "conversations", "messages", "calls", "attachments", "credentials"}:
        assert after[table] == before[table], table
    engine = connect(settings.database)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": described})
        differences: list[Any] = compare_metadata(context, SQLModel.metadata)
        assert differences == []
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    engine.dispose()
