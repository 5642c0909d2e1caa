"""What a backup is made of, and where it lies: the database, the key file, the files of messages."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from server.errors import Unavailable
from server.settings import Settings
from server.vault import keyfile

DATABASE = "llm-router.db"
"""What it is called in a backup, wherever it lies."""
KEY = keyfile.NAME
ATTACHMENTS = "attachments"


class BackupError(Unavailable):
    """A backup cannot be made, read or put back."""

    code = "backup"


@dataclass(frozen=True, slots=True)
class Source:
    """The data folder and the database file of a server."""

    data: Path
    database: Path

    @classmethod
    def of(cls, settings: Settings) -> "Source":
        """Raises BackupError for a database that is no file."""
        if not settings.database.startswith("sqlite"):
            raise BackupError("This server keeps its data in a database server: back it up with that one's own tools.")
        return cls(settings.data.absolute(), Path(make_url(settings.database).database or "").absolute())

    @property
    def places(self) -> dict[str, Path]:
        """Where each thing of a backup belongs. The database comes last: with it the rest begins to count."""
        return {
            ATTACHMENTS: self.data / ATTACHMENTS,
            KEY: self.data / KEY,
            DATABASE: self.database,
        }

    def files(self, snapshot: Path) -> Iterator[Path]:
        """The files that the rows of a copy of the database name, and the small pictures beside them."""
        with closing(sqlite3.connect(f"{snapshot.as_uri()}?immutable=1", uri=True)) as rows:
            for (sha256,) in rows.execute("SELECT DISTINCT sha256 FROM attachments ORDER BY sha256"):
                place = self.data / ATTACHMENTS / sha256[:2] / sha256
                yield place
                yield place.with_suffix(".thumb")
