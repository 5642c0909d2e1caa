import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

from server.store import migrate as module
from server.store import tables
from server.store.engine import connect
from server.store.migrate import PAGE_SIZE, SchemaError, described, migrate, revision, revisions


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'data' / 'llm-router.db'}"


def pragma(path: Path, name: str) -> Any:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_a_first_start_makes_the_whole_schema_and_a_second_one_nothing(url: str) -> None:
    assert migrate(url) is True
    assert revision(url) == revisions()[-1]
    assert migrate(url) is False


def test_the_migrated_schema_is_the_one_of_the_tables(url: str) -> None:
    migrate(url)
    engine = connect(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": described})
        assert tables.User.metadata is SQLModel.metadata
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_a_new_database_is_small_paged_shrinkable_and_for_its_owner_only(url: str, tmp_path: Path) -> None:
    migrate(url)
    path = tmp_path / "data" / "llm-router.db"
    incremental = 2
    assert (pragma(path, "page_size"), pragma(path, "auto_vacuum")) == (PAGE_SIZE, incremental)
    assert pragma(path, "journal_mode") == "wal"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_start_with_nothing_to_do_does_not_load_alembic_and_is_quick(url: str) -> None:
    migrate(url)
    code = "import sys; from server.store.migrate import migrate; migrate(sys.argv[1]); print('alembic' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
    began = time.perf_counter()
    migrate(url)
    assert time.perf_counter() - began < 0.5


def test_two_processes_that_start_together_both_get_the_schema(url: str) -> None:
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(migrate, [url, url]))
    assert revision(url) == revisions()[-1]


def test_the_database_of_a_newer_version_is_refused_untouched(url: str, tmp_path: Path) -> None:
    migrate(url)
    path = tmp_path / "data" / "llm-router.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaError, match="newer version"):
        migrate(url)
    assert revision(url) == "9999"


def test_somebody_elses_database_is_refused_untouched(url: str, tmp_path: Path) -> None:
    path = tmp_path / "data" / "llm-router.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE recipes (id)")
    with pytest.raises(SchemaError, match="holds other tables"):
        migrate(url)


def test_a_file_that_is_no_database_is_named(url: str, tmp_path: Path) -> None:
    path = tmp_path / "data" / "llm-router.db"
    path.parent.mkdir()
    path.write_text("hello " * 1000)
    with pytest.raises(SchemaError, match="cannot be opened: file is not a database"):
        migrate(url)
    assert path.read_text().startswith("hello")


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SchemaError, match="cannot be opened: File exists"):
        migrate(f"sqlite:///{tmp_path}/file/llm-router.db")


def test_a_migration_that_fails_changes_nothing(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(url)
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    ours = Path(module.__file__).parent / "migrations"
    for path in (ours / "env.py", *(ours / "versions").glob("*.py")):
        (folder / path.relative_to(ours)).write_text(path.read_text())
    newest = revisions()[-1]
    (folder / "versions" / "9999_broken.py").write_text(
        "from alembic import op\n"
        f"revision, down_revision = '9999', '{newest}'\n"
        "def upgrade():\n"
        "    op.execute('CREATE TABLE half (id)')\n"
        "    op.execute('DROP TABLE sessions')\n"
        "    raise RuntimeError('the plug was pulled')\n"
    )
    monkeypatch.setattr(module, "_MIGRATIONS", folder)
    with pytest.raises(RuntimeError, match="the plug was pulled"):
        module._upgrade(url)
    assert revision(url) == newest
    engine = connect(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": described})
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_the_process_that_fails_gives_its_last_line_as_the_reason(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.sys, "executable", "/bin/false")
    with pytest.raises(SchemaError, match="could not be migrated, and is as it was"):
        migrate(url)
