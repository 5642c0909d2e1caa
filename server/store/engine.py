"""The database: one writer, a few readers.

Every write goes through ``Database.write``: jobs that wait together are committed together, each in its own
savepoint, so one that fails takes nothing else with it. Reads run in a small thread pool and see committed rows only.
Knows nothing of what is stored.
"""

import asyncio
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from server.errors import Unavailable
from server.store.batch import Job, Outcome, do
from server.store.trouble import Unwritable, told

log = logging.getLogger(__name__)

READERS = 3
PATIENCE = 0.02
"""Seconds that a deferred write waits for one to be committed with."""
LINGER = 0.0015
"""Seconds that a commit waits for as many as were waited for together the last time: each costs like many of them."""
MOST = 256
"""Jobs of one commit."""
AGAIN = 0.5
"""Seconds after which a deferred write is tried again that the disk, or another process, did not let through."""
BUSY = 15.0
"""Seconds for which another process is waited for that holds the database."""
LAST = 3.0
"""Seconds for which the end waits for such writes."""
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "cache_size=-4000",
    "temp_store=MEMORY",
    "wal_autocheckpoint=4000",
)
T = TypeVar("T")


def connect(url: str) -> Engine:
    """An engine with the settings that every connection to the database needs."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=READERS + 1, max_overflow=0, hide_parameters=True)
    engine = create_engine(
        url,
        hide_parameters=True,  # they are what people write, and errors go to the log
        poolclass=QueuePool,
        pool_size=READERS + 1,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": BUSY},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # transactions are ours to begin and end
        try:
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # The writer has begun before a job asks.
        if not _raw(connection).in_transaction:
            connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


class Database:
    """``read`` and ``write`` take a function of a connection and await its result."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.commits = 0
        self._jobs: deque[Job | None] = deque()
        """In the order in which they were asked for; None is the end."""
        self._awake = threading.Semaphore(0)
        self._sleeping = False
        self._crowd = 0
        """How many were waited for in the last commit."""
        self._durable: bool | None = None
        """Whether the writer's commits survive a power cut; None: as the connection came."""
        self._alarm: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        """Where writes are deferred."""
        self._refused: list[Job] = []
        """Deferred ones that wait to be tried again."""
        self._again: asyncio.TimerHandle | None = None
        self._closed = False
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._writer = self._begin()

    @property
    def waiting(self) -> int:
        """How many writes are queued."""
        return len(self._jobs) + len(self._refused)

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
        """The same at once: before this returns, the job has its place before every later one.

        Raises Unavailable once the server ends, as ``defer`` and ``keep`` do.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue(Job(work, done, durable))
        self._wake()
        return done

    def defer(self, work: Callable[[Connection], object]) -> None:
        """Queues a write that nobody waits for: durable, in order, committed together with the one that follows.

        Without one that follows it is committed after ``PATIENCE`` seconds. Where the disk does not take it, it is
        tried again until it does; any other failure is logged.
        """
        self._loop = asyncio.get_running_loop()
        self._queue(Job(work, None, kept=True))
        if self._alarm is None:
            self._alarm = self._loop.call_later(PATIENCE, self._ring)

    def keep(self, work: Callable[[Connection], object]) -> asyncio.Future[None]:
        """The same at once: the future is done when it is committed, or was tried in vain for the first time."""
        self._loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = self._loop.create_future()
        self._queue(Job(work, done, kept=True))
        self._wake()
        return done

    async def close(self) -> None:
        """Waits for the writes under way, for a while also for a disk that refuses some; then lets go of the files."""
        if self._closed:
            return
        self._closed = True
        for timer in (self._alarm, self._again):
            if timer is not None:
                timer.cancel()
        loop = asyncio.get_running_loop()
        until = loop.time() + LAST
        await self._end()
        while self._refused and loop.time() < until:
            await asyncio.sleep(AGAIN)
            self._writer = self._begin()
            await self._end()
        if self._refused:
            log.error("%d writes are lost: the server ended before the disk took them", len(self._refused))
        self._readers.shutdown(wait=True)
        self.engine.dispose()

    def _begin(self) -> threading.Thread:
        writer = threading.Thread(target=self._run, name="writer", daemon=True)
        writer.start()
        return writer

    async def _end(self) -> None:
        """Has the writer try all that waits, in its order, and end."""
        self._jobs.extendleft(reversed(self._refused))
        self._refused.clear()
        self._jobs.append(None)
        self._wake()
        await asyncio.to_thread(self._writer.join)

    def _ring(self) -> None:
        self._alarm = None
        self._wake()

    def _refuse(self, jobs: list[Job]) -> None:
        if not self._refused and not self._closed and self._loop is not None:
            self._again = self._loop.call_later(AGAIN, self._retry)
        self._refused += jobs

    def _retry(self) -> None:
        self._jobs.extend(self._refused)
        self._refused.clear()
        self._wake()

    def _queue(self, job: Job) -> None:
        if self._closed:
            raise Unavailable("the server is ending: nothing was stored; try again when it is back", code="restarting")
        self._jobs.append(job)

    def _wake(self) -> None:
        # A writer that is at work looks again before it sleeps, and waking it would cost both threads a turn.
        if self._sleeping:
            self._sleeping = False
            self._awake.release()

    def _run(self) -> None:
        connection: Connection | None = None
        self._durable = None
        more = True
        while more:
            batch: list[Job] = []
            more = self._gather(batch)
            if not batch:
                break
            try:
                connection = connection or self.engine.connect()
            except Exception as error:
                # The next writes try to open it again: whoever holds it may have let go.
                why = told(error)
                self._tell([(job, None, why) for job in batch])
            else:
                self._commit(connection, batch)
        if connection is not None:
            connection.close()

    def _gather(self, batch: list[Job]) -> bool:
        """Takes the jobs that are there, or waits for some; False once the end was among them."""
        while not batch:
            if not self._jobs:
                self._sleep()
            if self._crowd > 1 and len(self._jobs) < self._crowd:
                time.sleep(LINGER)
            while self._jobs and len(batch) < MOST:
                job = self._jobs.popleft()
                if job is None:
                    return False
                batch.append(job)
        self._crowd = sum(job.done is not None for job in batch)
        return True

    def _sleep(self) -> None:
        self._sleeping = True
        if self._jobs:
            self._wake()
        self._awake.acquire()

    def _commit(self, connection: Connection, batch: list[Job]) -> None:
        try:
            durable = any(job.durable for job in batch)
            if connection.dialect.name == "sqlite":
                outcomes = self._commit_plainly(connection, batch, durable)
            else:
                with connection.begin():
                    outcomes = do(connection, connection.exec_driver_sql, batch)
            self.commits += 1
        except Exception as error:
            outcomes = [(job, None, error) for job in batch]
        self._tell([(job, result, error and told(error)) for job, result, error in outcomes])

    def _commit_plainly(self, connection: Connection, batch: list[Job], durable: bool) -> list[Outcome]:
        """Past SQLAlchemy, which a job may use or not."""
        raw = _raw(connection)
        if durable is not self._durable:
            raw.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._durable = durable
        raw.execute("BEGIN IMMEDIATE")
        try:
            outcomes = do(connection, raw.execute, batch)
            if connection.in_transaction():
                connection.commit()
            else:
                raw.commit()
        except BaseException:
            connection.rollback()
            raw.rollback()
            raise
        return outcomes

    def _tell(self, outcomes: list[Outcome]) -> None:
        """Everybody of a loop at once."""
        waiting: dict[asyncio.AbstractEventLoop, list[Outcome]] = {}
        refused: list[Job] = []
        for outcome in outcomes:
            job, result, error = outcome
            if job.kept and isinstance(error, Unwritable):
                refused.append(Job(job.work, None, kept=True))
            elif job.kept and error is not None:
                log.error("a write that nobody waited for failed", exc_info=error)
            if job.done is not None:
                told_of = (job, None, None) if job.kept else (job, result, error)
                waiting.setdefault(job.done.get_loop(), []).append(told_of)
        for loop, theirs in waiting.items():
            loop.call_soon_threadsafe(_settle, theirs)
        if refused and self._loop is not None:
            log.error("%d writes wait for the disk: tried again in a moment", len(refused))
            self._loop.call_soon_threadsafe(self._refuse, refused)


def _raw(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _settle(outcomes: list[Outcome]) -> None:
    for job, result, error in outcomes:
        if job.done is None or job.done.cancelled():
            continue
        if error is None:
            job.done.set_result(result)
        else:
            job.done.set_exception(error)
