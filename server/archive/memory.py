"""Whether there is memory for heavy work: what the machine has left, and what the container may still take. Linux."""

from pathlib import Path

from server.archive.shape import MB
from server.errors import Unavailable

NEEDED = 160 * MB
"""Of which a PDF takes about 120 MB."""
MACHINE = Path("/proc/meminfo")
CONTAINER = Path("/sys/fs/cgroup")


def check() -> None:
    """Raises Unavailable when it is short; where nothing is known, nothing is said."""
    free = available()
    if free is not None and free < NEEDED:
        raise Unavailable(
            f"a PDF needs {NEEDED // MB} MB of memory and {free // MB} MB are free: try again later, or take Markdown",
            code="memory_short",
        )


def available() -> int | None:
    """Bytes."""
    known = [each for each in (_machine(), _container()) if each is not None]
    return min(known) if known else None


def _machine() -> int | None:
    try:
        lines = MACHINE.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _container() -> int | None:
    """What is left to the limit; pages of files that it holds can be given back."""
    try:
        limit = (CONTAINER / "memory.max").read_text(encoding="ascii").strip()
        used = int((CONTAINER / "memory.current").read_text(encoding="ascii"))
        given = dict(line.split() for line in (CONTAINER / "memory.stat").read_text(encoding="ascii").splitlines())
    except (OSError, ValueError):
        return None
    return None if limit == "max" else int(limit) - used + int(given.get("inactive_file", 0))
