"""What a person asks of a conversation, as rows: a prompt with its reply, another reply, a continuation.

Each happens in one transaction under an id that the client made; asked again, it gives the rows of the first time.
Functions of a connection.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from server.chat import conversations, messages, titles
from server.content import markdown
from server.errors import BadRequest, Conflict
from server.ids import new_id, now
from server.store.tables import Message

NEWEST = object()
"""Stands for the message that the person is at."""


@dataclass(frozen=True, slots=True)
class Turn:
    """``reply`` is None when the turn had been stored before: then there is nothing to start.

    ``ahead_id`` is the message that the prompt answers: if that is still being written, the reply waits for it.
    """

    prompt_id: str
    reply_id: str
    reply: Row[Any] | None = None
    ahead_id: str | None = None


def send(
    connection: Connection,
    user_id: str,
    conversation_id: str,
    client_id: str,
    text: str,
    *,
    parent_id: object,
    model: str | None,
    default: tuple[str, str | None],
    reasoning: str,
) -> Turn:
    """A prompt and its reply. ``default`` is the model where none was chosen, and a note about it.

    Raises NotFound, BadRequest.
    """
    conversation = conversations.get(connection, user_id, conversation_id)
    if (before := messages.by_client_id(connection, conversation_id, client_id)) is not None:
        replies = messages.children(connection, conversation_id, [before.id])
        return Turn(before.id, min(row.id for row in replies))
    parent = conversation.leaf_id if parent_id is NEWEST else parent_id
    assert parent is None or isinstance(parent, str)
    chosen = model or conversation.model or default[0]
    notes = [default[1]] if default[1] and chosen == default[0] else None
    prompt_id = messages.add_prompt(connection, conversation_id, parent, client_id, text, conversation.revision + 1)
    untitled = conversation.titled_by == "nobody" and not conversation.title
    settled: dict[str, Any] = {"title": titles.first_words(text)} if untitled else {}
    if conversation.model is None:
        settled["model"] = chosen
    reply = _add_reply(connection, conversation, prompt_id, chosen, reasoning, notes=notes, settled=settled)
    return Turn(prompt_id, reply, messages.get(connection, user_id, reply), parent)


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

    ``message_id`` is the reply or the prompt.
    """
    row = messages.get(connection, user_id, message_id)
    if (before := messages.by_client_id(connection, row.conversation_id, client_id)) is not None:
        return Turn(before.parent_id, before.id)
    conversation = conversations.get(connection, user_id, row.conversation_id)
    prompt = row
    while prompt.role != "user":  # a continuation hangs below the reply it continues
        prompt = messages.get(connection, user_id, prompt.parent_id)
    chosen = model or (row.model if row.role == "assistant" else None) or conversation.model or default
    reply = _add_reply(connection, conversation, prompt.id, chosen, reasoning, client_id=client_id)
    return Turn(prompt.id, reply, messages.get(connection, user_id, reply), prompt.parent_id)


def go_on(connection: Connection, user_id: str, message_id: str, client_id: str, *, reasoning: str) -> Turn:
    """A new reply that goes on where this one broke off. Raises NotFound, BadRequest, Conflict while it still runs."""
    row = messages.get(connection, user_id, message_id)
    if (before := messages.by_client_id(connection, row.conversation_id, client_id)) is not None:
        return Turn(before.parent_id, before.id)
    if row.role != "assistant":
        raise BadRequest("only a reply can be continued")
    if row.status in messages.RUNNING:
        raise Conflict("this reply is still being written")
    conversation = conversations.get(connection, user_id, row.conversation_id)
    reply = _add_reply(connection, conversation, row.id, row.model, reasoning, client_id=client_id, continued=row)
    return Turn(row.id, reply, messages.get(connection, user_id, reply))


def _add_reply(
    connection: Connection,
    conversation: Row[Any],
    parent_id: str,
    model: str,
    reasoning: str,
    *,
    client_id: str | None = None,
    continued: Row[Any] | None = None,
    notes: list[str] | None = None,
    settled: Mapping[str, Any] | None = None,
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
        continues_id=continued.id if continued else None,
        revision=conversation.revision + 1,
        created_at=now(),
        notes=notes,
        settings={
            "temperature": conversation.temperature,
            "reasoning": conversation.reasoning or reasoning,
            "system": conversation.system,
        }
        | ({"opening": markdown.reopening(continued.text)} if continued else {}),
    )
    messages.add_reply(connection, reply)
    conversations.touch(connection, conversation.id, active=True, leaf_id=reply.id, **(settled or {}))
    return reply.id
