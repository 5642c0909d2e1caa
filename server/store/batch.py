"""The jobs of one commit: each in its own savepoint, those of one kind (``Part``) in one go where that can be done."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Part(Generic[Item]):
    """A write that is done together with those of its ``kind`` that wait beside it, in their order.

    ``kind`` writes all of some items or raises, and then each is tried alone. It gives back nothing.
    """

    kind: Callable[[Connection, Sequence[Item]], None]
    item: Item

    def __call__(self, connection: Connection) -> None:
        self.kind(connection, [self.item])


@dataclass(slots=True)
class Job:
    work: Callable[[Connection], Any]
    done: asyncio.Future[Any] | None
    """None: nobody waits for it."""
    durable: bool = True
    kept: bool = False
    """It is made sooner or later, and its failure is nobody's answer."""


Outcome = tuple[Job, Any, BaseException | None]


def do(connection: Connection, execute: Callable[[str], object], batch: Sequence[Job]) -> list[Outcome]:
    """Within a transaction that has begun; raises only where nothing of it may stay."""
    if len(batch) == 1:
        # Nothing else is taken with it when it fails.
        return [(batch[0], batch[0].work(connection), None)]
    outcomes: list[Outcome] = []
    for kind, group in groupby(batch, _kind):
        jobs = list(group)
        if kind is None or len(jobs) == 1:
            outcomes += _each(connection, execute, jobs)
            continue
        execute("SAVEPOINT jobs")
        try:
            kind(connection, [job.work.item for job in jobs if isinstance(job.work, Part)])
            outcomes += [(job, None, None) for job in jobs]
        except Exception:
            execute("ROLLBACK TO SAVEPOINT jobs")
            outcomes += _each(connection, execute, jobs)
        execute("RELEASE SAVEPOINT jobs")
    return outcomes


def _each(connection: Connection, execute: Callable[[str], object], jobs: Sequence[Job]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for job in jobs:
        execute("SAVEPOINT job")
        try:
            outcomes.append((job, job.work(connection), None))
        except Exception as error:
            execute("ROLLBACK TO SAVEPOINT job")
            outcomes.append((job, None, error))
        execute("RELEASE SAVEPOINT job")
    return outcomes


def _kind(job: Job) -> Callable[[Connection, Sequence[Any]], None] | None:
    return job.work.kind if isinstance(job.work, Part) else None
