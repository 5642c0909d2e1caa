"""``python -m tests.faults.clocked FILE …``: the program with a clock that is wrong by the seconds in FILE."""

import struct
import sys
import time
from datetime import UTC, datetime
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from server import ids

SHIFT = struct.Struct("d")


def set_clock(file: Path, seconds: float) -> None:
    with file.open("r+b" if file.exists() else "w+b") as out:
        out.write(SHIFT.pack(seconds))


def main() -> None:
    file = sys.argv.pop(1)
    with open(file, "rb") as opened:
        shown = mmap(opened.fileno(), SHIFT.size, access=ACCESS_READ)
    true: Any = time.time

    def wrong() -> float:
        return float(true() + SHIFT.unpack(shown)[0])

    # Before anything else of the program is loaded: the others take these by name.
    time.time = wrong
    time.time_ns = lambda: int(wrong() * 1e9)
    ids.now = lambda: datetime.fromtimestamp(wrong(), UTC)
    from server import cli

    cli.main()


if __name__ == "__main__":
    main()
