"""Reads a backup from its first byte to its last, once, and believes nothing of it that it has not seen."""

import gzip
import hashlib
import json
import re
import tarfile
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from typing import IO, BinaryIO, Protocol, cast

from server.ops.backup import manifest
from server.ops.backup.manifest import Manifest
from server.ops.backup.progress import Progress
from server.ops.backup.seal import MARK, Unsealer
from server.ops.backup.source import DATABASE, KEY, BackupError

BLOCK = 1 << 18
SMALL = 1 << 16
"""Bytes of a page or a key file; a larger one is none."""
_FILE = re.compile(r"attachments/([0-9a-f]{2})/(\1[0-9a-f]{62})(\.thumb)?")


class Taker(Protocol):
    """Who gets what is read."""

    def begin(self, page: Manifest) -> None:
        """Before anything else. Raises BackupError for what it does not want."""

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Where the bytes of this thing go."""


class Nowhere:
    """For a look whether everything is there."""

    def begin(self, page: Manifest) -> None: ...

    def open(self, name: str) -> BinaryIO:
        return cast(BinaryIO, _Void())


class _Void(BytesIO):
    def write(self, content: object) -> int:
        return 0


def is_sealed(file: BinaryIO) -> bool:
    """Whether a passphrase is needed. The file can seek, and is at its beginning afterwards."""
    file.seek(0)
    found = file.read(len(MARK)) == MARK
    file.seek(0)
    return found


def read(file: BinaryIO, name: str, passphrase: str | None, taker: Taker, progress: Progress | None = None) -> Manifest:
    """Everything in it. Raises BackupError as soon as something is not as it should be, Stopped."""
    progress = progress or Progress()
    if is_sealed(file):
        if passphrase is None:
            raise BackupError(f"{name} is encrypted: its passphrase is needed.")
        file.seek(len(MARK))
        file = cast(BinaryIO, Unsealer(file, passphrase, name))
    try:
        with gzip.GzipFile(fileobj=file) as zipped, _opened(zipped, name) as tar:
            found = _read(tar, name, taker, progress)
            while zipped.read(BLOCK):  # its check sum is at the very end
                pass
            return found
    except (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile):
        raise BackupError(f"{name} is damaged or was cut off: take another backup.") from None


def _opened(zipped: gzip.GzipFile, name: str) -> tarfile.TarFile:
    try:
        return tarfile.open(mode="r|", fileobj=cast(IO[bytes], zipped), bufsize=BLOCK)
    except (tarfile.ReadError, gzip.BadGzipFile):
        raise BackupError(f"{name} is no backup of LLM Router.") from None


def _read(tar: tarfile.TarFile, name: str, taker: Taker, progress: Progress) -> Manifest:
    page = Manifest.read(_small(tar, tar.next(), manifest.NAME) or b"", name)
    taker.begin(page)
    files, database, taken = 0, "", 0
    while (entry := tar.next()) is not None:
        tar.members = []  # type: ignore[attr-defined]  # it would remember every file
        if entry.name == manifest.END:
            _end(_small(tar, entry, manifest.END), files, name)
            break
        place = _FILE.fullmatch(entry.name)
        if not entry.isreg() or not (place or entry.name in (DATABASE, KEY)):
            raise BackupError(f"{name} holds {entry.name!r}, which no backup of this version has.")
        taken += entry.size
        if taken > page.size + SMALL:
            raise BackupError(f"{name} is damaged: it holds more than it says.")
        digest = _take(tar, entry, taker, progress.advance)
        if entry.name == DATABASE:
            database = digest
        elif place is not None and not place[3]:
            files += 1
            if digest != place[2]:
                raise BackupError(f"{name} is damaged: {entry.name} is not what it was.")
    else:
        raise BackupError(f"{name} was cut off: take another backup.")
    if database != page.database_sha256:
        raise BackupError(f"{name} is damaged: its database is not what it was.")
    return page


def _take(tar: tarfile.TarFile, entry: tarfile.TarInfo, taker: Taker, advance: Callable[[int], None]) -> str:
    content = tar.extractfile(entry)
    assert content is not None
    digest = hashlib.sha256()
    with taker.open(entry.name) as out:
        while block := content.read(BLOCK):
            digest.update(block)
            out.write(block)
            advance(len(block))
    return digest.hexdigest()


def _small(tar: tarfile.TarFile, entry: tarfile.TarInfo | None, name: str) -> bytes | None:
    if entry is None or entry.name != name or not entry.isreg() or entry.size > SMALL:
        return None
    content = tar.extractfile(entry)
    return content.read() if content is not None else None


def _end(page: bytes | None, files: int, name: str) -> None:
    try:
        whole = json.loads(page or b"")["files"] == files
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise BackupError(f"{name} is damaged: files are missing from it.")
