"""The first page of a backup: what made it, when, and what has to come after it."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from server.ops.backup.source import BackupError

FORMAT = "llm-router-backup"
VERSION = 1
NAME = "manifest.json"
END = "end.json"
"""The last page: how many files there are. A backup without it was cut off."""


@dataclass(frozen=True, slots=True)
class Manifest:
    program: str
    made_at: str
    schema: str
    """The revision of the database."""
    database_sha256: str
    database_size: int
    size: int
    """Bytes of everything, unpacked: what it takes to put it back."""

    def as_bytes(self) -> bytes:
        return json.dumps({"format": FORMAT, "version": VERSION} | asdict(self), indent=2).encode()

    @property
    def when(self) -> datetime:
        return datetime.fromisoformat(self.made_at)

    @classmethod
    def read(cls, page: bytes, name: str) -> "Manifest":
        """Raises BackupError for what another program, or a newer version of this one, wrote."""
        try:
            values = json.loads(page)
            if values.pop("format") != FORMAT:
                raise ValueError
            if values.pop("version") != VERSION:
                raise BackupError(
                    f"{name} was made by a newer version ({values['program']}): restore it with that one."
                )
            found = cls(**{field: values[field] for field in cls.__slots__})
            _check(found)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BackupError(f"{name} is no backup of LLM Router.") from None
        return found


def end(files: int) -> bytes:
    return json.dumps({"files": files}).encode()


def _check(manifest: Manifest) -> None:
    texts: tuple[Any, ...] = (manifest.program, manifest.schema, manifest.database_sha256)
    numbers: tuple[Any, ...] = (manifest.database_size, manifest.size)
    if not all(isinstance(text, str) for text in texts) or not all(type(number) is int for number in numbers):
        raise TypeError
    if manifest.when.tzinfo is None:
        raise ValueError
