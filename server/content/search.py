"""Finds messages by what they say: the index first, then a scan for what no index of words can find.

Texts are folded here on their way into ``search_texts``, and queries in the same way. Functions of a connection.
"""

import json
import re
import time
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Row, insert, select, text

from server.errors import BadRequest
from server.store.statement import Statement
from server.store.tables import Conversation, Message, SearchPlace, SearchText

search_texts = SearchText.__table__  # type: ignore[attr-defined]
search_places = SearchPlace.__table__  # type: ignore[attr-defined]
messages = Message.__table__  # type: ignore[attr-defined]
conversations = Conversation.__table__  # type: ignore[attr-defined]

LONGEST = 1000
"""Characters of a query."""
MOST_TERMS = 32
MERGED = 64
"""Pages of the index that one step rewrites."""
CHUNK = 2000
"""Rows that are scanned between two looks at the clock."""
PATIENCE = 0.4
"""Seconds for which one search scans; the next page goes on from there."""

_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]")
_UNSPACED = re.compile(
    "([\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff])"
)
_QUOTES = str.maketrans("‘’‚“”„", "'''\"\"\"")
_WORD = re.compile(r"[^\W_]")
_BEGINNING = re.compile(r"[^\W_]{2}$")
_END = 2**62


def fold(text: str) -> str:
    """What is compared: without case, accents and kinds of quotes, with unspaced scripts set apart."""
    if text.isascii():
        return text.lower()
    bare = unicodedata.normalize("NFKD", text.translate(_QUOTES)).casefold()
    return _UNSPACED.sub(r" \1 ", unicodedata.normalize("NFC", _MARKS.sub("", bare)))


@dataclass(frozen=True, slots=True)
class Query:
    """``terms`` are folded; all of them have to be in a text."""

    terms: tuple[str, ...]

    @property
    def match(self) -> str:
        """The expression for the index, every term quoted; empty when no term has a letter or a digit.

        What ends in two letters or more is the beginning of a word; a single letter is a word of its own.
        """
        words = (term.replace('"', " ").rstrip() for term in self.terms if _WORD.search(term))
        return " AND ".join(f'"{word}"{"*" if _BEGINNING.search(word) else ""}' for word in words)

    @property
    def literal(self) -> tuple[str, ...]:
        """The terms of which the index knows only a part: their signs are compared in the text."""
        return tuple(term for term in self.terms if not _is_known_whole(term))


def _is_known_whole(term: str) -> bool:
    return all(_WORD.match(character) or character == " " for character in term)


def parse(words: str) -> Query:
    """Raises BadRequest for what is longer than anything that a person looks for."""
    if len(words) > LONGEST:
        raise BadRequest(f"search for at most {LONGEST:,} characters", code="too_long")
    terms = dict.fromkeys(fold(word) for word in words.replace("\0", " ").split())
    return Query(tuple(terms)[:MOST_TERMS])


class Said(Protocol):
    """A message as it is indexed."""

    @property
    def id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...


def index(connection: Connection, user_id: str, messages: Iterable[Said]) -> None:
    """Makes these messages findable with the text that they have now."""
    taken: dict[int, int] = {}
    for message in messages:
        connection.execute(search_places.delete().where(search_places.c.message_id == message.id))
        folded = fold(message.text)
        if folded.strip():
            time = number_of(message.created_at)
            taken[time] = id = _free(connection, taken.get(time, time - 1) + 1)
            connection.execute(insert(search_texts), {"id": id, "user_id": user_id, "text": folded})
            connection.execute(insert(search_places), {"message_id": message.id, "text_id": id})


_COPY = Statement(
    text(
        "INSERT INTO search_places (message_id, text_id) "
        "SELECT :new, text_id FROM search_places WHERE message_id = :old"
    )
)


def forget_words(connection: Connection, *, begin: bool) -> bool:
    """Rewrites some of the index, in which the words of deleted texts stay until then; says whether there is more.

    ``begin`` says that this is the first step.
    """
    if connection.dialect.name != "sqlite":
        return False
    driver: Any = connection.connection.driver_connection
    before = driver.total_changes
    step = "INSERT INTO search_index(search_index, rank) VALUES ('merge', ?)"
    connection.exec_driver_sql(step, (-MERGED if begin else MERGED,))
    return bool(driver.total_changes - before > 1)


