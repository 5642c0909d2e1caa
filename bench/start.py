"""Start: from the command to the first 200, with and without what the kernel remembers of the files."""

import os
import shutil
import sysconfig
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bench import process, server, ways
from bench.proc import cpu_seconds
from bench.process import ROOT, Took
from bench.report import Figure, Table
from bench.run import Run

AIM = 2.0


async def measure(run: Run) -> Table:
    table = Table("start", "Start", "a FastAPI app with one route on the same libraries")
    data = run.folder / "data"
    bare, first, again, cold, cold_bare, beside = [], [], [], [], [], []
    for number in run.rounds(5, seconds=30):
        bare.append(await _bare(run))
        first.append(await server.to_ready(run, data))
        again.append(await server.to_ready(run, data))
        if number < 2:
            _forget(data)
            cold_bare.append(await _bare(run))
            _forget(data)
            cold.append(await server.to_ready(run, data))
            if run.litellm:
                beside.append(await _litellm(run))
        shutil.rmtree(data)
    table.add(
        Figure("start to first 200", _wall(again), "s", aim=AIM, baseline=_wall(bare)),
        Figure("start to first 200: CPU time", _cpu(again), "s", baseline=_cpu(bare)),
        Figure("very first start (makes key, database, account)", _wall(first), "s", baseline=_wall(bare)),
        Figure("cold: nothing of the files in memory", _wall(cold), "s", baseline=_wall(cold_bare)),
    )
    if run.litellm:
        table.add(
            Figure("LiteLLM: start to ready", _wall(beside), "s", baseline=_wall(bare)),
            Figure("LiteLLM: start to ready: CPU time", _cpu(beside), "s", baseline=_cpu(bare)),
        )
        table.notes.append(run.litellm.described)
    table.notes.append(
        "Cold is after the kernel was asked to forget the program's files, its libraries, Python's and the database's;"
        " it keeps those that another process has mapped."
    )
    return table


async def _bare(run: Run) -> Took:
    began = time.monotonic()
    async with process.bare(run.limits) as pid:
        return Took(time.monotonic() - began, cpu_seconds(pid))


async def _litellm(run: Run) -> Took:
    assert run.litellm is not None
    async with ways.stub() as upstream:
        began = time.monotonic()
        async with run.litellm.serving(upstream, run.limits) as started:
            return Took(time.monotonic() - began, cpu_seconds(started.pid))


def _forget(data: Path) -> None:
    """Asks the kernel to read from the disk what is read next: needs no rights, and only takes clean pages."""
    os.sync()
    for path in _files(data):
        with suppress(OSError):
            file = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(file)


def _files(data: Path) -> Iterator[Path]:
    libraries = {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}
    for folder in (data, ROOT / "server", ROOT / "commands", ROOT / "web", *map(Path, sorted(libraries))):
        yield from (path for path in folder.rglob("*") if path.is_file())


def _wall(seen: list[Took]) -> list[float]:
    return [each.wall for each in seen]


def _cpu(seen: list[Took]) -> list[float]:
    return [each.cpu for each in seen]
