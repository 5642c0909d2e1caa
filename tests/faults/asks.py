"""What people and programs do in a seeded world, and what the upstream does with each of their requests."""

import asyncio
import json
import socket
import struct
import time
import uuid
from typing import Any

import httpx2

from tests.faults.plan import Ask
from tests.faults.world import Done, World
from tests.phone import Event, Screen
from tests.upstream import Answer

_STATUS = (500, 502, 503, 529)
_BROKEN = (httpx2.HTTPError, httpx2.StreamError, ConnectionError)
SLOWLY = 4000
"""Bytes that a slow reader takes its time for."""
SLOW = 0.01 / 64
"""Seconds for each of them."""


def answers(ask: Ask) -> list[Answer]:
    """For each attempt; the usage says which ask it was for."""

    def answer(**more: Any) -> Answer:
        text = "".join(f"w{number} " for number in range(ask.words))
        usage = {"input": 1000 + ask.number, "cached": 0, "output": 10 + ask.number % 7, "reasoning": 0}
        return Answer(text=text, chunk=ask.chunk, delay=ask.delay, usage=usage, match=ask.mark, **more)

    storm = min(ask.at % 5, 3)
    match ask.weather:
        case "cut":
            return [answer(cut_after=ask.at) for _ in range(3)]
        case "stall":
            return [answer(hold_after=ask.at) for _ in range(3)]
        case "garbage":
            kind = ask.at % 4
            raw = ("", "\x00 nonsense \xff" * 50, "data: {oops\n\n" * 9)
            odd: dict[str, Any] = {"raw": raw[kind]} if kind < 3 else {"garbage_after": ask.at}
            return [answer(**odd) for _ in range(3)]
        case "429":
            return [*(Answer(status=429, retry_after="0.1", match=ask.mark) for _ in range(storm)), answer()]
        case "5xx":
            status = _STATUS[ask.at % 4]
            return [*(Answer(status=status, match=ask.mark) for _ in range(storm)), answer()]
    return [answer()]


async def make(world: World, ask: Ask) -> None:
    """Does it as planned; what comes of it is added to ``world.done``."""
    await asyncio.sleep(ask.after)
    await world.up.wait()
    world.upstream.script(*answers(ask))
    done = Done(ask, str(uuid.uuid4()), time.monotonic())
    world.done.append(done)
    try:
        if ask.way == "page":
            await _say(world, done)
        elif ask.leaves < 0:
            await _break_off(world, ask)
        else:
            await _request(world, done)
    except _BROKEN as error:
        done.error = repr(error)
    done.ended = time.monotonic()
    world.met |= {ask.weather, ask.manner} - {"fine", ""}


async def _say(world: World, done: Done) -> None:
    ask, phone = done.ask, world.phone(done.ask.person)
    body = {"client_id": done.client_id, "text": f"hello {ask.mark}", "parent_id": None, "models": [ask.model]}
    path = f"/api/conversations/{world.person(ask.person).conversation}/messages"
    answer = await phone.http.post(path, json=body, headers={"X-CSRF-Token": phone.csrf})
    done.status = answer.status_code
    if answer.status_code != 202:
        done.text = answer.text
        return
    done.acknowledged = answer.json()
    reply = done.acknowledged["reply"]["id"]
    if ask.manner == "comes back":
        await _come_back(world, ask, reply)
    else:
        while (await phone.message(reply))["status"] in ("pending", "streaming"):
            await asyncio.sleep(0.1)


async def _come_back(world: World, ask: Ask, reply: str) -> None:
    """Looks at the reply, is cut off, and looks again, until it has ended: no gap, and nothing twice."""
    screen, cursor, left = Screen(reply), None, ask.leaves
    while True:
        await world.up.wait()
        phone = world.phone(ask.person)
        try:
            async with phone.listening(world.person(ask.person).conversation, cursor) as stream:
                seen = await stream.next()
                screen.see(seen)
                cursor = seen.id or cursor
                if (await phone.message(reply))["status"] not in ("pending", "streaming"):
                    return
                while left:
                    left -= 1
                    seen = await stream.next()
                    screen.see(seen)
                    cursor = seen.id or cursor
                    if _is_end(seen, reply):
                        return
                left = ask.leaves * 3
        except (*_BROKEN, AssertionError) as error:
            if isinstance(error, AssertionError) and str(error) != "the stream ended":
                raise
            screen, cursor = Screen(reply), None


def _is_end(event: Event, reply: str) -> bool:
    ended = event.type == "message" and event.data["id"] == reply
    return ended and event.data["status"] not in ("pending", "streaming")


def _body(ask: Ask) -> dict[str, Any]:
    body: dict[str, Any] = {"model": ask.model, "stream": ask.streams}
    said = [{"role": "user", "content": f"hello {ask.mark}"}]
    if ask.way == "responses":
        return body | {"input": said, "max_output_tokens": 500}
    return body | {"messages": said, "max_tokens": 500}


async def _request(world: World, done: Done) -> None:
    ask, whole = done.ask, bytearray()
    async with (
        world.tool(ask.person) as tool,
        tool.stream("POST", f"/v1/{ask.way}", json=_body(ask)) as answer,
    ):
        done.status = answer.status_code
        async for chunk in answer.aiter_raw():
            if ask.manner == "slow":
                await asyncio.sleep(max(0, min(len(chunk), SLOWLY - len(whole))) * SLOW)
            whole += chunk
            if ask.manner == "leaves" and len(whole) >= ask.leaves:
                break
    text = whole.decode(errors="replace")
    if done.status != 200:
        done.text = text
    elif ask.streams:
        done.text = "".join(_piece(ask.way, line) for line in text.splitlines() if line.startswith("data: {"))
    elif ask.manner != "leaves":
        done.text = _whole(ask.way, json.loads(text))


def _piece(way: str, line: str) -> str:
    try:
        frame = json.loads(line[6:])
    except ValueError:
        return ""  # its client left in the middle of it, or the upstream wrote it so
    if way == "chat/completions":
        return "".join(choice.get("delta", {}).get("content") or "" for choice in frame.get("choices") or [])
    if way == "responses":
        return str(frame["delta"]) if frame.get("type") == "response.output_text.delta" else ""
    delta = frame.get("delta") or {}
    return str(delta["text"]) if delta.get("type") == "text_delta" else ""


def _whole(way: str, answer: dict[str, Any]) -> str:
    if way == "chat/completions":
        return str(answer["choices"][0]["message"]["content"])
    if way == "responses":
        return "".join(part["text"] for item in answer["output"] for part in item.get("content", []))
    return "".join(part.get("text", "") for part in answer["content"])


async def _break_off(world: World, ask: Ask) -> None:
    """A client that is gone in the middle of its own request."""
    body = json.dumps(_body(ask))
    reader, writer = await asyncio.open_connection("127.0.0.1", world.process.port)
    head = f"POST /v1/{ask.way} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    key = f"\r\nAuthorization: Bearer {world.person(ask.person).key}\r\n\r\n"
    writer.write((head + key + body[: len(body) // 2]).encode())
    await writer.drain()
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
