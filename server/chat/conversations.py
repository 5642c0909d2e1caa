"""Conversations: made, listed, changed, put in the bin and taken out again. Functions of a connection.

Somebody else's conversation does not exist here: every function takes the user whose it must be.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from server.errors import BadRequest, NotFound
from server.ids import new_id, now
from server.store.tables import Conversation
from server.wire.request import EFFORTS

conversations = Conversation.__table__  # type: ignore[attr-defined]

MAX_TITLE = 200
MAX_SYSTEM = 200_000
CHANGEABLE = frozenset({"title", "model", "temperature", "reasoning", "system", "favorite", "leaf_id"})


def create(connection: Connection, user_id: str, values: Mapping[str, Any], client_id: str | None = None) -> str:
    """The new conversation's id, or that of the one made under this ``client_id`` before.

    Raises BadRequest for a value that cannot be.
    """
    if client_id is not None:
        c = conversations.c
        query = select(c.id).where(c.user_id == user_id, c.client_id == client_id)
        if (before := connection.execute(query).scalar_one_or_none()) is not None:
            return str(before)
    time, id = now(), new_id()
    row = Conversation(id=id, user_id=user_id, client_id=client_id, created_at=time, updated_at=time).model_dump()
    connection.execute(insert(conversations), row | _checked(values))
    return id


def get(connection: Connection, user_id: str, id: str, *, deleted: bool = False) -> Row[Any]:
    """Raises NotFound; one in the bin counts as gone unless ``deleted``."""
    query = select(conversations).where(conversations.c.id == id, conversations.c.user_id == user_id)
    if not deleted:
        query = query.where(conversations.c.deleted_at.is_(None))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("there is no such conversation")
    return row


def page(connection: Connection, user_id: str, before: tuple[datetime, str] | None, limit: int) -> list[Row[Any]]:
    """The latest ones first, from ``before`` (time of change, id) on."""
    c = conversations.c
    query = select(conversations).where(c.user_id == user_id, c.deleted_at.is_(None))
    if before is not None:
        time, id = before
        query = query.where(or_(c.updated_at < time, and_(c.updated_at == time, c.id < id)))
    return list(connection.execute(query.order_by(c.updated_at.desc(), c.id.desc()).limit(limit)))


def change(connection: Connection, user_id: str, id: str, values: Mapping[str, Any]) -> None:
    """Raises NotFound, BadRequest."""
    get(connection, user_id, id)
    touch(connection, id, **_checked(values))


def touch(connection: Connection, id: str, *, active: bool = False, **values: Any) -> int:
    """Raises the revision (and returns it); ``active`` moves the conversation to the top of the list."""
    if active:
        values["updated_at"] = now()
    statement = (
        update(conversations)
        .where(conversations.c.id == id)
        .values(revision=conversations.c.revision + 1, **values)
        .returning(conversations.c.revision)
    )
    return int(connection.execute(statement).scalar_one())


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


def binned(connection: Connection, user_id: str, limit: int) -> list[Row[Any]]:
    """What was deleted and can come back, the latest first."""
    c = conversations.c
    query = select(conversations).where(c.user_id == user_id, c.deleted_at.is_not(None))
    return list(connection.execute(query.order_by(c.deleted_at.desc()).limit(limit)))


def empty_bin(connection: Connection, before: datetime) -> int:
    """Deletes for good what was put in the bin before that time."""
    gone = conversations.delete().where(conversations.c.deleted_at < before)
    return connection.execute(gone).rowcount


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(values)
    if unknown := checked.keys() - CHANGEABLE:
        raise BadRequest(f"cannot set {', '.join(sorted(unknown))} of a conversation")
    if "title" in checked:
        checked["title"] = " ".join(str(checked["title"] or "").split())[:MAX_TITLE]
        checked["titled_by"] = "user" if checked["title"] else "nobody"
    temperature = checked.get("temperature")
    if temperature is not None and not 0 <= temperature <= 2:
        raise BadRequest("temperature is a number from 0 to 2")
    if checked.get("reasoning") is not None and checked["reasoning"] not in EFFORTS:
        raise BadRequest(f"reasoning is one of {', '.join(EFFORTS)}")
    if len(checked.get("system") or "") > MAX_SYSTEM:
        raise BadRequest(f"system text is limited to {MAX_SYSTEM:,} characters")
    return checked
