"""The power goes at any moment: what was acknowledged is there, what was not is there whole or not at all."""

import random
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import apsw
import pytest
from sqlalchemy import event
from sqlalchemy.pool import QueuePool

from server.store.engine import connect
from tests.faults.power import Recorder, disks
from tests.house import ADMIN, House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

CUTS = 300
PAGES = 60
"""Pages after which the log goes into the database: sooner than the server does it, so that some cuts hit it."""
TABLES = ("conversations", "messages", "calls", "checkpoints", "search_index_data", "usage_days")


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return tmp_path / "power.db"


@contextmanager
def overheard() -> Iterator[list[str]]:
    """The statements of every writer, as they were run.

    Readers connect in the middle of a writer's transaction, so how durable a connection is counts when it begins one.
    """
    said: list[str] = []
    durability: dict[int, str] = {}
    writers: set[int] = set()
    now = ""

    def hear(connection: Any, _record: Any) -> None:
        me = id(connection)
        writers.discard(me)

        def note(statement: str) -> None:
            nonlocal now
            if statement.startswith("PRAGMA synchronous"):
                durability[me] = statement
                return
            if statement == "BEGIN IMMEDIATE":
                writers.add(me)
                if durability[me] != now:
                    now = durability[me]
                    said.append(now)
            # What the full-text index does beneath is its own; what is prepared again is said twice.
            inner = statement.startswith("--") or "'main'." in statement or said[-1:] == [statement]
            if not inner and me in writers:
                said.append(statement)

        connection.set_trace_callback(note)

    event.listen(QueuePool, "connect", hear)
    try:
        yield said
    finally:
        event.remove(QueuePool, "connect", hear)


@pytest.fixture
async def said(house: House, upstream: Upstream, before: Path) -> AsyncIterator[list[str]]:
    """What the server writes while replies are sent, streamed and cut off, from how it was ``before``."""
    await house.stop()
    with closing(sqlite3.connect(house.data / "llm-router.db")) as db:
        db.execute("VACUUM INTO ?", (str(before),))
    with overheard() as said:
        await house.start()
        phone = await Phone(house.url).sign_in(*ADMIN)
        upstream.default(Answer(text="words and words " * 60, chunk=16, delay=0.002))
        for number in range(4):
            if number == 2:
                upstream.script(Answer(text="word " * 50, cut_after=12))
            conversation = await phone.conversation()
            sent = await phone.send(conversation, f"hello {number}")
            await phone.until(sent["reply"]["id"], lambda message: bool(message["text"]) or message["error"])
            await house.checkpoint()
            await phone.ended(sent["reply"]["id"])
        await phone.close()
        await house.stop()
        yield said


def state(execute: Any) -> str:
    """Everything that people would miss, as one word."""
    digest = sha256()
    for table in TABLES:
        for row in execute(f"SELECT * FROM {table} ORDER BY 1"):
            digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


async def test_a_reader_that_connects_while_a_write_is_under_way_is_not_heard(tmp_path: Path) -> None:
    with overheard() as said:
        engine = connect(f"sqlite:///{tmp_path / 'power.db'}")
        with engine.connect() as writer:
            raw = writer.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            raw.execute("PRAGMA synchronous=FULL")
            raw.execute("BEGIN IMMEDIATE")
            with engine.connect() as reader:
                reader.exec_driver_sql("SELECT 1")
            raw.execute("COMMIT")
        engine.dispose()
    assert said == ["PRAGMA synchronous=FULL", "BEGIN IMMEDIATE", "COMMIT"]


async def test_after_a_power_cut_every_acknowledged_row_is_there(said: list[str], before: Path, tmp_path: Path) -> None:
    recorder = Recorder()
    db = apsw.Connection(str(before), vfs=Recorder.NAME)
    for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", f"wal_autocheckpoint={PAGES}", "foreign_keys=ON"):
        list(db.execute(f"PRAGMA {pragma}"))
    states, commits, durable = [state(db.execute)], [], False
    original = {path.name: path.read_bytes() for path in before.parent.glob(f"{before.name}*")}
    recorder.ops.clear()
    for statement in said:
        if statement.startswith("PRAGMA synchronous"):
            durable = statement.endswith("FULL")
        began = len(recorder.ops)
        list(db.execute(statement))
        if statement == "COMMIT":
            commits.append((began, len(recorder.ops), durable))
            states.append(state(db.execute))
    assert sum(durable for _, _, durable in commits) > 10 and len(commits) > 15
    ops = recorder.ops
    assert any(op.kind == "write" and op.file == before.name for op in ops), "the log went into the database"

    dice = random.Random(8)
    disk = tmp_path / "disk"
    disk.mkdir()
    cuts = sorted(dice.choices(range(len(ops) + 1), k=CUTS))
    found = set()
    for cut in disks(original, ops, cuts, dice, disk):
        kept = max((number for number, (_, end, full) in enumerate(commits, 1) if full and end <= cut), default=0)
        begun = sum(began <= cut for began, _, _ in commits)
        with closing(sqlite3.connect(disk / before.name)) as after:
            assert after.execute("PRAGMA integrity_check").fetchone() == ("ok",), cut
            now = state(after.execute)
        assert now in states[kept : begun + 1], f"cut at {cut}: not one of the states {kept} to {begun}"
        found.add(states.index(now, kept))
        for path in disk.iterdir():
            path.unlink()
    assert len(found) > 10
    db.close()
