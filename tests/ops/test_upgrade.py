"""An upgrade keeps a copy first, happens wholly or not at all, and can be taken back."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from server.errors import AppError
from server.ops import upgrade
from server.ops.backup.restore import PENDING
from server.ops.backup.source import Source
from server.ops.upgrade import bring_up_to_date, keep, kept, rollback
from server.settings import Settings
from server.store import migrate as module
from server.store.lock import FolderLock
from server.store.migrate import SchemaError, revisions
from tests.faults.pull_the_plug import OLD, chain, schema_of


@pytest.fixture
def settings(empty_house: Path, tmp_path: Path) -> Settings:
    shutil.copy(empty_house / "llm-router.db", tmp_path)
    return Settings.load({"LLM_ROUTER_DATA": str(tmp_path)})


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version of the program that knows one schema more."""
    monkeypatch.setattr(module, "_MIGRATIONS", chain(tmp_path / "migrations", steps=1))
    # In this process: one of its own would look for the migrations where they are.
    monkeypatch.setattr(module.subprocess, "run", _in_this_process)


def _in_this_process(*_command: object, input: str, **_more: object) -> subprocess.CompletedProcess[str]:
    module._upgrade(input)
    return subprocess.CompletedProcess([], 0, "", "")


def set_schema(settings: Settings, schema: str) -> None:
    with closing(sqlite3.connect(Source.of(settings).database)) as db, db:
        db.execute("UPDATE alembic_version SET version_num = ?", (schema,))


def test_a_start_with_nothing_to_migrate_makes_no_copy(settings: Settings) -> None:
    bring_up_to_date(settings)
    assert kept(Source.of(settings)) == []


def test_a_first_start_makes_no_copy(tmp_path: Path) -> None:
    settings = Settings.load({"LLM_ROUTER_DATA": str(tmp_path / "new")})
    bring_up_to_date(settings)
    assert kept(Source.of(settings)) == []


@pytest.mark.usefixtures("newer")
def test_an_upgrade_keeps_a_copy_and_rollback_goes_back_to_it(settings: Settings) -> None:
    source, old = Source.of(settings), revisions()[-2]
    bring_up_to_date(settings)
    assert schema_of(source.database) == revisions()[-1]
    [copy] = kept(source)
    assert schema_of(copy) == old
    back = rollback(source)
    assert (back.schema, schema_of(source.database)) == (old, old)
    assert f"{back.to:%Y%m%dT%H%M%S%f}" in copy.name
    assert back.aside is not None and schema_of(back.aside / "llm-router.db") == revisions()[-1]
    with pytest.raises(AppError, match="there is nothing to go back"):
        rollback(source)
    bring_up_to_date(settings)
    assert schema_of(source.database) == revisions()[-1]


@pytest.mark.usefixtures("newer")
def test_without_room_for_the_copy_nothing_is_migrated(settings: Settings) -> None:
    source = Source.of(settings)
    (source.data / upgrade.FOLDER).write_text("in the way")
    with pytest.raises(SchemaError, match="nothing was changed: File exists"):
        bring_up_to_date(settings)
    assert schema_of(source.database) == revisions()[-2]


def test_the_last_few_copies_are_kept(settings: Settings) -> None:
    source = Source.of(settings)
    made = [keep(source, OLD) for _ in range(upgrade.KEPT + 2)]
    assert kept(source) == made[:-4:-1]


def test_a_newer_schema_is_refused_with_the_way_back(settings: Settings) -> None:
    set_schema(settings, "9999")
    with pytest.raises(SchemaError, match=r"schema 9999; this one knows .*llm-router rollback"):
        bring_up_to_date(settings)
    assert kept(Source.of(settings)) == []


def test_nothing_is_rolled_back_under_a_running_server(settings: Settings) -> None:
    source = Source.of(settings)
    keep(source, OLD)
    set_schema(settings, "9999")
    with closing(FolderLock(source.data)), pytest.raises(AppError, match="stop it first"):
        rollback(source)
    assert schema_of(source.database) == "9999"


def test_a_restore_that_was_broken_off_is_finished_by_the_next_start(settings: Settings) -> None:
    source = Source.of(settings)
    pending = source.data / f"{PENDING}20260131T120000000000Z"
    pending.mkdir()
    shutil.copy(source.database, pending)
    set_schema(settings, "9999")
    bring_up_to_date(settings)
    assert schema_of(source.database) == revisions()[-1]
    assert not pending.exists()


def test_a_migration_killed_at_any_moment_leaves_the_old_or_the_new_state(settings: Settings, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.faults.pull_the_plug", str(settings.data), "25"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["old"] + found["new"] == 25
    assert found["killed"] >= 10 and found["old"] >= 5, found
