"""Who works on a data folder: one server, which would take the replies of another for those of a dead process, or
any number of commands, each of which opens the database for itself.
"""

import fcntl
import os
import time
from pathlib import Path

from server.errors import Unavailable

NAME = "server.lock"
PATIENCE = 30.0
"""Seconds that a server waits for the commands before it."""


class FolderLock:
    """Held until ``close``, or until the process is gone, however it goes."""

    def __init__(self, folder: Path) -> None:
        """For a server, when the commands that are at work are done. Raises Unavailable while a server holds it."""
        self._file = _open(folder)
        until = time.monotonic() + PATIENCE
        while not self._take(fcntl.LOCK_EX):
            # Only commands can hold it together with us.
            if not self._take(fcntl.LOCK_SH):
                self.close()
                raise Unavailable(
                    f"another server is running over {folder}: stop it first, "
                    "or give this one a LLM_ROUTER_DATA of its own"
                )
            if time.monotonic() > until:
                self.close()
                raise Unavailable(f"commands are at work in {folder}: wait until they are done")
            time.sleep(0.05)

    def close(self) -> None:
        os.close(self._file)

    def _take(self, kind: int) -> bool:
        try:
            fcntl.flock(self._file, kind | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


class CommandLock(FolderLock):
    """For a command, together with others."""

    def __init__(self, folder: Path) -> None:
        """Raises Unavailable while a server holds it."""
        self._file = _open(folder)
        if not self._take(fcntl.LOCK_SH):
            self.close()
            raise Unavailable(f"the server over {folder} is starting or stopping: try again in a moment")


def _open(folder: Path) -> int:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(f"the data folder {folder} cannot be written: {error.strerror}") from error