def copy(connection: Connection, user_id: str, conversation_id: str, copied: Mapping[str, str]) -> None:
    """Makes a branch (message → its copy, by ids) findable: the text is there, it has one more place."""
    _COPY.run_many(connection, [{"old": old, "new": new} for old, new in copied.items()])
    placed = select(search_places.c.message_id).where(search_places.c.message_id == messages.c.id)
    missing = select(messages).where(messages.c.conversation_id == conversation_id, ~placed.exists())
    index(connection, user_id, connection.execute(missing))


def number_of(at: datetime) -> int:
    """The number under which a text of this time is kept, if it is free."""
    return int(at.timestamp() * 1000)


def _free(connection: Connection, wanted: int) -> int:
    while connection.execute(select(search_texts.c.id).where(search_texts.c.id == wanted)).first() is not None:
        wanted += 1
    return wanted


@dataclass(frozen=True, slots=True)
class Filters:
    """What else has to hold; None: does not matter. A favourite is the message, or its conversation."""

    model: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    favorite: bool = False
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page begins: among what the index found, or among what the scan has still to look at."""

    scanning: bool
    before: int


@dataclass(frozen=True, slots=True)
class Hit:
    row: Row[Any]
    scanned: bool


@dataclass(frozen=True, slots=True)
class Found:
    hits: Sequence[Hit]
    next: Cursor | None


# CROSS JOIN keeps the order: first what is narrowest, each other row by its key.
_SELECT = (
    "SELECT t.id AS number, m.id, m.role, m.model, m.text, m.created_at, m.favorite, c.id AS conversation_id, c.title, "
    "c.favorite AS conversation_favorite, c.tags"
)
_TYPES = {
    "created_at": messages.c.created_at.type,
    "favorite": messages.c.favorite.type,
    "conversation_favorite": messages.c.favorite.type,
    "tags": conversations.c.tags.type,
}
_HOME = "CROSS JOIN conversations c ON c.id = m.conversation_id"
_FIRST = (
    "CROSS JOIN messages m ON m.id = (SELECT p.message_id FROM search_places p CROSS JOIN messages m ON m.id = "
    f"p.message_id {_HOME} WHERE p.text_id = t.id {{conditions}} ORDER BY p.message_id LIMIT 1) {_HOME}"
)
"""Of the places of a text the first for which the conditions hold: a branch repeats what its origin says."""


def find(
    connection: Connection, user_id: str, query: Query, filters: Filters, cursor: Cursor | None, limit: int
) -> Found:
    """A page of what this person's messages say, the newest first; what only the scan finds comes after the rest.

    The scan runs when the index has less than a page, and stops when its time is over: ``next`` goes on from there.
    """
    if not query.terms:
        return Found([], None)
    start = cursor or Cursor(False, _END)
    from_index: list[Row[Any]] = []
    if query.match:
        top = _END if start.scanning else start.before
        from_index = _indexed(connection, user_id, query, filters, top, limit + 1)
    if not start.scanning and (len(from_index) >= limit or cursor is not None):
        page = from_index[:limit]
        more = Cursor(False, page[-1].number) if len(from_index) > limit else None
        return Found([Hit(row, False) for row in page], more)
    known = {row.number for row in from_index}
    hits = [] if start.scanning else [Hit(row, False) for row in from_index]
    top = start.before if start.scanning else _END
    scanned, rest = _scanned(connection, user_id, query, filters, top, limit - len(hits), known)
    hits += [Hit(row, True) for row in scanned]
    return Found(hits, None if rest is None else Cursor(True, rest))


def favorites(connection: Connection, user_id: str, filters: Filters, cursor: Cursor | None, limit: int) -> Found:
    """The messages that are favourites themselves, the newest first."""
    conditions, when, values = _conditions(filters)
    sql = (
        f"{_SELECT} FROM messages m CROSS JOIN search_places p ON p.message_id = m.id CROSS JOIN search_texts t "
        f"ON t.id = p.text_id {_HOME} WHERE m.favorite AND t.user_id = :user AND t.id < :before {when} {conditions} "
        "ORDER BY t.id DESC LIMIT :limit"
    )
    before = cursor.before if cursor else _END
    rows = _rows(connection, sql, values | {"user": user_id, "before": before, "limit": limit + 1})
    more = Cursor(False, rows[limit - 1].number) if len(rows) > limit else None
    return Found([Hit(row, False) for row in rows[:limit]], more)


def tag_pattern(tag: str) -> str:
    """The tag as it stands in the column, to look for it there."""
    return json.dumps(tag)


def _indexed(
    connection: Connection, user_id: str, query: Query, filters: Filters, before: int, limit: int
) -> list[Row[Any]]:
    conditions, when, values = _conditions(filters)
    literal, literals = _containing(query.literal)
    first = _FIRST.format(conditions=conditions)
    sql = (
        f"{_SELECT} FROM search_index i CROSS JOIN search_texts t ON t.id = i.rowid {first} "
        f"WHERE search_index MATCH :match AND i.rowid < :before {when.replace('t.id', 'i.rowid')} {literal} "
        "ORDER BY i.rowid DESC LIMIT :limit"
    )
    match = f'user_id : "{user_id}" AND text : ({query.match})'
    return _rows(connection, sql, values | literals | {"match": match, "before": before, "limit": limit})


def _scanned(
    connection: Connection,
    user_id: str,
    query: Query,
    filters: Filters,
    before: int,
    limit: int,
    known: Collection[int],
) -> tuple[list[Row[Any]], int | None]:
    """What contains the terms anywhere, and the number before which nothing was looked at; None: all was."""
    until = time.monotonic() + PATIENCE
    conditions, when, values = _conditions(filters)
    containing, terms = _containing(query.terms)
    sql = (
        f"{_SELECT} FROM search_texts t {_FIRST.format(conditions=conditions)} "
        f"WHERE t.user_id = :user AND t.id < :before AND t.id >= :low {when} {containing} "
        "ORDER BY t.id DESC LIMIT :limit"
    )
    ids = "SELECT id FROM search_texts WHERE user_id = :user AND id < :before ORDER BY id DESC LIMIT 1 OFFSET :chunk"
    found: list[Row[Any]] = []
    while True:
        bounds = {"user": user_id, "before": before, "chunk": CHUNK - 1}
        low = connection.execute(text(ids), bounds).scalar()
        wanted = limit - len(found) + len(known)
        given = values | terms | {"user": user_id, "before": before, "low": low or 0, "limit": wanted}
        rows = _rows(connection, sql, given)
        found += [row for row in rows if row.number not in known]
        if len(found) >= limit:
            return found[:limit], found[limit - 1].number
        if low is None:
            return found, None
        before = low
        if time.monotonic() > until:
            return found, before


def _containing(terms: Sequence[str]) -> tuple[str, dict[str, Any]]:
    values = {f"term{place}": term for place, term in enumerate(terms)}
    return "".join(f" AND instr(t.text, :{name})" for name in values), values


def _conditions(filters: Filters) -> tuple[str, str, dict[str, Any]]:
    """SQL behind AND about a message and its conversation, SQL behind AND about the time, and their values."""
    sql, when, values = " AND c.deleted_at IS NULL", "", dict[str, Any]()
    if filters.model is not None:
        sql, values["model"] = sql + " AND m.model = :model", filters.model
    if filters.favorite:
        sql += " AND (m.favorite OR c.favorite)"
    if filters.tag is not None:
        sql, values["tag"] = sql + " AND instr(c.tags, :tag)", tag_pattern(filters.tag)
    if filters.since is not None:
        when, values["since"] = when + " AND t.id >= :since", number_of(filters.since)
    if filters.until is not None:
        when, values["until"] = when + " AND t.id < :until", number_of(filters.until)
    return sql, when, values


def _rows(connection: Connection, sql: str, values: Mapping[str, Any]) -> list[Row[Any]]:
    return list(connection.execute(text(sql).columns(**_TYPES), values))
