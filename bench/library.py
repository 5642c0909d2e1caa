"""Library: search, lists and branches in a database of 100,000 messages, over HTTP."""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, text, update

from bench import server
from bench.page import signed_in
from bench.report import Figure, Table, quantile
from server.content import search
from server.ids import new_id, now
from server.store.engine import connect
from server.store.tables import Conversation, Message, User
from tests.house import ADMIN
from tests.phone import Phone

MESSAGES = 100_000
CONVERSATIONS = 2_000
LONG = 1_200
"""Messages of one conversation: the one that a branch is taken from at message 1,000."""
PAGE = 20
AIM_SEARCH, AIM_SCAN, AIM_OPEN, AIM_LIST, AIM_BRANCH = 50.0, 500.0, 30.0, 20.0, 50.0

messages, conversations, users = Message.__table__, Conversation.__table__, User.__table__  # type: ignore[attr-defined]

_SCRIPTS = ("日本語の運動会", "жираф высокий", "café naïve", "한국어 검색", "don't C++ foo-bar", "function_name(x)")


class Words:
    """Texts whose words are as common as words are: few everywhere, most hardly ever."""

    def __init__(self) -> None:
        self._dice = random.Random(7)
        letters = "etaoinshrdlucmfwypvbgkqjxz"
        weights = range(len(letters), 0, -1)
        sizes = [self._dice.randint(2, 11) for _ in range(30_000)]
        self.known = ["".join(self._dice.choices(letters, weights, k=size)) for size in sizes]
        self._weights = [1 / (place + 1) for place in range(len(self.known))]
        self._sums: list[float] = []
        total = 0.0
        for weight in self._weights:
            total += weight
            self._sums.append(total)

    def text(self, length: int) -> str:
        said = self._dice.choices(self.known, cum_weights=self._sums, k=length)
        if self._dice.random() < 0.2:
            said.insert(self._dice.randrange(length), self._dice.choice(_SCRIPTS))
        return " ".join(said)

    def rare(self) -> str:
        return self._dice.choice(self.known[2_000:])

    def common(self) -> str:
        return self._dice.choice(self.known[:50])


async def measure(folder: Path, *, quick: bool) -> Table:
    table = Table("library", f"{MESSAGES:,} messages of one person in {CONVERSATIONS:,} conversations")
    words = Words()
    async with server.serving(folder / "data"):
        pass
    began = time.monotonic()
    long = await asyncio.to_thread(fill, server.database_in(folder / "data"), words)
    table.notes.append(f"Written in {time.monotonic() - began:.0f} s; the file has {_megabytes(folder / 'data')} MB.")
    async with server.serving(folder / "data") as process, signed_in(process.url):
        phone = await Phone(process.url).sign_in(*ADMIN)
        try:
            await _measure(table, phone, words, long, rounds=40 if quick else 200)
        finally:
            await phone.close()
    return table


