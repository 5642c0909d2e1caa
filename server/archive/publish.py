"""Puts what was staged into the database: each row at most once, and nothing to be seen before all of it is there.

New conversations arrive a few messages a transaction, between which others write, and hidden like those that were given
up for good. One last transaction adds what is new in conversations that were here before, the usage and the files, and
shows everything. Where it fails, or the server ends before it, what had arrived is given up.

What is there stays as it is, so that importing again adds only what is new. Usage that comes along counts for its
conversation but not for what this server spent: nobody can lower or raise a bill with a file.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Connection, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from server.archive import rows
from server.archive.shape import Broken, Exported
from server.archive.stage import STAGED
from server.chat import conversations
from server.chat.conversations import NEVER
from server.content import search
from server.content.attachments import attachments, links
from server.ids import is_id, now
from server.money import ledger
from server.store.engine import Database
from server.store.tables import Call, Conversation, Message

_conversations: Table = Conversation.__table__  # type: ignore[attr-defined]
_messages: Table = Message.__table__  # type: ignore[attr-defined]
_calls: Table = Call.__table__  # type: ignore[attr-defined]
ARRIVING = NEVER - timedelta(days=1)
"""``deleted_at`` of a conversation that is still on its way in."""
STATUSES = frozenset({"done", "stopped", "failed", "interrupted"})
ROLES = frozenset({"user", "assistant", "notice"})
REST = "rest.jsonl"
MANY = 500
STEP = 100
"""Messages of one transaction, in which no one else writes."""


@dataclass(slots=True)
class Counts:
    conversations: int = 0
    messages: int = 0
    files: int = 0
    already: int = 0
    """Conversations of which everything was there."""


async def publish(db: Database, user_id: str, folder: Path, finish: Callable[[], object]) -> Counts:
    """``finish`` runs in the last transaction. Raises Broken, and then nothing has changed."""
    counts = Counts()
    coming = staged(folder, user_id)
    try:
        with (folder / REST).open("w", encoding="utf-8") as rest:
            while (exported := await asyncio.to_thread(next, coming, None)) is not None:
                left = await _arrive(db, user_id, exported, counts)
                await asyncio.to_thread(_note, rest, left)

        def last(connection: Connection) -> None:
            with (folder / REST).open(encoding="utf-8") as lines:
                for line in lines:
                    _complete(connection, user_id, json.loads(line), folder, counts)
            c = _conversations.c
            mine = update(_conversations).where(c.user_id == user_id, c.deleted_at == ARRIVING)
            connection.execute(mine.values(deleted_at=None))
            finish()

        await db.write(last)
    except BaseException as error:
        await db.write(give_up)
        if isinstance(error, IntegrityError):
            raise Broken("the rows in the export do not fit together: it is damaged") from None
        raise
    return counts


def give_up(connection: Connection) -> None:
    """Leaves what arrived and was never shown to the bin, which removes it."""
    arrived = update(_conversations).where(_conversations.c.deleted_at == ARRIVING)
    connection.execute(arrived.values(deleted_at=NEVER))


async def _arrive(db: Database, user_id: str, exported: Exported, counts: Counts) -> Exported:
    """Takes in a conversation that is not here yet; returns what is left for the last transaction."""

    def begin(connection: Connection) -> tuple[Exported, bool]:
        mine = _own(connection, user_id, exported)
        return mine, _begin(connection, user_id, mine["conversation"])

    mine, is_new = await db.write(begin, durable=False)
    if not is_new:
        return mine
    counts.conversations += 1
    messages, id = mine["messages"], mine["conversation"]["id"]
    for start in range(0, len(messages), STEP):
        made = [_message(message, id) for message in messages[start : start + STEP]]
        await db.write(partial(_insert, user_id=user_id, made=made), durable=False)
    counts.messages += len(messages)
    known = [{"id": message["id"]} for message in messages]
    return Exported(
        conversation={"id": id}, messages=known, calls=mine["calls"], attachments=mine["attachments"], arrived=True
    )


def _note(rest: TextIO, left: Exported) -> None:
    rest.write(json.dumps(left, separators=(",", ":")) + "\n")


def staged(folder: Path, user_id: str) -> Iterator[Exported]:
    """The conversations, with ids of their own where they come from somebody else's account."""
    theirs = False
    with (folder / STAGED).open(encoding="utf-8") as file:
        for line in file:
            said: Any = json.loads(line)
            if "user" in said:
                theirs = said["user"] != user_id
            else:
                yield _moved(said, user_id) if theirs else said


