"""The rows of attachments, and which message they go with. Functions of a connection.

Somebody else's attachment does not exist here.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, func, insert, select, update

from server.errors import BadRequest, NotFound
from server.ids import new_id, now
from server.store.tables import Attachment, MessageAttachment

attachments = Attachment.__table__  # type: ignore[attr-defined]
links = MessageAttachment.__table__  # type: ignore[attr-defined]

MOST = 10
"""Files of one message."""
STEP = 200
"""Rows that one transaction deletes."""


def add(
    connection: Connection,
    user_id: str,
    *,
    name: str,
    type: str,
    size: int,
    sha256: str,
    width: int | None = None,
    height: int | None = None,
) -> Row[Any]:
    """The row; the same file under the same name is the same row, and as good as new."""
    c = attachments.c
    same = select(c.id).where(c.user_id == user_id, c.sha256 == sha256, c.name == name, c.type == type)
    id = connection.execute(same.limit(1)).scalar_one_or_none()
    if id is None:
        id = new_id()
        values = {"name": name, "type": type, "size": size, "width": width, "height": height, "sha256": sha256}
        connection.execute(insert(attachments), {"id": id, "user_id": user_id, "created_at": now()} | values)
    else:
        connection.execute(update(attachments).where(c.id == id).values(created_at=now()))
    return get(connection, user_id, id)


def get(connection: Connection, user_id: str, id: str) -> Row[Any]:
    """Raises NotFound."""
    query = select(attachments).where(attachments.c.id == id, attachments.c.user_id == user_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("there is no such file")
    return row


def wanted(connection: Connection, user_id: str, ids: Sequence[str]) -> list[Row[Any]]:
    """The rows of these ids, each once, in this order. Raises NotFound, BadRequest for too many."""
    unique = list(dict.fromkeys(ids))
    if len(unique) > MOST:
        raise BadRequest(f"a message takes at most {MOST} files", code="too_many_files")
    return [get(connection, user_id, id) for id in unique]


def link(connection: Connection, user_id: str, message_id: str, ids: Sequence[str]) -> None:
    """Puts these files to the message. Raises NotFound, BadRequest."""
    rows = wanted(connection, user_id, ids)
    if rows:
        values = [
            {"message_id": message_id, "attachment_id": row.id, "position": position}
            for position, row in enumerate(rows)
        ]
        connection.execute(insert(links), values)


def copy_links(connection: Connection, copies: Mapping[str, str]) -> None:
    """Gives the files of each message to its copy, by the messages' ids."""
    for message_id, rows in of_messages(connection, copies).items():
        values = [
            {"message_id": copies[message_id], "attachment_id": row.id, "position": position}
            for position, row in enumerate(rows)
        ]
        connection.execute(insert(links), values)


_OF_MESSAGES = (
    select(attachments, links.c.message_id)
    .join(links, links.c.attachment_id == attachments.c.id)
    .where(links.c.message_id.in_(bindparam("ids", expanding=True)))
    .order_by(links.c.message_id, links.c.position)
)


def of_messages(connection: Connection, message_ids: Iterable[str]) -> dict[str, list[Row[Any]]]:
    """Message → its attachments, in their order; those without any are left out."""
    found: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(_OF_MESSAGES, {"ids": list(message_ids)}):
        found.setdefault(row.message_id, []).append(row)
    return found


def remove_orphans(connection: Connection, before: datetime) -> bool:
    """Forgets some of what no message has and what was given before that time; says whether there may be more."""
    used = exists().where(links.c.attachment_id == attachments.c.id)
    some = select(attachments.c.id).where(attachments.c.created_at < before, ~used).limit(STEP)
    return connection.execute(attachments.delete().where(attachments.c.id.in_(some))).rowcount == STEP


def contents(connection: Connection) -> frozenset[str]:
    """The hashes of every file that a row names."""
    return frozenset(connection.execute(select(attachments.c.sha256).distinct()).scalars())


def is_known(connection: Connection, sha256: str) -> bool:
    query = select(func.count()).select_from(attachments).where(attachments.c.sha256 == sha256)
    return bool(connection.execute(query).scalar_one())


def as_json(row: Row[Any]) -> dict[str, Any]:
    shape = {"width": row.width, "height": row.height} if row.width else {}
    return {"id": row.id, "name": row.name, "type": row.type, "size": row.size} | shape
