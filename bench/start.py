"""Start: from the command to the first 200."""

import shutil
import time
from pathlib import Path

from bench import proc, process
from bench.report import Figure, Table
from tests.process import Process

AIM = 2.0


async def measure(folder: Path, *, quick: bool) -> Table:
    table = Table("start", "Start", "a FastAPI app with one route on the same libraries")
    bare, first, again = [], [], []
    for _ in range(1 if quick else 7):
        bare.append(await _bare())
        first.append(await _serve(folder / "data"))
        again.append(await _serve(folder / "data"))
        shutil.rmtree(folder / "data")
    wall, cpu = 0, 1
    table.add(
        Figure("start to first 200", _part(again, wall), "s", aim=AIM, baseline=_part(bare, wall)),
        Figure("start to first 200: CPU time", _part(again, cpu), "s", baseline=_part(bare, cpu)),
        Figure("very first start (makes key, database, account)", _part(first, wall), "s", baseline=_part(bare, wall)),
    )
    return table


async def _serve(data: Path) -> tuple[float, float]:
    """Wall and CPU seconds."""
    started = Process(data)
    began = time.monotonic()
    started.begin()
    try:
        await process.ready(started.port)
        return time.monotonic() - began, proc.cpu_seconds(started.pid)
    finally:
        await started.end()


async def _bare() -> tuple[float, float]:
    began = time.monotonic()
    async with process.bare() as pid:
        return time.monotonic() - began, proc.cpu_seconds(pid)


def _part(seen: list[tuple[float, float]], index: int) -> list[float]:
    return [each[index] for each in seen]
