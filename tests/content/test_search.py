"""Every word, sign and script is found, and nothing that a person types is an error."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import Connection, insert, text

from server.content import search
from server.content.search import Cursor, Filters, Found
from server.errors import BadRequest
from server.store.engine import connect
from server.store.tables import Conversation, Message, User

messages, conversations, users = Message.__table__, Conversation.__table__, User.__table__  # type: ignore[attr-defined]
NOON = datetime(2025, 5, 1, 12, tzinfo=UTC)


@dataclass
class Shelf:
    """A database with what people said in it."""

    connection: Connection
    count: int = 0

    def person(self, id: str) -> None:
        user = User(id=id, username=id, username_key=id, password_hash="", created_at=NOON)
        self.connection.execute(insert(users), user.model_dump())
        row = Conversation(id=f"of-{id}", user_id=id, created_at=NOON, updated_at=NOON)
        self.connection.execute(insert(conversations), row.model_dump())

    def say(self, *texts: str, who: str = "ada", **values: Any) -> list[str]:
        rows = []
        for said in texts:
            self.count += 1
            at = NOON + timedelta(minutes=self.count)
            id = f"m{self.count:04}"
            row = {"id": id, "conversation_id": f"of-{who}", "role": "user", "text": said, "created_at": at} | values
            rows.append(Message(**row))
        self.connection.execute(insert(messages), [row.model_dump() for row in rows])
        search.index(self.connection, who, rows)
        return [row.id for row in rows]

    def find(self, words: str, who: str = "ada", cursor: Cursor | None = None, limit: int = 20, **more: Any) -> Found:
        return search.find(self.connection, who, search.parse(words), Filters(**more), cursor, limit)

    def texts(self, words: str, who: str = "ada", **more: Any) -> list[str]:
        return [hit.row.text for hit in self.find(words, who, **more).hits]


@pytest.fixture
def shelf(empty_house: Path, tmp_path: Path) -> Iterator[Shelf]:
    path = tmp_path / "shelf.db"
    path.write_bytes((empty_house / "llm-router.db").read_bytes())
    engine = connect(f"sqlite:///{path}")
    with engine.begin() as connection:
        shelf = Shelf(connection)
        shelf.person("ada")
        shelf.person("bob")
        yield shelf
    engine.dispose()


SAID = [
    "The café by the river",
    "朝の運動会は楽しい",
    "ЖИРАФ высокий, ему видней",
    "I don't know C++ or foo-bar",
    "def function_name(x): return x * 2",
    "한국어 검색도 됩니다",
    '100 % of it, snake_case and NEAR( the "end"',
    "naïve Straße, ёлка",
    "an i and a u, nothing else",
    "Ελληνικά γράμματα",
    "สวัสดีครับ",
    "see https://example.com/a?b=c&d",
]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("cafe", 0),
        ("CAFÉ", 0),
        ("riv", 0),
        ("river cafe", 0),
        ("運動", 1),
        ("運", 1),
        ("朝の運", 1),
        ("жираф", 2),
        ("ир", 2),
        ("видн", 2),
        ("don't", 3),
        ("don’t", 3),
        ("C++", 3),
        ("foo-bar", 3),
        ("oo-b", 3),
        ("unction_na", 4),
        ("(x):", 4),
        ("x * 2", 4),
        ("검색", 5),
        ("검", 5),
        ("%", 6),
        ("NEAR(", 6),
        ('"end"', 6),
        ('"', 6),
        ("snake_", 6),
        ("strasse", 7),
        ("елка", 7),
        ("naive", 7),
        ("γραμματα", 9),
        ("สวัสดี", 10),
        ("ครับ", 10),
        ("example.com/a?b", 11),
    ],
)
def test_it_is_found(shelf: Shelf, words: str, found: int) -> None:
    shelf.say(*SAID)
    assert shelf.texts(words) == [SAID[found]]


@pytest.mark.parametrize(
    "words", ["'", '"', "*", "NEAR(", "%", "AND", "OR NOT", "^", "text:x", "-x", "\\", "{", "\0", " ", "🙂", "a" * 1000]
)
def test_what_looks_like_a_query_language_is_only_text(shelf: Shelf, words: str) -> None:
    shelf.say("a text with nothing of it" if words != "AND" else "nothing")
    assert shelf.texts(words) == []
    shelf.say(f"see {words} here")
    assert shelf.texts(words) == ([f"see {words} here"] if words.strip(" \0") else [])


@given(some.text(max_size=60))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_can_be_searched_for(shelf: Shelf, words: str) -> None:
    assert isinstance(shelf.find(words).hits, list)


@given(some.text(min_size=1, max_size=20, alphabet=some.characters(exclude_categories=("Cs", "Cc", "Z", "M"))))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_said_is_found_by_what_was_said(shelf: Shelf, words: str) -> None:
    (id,) = shelf.say(f"before {words} after")
    assert id in {hit.row.id for hit in shelf.find(words, limit=1000).hits}


def test_ten_thousand_characters_are_refused_in_one_sentence() -> None:
    with pytest.raises(BadRequest, match="at most 1,000"):
        search.parse("x" * 10_000)


def test_the_newest_comes_first_page_by_page_and_nothing_twice(shelf: Shelf) -> None:
    ids = shelf.say(*(f"word number {n}" for n in range(25)))
    seen: list[str] = []
    cursor: Cursor | None = None
    while True:
        found = shelf.find("word", cursor=cursor, limit=10)
        seen += [hit.row.id for hit in found.hits]
        if (cursor := found.next) is None:
            break
    assert seen == ids[::-1]


def test_what_only_the_scan_finds_comes_second_and_nothing_twice(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "CHUNK", 3)
    words = shelf.say("lightning", "light")
    inside = shelf.say("moonlight", "nothing", "starlight", "nothing", "flight")
    seen: list[tuple[str, bool]] = []
    cursor: Cursor | None = None
    while True:
        found = shelf.find("light", cursor=cursor, limit=3)
        seen += [(hit.row.id, hit.scanned) for hit in found.hits]
        if (cursor := found.next) is None:
            break
    assert seen == [(id, False) for id in words[::-1]] + [(inside[n], True) for n in (4, 2, 0)]


def test_a_scan_whose_time_is_over_says_where_it_goes_on(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "CHUNK", 2)
    monkeypatch.setattr(search, "PATIENCE", -1.0)
    (wanted, *_) = shelf.say("moonlight", *["nothing"] * 5)
    pages, cursor = 0, None
    while not (found := shelf.find("light", cursor=cursor)).hits:
        pages, cursor = pages + 1, found.next
    assert pages == 2 and [hit.row.id for hit in found.hits] == [wanted]


def test_a_page_full_of_words_needs_no_scan(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.say(*["word"] * 5)
    monkeypatch.setattr(search, "_scanned", lambda *_: pytest.fail("it scanned"))
    assert len(shelf.find("word", limit=4).hits) == 4
    whole = shelf.find("word", limit=5)
    assert len(whole.hits) == 5 and whole.next is None


def test_nobody_finds_what_somebody_else_said(shelf: Shelf) -> None:
    shelf.say("a secret of bob", who="bob")
    assert shelf.texts("secret") == shelf.texts("ecre") == []
    assert shelf.texts("secret", "bob") == ["a secret of bob"]


def test_a_text_that_changed_is_found_by_its_new_words_only(shelf: Shelf) -> None:
    (id,) = shelf.say("the old words")
    changed = Message(id=id, conversation_id="of-ada", role="user", text="the new words", created_at=NOON)
    search.index(shelf.connection, "ada", [changed])
    found = shelf.find("old")
    assert found.hits == []
    assert [hit.row.id for hit in shelf.find("new").hits] == [id]


def test_what_is_deleted_leaves_the_index_with_its_conversation(shelf: Shelf) -> None:
    shelf.say("gone soon")
    shelf.connection.execute(conversations.delete().where(conversations.c.id == "of-ada"))
    assert shelf.connection.execute(text("SELECT count(*) FROM search_texts")).scalar() == 0
    gone = text("SELECT count(*) FROM search_index WHERE search_index MATCH 'gone'")
    assert shelf.connection.execute(gone).scalar() == 0
    shelf.connection.execute(text("INSERT INTO search_index(search_index) VALUES ('integrity-check')"))


def test_messages_of_one_moment_are_all_found(shelf: Shelf) -> None:
    rows = [
        Message(id=f"same{n}", conversation_id="of-ada", role="user", text="at once", created_at=NOON)
        for n in range(30)
    ]
    shelf.connection.execute(insert(messages), [row.model_dump() for row in rows])
    search.index(shelf.connection, "ada", rows)
    assert len(shelf.find("once", limit=50).hits) == 30


def test_filters_narrow_what_is_found(shelf: Shelf) -> None:
    shelf.say("word one", model="gpt-5.1", role="assistant")
    shelf.say("word two", model="claude-sonnet-4-5", role="assistant")
    shelf.say("word three", favorite=True)
    assert shelf.texts("word", model="gpt-5.1") == ["word one"]
    assert shelf.texts("word", favorite=True) == ["word three"]
    assert shelf.texts("ord", favorite=True) == ["word three"]
    assert shelf.texts("word", since=NOON + timedelta(minutes=3)) == ["word three"]
    assert shelf.texts("word", until=NOON + timedelta(minutes=2)) == ["word one"]
    assert shelf.texts("word", tag="green") == []
    tagged = conversations.update().where(conversations.c.id == "of-ada")
    shelf.connection.execute(tagged.values(tags=["green", "größe"]))
    assert len(shelf.texts("word", tag="green")) == len(shelf.texts("ord", tag="größe")) == 3
    assert shelf.texts("word", tag="gree") == []


def test_what_a_branch_repeats_is_shown_once_while_the_original_is_there(shelf: Shelf) -> None:
    (original,) = shelf.say("said once")
    at = NOON + timedelta(days=1)
    branch = Conversation(id="branch", user_id="ada", created_at=at, updated_at=at)
    shelf.connection.execute(insert(conversations), branch.model_dump())
    copy = Message(
        id="n-copy", conversation_id="branch", role="user", text="said once", created_at=NOON, copied_from=original
    )
    shelf.connection.execute(insert(messages), copy.model_dump())
    search.copy(shelf.connection, "ada", "branch", {original: "n-copy"})
    assert [hit.row.id for hit in shelf.find("once").hits] == [original]
    assert [hit.row.id for hit in shelf.find("nce").hits] == [original]
    shelf.connection.execute(conversations.update().where(conversations.c.id == "of-ada").values(deleted_at=at))
    assert [hit.row.id for hit in shelf.find("once").hits] == ["n-copy"]
