"""Restore drill: a backup is taken of a server that is in full use, and another machine goes on from it."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from server.ops.backup.restore import restore
from server.ops.backup.source import Source
from tests.faults.stage import Stage
from tests.faults.world import DATABASE, World
from tests.phone import Phone
from tests.process import Process
from tests.upstream import Answer

pytestmark = pytest.mark.anyio

WRITERS = 6
FIXED = ("users", "devices", "virtual_keys", "server_secrets")
"""Tables of which nothing changes while people only talk: they are the same, row by row."""


def rows(database: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(database)) as db:
        return db.execute(query).fetchall()


async def test_a_backup_of_a_busy_server_goes_on_elsewhere_with_everything_that_was_acknowledged(
    stage: Stage, tmp_path: Path
) -> None:
    acknowledged: dict[str, str] = {}
    async with World.over(stage, tmp_path / "pi", seed=0) as world:
        world.upstream.default(Answer(text="words and words " * 10, chunk=16, delay=0.002))
        enough = asyncio.Event()

        async def write_on(number: int) -> None:
            phone, said = world.phone(number % 3), 0
            conversation = await phone.conversation(model="gpt-5.1")
            while not enough.is_set():
                said += 1
                text = f"message {said} of {number}"
                sent = await phone.send(conversation, text, parent_id=None)
                acknowledged[sent["message"]["id"]] = text

        writing = [asyncio.create_task(write_on(number)) for number in range(WRITERS)]
        while len(acknowledged) < 2 * WRITERS:
            await asyncio.sleep(0.01)
        root, before = world.phone(-1), dict(acknowledged)
        await root.post("/api/backups", expect=202)
        while (found := await root.get("/api/backups"))["making"] is not None:
            await asyncio.sleep(0.01)
        enough.set()
        await asyncio.gather(*writing)
        assert found["error"] is None and len(acknowledged) > len(before), "others wrote meanwhile"
        await world.stop(15)
        pi = world.database
        vps = Source(tmp_path / "vps", tmp_path / "vps" / DATABASE)
        with (Path(found["folder"]) / found["backups"][0]["name"]).open("rb") as file:
            restore(vps, file, "backup")

        said = "SELECT id, text FROM messages WHERE role = 'user'"
        there = dict(rows(vps.database, said))
        assert before.items() <= there.items() <= dict(rows(pi, said)).items()
        for table in FIXED:
            assert rows(vps.database, f"SELECT * FROM {table}") == rows(pi, f"SELECT * FROM {table}"), table
        settled = "SELECT * FROM calls WHERE status = 'done' ORDER BY id"
        assert set(rows(vps.database, settled)) <= set(rows(pi, settled))

        elsewhere = Process(vps.data, OPENAI_API_KEY="sk-test-5", OPENAI_BASE_URL=world.upstream.openai)
        await elsewhere.start()
        try:
            phone = Phone(elsewhere.url)
            phone.http.cookies.update(world.person(0).cookies)
            phone.csrf = world.person(0).csrf
            assert (await phone.ask("are you there?", model="gpt-5.1"))["status"] == "done"
            await phone.close()
        finally:
            await elsewhere.end()
        left = "SELECT count(*) FROM messages WHERE status IN ('pending', 'streaming')"
        assert rows(vps.database, left) == [(0,)], "what was being written in the backup is interrupted"
