"""The reply always arrives: with nobody listening, on every device, once, and to the last byte."""

import asyncio
import random
import threading
import uuid
from typing import Any

import pytest
from sqlalchemy import Connection, text

from server.chat import messages
from server.chat.running import RunningReply
from server.content import markdown
from tests.house import House
from tests.phone import PATIENCE, Phone, Screen, Stream
from tests.upstream import DEFAULT_TEXT, LONG, Answer, Upstream

pytestmark = pytest.mark.anyio


async def test_sending_answers_at_once_and_the_reply_completes_with_nobody_connected(
    phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text=LONG, delay=0.002))
    conversation = await phone.conversation()
    sent = await phone.send(conversation, "hello")
    assert sent["message"]["text"] == "hello"
    assert sent["reply"]["status"] == "pending"
    reply = await phone.ended(sent["reply"]["id"])
    assert reply["status"] == "done"
    assert reply["text"] == LONG
    assert reply["html"].count("<p>") == 60


@pytest.mark.parametrize("model", ["gpt-5.1", "claude-sonnet-4-5"])
async def test_every_provider_answers_through_its_own_wire(phone: Phone, upstream: Upstream, model: str) -> None:
    upstream.script(
        Answer(reasoning="first I think", usage={"input": 100, "cached": 60, "output": 40, "reasoning": 10})
    )
    reply = await phone.ask("hello", model=model)
    assert (reply["status"], reply["text"], reply["reasoning"]) == ("done", DEFAULT_TEXT, "first I think")
    assert reply["usage"] | {"cost_nanos": 0, "saved_nanos": 0} == {
        "calls": 1,
        "input": 40,
        "cache_read": 60,
        "cache_write": 0,
        "output": 30,
        "reasoning": 10,
        "image_input": 0,
        "image_output": 0,
        "tokens": 140,
        "cost_nanos": 0,
        "saved_nanos": 0,
        "unknown": 0,
        "estimated": False,
    }
    assert reply["cost_state"] == "computed" and reply["cost_nanos"] > 0
    assert reply["usage"]["saved_nanos"] > 0


async def test_sending_the_same_id_again_gives_the_same_rows_and_asks_nobody(phone: Phone, upstream: Upstream) -> None:
    conversation, client_id = await phone.conversation(), str(uuid.uuid4())
    first = await phone.send(conversation, "once", client_id=client_id)
    again = await asyncio.gather(*(phone.send(conversation, "once", client_id=client_id) for _ in range(5)))
    await phone.ended(first["reply"]["id"])
    last = await phone.send(conversation, "once", client_id=client_id)
    ids = {(sent["message"]["id"], sent["reply"]["id"]) for sent in [first, *again, last]}
    assert len(ids) == 1
    assert len(upstream.calls) == 1
    page = await phone.get(f"/api/conversations/{conversation}")
    assert [message["role"] for message in page["messages"]] == ["user", "assistant"]


async def test_what_a_stream_shows_is_what_the_reply_says(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text=LONG, reasoning="thinking aloud", delay=0.001))
    conversation = await phone.conversation()
    async with phone.listening(conversation) as stream:
        assert (await stream.next()).type == "sync"
        sent = await phone.send(conversation, "hello")
        screen = Screen(sent["reply"]["id"])
        final = await stream.until_ended(screen.reply)
    for event in stream.seen:
        screen.see(event)
    assert screen.reasoning == "thinking aloud"
    assert len(screen.blocks) > 50 and final["html"].startswith("".join(screen.blocks))


@pytest.mark.parametrize("seed", range(6))
async def test_a_dropped_connection_resumes_without_repeating_a_word(
    phone: Phone, upstream: Upstream, seed: int
) -> None:
    chance = random.Random(seed)
    upstream.script(Answer(text=LONG, delay=0.002))
    conversation = await phone.conversation()
    sent = await phone.send(conversation, "hello")
    screen, cursor, connections = Screen(sent["reply"]["id"]), None, 0
    final = None
    while final is None:
        connections += 1
        async with phone.listening(conversation, cursor) as stream:
            for _ in range(chance.randint(1, 12)):
                event = await stream.next()
                screen.see(event)
                cursor = event.id
                if event.type == "message" and event.data["id"] == screen.reply and event.data["status"] == "done":
                    final = event.data
                    break
                if event.type == "sync" and not event.data["replies"]:
                    final = await phone.ended(screen.reply)
                    break
        if chance.random() < 0.2:
            cursor = chance.choice([None, "other.5", "", f"{(cursor or '.').split('.')[0]}.999999"])
    assert final["text"] == LONG
    assert final["html"].startswith("".join(screen.blocks[:-1]))


