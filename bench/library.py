"""Library: lists, opening, searching, sending and branching over HTTP, in ever larger databases of one person."""

import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from bench import corpus, server, ways
from bench.corpus import LONG, SCRIPTS, Corpus, Words
from bench.page import Page
from bench.report import Figure, Table, quantile
from bench.run import Run
from bench.stopwatch import milliseconds
from tests.house import ADMIN
from tests.phone import Phone

SIZES = (1_000, 10_000, 100_000, 1_000_000)
QUICK = SIZES[:2]
CLOSELY = 100_000
"""Messages of the database that is looked at closely, and for which the aims are."""
PAGE = 20
AIM_SEARCH, AIM_SCAN, AIM_OPEN, AIM_LIST, AIM_BRANCH, AIM_SEND = 50.0, 500.0, 30.0, 20.0, 50.0, 50.0
AIMS = {"list": AIM_LIST, "open": AIM_OPEN, "search": AIM_SEARCH, "send": AIM_SEND, "branch": AIM_BRANCH}

Seen = dict[str, list[float]]
"""Milliseconds by what was done."""


@dataclass(slots=True)
class Person:
    """Whoever has these messages."""

    phone: Phone
    page: Page
    words: Words
    dice: random.Random = field(default_factory=lambda: random.Random(9))

    async def get(self, path: str) -> float:
        return await milliseconds(self.phone.get(path))

    async def search(self, query: str) -> tuple[float, bool]:
        """Milliseconds, and whether the index had a page of it, so that nothing was scanned."""
        began = time.perf_counter()
        answer = await self.phone.http.get("/api/search", params={"q": query, "limit": PAGE})
        took = (time.perf_counter() - began) * 1000
        hits = answer.raise_for_status().json()["hits"]
        return took, len(hits) == PAGE and not any(hit["inside"] for hit in hits)

    async def send(self, conversation: str) -> float:
        """Until it is accepted; returns when it is answered."""
        async with self.page.listening(conversation) as listener:
            await self.page.connect()
            took = await milliseconds(self.page.send(conversation))
            await listener.until_ended()
        return took

    async def branch(self, conversation: str, message: str) -> float:
        body = {"message_id": message, "client_id": str(uuid.uuid4())}
        return await milliseconds(self.phone.post(f"/api/conversations/{conversation}/clone", body))

    async def conversations(self) -> list[str]:
        listed = await self.phone.get("/api/conversations?limit=40")
        return [conversation["id"] for conversation in listed["conversations"]]


async def measure(run: Run) -> Table:
    sizes = QUICK if run.quick else SIZES
    table = Table("library", "The library of one person", f"the same with {sizes[0]:,} messages")
    first: Seen = {}
    async with ways.stub(chunks=4) as upstream:
        for size in sizes:
            written = await corpus.of(run, size)
            async with (
                server.serving(run, written.data, OLLAMA_BASE_URL=f"{upstream}/v1") as process,
                server.opened(process) as page,
            ):
                phone = await Phone(process.url).sign_in(*ADMIN)
                try:
                    person = Person(phone, page, Words())
                    seen = await _daily(person, rounds=10 if run.quick else 25)
                    closely = size == CLOSELY
                    for name, values in seen.items():
                        aim = AIMS[name] if closely else None
                        table.add(Figure(f"{size:,} messages: {name}", values, "ms", aim, first.get(name, ())))
                    if closely:
                        await _search(table, person, rounds=100)
                        await _long(table, person, written, rounds=40)
                finally:
                    await phone.close()
            first = first or seen
            _weigh(table, written)
    table.notes.append(
        "Open and branch are of usual conversations, of 50 messages; branch copies all of them. Search looks for a rare"
        " word. Send is until the message is accepted. The ratio is how much longer than in the smallest database."
    )
    return table


def _weigh(table: Table, written: Corpus) -> None:
    name = f"{written.messages:,} messages: the file, for each 100 of them"
    table.add(Figure(name, [written.bytes / 1e6 / written.messages * 100], "MB"))
    table.notes.append(f"{written.messages:,} messages were written in {written.seconds:.0f} s.")


async def _daily(person: Person, *, rounds: int) -> Seen:
    recent = await person.conversations()
    seen: Seen = {name: [] for name in AIMS}
    for number in range(rounds + 1):
        conversation = person.dice.choice(recent)
        opened = await person.phone.get(f"/api/conversations/{conversation}")
        took = {
            "list": await person.get("/api/conversations?limit=40"),
            "open": await person.get(f"/api/conversations/{person.dice.choice(recent)}"),
            "search": (await person.search(person.words.rare()))[0],
            "branch": await person.branch(conversation, opened["messages"][-1]["id"]),
            "send": await person.send(await person.page.conversation(ways.MODEL)),
        }
        for name, value in took.items() if number else ():
            seen[name].append(value)
    return seen


async def _search(table: Table, person: Person, *, rounds: int) -> None:
    words = person.words
    queries: dict[str, Callable[[], str]] = {
        "one word": words.rare,
        "a common word": words.common,
        "two words": lambda: f"{words.common()} {words.rare()}",
        "the first two letters of a word": lambda: words.rare()[:2],
        "the first letter": lambda: words.rare()[:1],
        "other scripts and signs": lambda: person.dice.choice(SCRIPTS),
    }
    index: list[float] = []
    scan: list[float] = []
    for name, query in queries.items():
        seen = []
        for _ in range(rounds):
            took, is_full = await person.search(query())
            (index if is_full else scan).append(took)
            seen.append(took)
        table.add(Figure(f"search in {CLOSELY:,}: {name}", seen, "ms"))
    scan += [(await person.search(words.rare()[1:4] + "-q"))[0] for _ in range(max(5, rounds // 10))]
    table.add(
        Figure("search: p95 of what the index answers", [quantile(index, 0.95)], "ms", aim=AIM_SEARCH),
        Figure("search: p95 with the scan for the rest of the page", [quantile(scan, 0.95)], "ms", aim=AIM_SCAN),
    )


async def _long(table: Table, person: Person, written: Corpus, *, rounds: int) -> None:
    url = f"/api/conversations/{written.long}"
    table.add(
        Figure(f"open one of {LONG:,} messages", [await person.get(url) for _ in range(rounds)], "ms", aim=AIM_OPEN),
        Figure("list past prompts", [await person.get("/api/prompts") for _ in range(rounds)], "ms", aim=AIM_LIST),
    )
    assert written.long is not None
    newest = (await person.phone.get(f"{url}?limit=200"))["messages"]
    at = newest[-(LONG - 1_000 + 1)]["id"] if len(newest) > LONG - 1_000 else newest[0]["id"]
    cut = [await person.branch(written.long, at) for _ in range(10)]
    table.add(Figure("branch at message 1,000", cut, "ms", aim=AIM_BRANCH))
