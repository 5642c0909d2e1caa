"""Messages: the rows of a conversation's tree, and the pages of a path through it. Functions of a connection."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, Connection, Row, Select, and_, bindparam, insert, select, update
from sqlalchemy.sql import literal

from server.chat import conversations, tree
from server.content import attachments, search
from server.errors import BadRequest, NotFound
from server.ids import new_id, now
from server.store.tables import Checkpoint, Conversation, Message

messages = Message.__table__  # type: ignore[attr-defined]
checkpoints = Checkpoint.__table__  # type: ignore[attr-defined]
_conversations = Conversation.__table__  # type: ignore[attr-defined]

MAX_TEXT = 1_000_000
"""Characters of one message."""
RUNNING = ("pending", "streaming")

# What every turn asks is put together once: that costs more than asking.
_OWN = (
    select(messages)
    .join(_conversations, _conversations.c.id == messages.c.conversation_id)
    .where(
        messages.c.id == bindparam("id"),
        _conversations.c.user_id == bindparam("user_id"),
        _conversations.c.deleted_at.is_(None),
    )
)
_BELOW = select(messages.c.id, messages.c.parent_id).where(
    messages.c.conversation_id == bindparam("conversation_id"),
    messages.c.parent_id.in_(bindparam("parents", expanding=True)),
)
_FIRST = select(messages.c.id, messages.c.parent_id).where(
    messages.c.conversation_id == bindparam("conversation_id"), messages.c.parent_id.is_(None)
)


def _walk(*, limited: bool = False) -> CTE:
    """From ``leaf`` up, ``limit`` messages where it is ``limited``; both are bound."""
    c = messages.c
    start = select(c.id, c.parent_id, literal(1).label("depth")).where(c.id == bindparam("leaf"))
    walk = start.cte("walk", recursive=True)
    up = select(c.id, c.parent_id, walk.c.depth + 1).join(walk, c.id == walk.c.parent_id)
    return walk.union_all(up.where(walk.c.depth < bindparam("limit")) if limited else up)


def _path(*, limited: bool) -> Select[Any]:
    walk = _walk(limited=limited)
    return select(messages).join(walk, messages.c.id == walk.c.id).order_by(walk.c.depth.desc())


_PATH, _END_OF_PATH = _path(limited=False), _path(limited=True)


def get(connection: Connection, user_id: str, id: str) -> Row[Any]:
    """Raises NotFound, also for one in somebody else's conversation or in the bin."""
    row = connection.execute(_OWN, {"id": id, "user_id": user_id}).one_or_none()
    if row is None:
        raise NotFound("there is no such message")
    return row


def paid_as(connection: Connection, id: str) -> str:
    """The message that the ledger knows this one as: a copy in a branch was paid for where it was written."""
    copied = select(messages.c.copied_from).where(messages.c.id == id)
    return connection.execute(copied).scalar_one_or_none() or id


def by_client_id(connection: Connection, conversation_id: str, client_id: str) -> Row[Any] | None:
    c = messages.c
    query = select(messages).where(c.conversation_id == conversation_id, c.client_id == client_id)
    return connection.execute(query).one_or_none()


def children(connection: Connection, conversation_id: str, parent_ids: Iterable[str | None]) -> list[Row[Any]]:
    """``id`` and ``parent_id`` of everything that answers one of these (None: the first messages)."""
    wanted = set(parent_ids)
    known = [id for id in wanted if id is not None]
    found: list[Row[Any]] = []
    if known:
        found += connection.execute(_BELOW, {"conversation_id": conversation_id, "parents": known})
    if None in wanted:
        found += connection.execute(_FIRST, {"conversation_id": conversation_id})
    return found


def first_replies(connection: Connection, prompt: Row[Any]) -> tuple[str, ...]:
    """The replies that were started with a prompt: its first, and those that are compared with it."""
    c = messages.c
    query = select(c.id, c.comparison, c.client_id).where(
        c.conversation_id == prompt.conversation_id, c.parent_id == prompt.id, c.role == "assistant"
    )
    rows = list(connection.execute(query.order_by(c.id)))
    first = rows[0]
    group = [row.id for row in rows if row.comparison == first.comparison and row.client_id is None]
    return tuple(group) if first.comparison else (first.id,)


def compared(connection: Connection, rows: Iterable[Row[Any]]) -> list[Row[Any]]:
    """Every reply of the comparisons that these belong to, and what was merged there, in the order of their start."""
    c = messages.c
    some = {row.comparison: row for row in rows if row.comparison is not None}
    if not some:
        return []
    conversation_id = next(iter(some.values())).conversation_id
    parents = {row.parent_id for row in some.values()}
    query = select(messages).where(
        c.conversation_id == conversation_id, c.parent_id.in_(parents), c.comparison.in_(list(some))
    )
    return list(connection.execute(query.order_by(c.id)))


