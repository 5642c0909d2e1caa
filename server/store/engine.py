"""The database: one writer, a few readers.

Every write goes through ``Database.write``: jobs that wait together are committed together, each in its own
savepoint, so one that fails takes nothing else with it. Reads run in a small thread pool and see committed rows only.
Knows nothing of what is stored.
"""

import asyncio
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

log = logging.getLogger(__name__)

READERS = 3
PATIENCE = 0.02
"""Seconds that a deferred write waits for one to be committed with."""
MOST = 256
"""Jobs of one commit."""
T = TypeVar("T")


def connect(url: str) -> Engine:
    """An engine with the settings that every connection to the database needs."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=READERS + 1, max_overflow=0)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=READERS + 1,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": 15},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # transactions are ours to begin and end
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "busy_timeout=15000",
            "cache_size=-4000",
            "temp_store=MEMORY",
            "wal_autocheckpoint=4000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


@dataclass(slots=True)
class _Job:
    work: Callable[[Connection], Any]
    done: asyncio.Future[Any] | None
    """None: nobody waits for it."""
    durable: bool = True


_Outcome = tuple[_Job, Any, BaseException | None]


class Database:
    """``read`` and ``write`` take a function of a connection and await its result."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.commits = 0
        self._jobs: deque[_Job | None] = deque()
        """In the order in which they were asked for; None is the end."""
        self._awake = threading.Semaphore(0)
        self._sleeping = False
        self._alarm: asyncio.TimerHandle | None = None
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._writer = threading.Thread(target=self._run, name="writer", daemon=True)
        self._writer.start()

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Runs ``work`` in a reader thread on one snapshot."""

        def run() -> T:
            with self.engine.connect() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    async def write(self, work: Callable[[Connection], T], *, durable: bool = True) -> T:
        """Runs ``work`` in the writer's transaction; returns when it is committed.

        ``durable`` means that the commit survives a power cut. Without it the commit survives the death of the
        process, and the power cut takes at most what the last durable commit did not cover.
        """
        # The write happens whether or not the caller is cancelled meanwhile.
        return await asyncio.shield(self.submit(work, durable=durable))

    def submit(self, work: Callable[[Connection], T], *, durable: bool = True) -> asyncio.Future[T]:
        """The same at once: before this returns, the job has its place before every later one."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.append(_Job(work, done, durable))
        self._wake()
        return done

    def defer(self, work: Callable[[Connection], object]) -> None:
        """Queues a write that nobody waits for: durable, in order, committed together with the one that follows.

        Without one that follows it is committed after ``PATIENCE`` seconds. A failure is logged.
        """
        self._jobs.append(_Job(work, None))
        if self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(PATIENCE, self._ring)

    async def close(self) -> None:
        """Waits for the writes under way, then lets go of the files."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._jobs.append(None)
        self._wake()
        await asyncio.to_thread(self._writer.join)
        self._readers.shutdown(wait=True)
        self.engine.dispose()

    def _ring(self) -> None:
        self._alarm = None
        self._wake()

    def _wake(self) -> None:
        # A writer that is at work looks again before it sleeps, and waking it would cost both threads a turn.
        if self._sleeping:
            self._sleeping = False
            self._awake.release()

    def _run(self) -> None:
        with self.engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection:
            batch: list[_Job] = []
            while self._gather(batch):
                self._commit(connection, batch)
                batch = []
            if batch:
                self._commit(connection, batch)

    def _gather(self, batch: list[_Job]) -> bool:
        """Takes the jobs that are there, or waits for some; False once the end was among them."""
        while not batch:
            if not self._jobs:
                self._sleep()
            while self._jobs and len(batch) < MOST:
                job = self._jobs.popleft()
                if job is None:
                    return False
                batch.append(job)
        return True

    def _sleep(self) -> None:
        self._sleeping = True
        if self._jobs:
            self._wake()
        self._awake.acquire()

    def _commit(self, connection: Connection, batch: list[_Job]) -> None:
        outcomes: list[_Outcome] = []
        try:
            execute = _execute(connection)
            if connection.dialect.name == "sqlite":
                execute(f"PRAGMA synchronous={'FULL' if any(job.durable for job in batch) else 'NORMAL'}")
            with connection.begin():
                for job in batch:
                    execute("SAVEPOINT job")
                    try:
                        outcomes.append((job, job.work(connection), None))
                    except Exception as error:
                        execute("ROLLBACK TO SAVEPOINT job")
                        outcomes.append((job, None, error))
                    execute("RELEASE SAVEPOINT job")
            self.commits += 1
        except Exception as error:
            outcomes = [(job, None, error) for job in batch]
        self._tell(outcomes)

    def _tell(self, outcomes: list[_Outcome]) -> None:
        """Everybody of a loop at once."""
        waiting: dict[asyncio.AbstractEventLoop, list[_Outcome]] = {}
        for outcome in outcomes:
            job, _, error = outcome
            if job.done is not None:
                waiting.setdefault(job.done.get_loop(), []).append(outcome)
            elif error is not None:
                log.error("a write that nobody waited for failed", exc_info=error)
        for loop, theirs in waiting.items():
            loop.call_soon_threadsafe(_settle, theirs)


def _execute(connection: Connection) -> Callable[[str], object]:
    """Statements between the jobs, by the shortest way that there is."""
    if connection.dialect.name != "sqlite":
        return connection.exec_driver_sql
    raw = connection.connection.driver_connection
    assert raw is not None
    execute: Callable[[str], object] = raw.execute
    return execute


def _settle(outcomes: list[_Outcome]) -> None:
    for job, result, error in outcomes:
        if job.done is None or job.done.cancelled():
            continue
        if error is None:
            job.done.set_result(result)
        else:
            job.done.set_exception(error)
