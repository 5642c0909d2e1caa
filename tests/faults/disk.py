"""A disk of its own for a data folder, that can be full and read-only.

Without root a limit stands in for the first, and the rights of the files for the second.
"""

import os
import resource
import subprocess
from contextlib import suppress
from pathlib import Path

MEGABYTES = 48
_BLOCK = b"\0" * (1 << 16)


class Disk:
    """A small file system in memory at ``place`` where this may be mounted, else an ordinary folder.

    It is one too where nothing is to become full (``small`` is False).
    """

    def __init__(self, place: Path, *, small: bool = True) -> None:
        self.place = place
        place.mkdir(parents=True)
        self.real = (
            small and os.geteuid() == 0 and self._mount("-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=700", "tmpfs")
        )
        self._filler = place / "filler"

    def fill(self, pid: int) -> None:
        """From now on there is room for nothing."""
        if not self.real:
            largest = max((path.stat().st_size for path in self.place.glob("*.db*")), default=0)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
            return
        with suppress(OSError), self._filler.open("wb", buffering=0) as filler:
            while filler.write(_BLOCK):
                pass
        with suppress(OSError), self._filler.open("ab", buffering=0) as filler:
            while filler.write(b"\0"):
                pass

    def empty(self, pid: int) -> None:
        if self.real:
            self._filler.unlink(missing_ok=True)
        else:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def read_only(self, yes: bool) -> bool:
        """Whether it could be made so; nobody may have a file of it open."""
        if self.real:
            return self._mount("-o", f"remount,{'ro' if yes else 'rw'}")
        if os.geteuid() == 0:
            return False  # root in a container, whom no rights keep out and who may not mount
        for path in (self.place, *self.place.rglob("*")):
            mode = path.stat().st_mode
            path.chmod(mode & ~0o222 if yes else mode | 0o200)
        return True

    def close(self) -> None:
        if self.real:
            subprocess.run(["umount", "--lazy", str(self.place)], check=True, capture_output=True)

    def _mount(self, *options: str) -> bool:
        try:
            return subprocess.run(["mount", *options, str(self.place)], capture_output=True).returncode == 0
        except FileNotFoundError:
            return False
