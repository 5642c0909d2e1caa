"""Backup: making one, encrypting, restoring and upgrading a database of 100,000 messages, and who waits meanwhile."""

import asyncio
import os
import sys
import time
from pathlib import Path

from bench import server
from bench.library import MESSAGES, Words, fill
from bench.report import Figure, Table, quantile
from server.ops import upgrade
from server.ops.backup.source import Source
from tests.faults.pull_the_plug import OLD
from tests.house import ADMIN
from tests.phone import Phone
from tests.process import Process

AIM_BACKUP, AIM_WAIT, AIM_MEMORY = 60.0, 50.0, 120.0
PASSPHRASE = "correct horse battery"


async def measure(folder: Path, *, quick: bool) -> Table:
    table = Table("backup", f"A backup of {MESSAGES:,} messages")
    data, rounds = folder / "data", 1 if quick else 3
    async with server.serving(data):
        pass
    await asyncio.to_thread(fill, server.database_in(data), Words())
    megabytes = server.database_in(data).stat().st_size / 1e6
    made = [await _run(data, "backup", str(folder / "plain")) for _ in range(rounds)]
    sealed = [await _run(data, "backup", str(folder / "sealed"), passphrase=PASSPHRASE) for _ in range(rounds)]
    backup = next((folder / "plain").iterdir())
    restored = [await _run(folder / f"elsewhere{number}", "restore", str(backup)) for number in range(rounds)]
    table.add(
        Figure("backup, from the command to its end", [took for took, _ in made], "s", aim=AIM_BACKUP),
        Figure("the same, encrypted", [took for took, _ in sealed], "s", aim=AIM_BACKUP),
        Figure("memory of the command at its most", [peak for _, peak in made], "MB", aim=AIM_MEMORY),
        Figure("the same, encrypted", [peak for _, peak in sealed], "MB"),
        Figure("restore on another machine", [took for took, _ in restored], "s", aim=AIM_BACKUP),
        Figure("the database", [megabytes], "MB"),
        Figure("the backup of it", [backup.stat().st_size / 1e6], "MB"),
        Figure("the copy before an upgrade, checked", [await _keep(data) for _ in range(rounds)], "s"),
    )
    async with server.serving(data) as process:
        without, during = await _waits(process)
    table.add(
        Figure("a request while a backup is made: p99", [quantile(during, 0.99)], "ms", aim=AIM_WAIT),
        Figure("the same while none is made", [quantile(without, 0.99)], "ms"),
    )
    return table


async def _run(data: Path, *line: str, passphrase: str = "") -> tuple[float, float]:
    """Seconds, and megabytes of memory at the most."""
    environment = {**os.environ, "LLM_ROUTER_DATA": str(data)}
    if passphrase:
        environment["LLM_ROUTER_BACKUP_PASSPHRASE"] = passphrase
    began = time.monotonic()
    command = [sys.executable, "-m", "server.cli", *line]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.DEVNULL)
    peak = 0.0
    while process.returncode is None:
        peak = max(peak, _peak(process.pid))
        await asyncio.sleep(0.02)
    assert process.returncode == 0
    return time.monotonic() - began, peak


def _peak(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e3 for line in status.splitlines() if line.startswith("VmHWM")), 0.0)


async def _keep(data: Path) -> float:
    began = time.monotonic()
    await asyncio.to_thread(upgrade.keep, Source(data, server.database_in(data)), OLD)
    return time.monotonic() - began


async def _waits(process: Process) -> tuple[list[float], list[float]]:
    """Milliseconds of requests one after the other, without a backup and during one."""
    phone = await Phone(process.url).sign_in(*ADMIN)

    async def ask() -> float:
        began = time.perf_counter()
        assert (await phone.get("/api/session"))["user"]
        return (time.perf_counter() - began) * 1000

    try:
        without = [await ask() for _ in range(400)]
        during: list[float] = []
        await phone.post("/api/backups")
        while (await phone.get("/api/backups"))["making"]:
            during += [await ask() for _ in range(20)]
        return without, during
    finally:
        await phone.close()
