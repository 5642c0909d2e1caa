"""Stop and delete end what is being written, keep what was said, and leave nothing running."""

import asyncio
import threading
import uuid
from typing import Any

import pytest
from sqlalchemy import Connection

from server.chat import messages
from tests.house import House
from tests.phone import PATIENCE, Phone
from tests.upstream import LONG, Answer, Upstream

pytestmark = pytest.mark.anyio


async def test_stop_keeps_what_was_said_and_ends_the_upstream(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text=LONG, hold_after=20))
    conversation = await phone.conversation()
    sent = await phone.send(conversation, "hello")
    await phone.until(sent["reply"]["id"], lambda message: len(message["text"]) > 100)
    stopped = await phone.post(f"/api/messages/{sent['reply']['id']}/stop", expect=202)
    assert stopped["status"] == "stopped" and stopped["error"] is None
    assert stopped["text"] and LONG.startswith(stopped["text"])
    assert stopped["usage"]["estimated"] and stopped["cost_state"] == "estimated"
    await asyncio.to_thread(upstream.wait_gone, upstream.requests.index(upstream.calls[0]))
    assert await phone.post(f"/api/messages/{sent['reply']['id']}/stop", expect=202) == stopped


async def test_two_devices_that_press_stop_at_once_both_hear_that_it_ended(
    phone: Phone, laptop: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text=LONG, hold_after=20))
    sent = await phone.send(await phone.conversation(), "hello")
    await phone.until(sent["reply"]["id"], lambda message: len(message["text"]) > 100)
    stop = f"/api/messages/{sent['reply']['id']}/stop"
    one, other = await asyncio.gather(phone.post(stop, expect=202), laptop.post(stop, expect=202))
    assert one == other and one["status"] == "stopped"


async def test_a_stop_during_the_last_write_changes_nothing_and_answers(
    house: House, phone: Phone, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, go_on = threading.Event(), threading.Event()
    save = messages.save

    def slowly(connection: Connection, id: str, **values: Any) -> None:
        if "finished_at" in values:
            writing.set()
            assert go_on.wait(PATIENCE)
        save(connection, id, **values)

    monkeypatch.setattr(messages, "save", slowly)
    sent = await phone.send(await phone.conversation(), "hello")
    assert await asyncio.to_thread(writing.wait, PATIENCE)
    stopping = asyncio.create_task(house.services.replies.stop(phone.session["user"]["id"], sent["reply"]["id"]))
    reply = house.services.replies.running[sent["reply"]["id"]]
    while not reply.finished._waiters:  # type: ignore[attr-defined]
        await asyncio.sleep(0)
    go_on.set()
    async with asyncio.timeout(PATIENCE):
        await stopping
    assert (await phone.message(sent["reply"]["id"]))["status"] == "done"


async def test_a_queued_message_can_be_stopped_before_it_is_asked(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(hold_after=1))
    conversation = await phone.conversation()
    first = await phone.send(conversation, "one")
    second = await phone.send(conversation, "two")
    stopped = await phone.post(f"/api/messages/{second['reply']['id']}/stop")
    assert (stopped["status"], stopped["text"]) == ("stopped", "")
    upstream.release()
    await phone.ended(first["reply"]["id"])
    assert len(upstream.calls) == 1


async def test_deleting_a_conversation_stops_its_reply_and_undo_brings_both_back(
    phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text=LONG, hold_after=20))
    conversation = await phone.conversation()
    sent = await phone.send(conversation, "hello")
    await phone.until(sent["reply"]["id"], lambda message: len(message["text"]) > 100)
    await phone.call("DELETE", f"/api/conversations/{conversation}", expect=204)
    await asyncio.to_thread(upstream.wait_gone, upstream.requests.index(upstream.calls[0]))
    await phone.get(f"/api/conversations/{conversation}", expect=404)
    await phone.get(f"/api/messages/{sent['reply']['id']}", expect=404)
    await phone.post(f"/api/conversations/{conversation}/restore")
    reply = await phone.message(sent["reply"]["id"])
    assert reply["status"] == "stopped" and LONG.startswith(reply["text"])


async def test_stop_ends_a_reply_that_has_not_taken_its_first_step(house: House, phone: Phone) -> None:
    replies, conversation = house.services.replies, await phone.conversation()
    sending = asyncio.create_task(_send(house, phone, conversation))
    async with asyncio.timeout(PATIENCE):
        while not replies.running:
            await asyncio.sleep(0)
        await replies.stop_all(conversation)
        _, (reply_id,) = await sending
    assert (await phone.ended(reply_id))["status"] == "stopped"


@pytest.mark.parametrize("first", ["send", "delete"])
async def test_a_message_that_comes_while_its_conversation_is_deleted_leaves_nothing_running(
    house: House, phone: Phone, upstream: Upstream, first: str
) -> None:
    """It is stored just before the conversation is in the bin, and stopped with the rest, or it is refused."""
    database, running = house.services.database, house.services.replies.running
    upstream.default(Answer(text=LONG, hold_after=5))
    conversation, gate = await phone.conversation(), threading.Event()
    writer = asyncio.ensure_future(database.write(lambda connection: gate.wait()))

    async def act(name: str, queued: int) -> "asyncio.Future[Any]":
        path = f"/api/conversations/{conversation}"
        work = _send(house, phone, conversation) if name == "send" else phone.call("DELETE", path, expect=204)
        begun = asyncio.ensure_future(work)
        while database.waiting < queued:
            await asyncio.sleep(0.001)
        return begun

    async with asyncio.timeout(PATIENCE):
        begun = [await act(first, 1), await act("delete" if first == "send" else "send", 2)]
        gate.set()
        await asyncio.gather(writer, *begun, return_exceptions=True)
        while running:
            await asyncio.sleep(0.01)


async def _send(house: House, phone: Phone, conversation: str) -> Any:
    user, device = phone.session["user"]["id"], phone.session["device"]["id"]
    return await house.services.replies.send(user, device, conversation, str(uuid.uuid4()), "hello")
