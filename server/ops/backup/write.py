"""Makes a backup: one file, complete and looked through before it has its name."""

import gzip
import hashlib
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO, cast

from server import __version__
from server.ids import instant, now
from server.ops.backup import manifest, read, snapshot
from server.ops.backup.manifest import Manifest
from server.ops.backup.progress import Counted, Progress
from server.ops.backup.seal import Sealer
from server.ops.backup.source import DATABASE, KEY, BackupError, Source

BLOCK = 1 << 18
"""Bytes that are handled at once: with the few of the library the threads would get in each other's way."""
MAKING = ".making-"
ABANDONED = 24 * 3600
"""Seconds after which a half-made backup is one of a process that is gone."""


@dataclass(frozen=True, slots=True)
class Made:
    path: Path
    size: int
    files: int
    """Of messages."""


def make(source: Source, target: Path, passphrase: str | None = None, progress: Progress | None = None) -> Made:
    """The backup at ``target``. Raises BackupError, and Stopped when it is broken off; then nothing is left of it."""
    progress = progress or Progress()
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _tidy(target.parent)
        with tempfile.TemporaryDirectory(prefix=MAKING, dir=target.parent) as folder:
            copied, packed = Path(folder) / DATABASE, Path(folder) / "packed"
            schema, key = _copy(source, copied, progress)
            page = _first_page(source, copied, schema)
            # Copied once, read once to be packed, read once more to be looked through.
            progress.size, progress.done = 2 * page.size + page.database_size, page.database_size
            files = _pack(source, copied, key, page, packed, passphrase, progress)
            copied.unlink()
            with packed.open("rb") as file:
                read.read(file, target.name, passphrase, read.Nowhere(), progress)
            _name(packed, target)
        return Made(target, target.stat().st_size, files)
    except FileExistsError:
        raise BackupError(f"{target} exists already: name another folder.") from None
    except OSError as error:
        raise BackupError(f"No backup can be made at {target.parent}: {error.strerror or error}.") from error


def _copy(source: Source, copied: Path, progress: Progress) -> tuple[str, bytes | None]:
    """The schema of the copy, and the key file that belongs to it: one that was there before and after."""
    while True:
        before = _key(source)
        schema = snapshot.copy(source.database, copied, progress)
        if (key := _key(source)) == before:
            return schema, key
        copied.unlink()


def _key(source: Source) -> bytes | None:
    try:
        return (source.data / KEY).read_bytes()
    except FileNotFoundError:
        return None


def _first_page(source: Source, copied: Path, schema: str) -> Manifest:
    size = copied.stat().st_size
    whole = size + sum(path.stat().st_size for path in source.files(copied) if path.is_file())
    with copied.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    made_at = instant(now()) or ""
    return Manifest(f"LLM Router {__version__}", made_at, schema, digest, size, whole)


def _pack(
    source: Source,
    copied: Path,
    key: bytes | None,
    page: Manifest,
    packed: Path,
    passphrase: str | None,
    progress: Progress,
) -> int:
    """The number of files of messages in it."""
    files = 0
    with open(os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        with (
            _sealed(out, passphrase) as sealed,
            gzip.GzipFile("", "wb", 1, sealed, mtime=0) as zipped,
            tarfile.open(mode="w|", fileobj=cast(IO[bytes], zipped), format=tarfile.PAX_FORMAT, bufsize=BLOCK) as tar,
        ):
            tar.copybufsize = BLOCK  # type: ignore[attr-defined]  # set by tarfile itself, not in its types
            _add(tar, manifest.NAME, BytesIO(page.as_bytes()))
            with copied.open("rb") as file:
                _add(tar, DATABASE, file, progress)
            if key is not None:
                _add(tar, KEY, BytesIO(key))
            for path in source.files(copied):
                # Deleted meanwhile, or a picture that has no small one.
                with suppress(FileNotFoundError), path.open("rb") as file:
                    _add(tar, path.relative_to(source.data).as_posix(), file, progress)
                    files += not path.suffix
            _add(tar, manifest.END, BytesIO(manifest.end(files)))
        out.flush()
        os.fsync(out.fileno())
    return files


@contextmanager
def _sealed(out: BinaryIO, passphrase: str | None) -> Iterator[BinaryIO]:
    if passphrase is None:
        yield out
        return
    sealer = Sealer(out, passphrase)
    yield cast(BinaryIO, sealer)
    sealer.close()


def _add(tar: tarfile.TarFile, name: str, file: BinaryIO, progress: Progress | None = None) -> None:
    entry = tarfile.TarInfo(name)
    entry.mode, entry.mtime = 0o600, int(time.time())
    entry.size = file.seek(0, os.SEEK_END)
    file.seek(0)
    tar.addfile(entry, cast(IO[bytes], Counted(file, progress)) if progress else file)
    tar.members = []  # type: ignore[attr-defined]  # it would remember every file


def _name(packed: Path, target: Path) -> None:
    """Raises FileExistsError: nothing is ever written over."""
    try:
        os.link(packed, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links, such as that of most USB sticks
        if target.exists():
            raise FileExistsError(target) from None
        packed.rename(target)
    _sync(target.parent)


def _tidy(folder: Path) -> None:
    until = time.time() - ABANDONED
    for path in folder.glob(f"{MAKING}*"):
        if path.stat().st_mtime < until:
            shutil.rmtree(path, ignore_errors=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
