"""Branches: a new conversation with the history up to a message, and the family that grows from one. Functions of a
connection.

The original stays as it is, and so does what it cost: a copied reply names the message whose calls were paid for.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    bindparam,
    false,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    update,
)

from server.chat import conversations, messages
from server.content import attachments, search
from server.errors import BadRequest, Conflict, NotFound
from server.ids import new_id, now
from server.money import ledger
from server.store.statement import Statement

EXCERPT = 80
"""Characters of the message that a branch was taken at."""

_conversations = conversations.conversations
_messages = messages.messages
_OWN: dict[str, Any] = {
    "id": bindparam("new_id"),
    "parent_id": bindparam("new_parent_id"),
    "conversation_id": bindparam("new_conversation_id"),
    "continues_id": bindparam("new_continues_id"),
    "copied_from": func.coalesce(_messages.c.copied_from, _messages.c.id),
    "client_id": null(),
    "resume": null(),
    "revision": literal_column("1"),
    "favorite": false(),
    "comparison": null(),
}
"""What a copied message does not take over; every other column is as it was."""
_COPY = Statement(
    insert(_messages).from_select(
        [column.name for column in _messages.c],
        select(*(_OWN.get(column.name, column) for column in _messages.c)).where(
            _messages.c.id == bindparam("source_id")
        ),
    )
)


def branch_from(
    connection: Connection,
    user_id: str,
    conversation_id: str,
    message_id: str | None = None,
    *,
    client_id: str | None = None,
    title: str | None = None,
) -> str:
    """The id of a new conversation: the settings, and all up to ``message_id`` (default: where the person is).

    Under a ``client_id`` that was used before it is the conversation of that time. Raises NotFound, BadRequest for a
    conversation without messages, Conflict while a reply in that history is being written.
    """
    if client_id is not None and (before := conversations.made_under(connection, user_id, client_id)) is not None:
        return before
    original = conversations.get(connection, user_id, conversation_id)
    at = message_id or original.leaf_id
    if at is None:
        raise BadRequest("there is nothing to branch from yet: write something first")
    if messages.get(connection, user_id, at).conversation_id != original.id:
        raise NotFound("there is no such message in this conversation")
    line = messages.outline(connection, at)
    if any(node.status in messages.RUNNING for node in line):
        raise Conflict("a reply up to there is still being written: wait for its end or stop it, then branch")
    id, time = new_id(), now()
    copies = {node.id: new_id() for node in line}
    named = " ".join((title or "").split())[: conversations.MAX_TITLE] or _next_title(connection, original)
    row = dict(original._mapping) | {
        "id": id,
        "client_id": client_id,
        "title": named,
        "title_folded": search.fold(named),
        "titled_by": "user" if title else original.titled_by,
        "favorite": False,
        "leaf_id": copies[at],
        "parent_id": original.id,
        "branched_at": at,
        "root_id": original.root_id or original.id,
        "inherited": None,
        "revision": 1,
        "created_at": time,
        "updated_at": time,
    }
    connection.execute(insert(_conversations), row)
    conversations.tell_relatives(connection, user_id, id, row["root_id"])
    rows = [
        {
            "source_id": node.id,
            "new_id": copies[node.id],
            "new_parent_id": copies.get(node.parent_id),
            "new_continues_id": copies.get(node.continues_id),
            "new_conversation_id": id,
        }
        for node in line
    ]
    _COPY.run_many(connection, rows)
    search.copy(connection, user_id, id, copies)
    attachments.copy_links(connection, copies)
    paid = ledger.of_messages(connection, select(_messages.c.copied_from).where(_messages.c.conversation_id == id))
    inherited = {"message_id": copies[at], "messages": len(line), "figures": paid.as_json()}
    connection.execute(update(_conversations).where(_conversations.c.id == id).values(inherited=inherited))
    return id


def _next_title(connection: Connection, original: Row[Any]) -> str:
    """The original's title with the number that this branch has in the family."""
    if not original.title:
        return ""
    ending = f" ({len(family(connection, original)) + 1})"
    base = str(original.title)
    if original.parent_id is not None and base.endswith(")"):
        head, _, number = base[:-1].rpartition(" (")
        base = head if head and number.isdigit() else base
    return base[: conversations.MAX_TITLE - len(ending)] + ending


def family(connection: Connection, conversation: Row[Any]) -> list[Row[Any]]:
    """The conversation's whole family, oldest first: its own rows too, and those in the bin."""
    return _families(connection, conversation.user_id, [conversation.root_id or conversation.id])


def excerpts(connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, str]:
    """Branch id → how the message begins that it was taken at."""
    ends = {row.inherited["message_id"]: row.id for row in rows if row.inherited}
    query = select(_messages.c.id, func.substr(_messages.c.text, 1, EXCERPT).label("text"))
    found = connection.execute(query.where(_messages.c.id.in_(list(ends))))
    return {ends[row.id]: " ".join(row.text.split()) for row in found}


@dataclass(frozen=True, slots=True)
class Relatives:
    """``family`` counts the conversations that are not in the bin, this one among them."""

    parent: Row[Any] | None = None
    branches: Sequence[Row[Any]] = ()
    family: int = 1


def relatives(connection: Connection, rows: Sequence[Row[Any]]) -> Mapping[str, Relatives]:
    """Where each of these came from, and what branched from it; in one query for all of them, who are one person's."""
    if not rows:
        return {}
    roots = list({row.root_id or row.id for row in rows})
    everyone = {one.id: one for one in _families(connection, rows[0].user_id, roots)}
    below: dict[str, list[Row[Any]]] = {}
    sizes: Counter[str] = Counter()
    for one in everyone.values():
        if one.deleted_at is None:
            below.setdefault(one.parent_id, []).append(one)
            sizes[one.root_id or one.id] += 1
    return {
        row.id: Relatives(everyone.get(row.parent_id), below.get(row.id, ()), sizes[row.root_id or row.id])
        for row in rows
    }


_c = _conversations.c
_ROOTS: BindParameter[Any] = bindparam("roots", expanding=True)
_FAMILIES = (
    select(_c.id, _c.root_id, _c.parent_id, _c.branched_at, _c.title, _c.inherited, _c.updated_at, _c.deleted_at)
    .where(_c.user_id == bindparam("user_id"), or_(_c.id.in_(_ROOTS), _c.root_id.in_(_ROOTS)))
    .order_by(_c.id)
)


def _families(connection: Connection, user_id: str, roots: Sequence[str]) -> list[Row[Any]]:
    """Of this person alone: what was imported may name any conversation as its root."""
    return list(connection.execute(_FAMILIES, {"user_id": user_id, "roots": list(roots)}))
