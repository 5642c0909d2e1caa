"""How far a backup is, in bytes, and whether it is to be broken off."""

from typing import BinaryIO


class Stopped(Exception):
    """The server is being stopped."""


class Progress:
    """Written by the thread that works, read and stopped by others."""

    def __init__(self) -> None:
        self.done = 0
        self.size = 0
        self.stopped = False

    def advance(self, count: int) -> None:
        """Raises Stopped."""
        self.done += count
        if self.stopped:
            raise Stopped


class Counted:
    """A file whose bytes count as they are read."""

    def __init__(self, file: BinaryIO, progress: Progress) -> None:
        self._file, self._progress = file, progress

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self._progress.advance(len(block))
        return block