async def _measure(table: Table, phone: Phone, words: Words, long: str, *, rounds: int) -> None:
    queries: dict[str, Callable[[], str]] = {
        "one word": words.rare,
        "a common word": words.common,
        "two words": lambda: f"{words.common()} {words.rare()}",
        "the first two letters of a word": lambda: words.rare()[:2],
        "the first letter": lambda: words.rare()[:1],
        "other scripts and signs": lambda: random.choice(_SCRIPTS),
    }
    index: list[float] = []
    scan: list[float] = []
    for name, query in queries.items():
        seen = []
        for _ in range(rounds):
            took, is_full = await _search(phone, query())
            (index if is_full else scan).append(took)
            seen.append(took)
        table.add(Figure(f"search: {name}", seen, "ms"))
    scan += [(await _search(phone, words.rare()[1:4] + "-q"))[0] for _ in range(max(5, rounds // 10))]
    table.add(
        Figure("search: p95 of what the index answers", [quantile(index, 0.95)], "ms", aim=AIM_SEARCH),
        Figure("search: p95 with the scan for the rest of the page", [quantile(scan, 0.95)], "ms", aim=AIM_SCAN),
    )
    recent = (await phone.get("/api/conversations?limit=40"))["conversations"]
    opened = [
        await _timed(lambda: phone.get(f"/api/conversations/{random.choice(recent)['id']}")) for _ in range(rounds)
    ]
    table.add(Figure("open a conversation", opened, "ms", aim=AIM_OPEN))
    again = [await _timed(lambda: phone.get(f"/api/conversations/{long}")) for _ in range(rounds)]
    table.add(Figure(f"open one of {LONG:,} messages", again, "ms", aim=AIM_OPEN))
    lists = [await _timed(lambda: phone.get("/api/conversations?limit=40")) for _ in range(rounds)]
    table.add(Figure("list the conversations", lists, "ms", aim=AIM_LIST))
    prompts = [await _timed(lambda: phone.get("/api/prompts")) for _ in range(rounds)]
    table.add(Figure("list past prompts", prompts, "ms", aim=AIM_LIST))
    page = await phone.get(f"/api/conversations/{long}?limit=200")
    at = (
        page["messages"][-(LONG - 1_000 + 1)]["id"]
        if len(page["messages"]) > LONG - 1_000
        else page["messages"][0]["id"]
    )
    url = f"/api/conversations/{long}/clone"
    cut = [
        await _timed(lambda: phone.post(url, {"message_id": at, "client_id": str(uuid.uuid4())}))
        for _ in range(max(5, rounds // 20))
    ]
    table.add(Figure("branch at message 1,000", cut, "ms", aim=AIM_BRANCH))


async def _search(phone: Phone, query: str) -> tuple[float, bool]:
    """Milliseconds, and whether the index had a page of it, so that nothing was scanned."""
    began = time.perf_counter()
    answer = await phone.http.get("/api/search", params={"q": query, "limit": PAGE})
    took = (time.perf_counter() - began) * 1000
    hits = answer.raise_for_status().json()["hits"]
    return took, len(hits) == PAGE and not any(hit["inside"] for hit in hits)


async def _timed(work: Callable[[], Awaitable[Any]]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1000


def _megabytes(data: Path) -> int:
    return server.database_in(data).stat().st_size // 1_000_000


def fill(database: Path, words: Words) -> str:
    """Writes the messages; gives the id of the long conversation."""
    engine = connect(f"sqlite:///{database}")
    with engine.begin() as connection:
        user = str(connection.execute(users.select()).one().id)
        time, each = now() - timedelta(days=700), (MESSAGES - LONG) // CONVERSATIONS
        long = _talk(connection, user, time, words, LONG)
        for number in range(CONVERSATIONS):
            _talk(connection, user, time + timedelta(hours=8 * (number + 1)), words, each)
        connection.execute(text("INSERT INTO search_index(search_index) VALUES ('optimize')"))
    engine.dispose()
    return long


def _talk(connection: Connection, user: str, began: Any, words: Words, length: int) -> str:
    title = words.text(4)
    conversation = Conversation(
        id=new_id(), user_id=user, title=title, title_folded=search.fold(title), created_at=began, updated_at=began
    )
    connection.execute(insert(conversations), conversation.model_dump())
    rows: list[Message] = []
    for place in range(length):
        rows.append(
            Message(
                id=new_id(),
                conversation_id=conversation.id,
                parent_id=rows[-1].id if rows else None,
                role="assistant" if place % 2 else "user",
                model="gpt-5.1" if place % 2 else None,
                text=words.text(150 if place % 2 else 30),
                created_at=began + timedelta(seconds=30 * place),
            )
        )
    connection.execute(insert(messages), [row.model_dump() for row in rows])
    search.index(connection, user, rows)
    last = update(conversations).where(conversations.c.id == conversation.id)
    connection.execute(last.values(leaf_id=rows[-1].id))
    return conversation.id