def combined(connection: Connection, reply: Row[Any]) -> list[Row[Any]]:
    """The replies that this one combines, in their order; none where it combines nothing."""
    if not reply.sources:
        return []
    query = select(messages).where(messages.c.id.in_([one["id"] for one in reply.sources]))
    return list(connection.execute(query.order_by(messages.c.id)))


def path(connection: Connection, leaf: str, limit: int | None = None) -> list[Row[Any]]:
    """The messages up to and with ``leaf``, oldest first; the last ``limit`` of them."""
    query = _PATH if limit is None else _END_OF_PATH
    return list(connection.execute(query, {"leaf": leaf, "limit": limit}))


def outline(connection: Connection, leaf: str) -> list[Row[Any]]:
    """The path as ``id``, ``parent_id``, ``role``, ``continues_id`` and ``status``, without what was said."""
    walk, c = _walk(), messages.c
    query = select(c.id, c.parent_id, c.role, c.continues_id, c.status).join(walk, c.id == walk.c.id)
    return list(connection.execute(query.order_by(walk.c.depth.desc()), {"leaf": leaf}))


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Row[Any]]
    earlier: bool
    later: bool
    leaf: str | None = None
    """Where the path ends, told where the path was not asked for by its end."""


def page(
    connection: Connection,
    conversation: Row[Any],
    limit: int,
    *,
    before: str | None,
    after: str | None,
    leaf: str | None,
) -> Page:
    """``limit`` messages of the path to ``leaf`` (default: where the person is), around a cursor on that path.

    Raises NotFound when a cursor or the leaf is not of this conversation.
    """
    c = messages.c
    for cursor in (before, after, leaf):
        owner = select(c.conversation_id).where(c.id == cursor)
        if cursor is not None and connection.execute(owner).scalar_one_or_none() != conversation.id:
            raise NotFound("there is no such message")
    leaf = leaf or conversation.leaf_id
    if leaf is not None and leaf != conversation.leaf_id:
        leaf = tree.newest_leaf(leaf, _skeleton(connection, conversation.id))
    if leaf is None:
        return Page([], False, False)
    if before is not None:
        rows = path(connection, before, limit + 2)[:-1]
        return Page(rows[-limit:], len(rows) > limit, True)
    if after is not None:
        skeleton = _skeleton(connection, conversation.id)
        line = [node.id for node in tree.path_to(leaf, {node.id: node for node in skeleton})]
        start = line.index(after) + 1 if after in line else len(line)
        wanted = line[start : start + limit]
        return Page(_in_order(connection, wanted), True, start + limit < len(line))
    rows = path(connection, leaf, limit + 1)
    return Page(rows[-limit:], len(rows) > limit, False)