async def test_a_page_that_comes_late_sees_everything_so_far_and_goes_on_live(
    phone: Phone, laptop: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text=LONG, hold_after=20))
    conversation = await phone.conversation()
    sent = await phone.send(conversation, "hello")
    await phone.until(sent["reply"]["id"], lambda message: len(message["text"]) > 200)
    async with laptop.listening(conversation) as stream:
        sync = await stream.next()
        screen = Screen(sent["reply"]["id"])
        screen.see(sync)
        assert "Paragraph" in "".join(screen.blocks)
        upstream.release()
        final = await _follow(stream, screen)
    assert len(screen.blocks) > 50 and final["html"].startswith("".join(screen.blocks))


async def _follow(stream: Stream, screen: Screen) -> dict[str, str]:
    while True:
        event = await stream.next()
        screen.see(event)
        if event.type == "message" and event.data["id"] == screen.reply and event.data["status"] == "done":
            return dict(event.data)


async def test_two_devices_on_one_conversation_see_the_same(phone: Phone, laptop: Phone) -> None:
    conversation = await phone.conversation()
    async with phone.listening(conversation) as one, laptop.listening(conversation) as other:
        sent = await phone.send(conversation, "hello")
        finals = [await stream.until_ended(sent["reply"]["id"]) for stream in (one, other)]
    assert finals[0] == finals[1]
    first = Screen(sent["reply"]["id"])
    second = Screen(sent["reply"]["id"])
    for event in one.seen:
        first.see(event)
    for event in other.seen:
        second.see(event)
    assert (first.blocks, first.open) == (second.blocks, second.open)


async def test_a_reply_whose_end_cannot_be_saved_says_so_and_holds_nobody_up(
    house: House, phone: Phone, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = messages.save

    def full(connection: Connection, id: str, **values: Any) -> None:
        if "finished_at" in values and values["text"] != "the next answer":
            raise OSError("database or disk is full")
        save(connection, id, **values)

    upstream.script(Answer(text=LONG, hold_after=20), Answer(text="the next answer"))
    conversation = await phone.conversation()
    async with phone.listening(conversation) as stream:
        sent = await phone.send(conversation, "one")
        waiting = await phone.send(conversation, "two")
        await phone.until(sent["reply"]["id"], lambda message: len(message["text"]) > 100)
        await house.checkpoint()
        monkeypatch.setattr(messages, "save", full)
        await phone.post(f"/api/messages/{sent['reply']['id']}/stop", expect=202)
        shown = await stream.until_ended(sent["reply"]["id"])
        assert (shown["status"], shown["error"]["code"]) == ("failed", "unsaved")
        assert LONG.startswith(shown["text"]) and "<strong>0</strong>" in shown["html"]
        assert (await phone.ended(waiting["reply"]["id"]))["text"] == "the next answer"
    await house.stop()
    monkeypatch.undo()
    await house.start()
    phone.http.base_url = house.url
    found = await phone.message(sent["reply"]["id"])
    assert found["status"] == "interrupted" and len(found["text"]) > 100


async def test_a_message_sent_while_a_reply_runs_waits_for_it(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="first answer", hold_after=1), Answer(text="second answer"))
    conversation = await phone.conversation()
    first = await phone.send(conversation, "one")
    second = await phone.send(conversation, "two")
    await phone.until(second["reply"]["id"], lambda message: message["queued"])
    assert len(upstream.calls) == 1
    upstream.release()
    assert (await phone.ended(second["reply"]["id"]))["text"] == "second answer"
    assert (await phone.ended(first["reply"]["id"]))["text"] == "first answer"
    said = str(upstream.calls[1].body["input"])
    assert "first answer" in said and "two" in said


async def test_retry_is_a_sibling_and_the_first_stays(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="one"), Answer(text="two"))
    conversation = await phone.conversation()
    sent = await phone.send(conversation, "hello")
    first = await phone.ended(sent["reply"]["id"])
    client_id = str(uuid.uuid4())
    body = {"client_id": client_id, "model": "claude-sonnet-4-5"}
    again = await phone.post(f"/api/messages/{first['id']}/retry", body, expect=202)
    same = await phone.post(f"/api/messages/{first['id']}/retry", body, expect=202)
    assert same["reply"]["id"] == again["reply"]["id"]
    second = await phone.ended(again["reply"]["id"])
    assert second["text"] == "two" and second["model"] == "claude-sonnet-4-5"
    assert second["siblings"] == {"ids": [first["id"], second["id"]], "index": 1}
    page = await phone.get(f"/api/conversations/{conversation}")
    assert [message["id"] for message in page["messages"]] == [sent["message"]["id"], second["id"]]
    other = await phone.get(f"/api/conversations/{conversation}?leaf={first['id']}")
    assert [message["id"] for message in other["messages"]] == [sent["message"]["id"], first["id"]]


