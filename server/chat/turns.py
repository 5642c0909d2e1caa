"""What a person asks of a conversation, as rows: a prompt with its replies, another reply, a continuation, a merge.

Each happens in one transaction under an id that the client made; asked again, it gives the rows of the first time.
Functions of a connection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from server.chat import conversations, messages, titles
from server.errors import BadRequest, Conflict
from server.ids import new_id, now
from server.store.tables import Message

NEWEST = object()
"""Stands for the message that the person is at."""
MAX_MODELS = 4
"""Models that one prompt goes to."""


@dataclass(frozen=True, slots=True)
class Turn:
    """``replies`` are the rows to start; none when the turn had been stored before.

    ``ahead_id`` is the message that the prompt answers: if that is still being written, the replies wait for it.
    """

    prompt_id: str
    reply_ids: tuple[str, ...]
    replies: tuple[Row[Any], ...] = ()
    ahead_id: str | None = None


def send(
    connection: Connection,
    user_id: str,
    conversation_id: str,
    client_id: str,
    text: str,
    *,
    parent_id: object,
    models: Sequence[str],
    default: tuple[str, str | None],
    reasoning: str,
    files: Sequence[str] = (),
) -> Turn:
    """A prompt and a reply by each of ``models``; ``default`` is the one where none was chosen, and a note about it.

    Raises NotFound, BadRequest.
    """
    conversation = conversations.get(connection, user_id, conversation_id)
    if (before := messages.by_client_id(connection, conversation_id, client_id)) is not None:
        return Turn(before.id, messages.first_replies(connection, before))
    if len(set(models)) < len(models) or len(models) > MAX_MODELS:
        raise BadRequest(f"compare at most {MAX_MODELS} models, each of them once")
    parent = conversation.leaf_id if parent_id is NEWEST else parent_id
    assert parent is None or isinstance(parent, str)
    chosen = tuple(models) or (conversation.model or default[0],)
    notes = [default[1]] if default[1] and chosen[0] == default[0] else None
    revision = conversation.revision + 1
    prompt_id = messages.add_prompt(connection, conversation_id, parent, client_id, text, revision, files=files)
    untitled = conversation.titled_by == "nobody" and not conversation.title
    settled: dict[str, Any] = {"title": titles.first_words(text)} if untitled else {}
    if conversation.model is None:
        settled["model"] = chosen[0]
    group = new_id() if len(chosen) > 1 else None
    replies = tuple(
        _add_reply(
            connection, conversation, prompt_id, model, reasoning, notes=notes, settled=settled, comparison=group
        )
        for model in chosen
    )
    if group is not None:
        conversations.touch(connection, conversation_id, leaf_id=replies[0])
    return Turn(prompt_id, replies, tuple(messages.get(connection, user_id, id) for id in replies), parent)


def draw(
    connection: Connection,
    user_id: str,
    conversation_id: str,
    client_id: str,
    line: str,
    wish: dict[str, Any],
    *,
    model: str,
    files: Sequence[str] = (),
) -> Turn:
    """A prompt that asks for a picture, as it was typed, and the reply that will be the picture.

    ``wish`` is {"prompt", "size", "quality", "pictures"}: the last are the ids of the attachments that it is made
    from, ``files`` those of them that came with this prompt. Raises NotFound, BadRequest.
    """
    conversation = conversations.get(connection, user_id, conversation_id)
    if (before := messages.by_client_id(connection, conversation_id, client_id)) is not None:
        return Turn(before.id, messages.first_replies(connection, before))
    parent, revision, asked = conversation.leaf_id, conversation.revision + 1, {"image": wish | {"model": model}}
    prompt_id = messages.add_prompt(
        connection, conversation_id, parent, client_id, line, revision, files=files, settings=asked
    )
    untitled = conversation.titled_by == "nobody" and not conversation.title
    settled: dict[str, Any] = {"title": titles.first_words(wish["prompt"])} if untitled else {}
    reply = _add_reply(connection, conversation, prompt_id, model, "", settled=settled, image=asked["image"])
    return Turn(prompt_id, (reply,), (messages.get(connection, user_id, reply),), parent)


def retry(
    connection: Connection,
    user_id: str,
    message_id: str,
    client_id: str,
    *,
    model: str | None,
    default: str,
    reasoning: str,
) -> Turn:
    """Another reply to the same prompt, beside the first. Raises NotFound.

    ``message_id`` is the reply or the prompt. What was compared stays compared, a merge merges the same again.
    """
    row = messages.get(connection, user_id, message_id)
    if (before := messages.by_client_id(connection, row.conversation_id, client_id)) is not None:
        return Turn(before.parent_id, (before.id,))
    conversation = conversations.get(connection, user_id, row.conversation_id)
    prompt = _prompt_of(connection, user_id, row)
    before_it = row.route["asked"] if row.route else row.model
    image = (prompt.settings or {}).get("image")
    usual = image["model"] if image else conversation.model
    chosen = model or (before_it if row.role == "assistant" else None) or usual or default
    reply = _add_reply(
        connection,
        conversation,
        prompt.id,
        chosen,
        reasoning,
        client_id=client_id,
        comparison=row.comparison,
        sources=row.sources,
        image=image,
    )
    return Turn(prompt.id, (reply,), (messages.get(connection, user_id, reply),), prompt.parent_id)


def merge(
    connection: Connection,
    user_id: str,
    message_id: str,
    client_id: str,
    *,
    model: str | None,
    default: str,
    reasoning: str,
) -> Turn:
    """A reply that combines those of a comparison, beside them. Raises NotFound, BadRequest, Conflict while one runs.

    ``message_id`` is any of the compared replies. Without a model it is the conversation's.
    """
    row = messages.get(connection, user_id, message_id)
    if (before := messages.by_client_id(connection, row.conversation_id, client_id)) is not None:
        return Turn(before.parent_id, (before.id,))
    compared = [one for one in messages.compared(connection, [row]) if not one.sources]
    if len(compared) < 2:
        raise BadRequest("there is nothing to merge: /compare asks several models the same")
    if any(one.status in messages.RUNNING for one in compared):
        raise Conflict("the answers are still being written: wait for them, or stop those that you do not want")
    sources = [{"id": one.id, "model": one.model} for one in compared if one.text.strip()]
    if len(sources) < 2:
        raise BadRequest("fewer than two of the models answered: there is nothing to merge")
    conversation = conversations.get(connection, user_id, row.conversation_id)
    chosen = model or conversation.model or default
    reply = _add_reply(
        connection,
        conversation,
        row.parent_id,
        chosen,
        reasoning,
        client_id=client_id,
        comparison=row.comparison,
        sources=sources,
    )
    return Turn(row.parent_id, (reply,), (messages.get(connection, user_id, reply),))


def ended(connection: Connection, user_id: str, message_id: str) -> str:
    """The text of a reply, which never changes again. Raises NotFound, Conflict while it still runs."""
    row = messages.get(connection, user_id, message_id)
    if row.status in messages.RUNNING:
        raise Conflict("this reply is still being written")
    return str(row.text)


def go_on(
    connection: Connection,
    user_id: str,
    message_id: str,
    client_id: str,
    *,
    opening: str,
    default: str,
    reasoning: str,
) -> Turn:
    """A new reply that goes on where this one broke off. Raises NotFound, BadRequest, Conflict while it still runs.

    ``opening`` is ``markdown.reopening`` of what ``ended`` gave: too much work for the writer.
    """
    row = messages.get(connection, user_id, message_id)
    if (before := messages.by_client_id(connection, row.conversation_id, client_id)) is not None:
        return Turn(before.parent_id, (before.id,))
    if row.role != "assistant":
        raise BadRequest("only a reply can be continued")
    ended(connection, user_id, message_id)
    conversation = conversations.get(connection, user_id, row.conversation_id)
    chosen = row.model or conversation.model or default
    reply = _add_reply(
        connection, conversation, row.id, chosen, reasoning, client_id=client_id, continues=row.id, opening=opening
    )
    return Turn(row.id, (reply,), (messages.get(connection, user_id, reply),))


def _prompt_of(connection: Connection, user_id: str, row: Row[Any]) -> Row[Any]:
    """The prompt that a message answers, or is; a continuation hangs below the reply it continues."""
    while row.role != "user":
        row = messages.get(connection, user_id, row.parent_id)
    return row


def _add_reply(
    connection: Connection,
    conversation: Row[Any],
    parent_id: str,
    model: str,
    reasoning: str,
    *,
    client_id: str | None = None,
    continues: str | None = None,
    opening: str | None = None,
    notes: list[str] | None = None,
    settled: Mapping[str, Any] | None = None,
    comparison: str | None = None,
    sources: list[dict[str, Any]] | None = None,
    image: dict[str, Any] | None = None,
) -> str:
    """``reasoning`` is the level where the conversation names none; ``settled`` what the turn decides for it."""
    reply = Message(
        id=new_id(),
        conversation_id=conversation.id,
        parent_id=parent_id,
        role="assistant",
        status="pending",
        model=model,
        client_id=client_id,
        continues_id=continues,
        revision=conversation.revision + 1,
        created_at=now(),
        notes=notes,
        comparison=comparison,
        sources=sources,
        settings={
            "temperature": conversation.temperature,
            "reasoning": conversation.reasoning or reasoning,
            "system": conversation.system,
        }
        | ({"opening": opening} if opening is not None else {})
        | ({"image": image} if image else {}),
    )
    messages.add_reply(connection, reply)
    conversations.touch(connection, conversation.id, active=True, leaf_id=reply.id, **(settled or {}))
    return reply.id