def around(connection: Connection, conversation: Row[Any], id: str, limit: int) -> Page:
    """``limit`` messages of a path, of any branch, with this one in their middle. Raises NotFound.

    Where the person's own path goes through it, it is that one.
    """
    nodes = {node.id: node for node in _skeleton(connection, conversation.id)}
    if id not in nodes:
        raise NotFound("there is no such message")
    leaf = conversation.leaf_id
    line = [node.id for node in tree.path_to(leaf, nodes)]
    if id not in line:
        leaf = tree.newest_leaf(id, nodes.values())
        line = [node.id for node in tree.path_to(leaf, nodes)]
    start = max(0, line.index(id) - limit // 2)
    wanted = line[start : start + limit]
    return Page(_in_order(connection, wanted), start > 0, start + limit < len(line), leaf)


def _in_order(connection: Connection, ids: Sequence[str]) -> list[Row[Any]]:
    """The rows of these ids: what was imported has ids that say nothing about its order."""
    rows = {row.id: row for row in connection.execute(select(messages).where(messages.c.id.in_(ids)))}
    return [rows[id] for id in ids]


def _skeleton(connection: Connection, conversation_id: str) -> list[Row[Any]]:
    c = messages.c
    return list(connection.execute(select(c.id, c.parent_id).where(c.conversation_id == conversation_id)))


def changed_since(connection: Connection, conversation_id: str, revision: int) -> list[Row[Any]]:
    c = messages.c
    query = select(messages).where(c.conversation_id == conversation_id, c.revision > revision).order_by(c.id)
    return list(connection.execute(query))


def add_prompt(
    connection: Connection,
    conversation_id: str,
    parent_id: str | None,
    client_id: str,
    text: str,
    revision: int,
    *,
    files: Sequence[str] = (),
    settings: dict[str, Any] | None = None,
) -> str:
    """The id of the person's message; ``files`` are ids of attachments. Raises BadRequest, NotFound."""
    if not text.strip() and not files:
        raise BadRequest("the message is empty: type something first", code="empty")
    if len(text) > MAX_TEXT:
        raise BadRequest(f"the message is too long: {len(text):,} of at most {MAX_TEXT:,} characters", code="too_large")
    if parent_id is not None:
        home = connection.execute(
            select(messages.c.conversation_id).where(messages.c.id == parent_id)
        ).scalar_one_or_none()
        if home != conversation_id:
            raise NotFound("the message that this one answers is not in this conversation")
    row = Message(
        id=new_id(),
        conversation_id=conversation_id,
        parent_id=parent_id,
        role="user",
        text=text,
        client_id=client_id,
        revision=revision,
        created_at=now(),
        settings=settings,
    )
    connection.execute(insert(messages), row.model_dump())
    user_id = owner(connection, conversation_id)
    attachments.link(connection, user_id, row.id, files)
    search.index(connection, user_id, [row])
    return row.id


def owner(connection: Connection, conversation_id: str) -> str:
    """The id of the user whose conversation it is."""
    query = select(_conversations.c.user_id).where(_conversations.c.id == conversation_id)
    return str(connection.execute(query).scalar_one())


def add_reply(connection: Connection, reply: Message) -> str:
    """The row, and an empty checkpoint: what has one is running, so that a start finds it without a scan."""
    connection.execute(insert(messages), reply.model_dump())
    append_checkpoints(connection, [{"message_id": reply.id, "text": "", "reasoning": "", "position": None}])
    return reply.id


def save(connection: Connection, id: str, **values: Any) -> None:
    """Writes these columns of a message, with a new revision of its conversation."""
    conversation_id = connection.execute(
        select(messages.c.conversation_id).where(messages.c.id == id)
    ).scalar_one_or_none()
    if conversation_id is not None:
        revision = conversations.touch(connection, conversation_id, active="finished_at" in values)
        connection.execute(update(messages).where(messages.c.id == id).values(revision=revision, **values))
        if "text" in values:
            row = connection.execute(select(messages).where(messages.c.id == id)).one()
            search.index(connection, owner(connection, conversation_id), [row])


def first_exchange(connection: Connection, user_id: str, reply_id: str) -> tuple[str, str] | None:
    """What was said and answered first, of a conversation that nobody has named. Raises NotFound."""
    conversation = conversations.get(connection, user_id, get(connection, user_id, reply_id).conversation_id)
    said = path(connection, reply_id, 3)
    return (said[0].text, said[1].text) if len(said) == 2 and conversation.titled_by == "nobody" else None


def append_checkpoints(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    connection.execute(insert(checkpoints), rows)


def drop_checkpoints(connection: Connection, message_id: str) -> None:
    connection.execute(checkpoints.delete().where(checkpoints.c.message_id == message_id))


def fold(connection: Connection, id: str) -> None:
    """Puts what the checkpoints of a reply hold into its row, without a word to anybody."""
    query = select(checkpoints).where(checkpoints.c.message_id == id).order_by(checkpoints.c.id)
    pieces = list(connection.execute(query))
    values = {
        "text": messages.c.text + "".join(piece.text for piece in pieces),
        "reasoning": messages.c.reasoning + "".join(piece.reasoning for piece in pieces),
    }
    connection.execute(update(messages).where(messages.c.id == id).values(values))


def left_running(connection: Connection) -> list[Row[Any]]:
    """The replies that a dead process left behind (and whose), with what their checkpoints held folded into them."""
    kept: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(select(checkpoints).order_by(checkpoints.c.id)):
        kept.setdefault(row.message_id, []).append(row)
    here = and_(messages.c.id.in_(list(kept)), messages.c.status.in_(RUNNING))
    for row in list(connection.execute(select(messages).where(here))):
        fold(connection, row.id)
        if row.resume:
            positions = [piece.position for piece in kept[row.id] if piece.position is not None]
            resume = row.resume | {"position": positions[-1] if positions else row.resume["position"]}
            connection.execute(update(messages).where(messages.c.id == row.id).values(resume=resume))
    connection.execute(checkpoints.delete())
    owned = select(messages, _conversations.c.user_id).join(
        _conversations, _conversations.c.id == messages.c.conversation_id
    )
    rows = list(connection.execute(owned.where(here)))
    if rows:
        append_checkpoints(
            connection, [{"message_id": row.id, "text": "", "reasoning": "", "position": None} for row in rows]
        )
    return rows
