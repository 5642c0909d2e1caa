"""What befalls the server: each stroke happens while people ask, and leaves it running."""

import asyncio
import random
import signal
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from server.ops.backup.restore import restore
from server.ops.backup.source import Source
from tests.faults import asks
from tests.faults.clocked import set_clock
from tests.faults.plan import PEOPLE, WAYS, Step
from tests.faults.stage import ROWS
from tests.faults.world import DATABASE, World
from tests.ops.backup.conftest import rows

_JUMPS = (-86_400 * 400, -3600, -5, 90, 7200, 86_400 * 2)
HUNDRED = 100


async def strike(world: World, step: Step) -> None:
    await asyncio.sleep(step.at)
    await _STROKES[step.stroke](world, step)
    world.met.add(step.stroke)


async def _restart(world: World, kind: str, with_signal: int) -> None:
    async with world.disturbed(kind):
        await world.stop(with_signal)
        await world.start()


async def _term(world: World, step: Step) -> None:
    await _restart(world, "term", signal.SIGTERM)


async def _kill(world: World, step: Step) -> None:
    await _restart(world, "kill", signal.SIGKILL)


async def _full(world: World, step: Step) -> None:
    async with world.disturbed("full"):
        world.disk.fill(world.process.pid)
        await asyncio.sleep(0.3 + 0.7 * step.size)
        world.disk.empty(world.process.pid)


async def _read_only(world: World, step: Step) -> None:
    """The server is told to start over a disk that cannot be written."""
    async with world.disturbed("term"):
        await world.stop(signal.SIGTERM)
        if world.disk.read_only(True):
            before = world.process.log.read_text()
            world.process.begin()
            assert await world.process.ended() == 1
            said = world.process.log.read_text()[len(before) :].splitlines()
            assert len(said) == 1, f"not one clear line: {said}"
            assert world.disk.read_only(False)
        await world.start()


async def _clock(world: World, step: Step) -> None:
    set_clock(world.clock, _JUMPS[int(step.size * len(_JUMPS))])


async def _locked(world: World, step: Step) -> None:
    """Another process writes for a while."""

    def hold() -> sqlite3.Connection:
        other = sqlite3.connect(world.database, isolation_level=None, check_same_thread=False, timeout=10)
        other.execute("BEGIN IMMEDIATE")
        return other

    with closing(await asyncio.to_thread(hold)) as other:
        await asyncio.sleep(0.2 + step.size)
        other.execute("ROLLBACK")


async def _upgrade(world: World, step: Step) -> None:
    """A newer version is killed at its first start, at any moment; once there is one, any start is."""
    async with world.disturbed("term"):
        await world.stop(signal.SIGTERM)
        world.process.folder = world.stage.newer
        world.process.environment["PYTHONPATH"] = f"{world.stage.newer}:{world.process.environment['PYTHONPATH']}"
        world.process.begin()
        await asyncio.sleep(2.5 * step.size)
        await world.process.kill()
        _check_newer(world.database, finished=world.newer)
        await world.start()
        _check_newer(world.database, finished=True)
        world.newer = True


def _check_newer(database: Path, *, finished: bool) -> None:
    """All of the migration, or nothing of it."""
    with closing(sqlite3.connect(database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        there = db.execute("SELECT count(*) FROM sqlite_master WHERE name LIKE 'newer%'").fetchone()[0]
        assert there == 2 or (there == 0 and not finished), "half a migration"
        assert not there or db.execute("SELECT count(*) FROM newer").fetchone() == (ROWS,)


async def _backup(world: World, step: Step) -> None:
    """The server is stopped in the middle of a backup; what is listed afterwards is whole, and a new one is made."""
    phone = world.phone(-1)
    await phone.post("/api/backups", expect=202)
    await asyncio.sleep(0.15 * step.size)
    with_signal = signal.SIGKILL if step.size < 0.5 else signal.SIGTERM
    await _restart(world, "kill" if step.size < 0.5 else "term", with_signal)
    phone = world.phone(-1)
    before = {backup["name"] for backup in (await phone.get("/api/backups"))["backups"]}
    await phone.post("/api/backups", expect=202)
    async with asyncio.timeout(20):
        while (found := await phone.get("/api/backups"))["making"] is not None:
            await asyncio.sleep(0.02)
    assert found["error"] is None, found["error"]
    names = {backup["name"] for backup in found["backups"]}
    assert names - before, "none was made"
    for name in names:
        await asyncio.to_thread(_drill, Path(found["folder"]) / name, world.newer)


def _drill(backup: Path, newer: bool) -> None:
    """It can be put back, and everything in it is as it should be."""
    with TemporaryDirectory() as folder:
        source = Source(Path(folder), Path(folder) / DATABASE)
        if not newer:  # the program here refuses what a newer one wrote
            with backup.open("rb") as file:
                restore(source, file, backup.name)
            assert rows(source.database)["users"]


async def _hundred(world: World, step: Step) -> None:
    """A hundred clients at once."""
    dice = random.Random(step.size)
    first = step.asks[0]
    many = [
        replace(
            first,
            number=1000 + first.number * 100 + index,
            person=index % PEOPLE,
            way=dice.choice(WAYS),
            model=dice.choice(step.asks).model,
            streams=True,
            weather="fine",
            manner="",
            leaves=0,
            words=20,
            delay=0.0,
            after=0.0,
        )
        for index in range(HUNDRED)
    ]
    await asyncio.gather(*(asks.make(world, ask) for ask in many))


_STROKES: dict[str, Callable[[World, Step], Awaitable[None]]] = {
    "term": _term,
    "kill": _kill,
    "full": _full,
    "read-only": _read_only,
    "clock": _clock,
    "locked": _locked,
    "upgrade": _upgrade,
    "backup": _backup,
    "hundred": _hundred,
}
