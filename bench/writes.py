"""Writes: what one reply costs a disk, in bytes and in commits, with the log's way into the database counted in."""

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from bench import proc, server, syncs, texts, upstream, wal
from bench.direct import OPENAI
from bench.page import Page
from bench.proc import KB
from bench.report import Figure, Table
from bench.run import Run
from server.store.migrate import PAGE_SIZE
from tests.process import Process

AIM_KB, AIM_COMMITS = 128.0, 2.0
LENGTH = 4096
CHUNK = 16
SETTLE = 1.2
"""Seconds after a reply in which a straggling checkpoint would still come."""
CONVERSATIONS = 10
HASTE = 20
"""How many times faster than a reply of 5 s those come that fill the log."""


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes, and how often."""

    disk: float
    log: float
    calls: float
    commits: float
    syncs: float


async def measure(run: Run) -> Table:
    table = Table(
        "writes",
        f"Written for a reply of {LENGTH // KB} KB, with a page attached",
        "the same text written at once into a table of its own, in one commit",
    )
    async with upstream.running() as fake:
        counter = syncs.Syncs(run.folder / "syncs")
        async with (
            server.serving(run, run.folder / "data", fake, before=counter.before) as process,
            server.opened(process) as page,
        ):
            meter = Meter(process, counter)
            await _reply(fake, meter, page, 0.5)  # its first use prepares statements, lists of models, pages
            for seconds, rounds in ((5, 1 if run.quick else 2), (25, 0 if run.quick else 1)):
                seen = [(_bare(run.folder), await _reply(fake, meter, page, seconds)) for _ in range(rounds)]
                if seen:
                    table.add(*_figures(f"over {seconds} s", seen, seconds))
        if not run.quick:
            await _many(table, run, fake, resets=1)
    if not any(figure.median for figure in table.figures if figure.name.endswith("to disk")):
        table.notes.append("The kernel counted no bytes: the folder is not on a disk. Choose another with --folder.")
    if not syncs.counted():
        table.notes.append(
            "Syncs are not counted: there is no strace, or it may not look. They are fewer than commits."
        )
    return table


def _figures(name: str, seen: Sequence[tuple[Written, Written]], seconds: float) -> list[Figure]:
    once, reply = [each[0] for each in seen], [each[1] for each in seen]
    figures = [
        Figure(f"{name}: to disk", [each.disk / KB for each in reply], "KB", AIM_KB, [each.disk / KB for each in once]),
        Figure(
            f"{name}: of it frames of the log",
            [each.log / KB for each in reply],
            "KB",
            baseline=[each.log / KB for each in once],
        ),
        Figure(f"{name}: through system calls, sockets too", [each.calls / KB for each in reply], "KB"),
        Figure(f"{name}: commits a second", [each.commits / seconds for each in reply], "", aim=AIM_COMMITS),
        Figure(
            f"{name}: commits",
            [each.commits for each in reply],
            "",
            baseline=[each.commits for each in once],
        ),
    ]
    if syncs.counted():
        figures.append(Figure(f"{name}: syncs (fsync, fdatasync)", [each.syncs for each in reply], ""))
    return figures


def _bare(folder: Path) -> Written:
    """By this process, which writes nothing else meanwhile."""
    database = folder / "bare.db"
    with closing(sqlite3.connect(database)) as connection:
        for pragma in (f"page_size={PAGE_SIZE}", "journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE IF NOT EXISTS replies (text TEXT)")
        watch, before = wal.Watch(database), proc.io(os.getpid())
        with connection:
            connection.execute("INSERT INTO replies VALUES (?)", (texts.prose(LENGTH),))
        watch.look()
        used = proc.io(os.getpid()) - before
    return Written(used.disk, watch.log.bytes, used.calls, watch.log.commits, watch.log.commits)


@dataclass(frozen=True, slots=True)
class Meter:
    """What is read of a server while it writes."""

    process: Process
    syncs: syncs.Syncs


async def _reply(fake: upstream.Upstream, meter: Meter, page: Page, seconds: float) -> Written:
    """From the sending to the end, in a new conversation."""
    await fake.answers(text=texts.prose(LENGTH), chunk=CHUNK, delay=seconds * CHUNK / LENGTH)
    conversation, pid = await page.conversation(OPENAI), meter.process.pid
    async with page.listening(conversation) as listener, wal.watching(server.database(meter.process)) as watch:
        before, synced = proc.io(pid), meter.syncs.count()
        await page.send(conversation)
        await listener.until_ended()
        await asyncio.sleep(SETTLE)
        watch.look()
        used = proc.io(pid) - before
        return Written(used.disk, watch.log.bytes, used.calls, watch.log.commits, meter.syncs.count() - synced)


async def _many(table: Table, run: Run, fake: upstream.Upstream, *, resets: int) -> None:
    """Replies one after the other from one beginning of the log to the next, so that nothing is left out.

    Time runs ``HASTE`` times as fast, checkpoints of the text too: as many commits a reply, sooner.
    """
    chunk, text = CHUNK * 4, texts.prose(LENGTH)
    written: list[float] = []
    commits: list[float] = []
    async with (
        server.serving(run, run.folder / "many", fake, LLM_ROUTER_CHECKPOINT_INTERVAL=str(1 / HASTE)) as process,
        server.opened(process) as page,
    ):
        await fake.answers(text=text, chunk=chunk, delay=5 / HASTE * chunk / LENGTH)
        conversations = cycle([await page.conversation(OPENAI) for _ in range(CONVERSATIONS)])
        await _send(page, next(conversations))
        wal.empty(server.database(process))
        async with wal.watching(server.database(process)) as watch:
            replies, io, committed = 0, proc.io(process.pid), 0
            while len(written) < resets:
                restarts = watch.log.restarts
                await _send(page, next(conversations))
                watch.look()
                replies += 1
                if watch.log.restarts > restarts:
                    used = proc.io(process.pid) - io
                    written.append(used.disk / KB / replies)
                    commits.append((watch.log.commits - committed) / replies)
                    replies, io, committed = 0, proc.io(process.pid), watch.log.commits
    table.add(
        Figure("many: to disk, a reply", written, "KB", aim=AIM_KB),
        Figure("many: commits, a reply", commits, "", aim=AIM_COMMITS * 5),
    )
    table.notes.append(
        f"“Many” are replies of 5 s in a world {HASTE} times as fast, in {CONVERSATIONS} conversations in turn, from"
        " one beginning of the write-ahead log to the next: what goes from it into the database file is counted in. One"
        " value a log."
    )


async def _send(page: Page, conversation: str) -> None:
    async with page.listening(conversation) as listener:
        await page.send(conversation)
        await listener.until_ended()
