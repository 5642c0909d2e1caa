"""The database: one writer, a few readers.

Every write goes through ``Database.write``: jobs that wait together are committed together, each in its own
savepoint, so one that fails takes nothing else with it. Reads run in a small thread pool and see committed rows only.
Knows nothing of what is stored.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
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
    done: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    durable: bool
    patient: bool = False


class Database:
    """``read`` and ``write`` take a function of a connection and await its result."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.commits = 0
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
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
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(work, done, loop, durable))
        # The write happens whether or not the caller is cancelled meanwhile.
        return await asyncio.shield(done)

    def defer(self, work: Callable[[Connection], object]) -> None:
        """Queues a write that nobody waits for: durable, in order, committed together with the one that follows.

        Without one that follows it is committed after ``PATIENCE`` seconds. A failure is logged.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[object] = loop.create_future()
        done.add_done_callback(_log_failure)
        self._jobs.put(_Job(work, done, loop, durable=True, patient=True))

    async def close(self) -> None:
        """Waits for the writes under way, then lets go of the files."""
        self._jobs.put(None)
        await asyncio.to_thread(self._writer.join)
        self._readers.shutdown(wait=True)
        self.engine.dispose()

    def _run(self) -> None:
        with self.engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection:
            while (job := self._jobs.get()) is not None:
                batch: list[_Job] = [job]
                last = self._gather(batch)
                self._commit(connection, batch)
                if last:
                    return

    def _gather(self, batch: list[_Job]) -> bool:
        """Adds the jobs that wait; says whether the end was among them."""
        while len(batch) < 64:
            try:
                wait = PATIENCE if all(job.patient for job in batch) else 0
                more = self._jobs.get(block=wait > 0, timeout=wait or None)
            except queue.Empty:
                return False
            if more is None:
                return True
            batch.append(more)
        return False

    def _commit(self, connection: Connection, batch: list[_Job]) -> None:
        outcomes: list[tuple[_Job, Any, BaseException | None]] = []
        try:
            if connection.dialect.name == "sqlite":
                level = "FULL" if any(job.durable for job in batch) else "NORMAL"
                raw = connection.connection.driver_connection
                assert raw is not None
                raw.execute(f"PRAGMA synchronous={level}")
            with connection.begin():
                for job in batch:
                    connection.exec_driver_sql("SAVEPOINT job")
                    try:
                        outcomes.append((job, job.work(connection), None))
                    except Exception as error:
                        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT job")
                        outcomes.append((job, None, error))
                    connection.exec_driver_sql("RELEASE SAVEPOINT job")
            self.commits += 1
        except Exception as error:
            outcomes = [(job, None, error) for job in batch]
        for job, result, failure in outcomes:
            job.loop.call_soon_threadsafe(_settle, job.done, result, failure)


def _log_failure(done: asyncio.Future[object]) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        log.error("a write that nobody waited for failed", exc_info=error)


def _settle(done: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if done.cancelled():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
