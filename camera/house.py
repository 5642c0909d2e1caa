"""The program over a data folder of its own, in which Ada has been talking for some days."""

import asyncio
import re
import sqlite3
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import datetime, timedelta
from pathlib import Path

import httpx2

from camera import story
from server.vault.vault import Vault
from tests.phone import Phone
from tests.process import PATIENCE, Process
from tests.upstream import Answer, Upstream

ADA = ("ada", "lovelace engine")
MASTER = "a long and private sentence"
"""What opens the server's keys."""
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/26.0 Mobile/15E148 Safari/604.1"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
TIMES = {
    "conversations": ("created_at", "updated_at"),
    "messages": ("created_at", "finished_at"),
    "calls": ("started_at", "settled_at"),
}
CHUNK = 12
OLLAMA = 11434
"""The port that people know it by."""


class House:
    def __init__(self, process: Process, upstream: Upstream, local: Upstream) -> None:
        self.process = process
        self.upstream = upstream
        self.local = local
        self.ids: dict[str, str] = {}
        """Of the conversations, by title."""

    async def furnish(self) -> None:
        """Lets Ada talk, then moves what she said into the past."""
        phone = await _signed_in(self.process.url, SAFARI)
        await phone.post("/api/settings/api-keys", {"provider": "ollama", "base_url": self.local.openai})
        for key in (await phone.get("/api/settings/api-keys"))["keys"]:
            await phone.post(f"/api/settings/api-keys/{key['id']}/test")
        for talk in story.TALKS:
            server = self.local if talk.model == story.LOCAL else self.upstream
            for turn in talk.turns:
                server.script(_answer(turn, talk.model, turn.reasoning))
                if turn.again is not None:
                    server.script(_answer(turn, turn.again))
        talks = [*story.TALKS, story.TRIP]
        told = await asyncio.gather(*(self._tell(phone, talk) for talk in talks))
        self.ids = {talk.title: id for talk, id in zip(talks, told, strict=True)}
        await (await _signed_in(self.process.url, FIREFOX)).close()
        await phone.close()
        await self.process.end()
        self._age()
        await self.process.start()

    @asynccontextmanager
    async def fresh(self, title: str, model: str) -> AsyncIterator[str]:
        """The id of an empty conversation which, for a while, stands where the one of that title was."""
        phone = await _signed_in(self.process.url, SAFARI)
        await phone.call("DELETE", f"/api/conversations/{self.ids[title]}")
        id = await phone.conversation(model=model)
        await phone.call("PATCH", f"/api/conversations/{id}", {"title": title})
        yield id
        await phone.call("DELETE", f"/api/conversations/{id}")
        await phone.post(f"/api/conversations/{self.ids[title]}/restore")
        await phone.post("/api/auth/logout")
        await phone.close()

    async def _tell(self, phone: Phone, talk: story.Talk) -> str:
        id = await phone.conversation(model=talk.model)
        for turn in [] if talk is story.TRIP else talk.turns:
            reply = (await phone.send(id, turn.prompt))["reply"]["id"]
            await phone.ended(reply)
            if turn.again is not None:
                body = {"client_id": f"again-{reply}", "model": turn.again}
                again = await phone.post(f"/api/messages/{reply}/retry", body)
                await phone.ended(again["reply"]["id"])
                await phone.call("PATCH", f"/api/conversations/{id}", {"leaf_id": reply})
        await phone.call("PATCH", f"/api/conversations/{id}", {"title": talk.title, "favorite": talk.favorite})
        return id

    def _age(self) -> None:
        with closing(sqlite3.connect(self.process.data / "llm-router.db")) as database, database:
            for talk in story.TALKS:
                for table, columns in TIMES.items():
                    key = "id" if table == "conversations" else "conversation_id"
                    for column in columns:
                        _earlier(database, table, column, key, self.ids[talk.title], timedelta(hours=talk.age))


