"""A person's past: databases of any number of messages, written without the program and faster than it could.

The words are as common as words are, few everywhere and most hardly ever, and the same every time.
"""

import asyncio
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import server
from bench.run import Run
from server.content import search
from server.ids import first_id, now

EACH = 50
"""Messages of a usual conversation."""
LONG = 1_200
"""Messages of one conversation, where there are ten times as many in all."""
DAYS = 700
SCRIPTS = ("日本語の運動会", "жираф высокий", "café naïve", "한국어 검색", "don't C++ foo-bar", "function_name(x)")
_PIECE, _PIECES = 30, 20_000
"""Words of a piece of text, and how many pieces are drawn from: a question is one, an answer five."""
_ANSWER = 5

_MESSAGE = (
    "INSERT INTO messages (id, conversation_id, parent_id, role, status, text, reasoning, favorite, revision,"
    " created_at, finished_at, model) VALUES (?, ?, ?, ?, 'done', ?, '', 0, 1, ?, ?, ?)"
)

_CONVERSATION = (
    "INSERT INTO conversations (id, user_id, title, titled_by, favorite, title_folded, created_at, updated_at, leaf_id,"
    " revision) VALUES (?, ?, ?, 'model', 0, ?, ?, ?, ?, 1)"
)


class Words:
    def __init__(self) -> None:
        self._dice = random.Random(7)
        letters = "etaoinshrdlucmfwypvbgkqjxz"
        weights = range(len(letters), 0, -1)
        sizes = [self._dice.randint(2, 11) for _ in range(30_000)]
        self.known = ["".join(self._dice.choices(letters, weights, k=size)) for size in sizes]
        self._sums: list[float] = []
        total = 0.0
        for place in range(len(self.known)):
            total += 1 / (place + 1)
            self._sums.append(total)

    def text(self, length: int) -> str:
        said = self._dice.choices(self.known, cum_weights=self._sums, k=length)
        if self._dice.random() < 0.05:
            said.insert(self._dice.randrange(length), self._dice.choice(SCRIPTS))
        return " ".join(said)

    def rare(self) -> str:
        return self._dice.choice(self.known[2_000:])

    def common(self) -> str:
        return self._dice.choice(self.known[:50])


@dataclass(frozen=True, slots=True)
class Corpus:
    data: Path
    """A data folder with the account of ``tests.house.ADMIN``."""
    messages: int
    long: str | None
    """The conversation of ``LONG`` messages."""
    seconds: float
    """That it took to write."""

    @property
    def database(self) -> Path:
        return server.database_in(self.data)

    @property
    def bytes(self) -> int:
        return self.database.stat().st_size


async def of(run: Run, messages: int) -> Corpus:
    """A new one, below the folder of the run."""
    data = run.folder / f"of-{messages}"
    async with server.serving(run, data):
        pass
    began = time.monotonic()
    long = await asyncio.to_thread(fill, server.database_in(data), messages)
    return Corpus(data, messages, long, time.monotonic() - began)


def fill(database: Path, count: int) -> str | None:
    """Writes the messages with the index of their words; the id of the long conversation."""
    dice, pieces = random.Random(8), list(_pieces())
    with closing(sqlite3.connect(database)) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-262144", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        (user,) = connection.execute("SELECT id FROM users").fetchone()
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'search_texts'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")  # the index is built at once instead
        long = None
        if count >= 10 * LONG:
            long = _talk(connection, user, now() - timedelta(days=DAYS + 1), dice, pieces, LONG)
            count -= LONG
        talks = count // EACH
        for number in range(talks):
            began = now() - timedelta(days=DAYS) * (1 - number / talks)
            _talk(connection, user, began, dice, pieces, EACH)
        connection.execute("INSERT INTO search_index(search_index) VALUES ('rebuild')")
        for _, sql in triggers:
            connection.execute(sql)
        connection.commit()
        connection.execute("PRAGMA journal_mode=WAL")
    return long


def _pieces() -> Iterator[tuple[str, str]]:
    """Each as it was written and as it is looked for."""
    words = Words()
    for _ in range(_PIECES):
        text = words.text(_PIECE)
        yield text, search.fold(text)


def _talk(
    connection: sqlite3.Connection,
    user: str,
    began: datetime,
    dice: random.Random,
    pieces: list[tuple[str, str]],
    length: int,
) -> str:
    """The id of the conversation."""
    conversation, title = first_id(began), dice.choice(pieces)
    rows, texts, places = [], [], []
    parent: str | None = None
    for place in range(length):
        at = began + timedelta(seconds=30 * place)
        id, stored, answer = f"{first_id(at)[:10]}{place:016}", _stored(at), place % 2
        said = dice.choices(pieces, k=_ANSWER if answer else 1)
        model = "gpt-5.1" if answer else None
        text = " ".join(written for written, _ in said)
        rows.append((id, conversation, parent, "assistant" if answer else "user", text, stored, stored, model))
        number = search.number_of(at)
        texts.append((number, user, " ".join(folded for _, folded in said)))
        places.append((id, number))
        parent = id
    row = (conversation, user, title[0][:40], title[1][:40], _stored(began), _stored(at), parent)
    connection.execute(_CONVERSATION, row)
    connection.executemany(_MESSAGE, rows)
    connection.executemany("INSERT INTO search_texts (id, user_id, text) VALUES (?, ?, ?)", texts)
    connection.executemany("INSERT INTO search_places (message_id, text_id) VALUES (?, ?)", places)
    return conversation


def _stored(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
