"""Conversations: made, listed, changed, put in the bin and taken out again. Functions of a connection.

Somebody else's conversation does not exist here: every function takes the user whose it must be.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Text, and_, bindparam, cast, insert, or_, select, update

from server.chat.tags import tidy
from server.content import search
from server.errors import BadRequest, Conflict, NotFound
from server.ids import new_id, now
from server.store.tables import Conversation
from server.wire.request import EFFORTS

conversations = Conversation.__table__  # type: ignore[attr-defined]

MAX_TITLE = 200
MAX_SYSTEM = 200_000
CHANGEABLE = frozenset({"title", "model", "temperature", "reasoning", "system", "favorite", "tags", "leaf_id"})
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When what is being deleted for good was put in the bin: nothing brings it back."""


def create(connection: Connection, user_id: str, values: Mapping[str, Any], client_id: str | None = None) -> str:
    """The new conversation's id, or that of the one made under this ``client_id`` before.

    Raises BadRequest for a value that cannot be.
    """
    if client_id is not None and (before := made_under(connection, user_id, client_id)) is not None:
        return before
    time, id = now(), new_id()
    row = Conversation(id=id, user_id=user_id, client_id=client_id, created_at=time, updated_at=time).model_dump()
    checked = _checked(values)
    folded = search.fold(checked.get("title", ""))
    connection.execute(insert(conversations), row | checked | {"title_folded": folded})
    return id


def chosen(preferences: Mapping[str, Any]) -> dict[str, Any]:
    """What a person's preferences say for a new conversation."""
    wanted = {"reasoning": preferences.get("default_reasoning"), "system": preferences.get("default_system")}
    return {name: value for name, value in wanted.items() if value is not None}


def made_under(connection: Connection, user_id: str, client_id: str) -> str | None:
    """The id of the conversation that was made under this client id."""
    c = conversations.c
    query = select(c.id).where(c.user_id == user_id, c.client_id == client_id)
    return connection.execute(query).scalar_one_or_none()


_OWN = select(conversations).where(
    conversations.c.id == bindparam("id"), conversations.c.user_id == bindparam("user_id")
)
_THERE = _OWN.where(conversations.c.deleted_at.is_(None))
_THERE_OR_DELETED = _OWN.where(conversations.c.deleted_at.is_(None) | (conversations.c.deleted_at > NEVER))


def get(connection: Connection, user_id: str, id: str, *, deleted: bool = False) -> Row[Any]:
    """Raises NotFound; one in the bin counts as gone unless ``deleted``."""
    query = _THERE_OR_DELETED if deleted else _THERE
    row = connection.execute(query, {"id": id, "user_id": user_id}).one_or_none()
    if row is None:
        raise NotFound("there is no such conversation")
    return row


@dataclass(frozen=True, slots=True)
class Choice:
    """Which conversations are listed: favourites, those with a tag, what is in the bin. The rest without any."""

    favorite: bool = False
    tag: str | None = None
    deleted: bool = False


ALL = Choice()


def page(
    connection: Connection, user_id: str, before: tuple[datetime, str] | None, limit: int, choice: Choice = ALL
) -> list[Row[Any]]:
    """The latest ones first, from ``before`` (time of change, or of deletion in the bin; id) on."""
    c = conversations.c
    moment = c.deleted_at if choice.deleted else c.updated_at
    query = select(conversations).where(c.user_id == user_id)
    query = query.where(c.deleted_at > NEVER if choice.deleted else c.deleted_at.is_(None))
    if choice.favorite:
        query = query.where(c.favorite)
    if choice.tag is not None:
        query = query.where(has_tag(choice.tag))
    if before is not None:
        time, id = before
        query = query.where(or_(moment < time, and_(moment == time, c.id < id)))
    return list(connection.execute(query.order_by(moment.desc(), c.id.desc()).limit(limit)))


def has_tag(tag: str) -> ColumnElement[bool]:
    return cast(conversations.c.tags, Text).contains(search.tag_pattern(tag), autoescape=True)


def titled(
    connection: Connection, user_id: str, query: search.Query, filters: search.Filters, limit: int
) -> list[Row[Any]]:
    """Those whose title has all the terms, the latest first; without terms all that the filters let through."""
    c = conversations.c
    wanted = select(conversations).where(c.user_id == user_id, c.deleted_at.is_(None))
    for term in query.terms:
        wanted = wanted.where(c.title_folded.contains(term, autoescape=True))
    if filters.model is not None:
        wanted = wanted.where(c.model == filters.model)
    if filters.since is not None:
        wanted = wanted.where(c.updated_at >= filters.since)
    if filters.until is not None:
        wanted = wanted.where(c.created_at < filters.until)
    if filters.favorite:
        wanted = wanted.where(c.favorite)
    if filters.tag is not None:
        wanted = wanted.where(has_tag(filters.tag))
    return list(connection.execute(wanted.order_by(c.updated_at.desc(), c.id.desc()).limit(limit)))


