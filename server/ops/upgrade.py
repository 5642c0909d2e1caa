"""An upgrade that cannot hurt: a copy of the database is kept before it is migrated, and can be gone back to."""

import logging
import re
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from server.errors import AppError, Conflict, NotFound
from server.ids import now
from server.ops.backup import snapshot
from server.ops.backup.restore import finish, prepared
from server.ops.backup.source import DATABASE, Source
from server.settings import Settings
from server.store.migrate import SchemaError, migrate

log = logging.getLogger(__name__)

FOLDER = "before-upgrade"
KEPT = 3
STAMP = "%Y%m%dT%H%M%S%fZ"
_NAME = re.compile(r"\d{8}T\d{12}Z-schema-([0-9a-z]+)\.db")


def bring_up_to_date(settings: Settings) -> None:
    """Ends a restore that was broken off, and migrates where that is needed. Raises SchemaError, BackupError."""
    if not settings.database.startswith("sqlite"):
        migrate(settings.database)
        return
    source = Source.of(settings)
    finish(source)
    migrate(settings.database, lambda schema: keep(source, schema))


def keep(source: Source, schema: str) -> Path:
    """Copies the database before it is migrated. Raises SchemaError: without the copy nothing is migrated."""
    folder = source.data / FOLDER
    path = folder / f"{now().strftime(STAMP)}-schema-{schema}.db"
    unfinished = path.with_suffix(".part")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in folder.glob("*.part*"):
            left.unlink()
        snapshot.copy(source.database, unfinished)
        unfinished.rename(path)
    except (OSError, AppError) as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error)
        raise SchemaError(f"No backup can be made before the upgrade, so nothing was changed: {reason}") from error
    for old in kept(source)[KEPT:]:
        old.unlink()
    log.warning("upgrading the database: `llm-router rollback` goes back to schema %s", schema)
    return path


def kept(source: Source) -> list[Path]:
    """The copies, newest first."""
    paths = (source.data / FOLDER).glob("*.db")
    return sorted((path for path in paths if _NAME.fullmatch(path.name)), reverse=True)


@dataclass(frozen=True, slots=True)
class WentBack:
    schema: str
    to: datetime
    aside: Path | None
    """Where the database is that was there."""


def rollback(source: Source) -> WentBack:
    """Goes back to the newest copy.

    Raises NotFound, Conflict while a server runs or when this was done already, BackupError for a damaged copy.
    """
    copies = kept(source)
    if not copies:
        raise NotFound(f"There is no backup from before an upgrade in {source.data / FOLDER}.")
    schema = snapshot.inspect(copies[0], copies[0].name)
    if _schema(source.database) == schema:
        raise Conflict(
            f"The database is at schema {schema}, as it was before the upgrade: there is nothing to go back."
        )
    with prepared(source) as folder:
        shutil.copyfile(copies[0], folder / DATABASE)
        (folder / DATABASE).chmod(0o600)
    return WentBack(schema, _made_at(copies[0]), finish(source))


def _made_at(copy: Path) -> datetime:
    return datetime.strptime(copy.name.partition("-")[0], STAMP).replace(tzinfo=UTC)


def _schema(database: Path) -> str | None:
    """None for one that cannot be read."""
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True)) as connection:
            return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except (sqlite3.Error, TypeError):
        return None
