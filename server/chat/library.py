"""What a person finds again, as a page is shown it: hits of a search, past prompts. Functions of a connection."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from server.chat import conversations
from server.content import search
from server.content.excerpt import excerpt
from server.content.search import search_places, search_texts
from server.ids import instant
from server.store.tables import Conversation, Message

_messages = Message.__table__  # type: ignore[attr-defined]
_conversations = Conversation.__table__  # type: ignore[attr-defined]

TITLES = 20
BATCH = 200


def find(
    connection: Connection,
    user_id: str,
    query: search.Query,
    filters: search.Filters,
    cursor: search.Cursor | None,
    limit: int,
) -> dict[str, Any]:
    """A page of hits, and on the first page the conversations whose title fits; without words, the favourites."""
    if query.terms:
        found = search.find(connection, user_id, query, filters, cursor, limit)
    elif filters.favorite:
        found = search.favorites(connection, user_id, filters, cursor, limit)
    else:
        found = search.Found([], None)
    asked = bool(query.terms or filters.favorite or filters.tag)
    titled: Sequence[Row[Any]] = ()
    if asked and cursor is None:
        titled = conversations.titled(connection, user_id, query, filters, TITLES)
    return {
        "titles": [
            _conversation(row.id, row.title, row.favorite, row.tags)
            | {"parts": excerpt(row.title, query.terms), "updated_at": instant(row.updated_at)}
            for row in titled
        ],
        "hits": [_hit(hit, query.terms) for hit in found.hits],
        "next": found.next,
    }


def _hit(hit: search.Hit, terms: Sequence[str]) -> dict[str, Any]:
    row = hit.row
    return {
        "message_id": row.id,
        "role": row.role,
        "model": row.model,
        "created_at": instant(row.created_at),
        "favorite": row.favorite,
        "parts": excerpt(row.text, terms),
        "inside": hit.scanned,
        "conversation": _conversation(row.conversation_id, row.title, row.conversation_favorite, row.tags),
    }


def _conversation(id: str, title: str, favorite: bool, tags: list[str] | None) -> dict[str, Any]:
    return {"id": id, "title": title, "favorite": favorite, "tags": tags or []}


def prompts(
    connection: Connection, user_id: str, words: str, before: int | None, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """What the person wrote, the newest first and each text once, and the number from which it goes on."""
    t, m, c = search_texts.c, _messages.c, _conversations.c
    query = (
        select(t.id.label("number"), m.id, m.text, m.created_at, m.conversation_id)
        .join(search_places, search_places.c.text_id == t.id)
        .join(_messages, m.id == search_places.c.message_id)
        .join(_conversations, c.id == m.conversation_id)
        .where(t.user_id == user_id, m.role == "user", c.deleted_at.is_(None))
        .order_by(t.id.desc())
        .limit(BATCH)
    )
    for term in search.parse(words).terms:
        query = query.where(t.text.contains(term, autoescape=True))
    found: dict[str, dict[str, Any]] = {}
    while True:
        rows = list(connection.execute(query if before is None else query.where(t.id < before)))
        for row in rows:
            before = row.number
            found.setdefault(
                row.text,
                {
                    "message_id": row.id,
                    "conversation_id": row.conversation_id,
                    "text": row.text,
                    "created_at": instant(row.created_at),
                },
            )
            if len(found) == limit:
                return list(found.values()), before
        if len(rows) < BATCH:
            return list(found.values()), None
