"""Counts how often a process asks the disk to be done with what it wrote. By strace, which needs no rights for it.

Only the calls that are counted are stopped at, so that everything else takes the time that it takes.
"""

import subprocess
from functools import cache
from pathlib import Path

_STRACE = ["strace", "-D", "-f", "-qq", "--seccomp-bpf", "-e", "signal=none", "-e", "trace=fsync,fdatasync", "-o"]
"""``-D``: the command is the process that was started, and strace is beside it."""


class Syncs:
    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def before(self) -> list[str]:
        """What is put before the command."""
        return [*_STRACE, str(self._file)] if counted() else []

    def count(self) -> int:
        """So far. Nothing where it cannot be counted."""
        return self._file.read_text(encoding="utf-8").count("sync(") if counted() else 0


@cache
def counted() -> bool:
    """Whether there is a strace that may look."""
    try:
        return subprocess.run([*_STRACE, "/dev/null", "true"], capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
