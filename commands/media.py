"""Pictures: /image."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row

from commands.context import Context
from commands.registry import Argument, command
from commands.results import Open, Result
from server.chat import conversations, messages
from server.content import attachments, kinds
from server.errors import BadRequest, NotFound
from server.wire.openai_images import QUALITIES, SIZES

MAX_PROMPT = 32_000
_SIZE = re.compile(r"auto|[1-9]\d{1,4}x[1-9]\d{1,4}")
_QUALITY = re.compile(r"[a-z]{1,20}")


@command(
    "image",
    "make a picture, or change one",
    Argument("prompt", "what to make, or what to change", required=True, rest=True),
    Argument("size", "width and height in pixels", values=SIZES, free=True, option=True),
    Argument("quality", "how carefully", values=QUALITIES, free=True, option=True),
    Argument("model", "another model than the newest", values="image_models", option=True),
    Argument("edit", "the picture to change: last, or its message", values=("last",), free=True, option=True),
)
async def image(
    context: Context, prompt: str, size: str | None, quality: str | None, model: str | None, edit: str | None
) -> Sequence[Result]:
    if len(prompt) > MAX_PROMPT:
        raise BadRequest(f"a picture is described in at most {MAX_PROMPT:,} characters", code="too_large")
    if size and not _SIZE.fullmatch(size):
        raise BadRequest(f"--size is one of {', '.join(SIZES)}, or another width and height such as 1536x864")
    if quality and not _QUALITY.fullmatch(quality):
        raise BadRequest(f"--quality is one of {', '.join(QUALITIES)}")
    maker = model or await context.directory.image_default(context.user_id)
    choice = await context.directory.choose(context.user_id, maker)
    if choice.model.kind != "image":
        raise BadRequest(f"{maker} makes no pictures: leave --model out, or name one that does", code="no_pictures")
    client_id = context.fresh_id()
    given = await context.database.read(lambda connection: _given(connection, context, edit))
    wish: dict[str, Any] = {"prompt": prompt, "size": size, "quality": quality, "pictures": given}
    id, opened = context.conversation_id, []
    if id is None:
        chosen = conversations.chosen(context.preferences)
        id = await context.database.write(
            lambda connection: conversations.create(connection, context.user_id, chosen, client_id)
        )
        opened = [Open("conversation", id)]
    await context.replies.draw(
        context.user_id, context.device_id, id, client_id, context.line, wish, model=maker, files=context.files
    )
    return opened


def _given(connection: Connection, context: Context, edit: str | None) -> list[str]:
    """The pictures that it is made from: those that came with the line, else the one that is named."""
    rows = attachments.wanted(connection, context.user_id, context.files)
    for row in rows:
        if row.type not in kinds.PICTURES:
            raise BadRequest(f"{row.name} is no picture: only pictures can be changed", code="no_picture")
    if edit is not None:
        rows += _of_message(connection, context, edit)
    return [row.id for row in rows]


def _of_message(connection: Connection, context: Context, edit: str) -> list[Row[Any]]:
    if edit != "last":
        candidates = [messages.get(connection, context.user_id, edit).id]
    elif context.conversation_id is not None:
        leaf = conversations.get(connection, context.user_id, context.conversation_id).leaf_id
        candidates = [row.id for row in messages.outline(connection, leaf)] if leaf else []
    else:
        candidates = []
    found = attachments.of_messages(connection, candidates)
    for id in reversed(candidates):
        pictures = [row for row in found.get(id, ()) if row.type in kinds.PICTURES]
        if pictures:
            return pictures
    raise NotFound("there is no picture here to change", code="no_picture")
