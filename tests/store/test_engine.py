"""One writer: what is awaited is committed, what fails fails alone."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from server.errors import Unavailable
from server.store.batch import Part
from server.store.engine import Database, connect
from server.store.trouble import Unwritable

pytestmark = pytest.mark.anyio

TABLES = "SELECT count(*) FROM sqlite_master WHERE name = 'large'"


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(connect(f"sqlite:///{tmp_path}/test.db"))
    await database.write(lambda connection: connection.execute(text("CREATE TABLE t (n INTEGER PRIMARY KEY)")))
    yield database
    await database.close()


def put(number: int) -> object:
    return lambda connection: connection.execute(text("INSERT INTO t VALUES (:n)"), {"n": number})


def count(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM t")).scalar_one())


async def test_what_was_awaited_is_there(db: Database) -> None:
    await db.write(put(1))
    assert await db.read(count) == 1


async def test_jobs_that_wait_together_are_committed_together(db: Database) -> None:
    before = db.commits
    await asyncio.gather(*(db.write(put(number)) for number in range(200)))
    assert await db.read(count) == 200
    assert db.commits - before < 100


async def test_a_job_that_fails_takes_no_other_with_it(db: Database) -> None:
    await db.write(put(7))
    outcomes = await asyncio.gather(*(db.write(put(number)) for number in range(5, 10)), return_exceptions=True)
    assert [isinstance(outcome, Exception) for outcome in outcomes] == [False, False, True, False, False]
    assert await db.read(count) == 5


async def test_a_job_that_fails_half_way_leaves_nothing(db: Database) -> None:
    def half(connection: Connection) -> None:
        connection.execute(text("INSERT INTO t VALUES (1)"))
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        await db.write(half)
    assert await db.read(count) == 0


async def test_a_write_whose_caller_goes_away_still_happens(db: Database) -> None:
    task = asyncio.create_task(db.write(put(1)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await db.write(put(2))
    assert await db.read(count) == 2


async def test_closing_waits_for_the_writes_under_way(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/closing.db"
    first = Database(connect(url))
    await first.write(lambda connection: connection.execute(text("CREATE TABLE t (n INTEGER PRIMARY KEY)")))
    writes = [asyncio.create_task(first.write(put(number))) for number in range(50)]
    await asyncio.sleep(0)
    await first.close()
    await asyncio.gather(*writes)
    second = Database(connect(url))
    assert await second.read(count) == 50
    await second.close()


async def test_what_is_deferred_keeps_its_place_and_is_written_without_anybody_waiting(db: Database) -> None:
    def move(connection: Connection) -> object:
        return connection.execute(text("UPDATE t SET n = 2 WHERE n = 1"))

    first = db.submit(put(1))
    db.defer(move)
    await first
    async with asyncio.timeout(5):
        while await db.read(lambda connection: connection.execute(text("SELECT n FROM t")).scalar_one()) != 2:
            await asyncio.sleep(0.01)


async def test_parts_of_one_kind_that_wait_together_are_done_in_one_go_in_their_order(db: Database) -> None:
    seen: list[list[int]] = []

    def put_all(connection: Connection, numbers: Sequence[int]) -> None:
        seen.append(list(numbers))
        connection.execute(text("INSERT INTO t VALUES (:n)"), [{"n": number} for number in numbers])

    await asyncio.gather(*(db.write(Part(put_all, number)) for number in range(100)))
    assert await db.read(count) == 100
    assert [number for numbers in seen for number in numbers] == list(range(100))
    assert len(seen) < 50


async def test_a_part_that_fails_takes_none_of_its_kind_with_it(db: Database) -> None:
    def put_all(connection: Connection, numbers: Sequence[int]) -> None:
        connection.execute(text("INSERT INTO t VALUES (:n)"), [{"n": number} for number in numbers])

    await db.write(put(7))
    outcomes = await asyncio.gather(
        *(db.write(Part(put_all, number)) for number in range(5, 10)), return_exceptions=True
    )
    assert [isinstance(outcome, Exception) for outcome in outcomes] == [False, False, True, False, False]
    assert await db.read(count) == 5


async def test_a_deferred_write_that_the_disk_refuses_is_made_as_soon_as_it_can_be(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.store.engine.AGAIN", 0.05)
    await db.write(lambda connection: connection.execute(text("PRAGMA max_page_count = 1")))
    blob = "x" * 20_000
    db.defer(lambda connection: connection.execute(text("CREATE TABLE large AS SELECT :b AS b"), {"b": blob}))
    with pytest.raises(Unwritable, match="the disk is full"):
        await db.write(lambda connection: connection.execute(text("CREATE TABLE more AS SELECT :b"), {"b": blob}))
    await db.write(lambda connection: connection.execute(text("PRAGMA max_page_count = 100000")))
    async with asyncio.timeout(5):
        while not await db.read(lambda connection: connection.execute(text(TABLES)).scalar_one()):
            await asyncio.sleep(0.01)


async def test_what_the_disk_refused_is_written_in_its_order_when_the_server_ends(tmp_path: Path) -> None:
    db, written = Database(connect(f"sqlite:///{tmp_path}/test.db")), list[int]()
    full = True

    def write(number: int) -> Callable[[Connection], None]:
        def work(connection: Connection) -> None:
            if full:
                raise Unwritable("the disk is full")
            written.append(number)

        return work

    for number in range(3):
        db.defer(write(number))
    async with asyncio.timeout(5):
        await db.write(lambda connection: None)
        while db.waiting < 3:
            await asyncio.sleep(0)
    full = False
    await db.close()
    assert written == [0, 1, 2]


async def test_what_the_disk_refuses_when_the_server_ends_is_tried_until_it_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.store.engine.AGAIN", 0.01)
    db, written, tries = Database(connect(f"sqlite:///{tmp_path}/test.db")), list[int](), 0

    def write(number: int) -> Callable[[Connection], None]:
        def work(connection: Connection) -> None:
            nonlocal tries
            tries += number == 0
            if tries < 4:
                raise Unwritable("the disk is full")
            written.append(number)

        return work

    for number in range(3):
        db.defer(write(number))
    async with asyncio.timeout(5):
        await db.close()
    assert (written, tries, db.waiting) == ([0, 1, 2], 4, 0)


async def test_what_no_disk_took_before_the_end_is_given_up_and_counted_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("server.store.engine.AGAIN", 0.01)
    monkeypatch.setattr("server.store.engine.LAST", 0.05)
    db, tries = Database(connect(f"sqlite:///{tmp_path}/test.db")), list[int]()

    def work(connection: Connection) -> None:
        tries.append(1)
        raise Unwritable("the disk is full")

    async with asyncio.timeout(5):
        await db.keep(work)
        await db.keep(work)
        await db.close()
    assert len(tries) >= 6
    assert "2 writes are lost" in caplog.text


async def test_a_write_after_the_end_is_refused_instead_of_waiting_for_ever(tmp_path: Path) -> None:
    db = Database(connect(f"sqlite:///{tmp_path}/test.db"))
    before = db.submit(lambda connection: 1)
    ending = asyncio.create_task(db.close())
    async with asyncio.timeout(5):
        await asyncio.wait((before,))
        with pytest.raises(Unavailable, match="the server is ending"):
            await db.write(lambda connection: 1)
        await ending
        for late in (db.submit, db.defer, db.keep):
            with pytest.raises(Unavailable, match="the server is ending"):
                late(lambda connection: 1)
        await db.close()
    assert before.result() == 1


async def test_a_database_that_cannot_be_opened_says_so_to_every_write(tmp_path: Path) -> None:
    db = Database(connect(f"sqlite:///{tmp_path}/missing/test.db"))
    async with asyncio.timeout(5):
        for _ in range(2):
            with pytest.raises(Unwritable, match="the database cannot be opened"):
                await db.write(put(1))
        await db.close()


async def test_what_is_no_database_says_so_to_every_write(tmp_path: Path) -> None:
    (tmp_path / "test.db").write_text("a letter, and no database" * 100)
    db = Database(connect(f"sqlite:///{tmp_path}/test.db"))
    async with asyncio.timeout(5):
        for _ in range(2):
            with pytest.raises(Exception, match="file is not a database"):
                await db.write(put(1))
        await db.close()


async def test_a_database_that_another_program_held_while_it_was_opened_is_written_once_it_lets_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.store.engine.BUSY", 0.01)
    monkeypatch.setattr("server.store.engine.AGAIN", 0.01)
    with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as other:
        other.execute("CREATE TABLE t (n INTEGER PRIMARY KEY)")
        other.execute("BEGIN EXCLUSIVE")
        db = Database(connect(f"sqlite:///{tmp_path}/test.db"))
        async with asyncio.timeout(5):
            with pytest.raises(Unwritable, match="another program holds the database"):
                await db.write(put(1))
            await db.keep(put(2))
            other.execute("ROLLBACK")
            await db.write(put(3))
            while await db.read(count) < 2:
                await asyncio.sleep(0.01)
        await db.close()


async def test_what_is_kept_is_tried_at_once_and_until_the_disk_takes_it(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.store.engine.AGAIN", 0.01)
    tries: list[int] = []

    def work(connection: Connection) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise Unwritable("the disk is full")

    async with asyncio.timeout(5):
        assert await db.keep(work) is None
        assert len(tries) == 1
        while len(tries) < 3:
            await asyncio.sleep(0.005)
    await db.keep(put(1))
    assert await db.read(count) == 1
