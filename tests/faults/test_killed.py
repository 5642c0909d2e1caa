"""The plug is pulled: what was acknowledged is there, the text up to the last second, and one tap goes on."""

import asyncio
import random
import sqlite3
import time
import uuid
from contextlib import closing

import httpx2
import pytest

from tests.phone import Phone
from tests.process import Process
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

TEXT = "".join(f"word{number} " for number in range(2000))
PER_SECOND = 500
"""Characters that the upstream sends in a second."""


def check_database(process: Process) -> None:
    """After a restart: whole, and nothing left as if it were still going on."""
    path = f"file:{process.data}/llm-router.db?mode=ro"
    with closing(sqlite3.connect(path, uri=True)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        running = "SELECT count(*) FROM messages WHERE status IN ('pending', 'streaming')"
        assert database.execute(running).fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM calls WHERE status = 'held'").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM checkpoints").fetchone() == (0,)


@pytest.mark.parametrize("model", ["gpt-5.1", "claude-sonnet-4-5"])
async def test_a_killed_server_keeps_the_text_to_within_a_second_and_continue_goes_on(
    process: Process, root: Phone, upstream: Upstream, model: str
) -> None:
    upstream.script(Answer(text=TEXT, chunk=10, delay=10 / PER_SECOND), Answer(text="and the end."))
    conversation = await root.conversation(model=model)
    sent = await root.send(conversation, "count")
    reply_id = sent["reply"]["id"]
    await root.until(reply_id, lambda message: len(message["text"]) > 2 * PER_SECOND)
    await process.kill()
    gone = await asyncio.to_thread(upstream.wait_gone, upstream.requests.index(upstream.calls[0]))
    await process.start()
    reply = await root.message(reply_id)
    assert reply["status"] == "interrupted"
    assert TEXT.startswith(reply["text"])
    assert len(gone.sent) - len(reply["text"]) <= 1.5 * PER_SECOND, "at most the last second is missing"
    check_database(process)

    more = await root.post(f"/api/messages/{reply_id}/continue", {"client_id": str(uuid.uuid4())})
    rest = await root.ended(more["reply"]["id"])
    assert rest["text"] == "and the end." and rest["continues_id"] == reply_id
    page = await root.get(f"/api/conversations/{conversation}")
    assert [message["text"] for message in page["messages"]] == ["count", reply["text"], "and the end."]
    assert page["conversation"]["figures"]["calls"] == 2
    assert page["messages"][1]["cost_state"] == "estimated" and page["messages"][1]["cost_nanos"] > 0


async def test_sigterm_keeps_every_character_that_came(process: Process, root: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text=TEXT, chunk=10, delay=0.01, hold_after=60))
    sent = await root.send(await root.conversation(), "count")
    reply_id = sent["reply"]["id"]
    await asyncio.to_thread(upstream.wait)
    before = await root.until(reply_id, lambda message: len(message["text"]) > 400)
    await process.end()
    await process.start()
    reply = await root.message(reply_id)
    assert reply["status"] == "interrupted" and reply["text"].startswith(before["text"])
    check_database(process)


@pytest.mark.parametrize("seed", range(3))
async def test_killed_at_any_moment_nothing_acknowledged_is_lost(
    process: Process, root: Phone, upstream: Upstream, seed: int
) -> None:
    chance = random.Random(seed)
    upstream.default(Answer(text=TEXT[:3000], chunk=20, delay=0.004))
    conversation = await root.conversation()
    acknowledged: dict[str, str] = {}

    async def send_on() -> None:
        number = 0
        while True:
            number += 1
            text = f"message {number} {seed}"
            try:
                sent = await root.send(conversation, text, parent_id=None)
            except httpx2.TransportError:
                return
            acknowledged[sent["message"]["id"]] = text
            await asyncio.sleep(chance.uniform(0, 0.05))

    sending = asyncio.create_task(send_on())
    began = time.monotonic()
    delay = chance.uniform(0.2, 1.5)
    while time.monotonic() - began < delay:
        await asyncio.sleep(0.01)
    await process.kill()
    await sending
    await process.start()
    check_database(process)
    kept = await root.get(f"/api/conversations/{conversation}?since=0")
    texts = {message["id"]: message["text"] for message in kept["messages"] if message["role"] == "user"}
    assert acknowledged.items() <= texts.items()
    for message in kept["messages"]:
        if message["role"] == "assistant":
            assert message["status"] in ("done", "interrupted") and TEXT.startswith(message["text"])


async def test_the_answer_to_a_send_is_lost_and_it_is_sent_again(
    process: Process, root: Phone, upstream: Upstream
) -> None:
    upstream.default(Answer(text="once", hold_after=1))
    conversation, client_id = await root.conversation(), str(uuid.uuid4())
    reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
    body = f'{{"client_id":"{client_id}","text":"hello"}}'
    cookies = "; ".join(f"{name}={value}" for name, value in root.http.cookies.items())
    writer.write(
        f"POST /api/conversations/{conversation}/messages HTTP/1.1\r\nHost: 127.0.0.1:{process.port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nCookie: {cookies}\r\n"
        f"X-CSRF-Token: {root.csrf}\r\n\r\n{body}".encode()
    )
    await writer.drain()
    while not upstream.calls:
        await asyncio.sleep(0.01)
    writer.transport.abort()  # the answer never reached anybody
    again = await root.send(conversation, "hello", client_id=client_id)
    await process.kill()
    await process.start()
    after = await root.send(conversation, "hello", client_id=client_id)
    assert (after["message"]["id"], after["reply"]["id"]) == (again["message"]["id"], again["reply"]["id"])
    assert after["reply"]["status"] == "interrupted"
    page = await root.get(f"/api/conversations/{conversation}")
    assert [message["role"] for message in page["messages"]] == ["user", "assistant"]
    assert len(upstream.calls) == 1


async def test_a_second_server_over_the_same_data_is_refused_in_one_line(process: Process, root: Phone) -> None:
    second = Process(process.data)
    second.begin()
    assert second.log == process.log
    assert await second.ended() == 1
    assert "another server is running over" in process.log.read_text().splitlines()[-1]
    assert (await root.ask("hello"))["status"] == "done"
