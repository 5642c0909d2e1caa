"""A conversation as Markdown: what a person reads, up to a message, with who said it and when."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Row

from server.archive import reading
from server.content import attachments
from server.store.engine import Database


async def document(db: Database, user_id: str, id: str, leaf: str | None = None) -> AsyncIterator[bytes]:
    """Raises NotFound, before the first byte."""
    row = await reading.conversation(db, user_id, id)
    if leaf is not None:
        await reading.message(db, user_id, id, leaf)
    settings = [f"model: {row.model}" if row.model else "", f"made: {row.created_at:%Y-%m-%d %H:%M} UTC"]
    yield f"# {title(row)}\n\n{' · '.join(each for each in settings if each)}\n".encode()
    if row.system:
        yield f"\n## system\n\n{row.system.rstrip()}\n".encode()
    async for some in reading.path(db, row, leaf):
        attached = await _attached(db, some)
        for message in some:
            yield _section(message, attached.get(message.id, [])).encode()


def title(row: Row[Any]) -> str:
    return row.title or "new chat"


def who(message: Row[Any]) -> str:
    if message.role == "user":
        return "❯ you"
    return f"◆ {message.model or 'model'}" if message.role == "assistant" else "notice"


def state(message: Row[Any]) -> str:
    """What is to be said of a reply that did not end by itself."""
    if message.error:
        return f"✗ {message.error.get('message', message.status)}"
    return "" if message.status == "done" else message.status


def _section(message: Row[Any], files: list[str]) -> str:
    parts = [f"\n## {who(message)} · {message.created_at:%Y-%m-%d %H:%M}"]
    parts += [f"*{name}*" for name in files]
    if message.text.strip():
        parts.append(message.text.rstrip())
    if said := state(message):
        parts.append(f"*{said}*")
    return "\n\n".join(parts) + "\n"


async def _attached(db: Database, some: Any) -> dict[str, list[str]]:
    ids = [message.id for message in some]
    found = await db.read(lambda connection: attachments.of_messages(connection, ids))
    return {id: [row.name for row in of] for id, of in found.items()}