async def test_editing_a_prompt_makes_a_sibling_of_it(phone: Phone) -> None:
    conversation = await phone.conversation()
    sent = await phone.send(conversation, "helo")
    await phone.ended(sent["reply"]["id"])
    edited = await phone.send(conversation, "hello", parent_id=None)
    await phone.ended(edited["reply"]["id"])
    assert edited["message"]["siblings"] == {"ids": [sent["message"]["id"], edited["message"]["id"]], "index": 1}


async def test_a_server_that_ends_interrupts_the_reply_and_continue_goes_on(
    house: House, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text=LONG, hold_after=30), Answer(text=" and the rest."))
    sent = await phone.send(await phone.conversation(), "hello")
    reply_id = sent["reply"]["id"]
    await phone.until(reply_id, lambda message: len(message["text"]) > 100)
    await house.stop()
    await house.start()
    phone.http.base_url = house.url
    reply = await phone.message(reply_id)
    assert reply["status"] == "interrupted" and LONG.startswith(reply["text"]) and reply["text"]
    assert reply["error"]["action"] == "continue"
    more = await phone.post(f"/api/messages/{reply_id}/continue", {"client_id": str(uuid.uuid4())}, expect=202)
    rest = await phone.ended(more["reply"]["id"])
    assert (rest["text"], rest["continues_id"], rest["parent_id"]) == (" and the rest.", reply_id, reply_id)
    assert rest["usage"]["calls"] == 1
    asked = upstream.calls[1].body["input"]
    assert reply["text"].strip() in asked[-2]["content"]


async def test_a_continuation_of_a_block_of_code_is_shown_as_code(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="Look:\n\n```python\nx = 1\ny = ", cut_after=8), Answer(text="2\nz = 3\n```\n\nDone."))
    reply = await phone.ask("hello")
    assert reply["status"] == "failed" and "```python" in reply["text"]
    conversation = reply["conversation_id"]
    async with phone.listening(conversation) as stream:
        await stream.next()
        more = await phone.post(f"/api/messages/{reply['id']}/continue", {"client_id": str(uuid.uuid4())})
        rest = await stream.until_ended(more["reply"]["id"])
    assert rest["text"].startswith("2\nz") and '<figure class="code" data-lang="python">' in rest["html"]
    assert "<p>Done.</p>" in rest["html"]
    deltas = [event.data for event in stream.seen if event.type == "delta"]
    assert 'data-lang="python"' in str(deltas[0])


async def test_a_reply_without_a_model_is_tried_again_and_gone_on_with_by_the_usual_one(
    house: House, phone: Phone
) -> None:
    """As an import leaves them whose file names none."""
    await phone.call("PATCH", "/api/preferences", {"default_model": "claude-sonnet-5-5"})
    sent = await phone.send(await phone.conversation(), "hello")
    reply_id = sent["reply"]["id"]
    await phone.ended(reply_id)
    for table in ("messages", "conversations"):
        forget = text(f"UPDATE {table} SET model = NULL")
        await house.services.database.write(lambda connection, forget=forget: connection.execute(forget))
    for way in ("retry", "continue"):
        more = await phone.post(f"/api/messages/{reply_id}/{way}", {"client_id": str(uuid.uuid4())}, expect=202)
        reply = await phone.ended(more["reply"]["id"])
        assert (reply["status"], reply["model"]) == ("done", "claude-sonnet-5-5"), reply["error"]


async def test_a_reply_ends_even_if_its_last_words_cannot_be_shown(
    phone: Phone, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise ValueError("this cannot be shown")

    monkeypatch.setattr(RunningReply, "stop_showing", fail)
    reply = await phone.ask("hello")
    assert (reply["status"], reply["text"]) == ("done", DEFAULT_TEXT)


async def test_others_can_write_while_it_is_looked_for_where_a_reply_broke_off(
    house: House, phone: Phone, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, go_on, reopening = threading.Event(), threading.Event(), markdown.reopening

    def slowly(text: str) -> str:
        looking.set()
        assert go_on.wait(PATIENCE)
        return reopening(text)

    monkeypatch.setattr(markdown, "reopening", slowly)
    upstream.script(Answer(text="```python\nx = 1\n", finish="length"), Answer(text="y = 2\n```"))
    broken_off = await phone.ask("hello")
    body = {"client_id": "once-and-only-once"}
    going_on = asyncio.create_task(phone.post(f"/api/messages/{broken_off['id']}/continue", body))
    assert await asyncio.to_thread(looking.wait, PATIENCE)
    try:
        async with asyncio.timeout(10):
            await house.services.database.write(lambda connection: None)
    finally:
        go_on.set()
    sent = await going_on
    assert "<pre" in (await phone.ended(sent["reply"]["id"]))["html"]
