"""One server per data folder: a second one would take the replies of the first for those of a dead process."""

import fcntl
import os
from pathlib import Path

from server.errors import Unavailable

NAME = "server.lock"


class FolderLock:
    """Held until ``close``, or until the process is gone, however it goes."""

    def __init__(self, folder: Path) -> None:
        """Raises Unavailable while another server holds it."""
        self._file = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise Unavailable(
                f"another server is running over {folder}: stop it first, or give this one a LLM_ROUTER_DATA of its own"
            ) from None

    def close(self) -> None:
        os.close(self._file)