def _moved(exported: Exported, user_id: str) -> Exported:
    def of(kind: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [rows.moved(row, user_id) for row in kind]

    return Exported(
        conversation=rows.moved(exported["conversation"], user_id),
        messages=of(exported["messages"]),
        calls=of(exported["calls"]),
        attachments=of(exported["attachments"]),
    )


def _own(connection: Connection, user_id: str, exported: Exported) -> Exported:
    """As it is, or with other ids where an id is somebody else's or another conversation's here."""
    id = exported["conversation"]["id"]
    owner = connection.execute(select(_conversations.c.user_id).where(_conversations.c.id == id)).scalar_one_or_none()
    taken = owner is not None and owner != user_id
    for some in _batches([message["id"] for message in exported["messages"]]):
        query = select(_messages.c.id).where(_messages.c.id.in_(some), _messages.c.conversation_id != id)
        taken = taken or connection.execute(query.limit(1)).first() is not None
    return _moved(exported, user_id) if taken else exported


def _begin(connection: Connection, user_id: str, given: dict[str, Any]) -> bool:
    """Makes the conversation, hidden; False where it is here."""
    here = select(_conversations.c.id).where(_conversations.c.id == given["id"])
    if connection.execute(here).first() is not None:
        return False
    title = str(given.get("title") or "")
    values = rows.values(_conversations, given, user_id=user_id, title_folded=search.fold(title), deleted_at=ARRIVING)
    if _is_used(connection, user_id, values["client_id"]):
        values["client_id"] = None
    connection.execute(insert(_conversations), values)
    return True


def _complete(connection: Connection, user_id: str, left: Exported, folder: Path, counts: Counts) -> None:
    """What the last transaction does for a conversation: new messages of an old one, usage, files."""
    id, messages = left["conversation"]["id"], left["messages"]
    fresh = {message["id"] for message in messages}
    if not left.get("arrived"):
        fresh -= _known(connection, _messages, [message["id"] for message in messages])
        before = connection.execute(select(_conversations).where(_conversations.c.id == id)).one()
        counts.already += not fresh
        if fresh or before.deleted_at is not None:
            revision = conversations.touch(connection, id, deleted_at=None)
            added = [_message(message, id) for message in messages if message["id"] in fresh]
            for some in _batches([row | {"revision": revision, "client_id": None} for row in added]):
                _insert(connection, user_id=user_id, made=some)
            counts.messages += len(added)
    _take_calls(connection, user_id, left["calls"])
    _take_files(connection, user_id, left["attachments"], fresh, folder, counts)


def _insert(connection: Connection, *, user_id: str, made: list[dict[str, Any]]) -> None:
    connection.execute(insert(_messages), made)
    c = _messages.c
    query = select(c.id, c.conversation_id, c.text, c.created_at).where(c.id.in_([row["id"] for row in made]))
    search.index(connection, user_id, connection.execute(query))


def _is_used(connection: Connection, user_id: str, client_id: str | None) -> bool:
    c = _conversations.c
    query = select(c.id).where(c.user_id == user_id, c.client_id == client_id)
    return client_id is not None and connection.execute(query).first() is not None


def _message(given: dict[str, Any], conversation_id: str) -> dict[str, Any]:
    row = rows.values(_messages, given, conversation_id=conversation_id, resume=None)
    if row["role"] not in ROLES:
        raise Broken(f"{str(row['role'])[:40]!r} is nobody who speaks in a conversation: the file is damaged")
    if row["status"] not in STATUSES:
        row["status"] = "interrupted"
    return row


def _take_calls(connection: Connection, user_id: str, given: list[dict[str, Any]]) -> None:
    known = _known(connection, _calls, [call["id"] for call in given])
    fresh = [rows.values(_calls, call, user_id=user_id, imported_at=now()) for call in given if call["id"] not in known]
    for some in _batches(fresh):
        connection.execute(insert(_calls), some)
        ledger.count_imported(connection, [row["id"] for row in some])


def _take_files(
    connection: Connection,
    user_id: str,
    given: list[dict[str, Any]],
    fresh: set[str],
    folder: Path,
    counts: Counts,
) -> None:
    """Files whose bytes came along or that the person has, where a message that came in has them.

    A hash or an id alone opens nothing: whoever knows it may have it from somebody else.
    """
    c = attachments.c
    for attachment in given:
        wanted = [(message_id, position) for message_id, position in attachment["links"] if message_id in fresh]
        sha256 = attachment["sha256"]
        mine = select(c.id).where(c.user_id == user_id, c.sha256 == sha256).limit(1)
        if not wanted or not ((folder / sha256).exists() or connection.execute(mine).first()):
            continue
        owner = connection.execute(select(c.user_id).where(c.id == attachment["id"])).scalar_one_or_none()
        if owner is None:
            connection.execute(insert(attachments), rows.values(attachments, attachment, user_id=user_id))
            counts.files += 1
        elif owner != user_id:
            continue
        connection.execute(
            insert(links),
            [
                {"message_id": message_id, "attachment_id": attachment["id"], "position": position}
                for message_id, position in wanted
            ],
        )


def _known(connection: Connection, table: Table, ids: list[str]) -> set[str]:
    if not all(is_id(id) for id in ids):
        raise Broken("a row in the export has no id: it is damaged")
    found: set[str] = set()
    for some in _batches(ids):
        found.update(connection.execute(select(table.c.id).where(table.c.id.in_(some))).scalars())
    return found


def _batches(values: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), MANY):
        yield values[start : start + MANY]
