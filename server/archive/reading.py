"""Reads what an export needs from the database, in batches, so that no conversation is held whole. Never writes."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select

from server.chat import conversations, messages, tree
from server.content.attachments import attachments, links
from server.errors import NotFound
from server.money.ledger import calls
from server.store.engine import Database

BATCH = 100
_m = messages.messages.c


async def ids(db: Database, user_id: str) -> list[str]:
    """Every conversation of the person that is not in the bin, oldest first."""
    c = conversations.conversations.c
    query = select(c.id).where(c.user_id == user_id, c.deleted_at.is_(None)).order_by(c.id)
    return await db.read(lambda connection: [str(id) for id in connection.execute(query).scalars()])


async def conversation(db: Database, user_id: str, id: str) -> Row[Any]:
    """Raises NotFound."""
    return await db.read(lambda connection: conversations.get(connection, user_id, id))


async def message(db: Database, user_id: str, id: str, leaf: str) -> Row[Any]:
    """The message ``leaf`` of the conversation. Raises NotFound, also for one of another conversation."""
    row = await db.read(lambda connection: messages.get(connection, user_id, leaf))
    if row.conversation_id != id:
        raise NotFound("there is no such message in this conversation")
    return row


async def every_message(db: Database, id: str) -> AsyncIterator[Sequence[Row[Any]]]:
    """All of them, of every branch, in the order they were made."""
    after = ""
    while True:
        query = select(messages.messages).where(_m.conversation_id == id, _m.id > after).order_by(_m.id).limit(BATCH)
        found = await db.read(_all(query))
        if found:
            yield found
        if len(found) < BATCH:
            return
        after = found[-1].id


async def path(db: Database, row: Row[Any], leaf: str | None) -> AsyncIterator[Sequence[Row[Any]]]:
    """The messages that a person reads, up to ``leaf`` or to where they are."""
    end = leaf or row.leaf_id
    if end is None:
        return
    nodes = await db.read(_all(select(_m.id, _m.parent_id).where(_m.conversation_id == row.id)))
    wanted = [node.id for node in tree.path_to(end, {node.id: node for node in nodes})]
    for start in range(0, len(wanted), BATCH):
        some = wanted[start : start + BATCH]
        found = {row.id: row for row in await db.read(_all(select(messages.messages).where(_m.id.in_(some))))}
        yield [found[id] for id in some if id in found]


async def usage(db: Database, id: str) -> AsyncIterator[Sequence[Row[Any]]]:
    """The settled calls of a conversation, and those whose replies were copied into it."""
    copied = select(_m.copied_from).where(_m.conversation_id == id, _m.copied_from.is_not(None))
    belongs = or_(calls.c.conversation_id == id, calls.c.message_id.in_(copied))
    after = ""
    while True:
        condition = and_(belongs, calls.c.status != "held", calls.c.id > after)
        found = await db.read(_all(select(calls).where(condition).order_by(calls.c.id).limit(BATCH)))
        if found:
            yield found
        if len(found) < BATCH:
            return
        after = found[-1].id


async def files(db: Database, id: str) -> list[tuple[Row[Any], list[list[Any]]]]:
    """Every attachment of a conversation with where it hangs: [message id, position]."""

    def work(connection: Connection) -> list[tuple[Row[Any], list[list[Any]]]]:
        mine = select(_m.id).where(_m.conversation_id == id)
        query = select(links).where(links.c.message_id.in_(mine)).order_by(links.c.message_id, links.c.position)
        hangs: dict[str, list[list[Any]]] = {}
        for link in connection.execute(query):
            hangs.setdefault(link.attachment_id, []).append([link.message_id, link.position])
        found = connection.execute(
            select(attachments)
            .where(attachments.c.id.in_(select(links.c.attachment_id).where(links.c.message_id.in_(mine))))
            .order_by(attachments.c.id)
        )
        return [(row, hangs[row.id]) for row in found]

    return await db.read(work)


def _all(query: Any) -> Any:
    return lambda connection: connection.execute(query).fetchall()
