"""Conversations that were held long ago: rows written straight into the database, because typing takes a while."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, insert, update

from server.chat import conversations
from server.chat.messages import messages
from server.content import search
from server.ids import new_id, now
from server.store.tables import Message
from tests.house import House

QUESTION = "What was the **{n}**. thing that you said about `trees`?"
ANSWER = """Thing number {n} was this one, about *trees* and what grows on them.

- a leaf, and another leaf
- number {n} again

It was said in a few words, and nobody wrote them down but me."""


async def held(
    house: House, username: str, turns: int, *, answer: str = ANSWER, reasoning: str = "", **settings: Any
) -> str:
    """The id of a conversation of so many questions and answers."""
    user = (await house.services.users.find(username)).id

    def work(connection: Connection) -> str:
        return write(connection, user, turns, answer, reasoning, settings)

    return str(await house.services.database.write(work))


def write(connection: Connection, user: str, turns: int, answer: str, reasoning: str, settings: dict[str, Any]) -> str:
    id = conversations.create(connection, user, settings)
    rows = list(_rows(id, turns, answer, reasoning))
    for at in range(0, len(rows), 500):
        connection.execute(insert(messages), rows[at : at + 500])
    search.index(connection, user, [Message(**row) for row in rows])
    table = conversations.conversations
    connection.execute(update(table).where(table.c.id == id).values(leaf_id=rows[-1]["id"], title=f"{turns} turns"))
    return id


def _rows(conversation: str, turns: int, answer: str, reasoning: str) -> Sequence[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    began = now() - timedelta(days=1)
    for n in range(turns):
        time = began + timedelta(seconds=n)
        said = Message(
            id=new_id(),
            conversation_id=conversation,
            parent_id=rows[-1]["id"] if rows else None,
            role="user",
            text=QUESTION.format(n=n),
            created_at=time,
            finished_at=time,
        )
        answered = Message(
            id=new_id(),
            conversation_id=conversation,
            parent_id=said.id,
            role="assistant",
            model="gpt-5.1",
            text=answer.format(n=n),
            reasoning=reasoning,
            created_at=time,
            finished_at=time,
            finish_reason="stop",
            reasoning_ms=1200 if reasoning else None,
            duration_ms=2000,
        )
        rows += [said.model_dump(), answered.model_dump()]
    return rows
