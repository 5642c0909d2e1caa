"""Backup: making one, encrypting, restoring and upgrading a database of 100,000 messages, and who waits meanwhile."""

import asyncio
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from bench import corpus, proc, server
from bench.corpus import Corpus
from bench.proc import MB
from bench.report import Figure, Table, quantile
from bench.run import Run
from bench.stopwatch import milliseconds
from server.ops import upgrade
from server.ops.backup.source import Source
from tests.house import ADMIN
from tests.phone import Phone
from tests.process import Process

MESSAGES, QUICK = 100_000, 10_000
AIM_BACKUP, AIM_WAIT, AIM_MEMORY = 60.0, 50.0, 120.0
PASSPHRASE = "correct horse battery"
_UNDO = (
    "DROP TRIGGER search_texts_added",
    "DROP TRIGGER search_texts_removed",
    "DROP TRIGGER search_places_removed",
    "DROP TABLE search_index",
    "UPDATE alembic_version SET version_num = '0001'",
)
"""Goes back to the first revision."""


@dataclass(frozen=True, slots=True)
class Ran:
    """Seconds, and megabytes of memory at the most."""

    took: float
    peak: float


async def measure(run: Run) -> Table:
    written = await corpus.of(run, QUICK if run.quick else MESSAGES)
    table = Table("backup", f"A backup of {written.messages:,} messages", "a plain copy of the file, and its sync")
    folder = run.folder
    copied, made, sealed, restored = [], [], [], []
    for number in run.rounds(3, seconds=12):
        copied.append(await asyncio.to_thread(_copy, written.database, folder / "copy.db"))
        made.append(await _command(run, written.data, "backup", str(folder / "plain")))
        sealed.append(await _command(run, written.data, "backup", str(folder / "sealed"), passphrase=PASSPHRASE))
        backup = next((folder / "plain").iterdir())
        restored.append(await _command(run, folder / f"elsewhere{number}", "restore", str(backup)))
    table.add(
        Figure("backup, from the command to its end", _took(made), "s", AIM_BACKUP, copied),
        Figure("the same, encrypted", _took(sealed), "s", AIM_BACKUP, copied),
        Figure("memory of the command at its most", [each.peak for each in made], "MB", AIM_MEMORY),
        Figure("the same, encrypted", [each.peak for each in sealed], "MB"),
        Figure("restore on another machine", _took(restored), "s", AIM_BACKUP, copied),
        Figure("the backup's size", [backup.stat().st_size / 1e6], "MB", None, [written.bytes / 1e6]),
    )
    async with server.serving(run, written.data) as started:
        without, during = await _waits(started)
    table.add(
        Figure(
            "a request while a backup is made: p99",
            [quantile(during, 0.99)],
            "ms",
            AIM_WAIT,
            [quantile(without, 0.99)],
        )
    )
    usual, upgrading = await _upgrades(run, written)
    table.add(
        Figure("start to first 200 with an upgrade of the database", upgrading, "s", None, usual),
    )
    table.notes.append(
        "A request while a backup is made is compared with one while none is. An upgrade keeps a copy of the database"
        " and migrates it, here from the first schema to the newest; it is compared with a start that has none to make."
    )
    return table


def _took(seen: Sequence[Ran]) -> list[float]:
    return [each.took for each in seen]


def _copy(database: Path, to: Path) -> float:
    """Seconds."""
    began = time.monotonic()
    with database.open("rb") as source, to.open("wb") as copy:
        shutil.copyfileobj(source, copy)
        copy.flush()
        os.fsync(copy.fileno())
    return time.monotonic() - began


async def _command(run: Run, data: Path, *line: str, passphrase: str = "") -> Ran:
    environment = {**os.environ, "LLM_ROUTER_DATA": str(data)}
    if passphrase:
        environment["LLM_ROUTER_BACKUP_PASSPHRASE"] = passphrase
    began = time.monotonic()
    command = [sys.executable, "-m", "server.cli", *line]
    started = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.DEVNULL)
    run.limits.put(started.pid)
    peak = 0.0
    while started.returncode is None:
        with suppress(OSError, KeyError):  # it may be gone between the two looks
            peak = max(peak, proc.memory(started.pid).peak / MB)
        await asyncio.sleep(0.02)
    if started.returncode:
        raise RuntimeError(f"{line[0]}: it ended with {started.returncode}")
    return Ran(time.monotonic() - began, peak)


async def _waits(started: Process) -> tuple[list[float], list[float]]:
    """Milliseconds of requests one after the other, without a backup and during one."""
    phone, path = await Phone(started.url).sign_in(*ADMIN), "/api/session"
    try:
        without = [await milliseconds(phone.get(path)) for _ in range(400)]
        during: list[float] = []
        await phone.post("/api/backups")
        while (await phone.get("/api/backups"))["making"]:
            during += [await milliseconds(phone.get(path)) for _ in range(20)]
        return without, during
    finally:
        await phone.close()


async def _upgrades(run: Run, written: Corpus) -> tuple[list[float], list[float]]:
    """Seconds of a usual start, and of one that finds an old database."""
    usual, upgrading = [], []
    for _ in run.rounds(2, seconds=10):
        usual.append((await server.to_ready(run, written.data)).wall)
        with closing(sqlite3.connect(written.database)) as connection, connection:
            for statement in _UNDO:
                connection.execute(statement)
        upgrading.append((await server.to_ready(run, written.data)).wall)
        if not upgrade.kept(Source(written.data, written.database)):
            raise RuntimeError("nothing was upgraded")
    return usual, upgrading
