"""The client's end: a reader that never reads is given up, and nothing goes out before what has to come first."""

import asyncio
import gc
from typing import Any

import pytest

from server.gateway.outlet import Outlet
from server.store.trouble import Unwritable

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("last", ["write", "end", "answer"])
async def test_a_client_that_never_reads_is_given_up(last: str) -> None:
    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    outlets: list[Outlet] = []

    async def serve() -> None:
        outlet = Outlet(send, {}, patience=0.05)
        outlets.append(outlet)
        if last == "answer":
            await outlet.answer(400, {}, b"{}")
        await outlet.begin(200, {})
        await getattr(outlet, last)(b"more than fits")

    async with asyncio.timeout(5):
        (ended,) = await asyncio.gather(asyncio.create_task(serve()), return_exceptions=True)
    assert isinstance(ended, asyncio.CancelledError)
    assert outlets[0].gone
    await outlets[0].close()


async def test_nothing_leaves_before_the_hold_is_written() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message["type"])

    outlet = Outlet(send, {})
    outlet.ready = asyncio.get_running_loop().create_future()
    begun = asyncio.create_task(outlet.begin(200, {}))
    await asyncio.sleep(0)
    assert sent == []
    outlet.ready.set_result(None)
    await begun
    assert sent == ["http.response.start"]


async def test_no_word_of_a_second_attempt_leaves_before_its_hold_although_a_heartbeat_began_the_answer() -> None:
    sent: list[Any] = []
    beaten = asyncio.Event()

    async def send(message: Any) -> None:
        sent.append(message.get("body"))
        if message.get("body"):
            beaten.set()

    outlet, loop = Outlet(send, {}), asyncio.get_running_loop()
    outlet.heartbeat = lambda: b": ping\n\n"
    outlet.keep_alive(0.01, 0.01)
    async with asyncio.timeout(5):
        await beaten.wait()
    outlet.silence()
    outlet.ready = held = loop.create_future()
    begun = asyncio.create_task(outlet.begin(200, {}))
    await asyncio.sleep(0)
    assert not begun.done()
    held.set_result(None)
    await begun
    outlet.ready = loop.create_future()
    outlet.ready.set_exception(Unwritable("the disk is full"))
    with pytest.raises(Unwritable):
        await outlet.begin(200, {})
    await outlet.close()
    assert sent.count(None) == 1


async def test_a_heartbeat_that_waited_for_the_hold_of_one_attempt_asks_nothing_of_the_next() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message.get("body"))

    outlet, loop = Outlet(send, {}), asyncio.get_running_loop()
    outlet.heartbeat = lambda: b": ping\n\n"
    outlet.ready = first = loop.create_future()
    beat = asyncio.create_task(outlet._send_beat(b": ping\n\n"))
    await asyncio.sleep(0)
    outlet.ready = loop.create_future()
    first.set_result(None)
    await beat
    assert sent == [None, b": ping\n\n"]
    await outlet.close()


async def test_a_heartbeat_begins_the_answer_once() -> None:
    sent: list[Any] = []
    beaten = asyncio.Event()

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) == 3:
            beaten.set()

    outlet = Outlet(send, {"x-request-id": "req_1"})
    outlet.heartbeat = lambda: b": ping\n\n"
    outlet.keep_alive(0.02, 0.02)
    async with asyncio.timeout(5):
        await beaten.wait()
    await outlet.begin(200, {})
    await outlet.close()
    assert [message["type"] for message in sent].count("http.response.start") == 1
    assert (b"x-request-id", b"req_1") in sent[0]["headers"]


async def test_a_heartbeat_waits_for_a_head_that_finds_no_room_yet() -> None:
    sent: list[str] = []
    room, asked = asyncio.Event(), asyncio.Event()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            asked.set()
            await room.wait()
        sent.append(message["type"])

    outlet = Outlet(send, {})
    outlet.heartbeat = lambda: b": ping\n\n"
    begun = asyncio.create_task(outlet.begin(200, {}))
    await asked.wait()
    beat = asyncio.create_task(outlet._send_beat(b": ping\n\n"))
    written = asyncio.create_task(outlet.write(b"data"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert sent == []
    room.set()
    await asyncio.gather(begun, beat, written)
    assert sent[0] == "http.response.start" and sent.count("http.response.body") == 2
    await outlet.close()


async def test_a_head_that_never_left_leaves_room_for_another_answer() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        if not sent:
            sent.append("refused")
            raise ConnectionError
        sent.append(message["type"])

    outlet = Outlet(send, {})
    with pytest.raises(ConnectionError):
        await outlet.begin(200, {})
    assert not outlet.begun
    await outlet.answer(500, {}, b"{}")
    assert sent[1:] == ["http.response.start", "http.response.body"]
    await outlet.close()


async def test_heartbeats_that_wait_for_the_hold_are_one_and_never_come_before_the_status() -> None:
    sent: list[Any] = []
    stuck = asyncio.Event()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            await stuck.wait()
        sent.append(message["type"])

    made = 0

    def beat() -> bytes:
        nonlocal made
        made += 1
        return b": ping\n\n"

    outlet = Outlet(send, {})
    outlet.heartbeat = beat
    outlet.ready = asyncio.get_running_loop().create_future()
    outlet.keep_alive(0.01, 0.01)
    while not made:
        await asyncio.sleep(0.01)
    for _ in range(5):
        await asyncio.sleep(0.01)
    assert made == 1, "one is enough while it waits"
    outlet.ready.set_result(None)
    begun = asyncio.create_task(outlet.begin(200, {}))
    late = asyncio.create_task(outlet._send_beat(b": ping\n\n"))
    await asyncio.sleep(0.01)
    assert sent == []
    for task in (begun, late):
        task.cancel()
    await outlet.close()
    assert "http.response.body" not in sent


async def test_a_heartbeat_that_waited_too_long_does_not_come_after_the_end() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message.get("body"))

    outlet = Outlet(send, {})
    outlet.heartbeat = lambda: b": ping\n\n"
    outlet.ready = asyncio.get_running_loop().create_future()
    beat = asyncio.create_task(outlet._send_beat(b": ping\n\n"))
    await asyncio.sleep(0)
    answered = asyncio.create_task(outlet.answer(503, {}, b"{}"))
    await answered
    outlet.ready.set_result(None)
    await beat
    assert sent == [None, b"{}"]
    await outlet.close()


async def test_a_heartbeat_does_not_begin_an_answer_whose_hold_could_not_be_written() -> None:
    """Whoever writes the answer raises what went wrong; the heartbeat has nobody to tell."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    outlet = Outlet(send, {})
    outlet.ready = asyncio.get_running_loop().create_future()
    outlet.ready.set_exception(Unwritable("the disk is full"))
    beats = 0

    def beat() -> bytes:
        nonlocal beats
        beats += 1
        return b": ping\n\n"

    outlet.heartbeat = beat
    lost: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: lost.append(context))
    outlet.keep_alive(0.01, 0.01)
    async with asyncio.timeout(5):
        while beats < 3:
            await asyncio.sleep(0.005)
    with pytest.raises(Unwritable):
        await outlet.begin(200, {})
    await outlet.close()
    gc.collect()
    await asyncio.sleep(0)
    assert (sent, lost) == ([], [])
