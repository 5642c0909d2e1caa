"""A disk that fills up: said in time, refused before it hurts, and a database that found no room goes on by itself."""

import asyncio
import errno
import json
import sqlite3
import uuid
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from server.accounts.new_key import NewKey
from server.ops.room import MB, Room
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

TEXT = "".join(f"word{number} " for number in range(3000))
GATEWAY = {
    "responses": {"model": "gpt-5.1", "input": "hello"},
    "chat/completions": {"model": "gpt-5.1", "messages": []},
    "messages": {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": []},
}


class Disk:
    """How much is free, in megabytes."""

    def __init__(self, house: House, free: int) -> None:
        self.room: Room = house.services.room
        self.free, self.looks = free, 0
        self.room._measure = self.look
        self.set(free)

    def look(self, _folder: Path) -> int:
        self.looks += 1
        return self.free * MB

    def set(self, free: int) -> None:
        self.free, self.room._until = free, 0.0


async def full(house: House, spare: int = 0) -> None:
    """From now on the database may have no more pages than it has, and some."""

    def work(connection: Any) -> None:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count={pages + spare}"))

    await house.services.database.write(work)


async def empty(house: House) -> None:
    await house.services.database.write(lambda connection: connection.execute(text("PRAGMA max_page_count=1000000")))


@pytest.fixture
async def key(house: House, phone: Phone) -> AsyncIterator[httpx2.AsyncClient]:
    """A program with a key of Ada's."""
    ada = phone.session["user"]["id"]
    _, virtual = await house.services.keys.create(ada, NewKey(name="tool"))
    async with httpx2.AsyncClient(base_url=house.url, headers={"Authorization": f"Bearer {virtual}"}) as program:
        yield program


async def test_new_work_is_refused_what_runs_ends_well_and_reading_goes_on(
    house: House, phone: Phone, root: Phone, key: httpx2.AsyncClient, upstream: Upstream
) -> None:
    upstream.default(Answer(text=TEXT, chunk=500, hold_after=12))
    conversation = await phone.conversation()
    running = (await phone.send(conversation, "hello"))["reply"]["id"]
    await phone.until(running, lambda message: message["text"])
    disk = Disk(house, 100)

    refused = {
        f"/api/conversations/{conversation}/messages": {"client_id": str(uuid.uuid4()), "text": "more"},
        f"/api/messages/{running}/retry": {"client_id": str(uuid.uuid4())},
        "/api/attachments?name=a.txt": "words",
        "/api/import?name=a.json": {},
        f"/api/export/{conversation}/pdf": {},
    }
    for path, body in refused.items():
        error = (await phone.post(path, body, expect=507))["error"]
        assert error["code"] == "disk_full"
        assert error["message"].startswith("the server's disk is nearly full, 100 MB are free, so nothing new is begun")
    await root.post("/api/backups", expect=507)
    for path, body in GATEWAY.items():
        answer = await key.post(f"/v1/{path}", json=body)
        assert answer.status_code == 503 and answer.headers["x-should-retry"] == "true"
        assert "disk is nearly full" in answer.json()["error"]["message"]
    assert (await key.get("/v1/models")).status_code == 200
    assert len(upstream.calls) == 1, "nothing of it went to a provider"

    upstream.release()
    assert (await phone.ended(running))["status"] == "done"
    shown = await phone.get(f"/api/conversations/{conversation}")
    assert [message["role"] for message in shown["messages"]] == ["user", "assistant"]
    looks = disk.looks
    assert [disk.room.state for _ in range(20)] == ["low"] * 20
    assert disk.looks <= looks + 1, "it is measured once a second at most"
    disk.set(10_000)
    upstream.default(Answer(text="again"))
    assert (await phone.ask("hello"))["text"] == "again"

    async def take(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    house.services.intake.take = take
    assert (await phone.post("/api/attachments?name=a.txt", "words", expect=507))["error"]["code"] == "disk_full"


async def test_admins_are_told_in_time_and_once(house: House, phone: Phone, root: Phone) -> None:
    disk = Disk(house, 10_000)
    await disk.room.look()
    async with root.listening() as page, phone.listening() as other:
        await page.next()
        await other.next()
        for free in (590, 580, 150, 140):
            disk.set(free)
            await disk.room.look()
        disk.set(10_000)
        await disk.room.look()
        house.services.live.broadcast("models", "{}")
        heard = [await page.next(), await page.next(), await page.next()]
        assert [event.type for event in heard] == ["notice", "notice", "models"]
        assert (heard[0].data["tone"], heard[1].data["tone"]) == ("warn", "error")
        assert "590 MB are free: below 200 MB nothing new is begun" in heard[0].data["text"]
        assert (await other.next()).type == "models", "it is the admins' business"


async def test_a_database_that_found_no_room_loses_no_acknowledged_word_and_recovers_by_itself(
    house: House, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text=TEXT, chunk=500, hold_after=12), Answer(text="after"))
    conversation = await phone.conversation()
    sent = await phone.send(conversation, "acknowledged")
    reply = sent["reply"]["id"]
    await phone.until(reply, lambda message: len(message["text"]) > 1000)
    await full(house)

    refusals = []
    for number in range(40):
        answer = await phone.http.post(
            f"/api/conversations/{conversation}/messages",
            json={"client_id": str(uuid.uuid4()), "text": f"{number} " + "x" * 4000, "parent_id": None},
            headers={"X-CSRF-Token": phone.csrf},
        )
        if answer.status_code != 202:
            refusals.append(answer)
            break
    assert [answer.status_code for answer in refusals] == [503]
    assert refusals[0].json()["error"]["message"].startswith("the disk is full: nothing was stored")

    upstream.release()
    lost = await phone.ended(reply)
    assert lost["error"]["code"] == "unsaved" and "could not be saved" in lost["error"]["message"]
    unsaved = await phone.get(f"/api/conversations/{conversation}")
    assert unsaved["messages"][0]["text"] == "acknowledged", "reading goes on"

    await empty(house)
    ended = await phone.until(reply, lambda message: message["status"] == "done")
    assert ended["text"] == TEXT
    async with asyncio.timeout(20):
        while (await phone.message(reply))["cost_state"] != "computed":
            await asyncio.sleep(0.02)
    assert (await phone.send(conversation, "and on", parent_id=None))["reply"]["status"] in (
        "pending",
        "streaming",
        "done",
    )
    await house.stop()
    with closing(sqlite3.connect(f"file:{house.data}/llm-router.db?mode=ro", uri=True)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        held = json.dumps(database.execute("SELECT status, count(*) FROM calls GROUP BY status").fetchall())
    assert "held" not in held
