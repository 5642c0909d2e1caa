"""The disk is full for a while: nothing that was said meanwhile is lost, and everybody is told what is the matter."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection

from server.chat import messages
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

TEXT = "word " * 200


def full() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorname = "SQLITE_FULL"
    return error


@contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    """No write of this kind gets through."""

    def refuse(*_: Any, **__: Any) -> None:
        raise full()

    with monkeypatch.context() as patch:
        patch.setattr(messages, name, refuse)
        yield


async def test_the_end_of_a_reply_is_saved_as_soon_as_there_is_room_again(
    house: House, phone: Phone, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.chat.keeping.AGAIN", 0.05)
    upstream.script(Answer(text=TEXT, hold_after=20))
    conversation = await phone.conversation()
    sent = await phone.send(conversation, "hello")
    await phone.until(sent["reply"]["id"], lambda message: bool(message["text"]))
    with refusing(monkeypatch, "save"):
        upstream.release()
        lost = await phone.ended(sent["reply"]["id"])
        assert (lost["status"], lost["error"]["code"], lost["text"]) == ("failed", "unsaved", TEXT)
    found = await phone.until(sent["reply"]["id"], lambda message: message["status"] == "done")
    assert found["text"] == TEXT and found["error"] is None
    assert not house.services.replies.running


async def test_what_one_checkpoint_could_not_save_is_in_the_next(
    house: House, phone: Phone, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies = house.services.replies
    upstream.script(Answer(text=TEXT, hold_after=20))
    sent = await phone.send(await phone.conversation(), "hello")
    running = await phone.until(sent["reply"]["id"], lambda message: len(message["text"]) > 200)
    with refusing(monkeypatch, "append_checkpoints"), pytest.raises(Exception, match="the disk is full"):
        replies.running[sent["reply"]["id"]].saved = (0, 0)
        await house.checkpoint()
    await house.checkpoint()

    def kept(connection: Connection) -> str:
        return "".join(row.text for row in connection.execute(messages.checkpoints.select()))

    assert (await house.services.database.read(kept)).endswith(running["text"])


async def test_a_message_that_cannot_be_stored_is_refused_with_the_reason(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await phone.conversation()
    with refusing(monkeypatch, "add_prompt"):
        body = {"client_id": "not-this-time-1", "text": "hello"}
        answer = await phone.post(f"/api/conversations/{conversation}/messages", body, expect=503)
    assert answer["error"]["code"] == "unwritable" and "the disk is full" in answer["error"]["message"]


async def test_a_server_whose_disk_is_full_stops_in_good_order(
    house: House, phone: Phone, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.script(Answer(text=TEXT, hold_after=20))
    sent = await phone.send(await phone.conversation(), "hello")
    await phone.until(sent["reply"]["id"], lambda message: len(message["text"]) > 200)
    with refusing(monkeypatch, "append_checkpoints"), refusing(monkeypatch, "save"):
        async with asyncio.timeout(20):
            await house.stop()
    await house.start()
    phone.http.base_url = house.url
    assert (await phone.message(sent["reply"]["id"]))["status"] == "interrupted"
