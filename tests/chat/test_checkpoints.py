"""Checkpoints hold what is in no row yet, and are gone with the end of their reply."""

import asyncio
import threading
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from server.chat import messages
from tests.house import House
from tests.phone import PATIENCE, Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

TEXT = "word " * 200


def left(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(messages.checkpoints)).scalar_one())


async def test_a_reply_that_is_being_saved_gets_no_checkpoint_that_would_outlive_it(
    house: House, phone: Phone, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, writing, go_on = messages.save, threading.Event(), threading.Event()

    def slow(connection: Connection, id: str, **values: Any) -> None:
        if "finished_at" in values:
            writing.set()
            go_on.wait(PATIENCE)
        save(connection, id, **values)

    monkeypatch.setattr(messages, "save", slow)
    upstream.script(Answer(text=TEXT))
    sent = await phone.send(await phone.conversation(), "hello")
    assert await asyncio.to_thread(writing.wait, PATIENCE)
    checkpoint = asyncio.create_task(house.checkpoint())
    await asyncio.sleep(0)
    go_on.set()
    await checkpoint
    assert (await phone.ended(sent["reply"]["id"]))["text"] == TEXT
    assert await house.services.database.read(left) == 0
    await house.stop()
    await house.start()
    phone.http.base_url = house.url
    assert (await phone.message(sent["reply"]["id"]))["text"] == TEXT, "and nothing comes twice after a start"


async def test_a_row_that_has_ended_is_shown_as_it_ended(
    house: House, phone: Phone, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved, go_on = asyncio.Event(), asyncio.Event()
    write = house.services.database.write

    async def slow(work: Any, **how: Any) -> Any:
        """The answer of the writer is a while on its way."""
        found = await write(work, **how)
        if "save_end" in getattr(work, "__qualname__", ""):
            saved.set()
            await go_on.wait()
        return found

    monkeypatch.setattr(house.services.database, "write", slow)
    upstream.script(Answer(text="all of it"))
    sent = await phone.send(await phone.conversation(), "hello")
    async with asyncio.timeout(PATIENCE):
        await saved.wait()
    page = await phone.get(f"/api/conversations/{sent['reply']['conversation_id']}")
    reply = page["messages"][-1]
    go_on.set()
    assert reply["revision"] == page["conversation"]["revision"], "nothing more will be told of it"
    assert (reply["status"], reply["text"], reply["html"]) == ("done", "all of it", "<p>all of it</p>\n")


async def test_a_reply_that_cannot_be_stored_takes_no_other_along(
    house: House, phone: Phone, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = messages.append_checkpoints

    def refuse(connection: Connection, rows: Any) -> None:
        if any("broken" in row["text"] for row in rows):
            raise ValueError("this cannot be stored")
        append(connection, rows)

    monkeypatch.setattr(messages, "append_checkpoints", refuse)
    upstream.script(Answer(text="broken " + TEXT, hold_after=20), Answer(text=TEXT, hold_after=20))
    sent = [await phone.send(await phone.conversation(), "hello") for _ in range(2)]
    for one in sent:
        await phone.until(one["reply"]["id"], lambda message: bool(message["text"]))
    with pytest.raises(ValueError, match="this cannot be stored"):
        await house.checkpoint()

    def kept(connection: Connection) -> set[str]:
        rows = connection.execute(messages.checkpoints.select())
        return {row.message_id for row in rows if row.text}

    assert await house.services.database.read(kept) == {sent[1]["reply"]["id"]}
    upstream.release()
    for one in sent:
        assert (await phone.ended(one["reply"]["id"]))["status"] == "done"


async def test_a_reply_whose_end_cannot_be_stored_ends_with_what_its_checkpoints_hold(
    house: House, phone: Phone, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = messages.save

    def refuse(connection: Connection, id: str, **values: Any) -> None:
        if "text" in values:
            raise ValueError("this cannot be stored")
        save(connection, id, **values)

    monkeypatch.setattr(messages, "save", refuse)
    upstream.script(Answer(text=TEXT, hold_after=20))
    sent = await phone.send(await phone.conversation(), "hello")
    await phone.until(sent["reply"]["id"], lambda message: len(message["text"]) > 100)
    await house.checkpoint()
    upstream.release()
    async with asyncio.timeout(PATIENCE):
        while house.services.replies.running:
            await asyncio.sleep(0.01)
    reply = await phone.message(sent["reply"]["id"])
    assert (reply["status"], reply["error"]["code"], reply["usage"]["calls"]) == ("failed", "unsaved", 1)
    assert len(reply["text"]) > 100 and TEXT.startswith(reply["text"])
    assert await house.services.database.read(left) == 0
