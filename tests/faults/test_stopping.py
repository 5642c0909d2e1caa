"""A server that is told to end: nothing that came in is lost, and everybody who listens is told in their own words."""

import asyncio
import json
import re
import signal
import time

import httpx2
import pytest

from tests.phone import Phone
from tests.process import Process
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

TEXT = "".join(f"word{number} " for number in range(300))
TIMEOUT = 4.0
WIRES = {
    "chat/completions": ("gpt-5.1", {"messages": [{"role": "user", "content": "hello"}]}),
    "responses": ("gpt-5.1", {"input": "hello"}),
    "messages": ("claude-sonnet-4-5", {"max_tokens": 99, "messages": [{"role": "user", "content": "hello"}]}),
}


class Program:
    """Streams one answer, and keeps what it heard."""

    def __init__(self, process: Process, key: str, path: str) -> None:
        self.text = ""
        model, body = WIRES[path]
        self._asked = {"model": model, "stream": True, **body}
        self._url, self._key = f"{process.url}/v1/{path}", key
        self.task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        headers = {"Authorization": f"Bearer {self._key}"}
        async with (
            httpx2.AsyncClient(timeout=20) as http,
            http.stream("POST", self._url, json=self._asked, headers=headers) as answer,
        ):
            assert answer.status_code == 200
            async for piece in answer.aiter_text():
                self.text += piece

    @property
    def last(self) -> dict[str, object]:
        """The last event that it got."""
        data = [line.removeprefix("data:") for line in self.text.splitlines() if line.startswith("data:")]
        found: dict[str, object] = json.loads(data[-1])
        return found


async def until(holds: object) -> None:
    async with asyncio.timeout(20):
        while not holds():  # type: ignore[operator]
            await asyncio.sleep(0.01)


@pytest.fixture
async def key(process: Process, root: Phone) -> str:
    """A virtual key, over a server that has little time to end."""
    await process.end()
    process.environment["LLM_ROUTER_STOP_TIMEOUT"] = str(TIMEOUT)
    await process.start()
    made = await root.post("/api/virtual-keys", {"name": "tool"}, expect=201)
    return str(made["key"])


async def test_everybody_is_told_and_the_end_comes_in_time(
    process: Process, root: Phone, upstream: Upstream, key: str
) -> None:
    upstream.default(Answer(text=TEXT, chunk=10, hold_after=60))
    conversation = await root.conversation()
    reply = (await root.send(conversation, "count"))["reply"]["id"]
    before = await root.until(reply, lambda message: len(message["text"]) > 200)
    programs = {path: Program(process, key, path) for path in WIRES}
    await until(lambda: all("word9" in program.text for program in programs.values()))

    async with root.http.stream("GET", f"/api/stream?conversation={conversation}") as page:
        lines = page.aiter_lines()
        async for line in lines:
            if line.startswith("event: sync"):
                break
        began = time.monotonic()
        ending = asyncio.create_task(process.end())
        heard = [line async for line in lines]
    assert time.monotonic() - began < TIMEOUT * 0.5, "pages are sent away before the programs have had their time"
    assert "retry: 1000" in heard and 'data: {"retry":1000}' in heard
    with pytest.raises(httpx2.TransportError):
        async with httpx2.AsyncClient() as late:
            await late.get(f"{process.url}/health")
    assert await ending == 0
    for program in programs.values():
        await program.task
        assert "the server is restarting" in program.text
    assert programs["chat/completions"].last["error"]
    assert programs["responses"].last["type"] == "response.failed"
    assert programs["messages"].last["type"] == "error"
    said = [json.loads(line) for line in process.log.read_text().splitlines()]
    assert [line["message"] for line in said if line["logger"] == "server.ops.stopping"][-2:-1] == ["stopping"]
    taken = re.fullmatch(r"stopped after ([\d.]+) s", said[-1]["message"])
    assert taken is not None and TIMEOUT * 0.5 <= float(taken[1]) < TIMEOUT

    await process.start()
    after = await root.message(reply)
    assert after["status"] == "interrupted" and after["text"].startswith(before["text"])


async def test_a_second_signal_ends_it_at_once_and_what_came_in_is_kept(
    process: Process, root: Phone, upstream: Upstream, key: str
) -> None:
    upstream.default(Answer(text=TEXT, chunk=10, hold_after=60))
    reply = (await root.send(await root.conversation(), "count"))["reply"]["id"]
    before = await root.until(reply, lambda message: len(message["text"]) > 200)
    program = Program(process, key, "messages")
    await until(lambda: "word9" in program.text)
    process.send_signal(signal.SIGTERM)
    await until(lambda: process.log.read_text().rstrip().endswith('"message": "stopping"}'))
    process.send_signal(signal.SIGTERM)
    assert await process.ended() == 128 + signal.SIGTERM
    with pytest.raises(httpx2.TransportError):
        await program.task
    await process.start()
    after = await root.message(reply)
    assert after["status"] == "interrupted" and after["text"].startswith(before["text"])
