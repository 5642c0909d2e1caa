"""A running server makes backups of itself, keeps the last few, and is never held up by one."""

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.errors import AppError
from server.ids import now
from server.ops.backup import schedule, shelf
from server.ops.backup.schedule import Backups
from server.ops.backup.source import Source
from server.settings import Settings

pytestmark = pytest.mark.anyio


def server(source: Source, **environment: str) -> Backups:
    return Backups(Settings.load({"LLM_ROUTER_DATA": str(source.data), **environment}))


def lay(folder: Path, at: datetime, *, auto: bool = True) -> str:
    folder.mkdir(exist_ok=True)
    name = f"llm-router-{'auto-' if auto else ''}{at:%Y%m%dT%H%M%S}000Z.tar.gz"
    (folder / name).write_bytes(b"")
    return name


@pytest.fixture
def wakes(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits of the schedule, of which only the first is short."""
    waits: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if seconds > 30:
            waits.append(seconds)
            seconds = 0 if len(waits) == 1 else seconds
        await real(seconds)

    monkeypatch.setattr(schedule.asyncio, "sleep", sleep)
    return waits


async def until(check: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not check():
            await asyncio.sleep(0.01)


async def test_the_first_one_is_made_soon_and_the_next_when_it_is_time(
    furnish: Callable[[str], Source], wakes: list[float]
) -> None:
    source = furnish("pi")
    backups = server(source)
    backups.start_up()
    await until(lambda: len(wakes) == 2)
    found = await backups.list()
    assert [backup["scheduled"] for backup in found["backups"]] == [True]
    assert 590 < wakes[0] < 610
    assert 23.9 * 3600 < wakes[1] < 24 * 3600
    await backups.close()


async def test_one_that_ends_while_the_shelf_is_read_is_still_being_made_or_there(
    furnish: Callable[[str], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    backups = server(furnish("pi"))
    read, make = shelf.backups, schedule.make
    waits, goes, over = threading.Event(), threading.Event(), threading.Event()

    def made_when_told(*given: Any) -> Any:
        waits.set()
        assert goes.wait(20)
        return make(*given)

    def read_before_the_end(folder: Path) -> Any:
        found = read(folder)
        monkeypatch.setattr(shelf, "backups", read)
        goes.set()
        assert over.wait(20)
        return found

    monkeypatch.setattr(schedule, "make", made_when_told)
    backups.start()
    await asyncio.to_thread(waits.wait, 20)
    monkeypatch.setattr(shelf, "backups", read_before_the_end)
    listing = asyncio.create_task(backups.list())
    assert backups._making is not None
    await backups._making
    over.set()
    told = await listing
    assert told["making"] is not None or told["backups"]


async def test_one_that_is_overdue_is_made_soon_after_the_start(
    furnish: Callable[[str], Source], wakes: list[float]
) -> None:
    source = furnish("pi")
    lay(source.data / "backups", now() - timedelta(days=3))
    backups = server(source, LLM_ROUTER_BACKUP_HOURS="48")
    backups.start_up()
    await until(lambda: len(wakes) == 2)
    assert 590 < wakes[0] < 610 and wakes[1] > 47 * 3600
    await backups.close()


async def test_only_the_oldest_of_the_schedules_own_are_deleted(
    furnish: Callable[[str], Source], wakes: list[float]
) -> None:
    source = furnish("pi")
    folder, days = source.data / "backups", [now() - timedelta(days=number) for number in range(2, 6)]
    scheduled = [lay(folder, day) for day in days]
    mine = lay(folder, now() - timedelta(days=90), auto=False)
    (folder / "holiday.tar.gz").write_bytes(b"mine")
    backups = server(source, LLM_ROUTER_BACKUP_KEEP="3")
    backups.start_up()
    await until(lambda: len(wakes) == 2)
    names = {path.name for path in folder.iterdir()}
    assert {mine, "holiday.tar.gz", *scheduled[:2]} <= names
    assert len(names) == 5
    await backups.close()


async def test_zero_hours_switch_it_off(furnish: Callable[[str], Source], wakes: list[float]) -> None:
    backups = server(furnish("pi"), LLM_ROUTER_BACKUP_HOURS="0")
    backups.start_up()
    await asyncio.sleep(0)
    assert (await backups.list())["next_at"] is None
    assert wakes == []
    await backups.close()


async def test_the_loop_goes_on_while_one_is_made_and_a_second_is_refused(
    furnish: Callable[[str], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    backups, go_on = server(furnish("pi")), threading.Event()
    real = schedule.make
    monkeypatch.setattr(schedule, "make", lambda *given: (go_on.wait(20), real(*given)))
    backups.start()
    assert (await backups.list())["making"] == {"done": 0, "size": 0}
    with pytest.raises(AppError, match="being made already"):
        backups.start()
    go_on.set()
    await until(lambda: backups._progress is None)
    assert len((await backups.list())["backups"]) == 1


async def test_a_stopping_server_breaks_off_its_backup(
    furnish: Callable[[str], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = furnish("pi")
    backups, begun = server(source), threading.Event()
    real = schedule.make

    def make(*given: Any) -> Any:
        begun.set()
        while not given[3].stopped:
            pass
        return real(*given)

    monkeypatch.setattr(schedule, "make", make)
    backups.start()
    await asyncio.to_thread(begun.wait, 20)
    await backups.close()
    found = await backups.list()
    assert (found["backups"], found["error"]) == ([], None)
    assert list((source.data / "backups").iterdir()) == []


async def test_where_the_disk_is_nearly_full_none_is_made(
    furnish: Callable[[str], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "SPARE", 1 << 60)
    backups = server(furnish("pi"))
    backups.start()
    await until(lambda: backups._progress is None)
    assert "make room, or set LLM_ROUTER_BACKUP_FOLDER" in (await backups.list())["error"]


def test_two_in_a_row_have_names_that_sort_as_they_were_made() -> None:
    names = [shelf.new_name(scheduled=False, sealed=False) for _ in range(3)]
    assert names == sorted(names)
