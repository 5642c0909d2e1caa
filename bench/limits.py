"""A smaller machine: one core at a part of its speed and little memory, by the kernel's control groups, v1 or v2.

The fake provider and the clients stay outside. Where there are no groups to be had, what is left is one core.
"""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PART = 0.25
"""Of a core."""
MEMORY_MB = 256
_PERIOD = 8_000
"""Microseconds in which that part is given: short, so that waiting for the next one is not what is seen."""
ROOT, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
"""Where the groups are, and which of them this process is in."""
_NAME = "llm-router-bench"
_CONTROLLERS = {"cpu", "memory"}
_PATIENCE = 5.0

Settings = Mapping[str, str]


class Limits:
    """None at all: everything runs as it is started."""

    title = "Figures"
    described = ""
    """A sentence of what is limited, by what; empty when nothing is."""

    def put(self, pid: int) -> None:
        """Limits this process, which has just been started, and what it starts."""

    def on_one_core(self) -> "Limits":
        """These, and no more than one core for each."""
        return OneCore()

    def close(self) -> None:
        """Lets go of what was made in the kernel."""


@dataclass(frozen=True, slots=True)
class Group:
    """A folder below which groups can be made, and what is written into one of them, by file."""

    parent: Path
    settings: Settings


@dataclass(frozen=True, slots=True)
class Found:
    groups: list[Group]
    version: int
    """Of the kernel's control groups."""


class OneCore(Limits):
    """What can be had of any machine."""

    title = "Figures on one core"

    def __init__(self, described: str = "") -> None:
        self.described = described

    def put(self, pid: int) -> None:
        # The last one: the first has the most to do besides.
        os.sched_setaffinity(pid, {max(os.sched_getaffinity(0))})

    def on_one_core(self) -> Limits:
        return self


class Grouped(OneCore):
    """Each process in a group of its own, so that what runs beside it takes nothing of its share."""

    title = "Figures of a small machine"

    def __init__(self, found: Found) -> None:
        super().__init__(
            f"A small machine: the server, and each that it is compared with, has one core at {PART:.0%} of its speed"
            f" and {MEMORY_MB} MB of memory (control groups v{found.version}); the fake provider and the clients have"
            " the machine. Seconds of processor time are those of the whole core."
        )
        self._groups = found.groups
        self._made: list[Path] = []

    def put(self, pid: int) -> None:
        super().put(pid)
        for group in self._groups:
            folder = group.parent / f"{_NAME}-{os.getpid()}-{len(self._made)}"
            folder.mkdir()
            self._made.append(folder)
            for name, value in group.settings.items():
                (folder / name).write_text(value)
            (folder / "cgroup.procs").write_text(str(pid))

    def close(self) -> None:
        until = time.monotonic() + _PATIENCE
        while self._made and time.monotonic() < until:
            for folder in self._made[:]:
                with suppress(OSError):  # somebody is still ending in it
                    folder.rmdir()
                    self._made.remove(folder)
            time.sleep(0.05)


def small(root: Path = ROOT, own: Path = OWN) -> Limits:
    """The best that this machine allows for."""
    try:
        found = groups(root, own)
        for group in found.groups:
            _try(group)
    except OSError as error:
        return OneCore(
            f"A small machine was asked for, but there are no control groups to be had ({error}): the server has one"
            " core at its full speed, and as much memory as it likes."
        )
    return Grouped(found)


def groups(root: Path, own: Path) -> Found:
    """Where groups can be made. Raises OSError where there are none."""
    ours = _ours(own)
    if ours.keys() >= _CONTROLLERS:
        return Found([_v1(root, name, ours[name]) for name in sorted(_CONTROLLERS)], 1)
    return Found([_v2(root, ours.get("", "/"))], 2)


def _ours(own: Path) -> dict[str, str]:
    """Our group by controller; that of v2 has no name."""
    found: dict[str, str] = {}
    for line in own.read_text(encoding="utf-8").splitlines():
        _, names, path = line.split(":", 2)
        found |= dict.fromkeys(names.split(","), path)
    return found


def _v1(root: Path, controller: str, ours: str) -> Group:
    settings = {
        "cpu": {"cpu.cfs_period_us": str(_PERIOD), "cpu.cfs_quota_us": str(int(_PERIOD * PART))},
        "memory": {"memory.limit_in_bytes": str(MEMORY_MB << 20)},
    }
    return Group(root / controller / ours.strip("/"), settings[controller])


def _v2(root: Path, ours: str) -> Group:
    """Below the nearest group above us that hands both controllers down; one with processes in it cannot begin to."""
    settings = {
        "cpu.max": f"{int(_PERIOD * PART)} {_PERIOD}",
        "memory.max": str(MEMORY_MB << 20),
        "memory.swap.max": "0",
    }
    at = root / ours.strip("/")
    while True:
        handed = at / "cgroup.subtree_control"
        if at == root:
            with suppress(OSError):
                handed.write_text("+cpu +memory")
        if set(handed.read_text(encoding="utf-8").split()) >= _CONTROLLERS:
            return Group(at, settings)
        if at == root:
            raise OSError("no group has both the cpu and the memory controller")
        at = at.parent


def _try(group: Group) -> None:
    """Raises OSError where no group can be made."""
    folder = group.parent / f"{_NAME}-{os.getpid()}"
    folder.mkdir()
    try:
        for name, value in group.settings.items():
            (folder / name).write_text(value)
    finally:
        folder.rmdir()
