"""Looks at what the program runs on: version, clock, memory, port. Sends nothing to anybody."""

import platform
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from server import __version__, counters, ids
from server.ops.health.finding import MB, Finding, megabytes
from server.ops.metrics import resident
from server.providers import clock as providers_clock
from server.settings import Settings

LITTLE_MEMORY = 100 * MB
WRONG = 60.0
"""Seconds by which a clock may be off: from there on signatures and sign-ins begin to fail."""
_LIMIT = Path("/sys/fs/cgroup/memory.max")


def version() -> Iterator[Finding]:
    python = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}"
    yield Finding("ok", "version", f"{__version__} on {python}")


def clock(settings: Settings) -> Iterator[Finding]:
    """A small computer without a battery starts in the past."""
    path = settings.database_file
    newest = max(each.stat().st_mtime for each in (Path(__file__), path) if each and each.exists())
    written, now, step = datetime.fromtimestamp(newest, UTC), ids.now(), "set it, or switch NTP on: timedatectl"
    ahead, jump = providers_clock.ahead(), time.time() - time.monotonic() - counters.SET_BY
    if now < written - timedelta(minutes=5):
        yield Finding("bad", "clock", f"it says {now:%Y-%m-%d %H:%M} UTC, which is in the past", step)
    elif ahead is not None and abs(ahead) > WRONG:
        way = "ahead of" if ahead > 0 else "behind"
        yield Finding("bad", "clock", f"it is {abs(ahead):.0f} s {way} those of the providers", step)
    elif abs(jump) > WRONG:
        yield Finding("note", "clock", f"it was set by {jump:+.0f} s since the start", "fine if that was NTP")
    else:
        agreed = "" if ahead is None else ", as the providers have it"
        yield Finding("ok", "clock", f"{now:%Y-%m-%d %H:%M} UTC{agreed}")


def memory() -> Iterator[Finding]:
    free, used = _available(), resident()
    if free is None:
        return
    said = f"{megabytes(free)} are free" + (f", the server has {megabytes(used)}" if used else "")
    if free < LITTLE_MEMORY:
        yield Finding("note", "memory", said, "end what is not needed, or give the container more")
    else:
        yield Finding("ok", "memory", said)


def port(settings: Settings) -> Iterator[Finding]:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            message = f"{settings.port} cannot be used ({error.strerror})"
            yield Finding("note", "port", message, "fine if it is our server; else choose another one with --port")
            return
    yield Finding("ok", "port", f"{settings.port} on {settings.host} is free")


def _available() -> int | None:
    """Bytes that can still be had, of the machine or of the container."""
    found: list[int] = []
    with suppress(OSError, ValueError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    with suppress(OSError, ValueError):  # "max" is no number: there is no limit
        found.append(int(_LIMIT.read_text()) - int(_LIMIT.with_name("memory.current").read_text()))
    return min(found, default=None)