def _earlier(database: sqlite3.Connection, table: str, column: str, key: str, id: str, by: timedelta) -> None:
    query = f"SELECT rowid, {column} FROM {table} WHERE {key} = ? AND {column} NOT NULL"
    for row, value in database.execute(query, (id,)).fetchall():
        moved = (datetime.fromisoformat(value) - by).isoformat(" ")
        database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (moved, row))


def _answer(turn: story.Turn, model: str, reasoning: str = "") -> Answer:
    """Written as fast as that model writes."""
    pieces = (len(turn.answer) + len(reasoning)) / CHUNK
    delay = turn.usage["output"] / story.SPEEDS[model] / pieces
    return Answer(
        turn.answer, reasoning, chunk=CHUNK, delay=delay, first_delay=0.6, usage=turn.usage, match=turn.prompt
    )


async def _signed_in(url: str, agent: str) -> Phone:
    phone = Phone(url)
    phone.http = httpx2.AsyncClient(base_url=url, timeout=60, headers={"User-Agent": agent})
    return await phone.sign_in(*ADA)


@asynccontextmanager
async def furnished(folder: Path) -> AsyncIterator[House]:
    with Upstream() as upstream, Upstream(port=OLLAMA) as local:
        upstream.models(openai=story.OPENAI_MODELS, anthropic=story.ANTHROPIC_MODELS)
        local.models(openai=story.LOCAL_MODELS)
        process = _process(folder / "data", upstream)
        await process.start()
        try:
            house = House(process, upstream, local)
            await house.furnish()
            yield house
        finally:
            await process.end()


@asynccontextmanager
async def counted(folder: Path, zone: str) -> AsyncIterator[House]:
    """The program over the demo data of months, made where the clocks are those of ``zone``."""
    with Upstream() as upstream:
        upstream.models(openai=story.OPENAI_MODELS, anthropic=story.ANTHROPIC_MODELS)
        process = _process(folder / "counted", upstream)
        line = (sys.executable, "-m", "server.cli", "demo-data", str(process.data), "--password-stdin")
        making = await asyncio.create_subprocess_exec(*line, stdin=PIPE, env=process.environment | {"TZ": zone})
        await making.communicate(ADA[1].encode())
        await process.start()
        try:
            yield House(process, upstream, upstream)
        finally:
            await process.end()


def _process(data: Path, upstream: Upstream) -> Process:
    return Process(
        data,
        LLM_ROUTER_ADMIN_USER=ADA[0],
        LLM_ROUTER_ADMIN_PASSWORD=ADA[1],
        OPENAI_API_KEY="sk-proj-screenshots-9fTz",
        OPENAI_BASE_URL=upstream.openai,
        ANTHROPIC_API_KEY="sk-ant-screenshots-k3Qa",
        ANTHROPIC_BASE_URL=upstream.anthropic,
    )


@asynccontextmanager
async def locked(folder: Path) -> AsyncIterator[Process]:
    """A program whose keys are under a master password that nobody has given yet."""
    with Upstream() as upstream:
        process = _process(folder / "locked", upstream)
        await process.start()
        await process.end()
        await asyncio.to_thread(Vault.open(process.data).set_password, MASTER)
        await process.start()
        try:
            yield process
        finally:
            await process.end()


@asynccontextmanager
async def empty(folder: Path, name: str) -> AsyncIterator[tuple[Process, str]]:
    """A program that nobody has an account on, and its one-time code."""
    process = Process(folder / name)
    for variable in ("LLM_ROUTER_ADMIN_USER", "LLM_ROUTER_ADMIN_PASSWORD"):
        del process.environment[variable]
    await process.start()
    try:
        yield process, await _code(process.log)
    finally:
        await process.end()


async def _code(log: Path) -> str:
    """It is printed a moment after the program can be reached."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if found := re.search(r"Set-up code\s+(\S+)", log.read_text()):
                return found[1]
            await asyncio.sleep(0.01)
