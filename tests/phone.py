"""A client of the page's API, as the page uses it: signs in, sends, waits, listens."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

PATIENCE = 60.0
"""Seconds after which something that should happen counts as not happening."""


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    type: str
    data: Any


class Phone:
    def __init__(self, url: str) -> None:
        # It lets an idle connection go before the server does: at the same second the two would meet.
        # Certificates are nobody's here, and reading those of the system takes longer than most tests.
        limits = httpx2.Limits(keepalive_expiry=2)
        self.http = httpx2.AsyncClient(base_url=url, timeout=PATIENCE, limits=limits, verify=False)
        self.csrf = ""
        self.session: dict[str, Any] = {}

    async def close(self) -> None:
        await self.http.aclose()

    async def sign_in(self, username: str, password: str) -> "Phone":
        answer = await self.http.post("/api/auth/login", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        self.session = answer.json()
        self.csrf = self.session["csrf"]
        return self

    async def call(self, method: str, path: str, body: Any = None, *, expect: int | None = None) -> Any:
        """The answer's JSON (or None); with ``expect`` the status must be that one, else any success."""
        headers = {"X-CSRF-Token": self.csrf}
        answer = await self.http.request(method, path, json=body, headers=headers)
        wanted = answer.status_code == expect if expect else answer.is_success
        assert wanted, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    async def get(self, path: str, *, expect: int | None = None) -> Any:
        return await self.call("GET", path, expect=expect)

    async def post(self, path: str, body: Any = None, *, expect: int | None = None) -> Any:
        return await self.call("POST", path, body if body is not None else {}, expect=expect)

    async def conversation(self, **values: Any) -> str:
        """The id of a new conversation."""
        made = await self.post("/api/conversations", values)
        return str(made["id"])

    async def send(self, conversation: str, text: str, *, client_id: str | None = None, **more: Any) -> Any:
        """{"message", "reply"}."""
        body = {"client_id": client_id or str(uuid.uuid4()), "text": text, **more}
        return await self.post(f"/api/conversations/{conversation}/messages", body)

    async def upload(self, name: str, content: bytes, *, expect: int | None = None) -> Any:
        """The attachment, or the error that was expected."""
        headers = {"X-CSRF-Token": self.csrf, "Content-Type": "application/octet-stream"}
        answer = await self.http.post("/api/attachments", params={"name": name}, content=content, headers=headers)
        wanted = answer.status_code == expect if expect else answer.is_success
        assert wanted, f"upload {name}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    async def run(self, line: str, conversation: str | None = None, **more: Any) -> Any:
        """The results of a command line."""
        body = {"line": line, **({"conversation": conversation} if conversation else {}), **more}
        return (await self.post("/api/commands", body))["results"]

    async def message(self, id: str) -> Any:
        return await self.get(f"/api/messages/{id}")

    async def until(self, id: str, check: Callable[[Any], bool]) -> Any:
        """The message as soon as ``check`` holds of it."""
        async with asyncio.timeout(PATIENCE):
            while not check(message := await self.message(id)):
                await asyncio.sleep(0.01)
        return message

    async def ended(self, id: str) -> Any:
        """The reply when it is no longer being made."""
        return await self.until(id, lambda message: message["status"] not in ("pending", "streaming"))

    async def ask(self, text: str, **conversation: Any) -> Any:
        """The ended reply to the first message of a new conversation."""
        sent = await self.send(await self.conversation(**conversation), text)
        return await self.ended(sent["reply"]["id"])

    @asynccontextmanager
    async def listening(self, conversation: str | None = None, cursor: str | None = None) -> AsyncIterator["Stream"]:
        query = {"conversation": conversation} if conversation else {}
        headers = {"Last-Event-ID": cursor} if cursor else {}
        async with self.http.stream("GET", "/api/stream", params=query, headers=headers) as response:
            assert response.status_code == 200
            yield Stream(response)


class Stream:
    """The events of one connection, in order; ``seen`` keeps them all."""

    def __init__(self, response: httpx2.Response) -> None:
        self._lines = response.aiter_lines()
        self.seen: list[Event] = []

    @property
    def cursor(self) -> str | None:
        return self.seen[-1].id if self.seen else None

    async def next(self) -> Event:
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if line and not line.startswith(":"):
                    fields[name] = value
                elif "data" in fields:
                    event = Event(fields.get("id", ""), fields.get("event", ""), json.loads(fields["data"]))
                    self.seen.append(event)
                    return event
        raise AssertionError("the stream ended")

    async def until(self, check: Callable[[Event], bool]) -> Event:
        while not check(event := await self.next()):
            pass
        return event

    async def until_ended(self, reply: str) -> Any:
        """The final message row of ``reply``."""
        event = await self.until(lambda event: event.type == "message" and _ended(event.data, reply))
        return event.data


def _ended(message: Any, reply: str) -> bool:
    return bool(message["id"] == reply and message["status"] not in ("pending", "streaming"))


class Screen:
    """What a page shows of one reply, built from a stream's events alone."""

    def __init__(self, reply: str) -> None:
        self.reply = reply
        self.seq = 0
        self.blocks: list[str] = []
        self.open: str | None = None
        self.reasoning = ""

    def see(self, event: Event) -> None:
        data = event.data
        if event.type == "sync":
            for reply in data["replies"]:
                if reply["id"] == self.reply:
                    self.seq, self.blocks, self.open = reply["seq"], list(reply["blocks"]), reply["open"]
                    self.reasoning = reply["reasoning"]
        elif event.type in ("delta", "reasoning") and data["reply"] == self.reply:
            assert data["seq"] == self.seq + 1, f"delta {data['seq']} after {self.seq}"
            self.seq = data["seq"]
            if event.type == "reasoning":
                self.reasoning += data["append"]
            else:
                self._draw(data)

    def _draw(self, data: Any) -> None:
        for block in data["closed"]:
            assert block["index"] == len(self.blocks), "closed blocks come in order"
            self.blocks.append(block["html"])
            self.open = None
        if data["open"] is not None:
            if "html" in data["open"]:
                self.open = data["open"]["html"]
            else:
                assert self.open is not None
                self.open += data["open"]["append"]
