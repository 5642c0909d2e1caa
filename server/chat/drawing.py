"""The task that makes a picture as a reply: asks for it, shows what is there of it, keeps the finished one."""

import asyncio
import re
from contextlib import aclosing
from typing import Any

from sqlalchemy import Row

from server.calls.calls import Attempt, Calls, Purpose
from server.chat.outcome import Outcome
from server.chat.running import RunningReply
from server.content import attachments, kinds
from server.content.intake import Intake
from server.errors import BadRequest
from server.providers.models import Directory
from server.store.engine import Database
from server.wire.events import Finish, Image
from server.wire.openai_images import ImageRequest
from server.wire.request import ImagePart

_WORDS = 6
"""Of the prompt, that name the file."""


class Draughtsman:
    def __init__(self, db: Database, calls: Calls, directory: Directory, intake: Intake) -> None:
        self._db, self._calls, self._directory, self._intake = db, calls, directory, intake

    async def draw(self, reply: RunningReply, row: Row[Any], outcome: Outcome) -> None:
        """Fills ``outcome``. Raises AppError."""
        wish = row.settings["image"]
        outcome.choice = choice = await self._directory.choose(reply.user_id, row.model)
        given = [await self._picture(reply.user_id, id) for id in wish["pictures"]]
        request = ImageRequest(choice.model.name, wish["prompt"], wish["size"], wish["quality"], tuple(given))
        purpose = Purpose("image", reply.user_id, reply.device_id, reply.conversation_id, reply.id)
        made: Image | None = None
        async with aclosing(self._calls.stream(purpose, choice, request)) as events:
            async for event in events:
                if isinstance(event, Attempt):
                    reply.asked(event, "drawing")
                elif isinstance(event, Image) and event.partial is not None:
                    reply.preview = (event.media_type, event.data)
                    reply.tell(state="drawing", preview=event.partial + 1)
                elif isinstance(event, Image):
                    made = event
                elif isinstance(event, Finish):
                    outcome.finish_reason = event.reason
        if made is not None:
            await self._keep(reply.user_id, wish["prompt"], made, outcome)
            outcome.status = "done"

    async def _picture(self, user_id: str, id: str) -> ImagePart:
        row = await self._db.read(lambda connection: attachments.get(connection, user_id, id))
        if row.type not in kinds.PICTURES:
            raise BadRequest(f"{row.name} is no picture: only pictures can be changed", code="no_picture")
        return ImagePart(row.type, await self._intake.read(row))

    async def _keep(self, user_id: str, prompt: str, made: Image, outcome: Outcome) -> None:
        """What has been paid for is kept, even if the reply is stopped in this moment."""
        keeping = asyncio.ensure_future(self._intake.take_made(user_id, file_name(prompt, made.media_type), made.data))
        try:
            row = await asyncio.shield(keeping)
        except asyncio.CancelledError:
            outcome.attachments = [(await keeping).id]
            raise
        outcome.attachments = [row.id]


def file_name(prompt: str, media_type: str) -> str:
    """`a-red-fox.png`"""
    words = re.findall(r"\w+", prompt)[:_WORDS]
    return f"{'-'.join(words).lower()[:60] or 'picture'}.{media_type.partition('/')[2]}"
