"""Clients that are too slow, too large or too many: each is told so, and costs nobody else anything."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import pytest

from server.edge import protocol
from tests.edge.wire import connected, exchange, statuses
from tests.house import ADMIN, House
from tests.phone import Phone

pytestmark = pytest.mark.anyio
HOST = b"Host: localhost\r\n"


@pytest.fixture
async def quick(empty_house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A house that loses patience at once."""
    monkeypatch.setattr(protocol, "PATIENCE", 0.1)
    house = await House.over(empty_house, tmp_path / "data", LLM_ROUTER_CONNECTIONS="20").start()
    yield house
    await house.stop()


def code(heard: bytes) -> str:
    head, _, body = heard.partition(b"\r\n\r\n")
    assert b"content-security-policy: default-src 'none'" in head or b"x-content-type-options" in head
    return str(json.loads(body)["error"]["code"])


async def test_a_head_that_never_ends_is_cut_off(quick: House) -> None:
    async with connected(quick.url) as line:
        await line.say(b"GET / HTTP/1.1\r\n" + HOST)

        async def drip() -> None:
            while not line.reader.at_eof():
                await line.say(b"X-Slow: 1\r\n")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        heard = await line.rest()
        dripping.cancel()
    assert statuses(heard) == [408]
    assert code(heard) == "too_slow"


async def test_a_body_that_comes_by_the_byte_is_cut_off_and_one_that_moves_is_not(quick: House) -> None:
    head = b"POST /api/auth/login HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    assert code(await exchange(quick.url, head % 50_000 + b"{")) == "too_slow"
    size = 60_000
    async with connected(quick.url) as line:
        await line.say(head % size)
        for _ in range(10):
            await line.say(b" " * (size // 10))
            await asyncio.sleep(0.06)
        assert (await asyncio.wait_for(line.reader.readline(), 10)).startswith(b"HTTP/1.1 422")


async def test_who_connects_and_says_nothing_is_not_waited_for(quick: House) -> None:
    assert await exchange(quick.url, b"") == b""


async def test_a_stream_that_is_quiet_is_left_alone(quick: House) -> None:
    phone = await Phone(quick.url).sign_in(*ADMIN)
    async with phone.listening() as stream:
        await stream.next()
        await asyncio.sleep(0.5)
        await phone.conversation(title="still here")
        assert (await stream.until(lambda event: event.type == "conversation")).data["title"] == "still here"
    await phone.close()


@pytest.mark.parametrize(
    "head",
    [
        b"X-Large: " + b"x" * 70_000 + b"\r\n",
        b"X-Many: 1\r\n" * 150,
        b"Cookie: " + b"a=b; " * 20_000 + b"\r\n",
    ],
)
async def test_headers_have_an_end(quick: House, head: bytes) -> None:
    heard = await exchange(quick.url, b"GET /health HTTP/1.1\r\n" + HOST + head + b"\r\n")
    assert statuses(heard) == [431]
    assert code(heard) == "head_too_large"


async def test_an_address_has_an_end_and_so_has_what_follows_a_body(quick: House) -> None:
    heard = await exchange(quick.url, b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert statuses(heard) in ([400], [431])
    async with connected(quick.url) as line:
        await line.say(b"POST /api/auth/login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
        await line.say(b"X-Trailer: 1\r\n" * 400)
        assert statuses(await line.rest())[-1] in (400, 422, 431)


async def test_what_is_no_http_gets_our_answer(quick: House) -> None:
    heard = await exchange(quick.url, b"\x16\x03\x01\x02\x00hello\r\n\r\n")
    assert statuses(heard) == [400]
    assert code(heard) == "bad_request"


async def test_there_are_only_so_many_connections(quick: House) -> None:
    async with AsyncExitStack() as lines:
        for _ in range(20):
            line = await lines.enter_async_context(connected(quick.url))
            await line.say(b"GET /health HTTP/1.1\r\n" + HOST)
        assert code(await exchange(quick.url, b"")) == "busy"
    async with asyncio.timeout(10), httpx2.AsyncClient(base_url=quick.url) as http:
        while (await http.get("/health")).status_code != 200:
            await asyncio.sleep(0.02)


async def test_a_connection_that_waits_for_nothing_gives_way_to_a_new_one(quick: House) -> None:
    async with AsyncExitStack() as lines:
        for _ in range(20):
            line = await lines.enter_async_context(connected(quick.url))
            await line.say(b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n")
            assert (await line.reader.readline()).startswith(b"HTTP/1.1 200")
        for _ in range(3):
            heard = await exchange(quick.url, b"GET /health HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")
            assert statuses(heard) == [200]
