"""Puts a backup in the place of what is there, and keeps that aside.

Everything is unpacked and looked through beside the data first. Giving that folder its final name is the moment in
which it counts; what then has to be moved is moved, by ``finish``, however often the program is killed meanwhile.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from server.errors import AppError, Conflict
from server.ids import now
from server.ops.backup import read, snapshot
from server.ops.backup.manifest import Manifest
from server.ops.backup.source import DATABASE, KEY, BackupError, Source
from server.store.lock import FolderLock
from server.store.migrate import revisions
from server.vault import keyfile

PENDING, UNFINISHED, ASIDE = "restoring-", ".part", "before-restore-"


@dataclass(frozen=True, slots=True)
class Restored:
    page: Manifest
    aside: Path | None
    """Where what was there before is now; None: nothing was."""


def restore(source: Source, file: BinaryIO, name: str, passphrase: str | None = None) -> Restored:
    """``file`` can seek. Raises BackupError and leaves everything as it was; Conflict while a server runs."""
    with prepared(source) as folder:
        page = read.read(file, name, passphrase, _Unpacking(folder, name))
        _check_schema(snapshot.inspect(folder / DATABASE, name), name)
        if (folder / KEY).exists():
            keyfile.load_or_create(folder)
    return Restored(page, finish(source))


@contextmanager
def prepared(source: Source) -> Iterator[Path]:
    """A new folder; what is in it at the end of the block is what ``finish`` puts in its place.

    Raises Conflict while a server runs, BackupError where there is no room.
    """
    try:
        source.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(_lock(source.data)):
            finish(source)
            for path in source.data.glob(f"{PENDING}*{UNFINISHED}"):
                shutil.rmtree(path)
            folder = source.data / f"{PENDING}{now():%Y%m%dT%H%M%S%fZ}{UNFINISHED}"
            folder.mkdir(mode=0o700)
            try:
                yield folder
                os.sync()
                folder.rename(folder.with_suffix(""))
                os.sync()
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise BackupError(f"Nothing was restored: {error.strerror} ({error.filename or source.data}).") from error


def finish(source: Source) -> Path | None:
    """Moves what is prepared into its place, also where a process before this one was killed at it.

    The folder with what was there before, if anything was. Raises BackupError.
    """
    try:
        return _finish(source)
    except OSError as error:
        raise BackupError(
            f"The restore is not finished: {error.strerror} ({error.filename}). The next start goes on with it."
        ) from error


def _finish(source: Source) -> Path | None:
    aside = None
    for pending in sorted(source.data.glob(f"{PENDING}*")):
        if pending.suffix == UNFINISHED:
            continue
        aside = source.data / pending.name.replace(PENDING, ASIDE)
        for name, place in source.places.items():
            if (pending / name).exists():
                _set_aside(place, aside / name)
                for more in ("-wal", "-shm") if name == DATABASE else ():
                    _set_aside(Path(f"{place}{more}"), aside / f"{name}{more}")
                _move(pending / name, place)
        os.sync()
        pending.rmdir()
    return aside if aside is not None and aside.exists() else None


class _Unpacking:
    """Where the things of a backup go at first."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name

    def begin(self, page: Manifest) -> None:
        """Raises BackupError for a newer version's, and where there is no room."""
        _check_schema(page.schema, self._name)
        free = shutil.disk_usage(self._folder).free
        if page.size > free:
            raise BackupError(
                f"{self._name} needs {page.size // 1_000_000 + 1} MB, and {free // 1_000_000} MB are free: "
                "make room and try again."
            )

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        path = self._folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file


def _lock(folder: Path) -> FolderLock:
    try:
        return FolderLock(folder)
    except AppError:
        raise Conflict(f"A server is running over {folder}: stop it first, then try again.") from None


def _check_schema(schema: str, name: str) -> None:
    known = revisions()
    if schema not in known:
        raise BackupError(
            f"{name} was made by a newer version (schema {schema}; this one knows {known[-1]}): "
            "install that version first."
        )


def _set_aside(path: Path, aside: Path) -> None:
    if path.exists():
        aside.parent.mkdir(mode=0o700, exist_ok=True)
        _move(path, aside)


def _move(path: Path, target: Path) -> None:
    """Within a file system at once; to another one by a copy that has its name when it is whole."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        path.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f"{target.name}{UNFINISHED}")
        if path.is_dir():
            shutil.rmtree(beside, ignore_errors=True)
            shutil.copytree(path, beside)
            os.sync()
            beside.replace(target)
            shutil.rmtree(path)
        else:
            shutil.copy2(path, beside)
            os.sync()
            beside.replace(target)
            path.unlink()
