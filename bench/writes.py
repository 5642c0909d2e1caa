"""Writes: what one reply costs a disk, in bytes and in commits, with the log's way into the database counted in."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from bench import proc, server, texts, upstream, wal
from bench.direct import OPENAI
from bench.page import Page
from bench.proc import KB
from bench.report import Figure, Table
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
    disk: float
    log: float
    calls: float
    commits: float


async def measure(folder: Path, *, quick: bool) -> Table:
    table = Table("writes", f"Written for a reply of {LENGTH // KB} KB, with a page attached")
    async with upstream.running() as fake:
        async with server.serving(folder / "data", fake) as process, server.opened(process) as page:
            await _reply(fake, process, page, 0.5)  # its first use prepares statements, lists of models, pages
            for seconds, rounds in ((5, 1 if quick else 3), (25, 0 if quick else 1)):
                seen = [await _reply(fake, process, page, seconds) for _ in range(rounds)]
                if seen:
                    table.add(*_figures(f"over {seconds} s", seen, seconds))
        if not quick:
            await _many(table, folder / "many", fake, resets=2)
    if not any(figure.median for figure in table.figures if figure.name.endswith("to disk")):
        table.notes.append("The kernel counted no bytes: the folder is not on a disk. Choose another with --folder.")
    return table


def _figures(name: str, seen: Sequence[Written], seconds: float) -> list[Figure]:
    return [
        Figure(f"{name}: to disk", [each.disk / KB for each in seen], "KB", aim=AIM_KB),
        Figure(f"{name}: of it frames of the log", [each.log / KB for each in seen], "KB"),
        Figure(f"{name}: through system calls, sockets too", [each.calls / KB for each in seen], "KB"),
        Figure(f"{name}: commits a second", [each.commits / seconds for each in seen], "", aim=AIM_COMMITS),
    ]


async def _reply(fake: upstream.Upstream, process: Process, page: Page, seconds: float) -> Written:
    """From the sending to the end, in a new conversation."""
    await fake.answers(text=texts.prose(LENGTH), chunk=CHUNK, delay=seconds * CHUNK / LENGTH)
    conversation = await page.conversation(OPENAI)
    async with page.listening(conversation) as listener, wal.watching(server.database(process)) as watch:
        before = proc.io(process.pid)
        await page.send(conversation)
        await listener.until_ended()
        await asyncio.sleep(SETTLE)
        watch.look()
        used = proc.io(process.pid) - before
        return Written(used.disk, watch.log.bytes, used.calls, watch.log.commits)


async def _many(table: Table, data: Path, fake: upstream.Upstream, *, resets: int) -> None:
    """Replies one after the other from one beginning of the log to the next, so that nothing is left out.

    Time runs ``HASTE`` times as fast, checkpoints of the text too: as many commits a reply, sooner.
    """
    chunk, text = CHUNK * 4, texts.prose(LENGTH)
    written: list[float] = []
    commits: list[float] = []
    async with (
        server.serving(data, fake, LLM_ROUTER_CHECKPOINT_INTERVAL=str(1 / HASTE)) as process,
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
