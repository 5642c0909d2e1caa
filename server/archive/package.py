"""The file that a person brought: JSON, or a ZIP with JSON and pictures in it. Names in a ZIP are never paths here."""

import zipfile
import zlib
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import IO

from server.archive.shape import MAX_RATIO, MAX_UNPACKED, MB, Broken

MAX_ENTRIES = 100_000
SMALL = 10 * MB
"""What is smaller unpacked is no bomb, however well it was packed."""


class Package:
    """``parts`` are the JSON files to read, ``beginning`` finds others by how their names begin."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._zip: zipfile.ZipFile | None = None
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._sorted: list[tuple[str, int, str]] = []
        """By their own names: (own name, place in the package, whole name)."""
        if path.stat().st_size == 0:
            raise Broken("the file is empty")
        with path.open("rb") as file:
            start = file.read(4)
        if start[:2] == b"PK":
            self._open()
            self._sorted = sorted((PurePosixPath(name).name, at, name) for at, name in enumerate(self._entries))
        elif start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
            raise Broken("this is neither a ZIP nor JSON: choose the file as it was downloaded")

    def close(self) -> None:
        if self._zip is not None:
            self._zip.close()

    @property
    def is_zip(self) -> bool:
        return self._zip is not None

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def beginning(self, start: str) -> list[str]:
        """The files whose name begins so, whatever folder they are in, in the order of the package."""
        some = range(bisect_left(self._sorted, (start,)), len(self._sorted))
        found = takewhile(lambda entry: entry[0].startswith(start), (self._sorted[at] for at in some))
        return [name for _, _, name in sorted(found, key=lambda entry: entry[1])]

    @property
    def names(self) -> list[str]:
        return list(self._entries)

    @property
    def size(self) -> int:
        """Bytes of all JSON parts, unpacked."""
        if self._zip is None:
            return self._path.stat().st_size
        return sum(self._entries[name].file_size for name in self.parts())

    def parts(self) -> list[str]:
        """The names of the JSON files that hold conversations, in order."""
        if self._zip is None:
            return [""]
        chosen = [name for name in self._entries if _holds_conversations(PurePosixPath(name).name)]
        if not chosen:
            raise Broken("there is no conversations.json in this ZIP: choose the file as it was downloaded")
        return sorted(chosen)

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Raises Broken for a part that is damaged or unpacks to more than it said."""
        if self._zip is None:
            with self._path.open("rb") as file:
                yield file
            return
        try:
            with self._zip.open(self._entries[name]) as entry:
                yield entry
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, zlib.error):
            raise Broken("the ZIP is damaged: download or export it again") from None

    def _open(self) -> None:
        try:
            self._zip = zipfile.ZipFile(self._path)
            entries = self._zip.infolist()
        except (zipfile.BadZipFile, EOFError, OSError, ValueError):
            raise Broken("the ZIP is cut off or damaged: download or export it again") from None
        if len(entries) > MAX_ENTRIES:
            raise Broken(f"the ZIP holds more than {MAX_ENTRIES:,} files")
        if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
            raise Broken(f"the ZIP unpacks to more than {MAX_UNPACKED // MB} MB")
        for entry in entries:
            path = PurePosixPath(entry.filename.replace("\\", "/"))
            if path.is_absolute() or ".." in path.parts:
                raise Broken("a name in the ZIP points out of it: this is not an export")
            if entry.flag_bits & 1:
                raise Broken("the ZIP has a password: unpack it and choose the file in it")
            if entry.file_size > SMALL and entry.file_size > entry.compress_size * MAX_RATIO:
                raise Broken("the ZIP unpacks to far more than an export can be")
            if not entry.is_dir():
                self._entries[str(path)] = entry


def _holds_conversations(name: str) -> bool:
    """``conversations.json``, or its numbered parts, or our own."""
    if not name.endswith(".json"):
        return False
    stem = name.removesuffix(".json")
    return stem in ("conversations", "export") or (
        stem.startswith("conversations-") and stem.removeprefix("conversations-").isdigit()
    )
