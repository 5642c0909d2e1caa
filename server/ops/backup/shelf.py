"""The folder in which backups lie: their names say when they were made, by whom, and whether they are encrypted."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from server.errors import NotFound
from server.ids import instant, now

_NAME = re.compile(r"llm-router-(auto-)?(\d{8}T\d{9}Z)\.tar\.gz(\.sealed)?")


@dataclass(frozen=True, slots=True)
class Backup:
    name: str
    size: int
    made_at: datetime
    scheduled: bool
    sealed: bool

    def as_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in ("name", "size", "scheduled", "sealed")}
        return values | {"made_at": instant(self.made_at)}


def new_name(*, scheduled: bool, sealed: bool) -> str:
    at = f"{now():%Y%m%dT%H%M%S%f}"[:-3]
    return f"llm-router-{'auto-' if scheduled else ''}{at}Z.tar.gz{'.sealed' if sealed else ''}"


def backups(folder: Path) -> list[Backup]:
    """Newest first. Nothing else in the folder is ever named or touched."""
    found = []
    for path in folder.glob("llm-router-*"):
        if (match := _NAME.fullmatch(path.name)) is None:
            continue
        with suppress(FileNotFoundError, ValueError):
            made_at = datetime.strptime(match[2][:-1] + "000", "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
            found.append(Backup(path.name, path.stat().st_size, made_at, match[1] is not None, match[3] is not None))
    return sorted(found, key=lambda backup: backup.made_at, reverse=True)


def path(folder: Path, name: str) -> Path:
    """Raises NotFound."""
    found = folder / name
    if _NAME.fullmatch(name) is None or not found.is_file():
        raise NotFound("this backup is no longer there")
    return found


def rotate(folder: Path, keep: int) -> None:
    """Deletes the oldest of those that were made on schedule."""
    for backup in [backup for backup in backups(folder) if backup.scheduled][keep:]:
        (folder / backup.name).unlink(missing_ok=True)
