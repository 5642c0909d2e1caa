"""Where the bytes of attachments lie: one file per content, named by its SHA-256, for the owner of the server only."""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_NAME = frozenset("0123456789abcdef")
_BLOCK = 1 << 20
FRESH = 3600
"""Seconds for which a file without a row may be one whose row is about to be written."""


class Files:
    """``ab/abcdef…`` below the folder, and a picture's small version beside it. Blocking: call it in a thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Raises ValueError for what is no hash."""
        if len(sha256) != 64 or not _NAME.issuperset(sha256):
            raise ValueError("this is no SHA-256")
        return self.folder / sha256[:2] / sha256

    def thumb(self, sha256: str) -> Path:
        return self.path(sha256).with_suffix(".thumb")

    def temporary(self) -> Path:
        """A new empty file in the same file system, so that it can be moved into its place."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="new-", dir=self.folder)
        os.close(handle)
        return Path(name)

    def put(self, temporary: Path, sha256: str, *, thumb: Path | None = None) -> None:
        """Moves a finished file to its place; what has this content already is replaced by the same."""
        place = self.path(sha256)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if thumb is not None:
            _settle(thumb, self.thumb(sha256))
        _settle(temporary, place)
        _sync(place.parent)

    def strays(self, known: frozenset[str]) -> Iterator[Path]:
        """Files that no row names and that are not just being written."""
        until = time.time() - FRESH
        for path in [*self.folder.glob("new-*"), *self.folder.glob("??/*")]:
            with suppress(FileNotFoundError):  # what was just being written was discarded meanwhile
                if path.stem not in known and path.stat().st_mtime < until:
                    yield path


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _settle(source: Path, target: Path) -> None:
    with source.open("rb+") as file:
        os.fsync(file.fileno())
    source.chmod(0o600)
    source.replace(target)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
