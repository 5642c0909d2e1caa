"""The files of a conversation as a model gets them: what it cannot take is left out, and said so."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from server.content import attachments, kinds
from server.errors import AppError, BadRequest
from server.providers.base import Model
from server.store.engine import Database
from server.wire.request import Content, DocumentPart, ImagePart, TextPart

MOST_BYTES = 20_000_000
"""Of all files of one request: providers take about 30 MB, and base64 makes a third more of it."""
Read = Callable[[Row[Any]], Awaitable[bytes]]
"""Gives the bytes of a file. Raises AppError."""


async def blank(row: Row[Any]) -> bytes:
    """As much as the file holds, and nothing of it: for who asks only how large the whole would be."""
    return bytes(row.size)


async def load(
    db: Database, read: Read, message_ids: Sequence[str], model: Model
) -> tuple[dict[str, list[Content]], list[str]]:
    """Message → what goes with it, and sentences about what could not. The newest go first where room is short."""

    def work(connection: Connection) -> dict[str, list[Row[Any]]]:
        return attachments.of_messages(connection, message_ids)

    rows = await db.read(work)
    found: dict[str, list[Content]] = {}
    notes: dict[str, None] = {}
    room = MOST_BYTES
    for message_id in reversed(message_ids):
        for row in rows.get(message_id, ()):
            part, note = await _part(read, row, model, room)
            if isinstance(part, ImagePart | DocumentPart):
                room -= row.size
            found.setdefault(message_id, []).append(part)
            if note:
                notes[note] = None
    return found, list(notes)


def refuse_blind(rows: Sequence[Row[Any]], model: Model, others: Sequence[str]) -> None:
    """Raises BadRequest when the model cannot see what is to be shown to it; ``others`` are ids of those that can."""
    if model.vision is not False or all(row.type == kinds.TEXT for row in rows):
        return
    what = "read a PDF" if all(row.type in (kinds.PDF, kinds.TEXT) for row in rows) else "see pictures"
    hint = f": {others[0]} can" if others else ""
    raise BadRequest(f"{model.title or model.name} cannot {what}{hint}", code="cannot_see")


async def _part(read: Read, row: Row[Any], model: Model, room: int) -> tuple[Content, str]:
    missing = TextPart(f"[{row.name}: not shown]\n")
    if row.type != kinds.TEXT and model.vision is False:
        return missing, f"{row.name} left out: {model.name} cannot see it"
    if row.size > room:
        return missing, f"{row.name} left out: the files of this conversation are too large together"
    try:
        data = await read(row)
    except AppError as error:
        return missing, error.message
    if row.type in kinds.PICTURES:
        return ImagePart(row.type, data), ""
    return DocumentPart(row.type, row.name, data), ""


def pictures(files: Mapping[str, Sequence[Content]]) -> tuple[ImagePart, ...]:
    return tuple(part for parts in files.values() for part in parts if isinstance(part, ImagePart))