def tags(connection: Connection, user_id: str) -> dict[str, int]:
    """The person's tags and how many conversations have each, the most used first."""
    c = conversations.c
    query = select(c.tags).where(c.user_id == user_id, c.deleted_at.is_(None), c.tags.is_not(None))
    counted = Counter(tag for tags in connection.execute(query).scalars() for tag in tags or ())
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def change(connection: Connection, user_id: str, id: str, values: Mapping[str, Any]) -> None:
    """Raises NotFound, BadRequest."""
    get(connection, user_id, id)
    touch(connection, id, **_checked(values))


def touch(connection: Connection, id: str, *, active: bool = False, **values: Any) -> int:
    """Raises the revision (and returns it); ``active`` moves the conversation to the top of the list."""
    if active:
        values["updated_at"] = now()
    if "title" in values:
        values["title_folded"] = search.fold(values["title"])
    statement = (
        update(conversations)
        .where(conversations.c.id == id)
        .values(revision=conversations.c.revision + 1, **values)
        .returning(conversations.c.revision, conversations.c.root_id, conversations.c.user_id)
    )
    row = connection.execute(statement).one()
    if values.keys() & {"title", "deleted_at"}:
        tell_relatives(connection, row.user_id, id, row.root_id or id)
    return int(row.revision)


def tell_relatives(connection: Connection, user_id: str, id: str, root_id: str) -> None:
    """Raises the revision of the rest of the family: what they show of this conversation is not so any more."""
    c = conversations.c
    rest = update(conversations).where(or_(c.id == root_id, c.root_id == root_id), c.id != id, c.user_id == user_id)
    connection.execute(rest.values(revision=c.revision + 1))


def title(connection: Connection, id: str, title: str) -> None:
    """A model's title; one that a person chose stays."""
    untitled = select(conversations.c.id).where(conversations.c.id == id, conversations.c.titled_by == "nobody")
    if connection.execute(untitled).one_or_none() is not None:
        touch(connection, id, title=title[:MAX_TITLE], titled_by="model")


def delete(connection: Connection, user_id: str, id: str) -> None:
    """Into the bin; a second time changes nothing. Raises NotFound."""
    if get(connection, user_id, id, deleted=True).deleted_at is None:
        touch(connection, id, deleted_at=now())


def restore(connection: Connection, user_id: str, id: str) -> None:
    """Out of the bin. Raises NotFound."""
    get(connection, user_id, id, deleted=True)
    touch(connection, id, deleted_at=None)


def give_up(connection: Connection, user_id: str, id: str) -> None:
    """Out of the bin for good: nobody sees it any more, and the bin takes its rows away. Raises NotFound, Conflict."""
    if get(connection, user_id, id, deleted=True).deleted_at is None:
        raise Conflict("this conversation is not in the bin: delete it first")
    touch(connection, id, deleted_at=NEVER)


def give_up_all(connection: Connection, user_id: str) -> None:
    """Everything that is in this person's bin."""
    c = conversations.c
    binned = update(conversations).where(c.user_id == user_id, c.deleted_at > NEVER)
    connection.execute(binned.values(deleted_at=NEVER))


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(values)
    if unknown := checked.keys() - CHANGEABLE:
        raise BadRequest(f"cannot set {', '.join(sorted(unknown))} of a conversation")
    if "title" in checked:
        checked["title"] = " ".join(str(checked["title"] or "").split())[:MAX_TITLE]
        checked["titled_by"] = "user" if checked["title"] else "nobody"
    if "tags" in checked:
        checked["tags"] = tidy(checked["tags"] or [])
    temperature = checked.get("temperature")
    if temperature is not None and not 0 <= temperature <= 2:
        raise BadRequest("temperature is a number from 0 to 2")
    if checked.get("reasoning") is not None and checked["reasoning"] not in EFFORTS:
        raise BadRequest(f"reasoning is one of {', '.join(EFFORTS)}")
    if len(checked.get("system") or "") > MAX_SYSTEM:
        raise BadRequest(f"system text is limited to {MAX_SYSTEM:,} characters")
    return checked
