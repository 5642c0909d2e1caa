"""A real server over a disk of its own, the fake upstream, and people who use both while things go wrong."""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from tests.faults.clocked import set_clock
from tests.faults.disk import Disk
from tests.faults.plan import Ask
from tests.faults.stage import Person, Stage
from tests.phone import PATIENCE, Phone
from tests.process import Process
from tests.upstream import Asked, Upstream

_ROOT = Path(__file__).parents[2]
DATABASE = "llm-router.db"


@dataclass
class Done:
    """How an ask went, as its client saw it."""

    ask: Ask
    client_id: str
    began: float
    ended: float = 0.0
    acknowledged: dict[str, Any] | None = None
    """What the page got for its message."""
    status: int = 0
    text: str = ""
    error: str = ""
    """What broke on the way."""


@dataclass
class Disturbance:
    """Between these moments nothing is promised but that what was acknowledged is kept."""

    kind: str
    began: float
    gone: float = float("inf")
    """The server that had been there was."""
    ended: float = float("inf")


@dataclass
class World:
    stage: Stage
    disk: Disk
    upstream: Upstream
    process: Process
    clock: Path
    seed: int
    done: list[Done] = field(default_factory=list)
    disturbances: list[Disturbance] = field(default_factory=list)
    met: set[str] = field(default_factory=set)
    """Every kind of fault that really happened."""
    base: set[str] = field(default_factory=set)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    newer: bool = False
    _phones: list[Phone] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def over(cls, stage: Stage, folder: Path, seed: int, *, small: bool = True) -> AsyncIterator["World"]:
        """``small`` says that its disk can become full."""
        disk = Disk(folder / "data", small=small)
        clock = folder / "clock"
        set_clock(clock, 0)
        try:
            shutil.copytree(stage.data, disk.place, dirs_exist_ok=True)
            with Upstream() as upstream:
                upstream.trust()
                process = _process(disk.place, upstream)
                process.command = [sys.executable, "-m", "tests.faults.clocked", str(clock)]
                world = cls(stage, disk, upstream, process, clock, seed)
                try:
                    await world.start()
                    yield world
                finally:
                    await world.hang_up_all()
                    await process.end()
        finally:
            disk.close()

    @property
    def database(self) -> Path:
        return self.disk.place / DATABASE

    async def start(self) -> None:
        await self.process.start()
        self.base = files_of(self.process.pid)
        self.up.set()

    async def stop(self, with_signal: int) -> int:
        self.up.clear()
        code = await self.process.end(with_signal)
        for one in self.disturbances:
            one.gone = min(one.gone, time.monotonic())
        return code

    @asynccontextmanager
    async def disturbed(self, kind: str) -> AsyncIterator[Disturbance]:
        here = Disturbance(kind, time.monotonic())
        self.disturbances.append(here)
        try:
            yield here
        finally:
            here.ended = time.monotonic()

    def disturbed_during(self, began: float, ended: float) -> list[Disturbance]:
        return [one for one in self.disturbances if one.began <= ended and one.ended >= began]

    def phone(self, number: int) -> Phone:
        """A new connection of somebody who is signed in; below 0 it is the admin."""
        person = self.person(number)
        phone = Phone(self.process.url)
        phone.http.cookies.update(person.cookies)
        phone.csrf = person.csrf
        self._phones.append(phone)
        return phone

    async def hang_up(self, phone: Phone) -> None:
        self._phones.remove(phone)
        await phone.close()

    async def hang_up_all(self) -> None:
        while self._phones:
            await self._phones.pop().close()

    def person(self, number: int) -> Person:
        return self.stage.root if number < 0 else self.stage.people[number]

    @asynccontextmanager
    async def tool(self, person: int) -> AsyncIterator[httpx2.AsyncClient]:
        """Somebody's program, with a connection of its own."""
        headers = {"authorization": f"Bearer {self.person(person).key}"}
        url = self.process.url
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=PATIENCE, verify=False) as http:
            yield http

    def asked(self, mark: str) -> list[Asked]:
        """What the upstream was asked of it, in order."""
        return [one for one in self.upstream.calls if mark in str(one.body)]


def _process(data: Path, upstream: Upstream) -> Process:
    return Process(
        data,
        PYTHONPATH=str(_ROOT),
        OPENAI_API_KEY="sk-test-openai-0001",
        OPENAI_BASE_URL=upstream.openai,
        ANTHROPIC_API_KEY="sk-ant-test-0002",
        ANTHROPIC_BASE_URL=upstream.anthropic,
        OLLAMA_BASE_URL=upstream.openai,
        LLM_ROUTER_RETRY_WAIT_MAX="0.2",
        LLM_ROUTER_IDLE_TIMEOUT="2",
        LLM_ROUTER_FIRST_BYTE_TIMEOUT="10",
        LLM_ROUTER_STOP_TIMEOUT="3",
        LLM_ROUTER_MIN_FREE_MB="0",
        LLM_ROUTER_BACKUP_FOLDER=str(data.parent / "backups"),
    )


def files_of(pid: int) -> set[str]:
    """What it has open, sockets and the like aside."""
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target.startswith("/") and not target.startswith("/dev/"):
            found.add(target)
    return found
