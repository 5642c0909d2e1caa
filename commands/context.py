"""What a command has in its hands while it runs: who asks, in which conversation, and the parts that act."""

from dataclasses import dataclass
from typing import Any

from commands.results import Patch, Result
from server.chat import conversations
from server.chat.replies import Replies
from server.errors import BadRequest
from server.ids import new_id
from server.providers.models import Directory
from server.settings import Settings
from server.store.engine import Database


@dataclass(slots=True)
class Context:
    user_id: str
    device_id: str
    preferred_model: str | None
    conversation_id: str | None
    database: Database
    directory: Directory
    replies: Replies
    settings: Settings

    async def conversation(self) -> dict[str, Any]:
        """The conversation as it is. Raises BadRequest where there is none yet."""
        if self.conversation_id is None:
            raise BadRequest("there is no conversation yet: write something first")
        return await self.replies.feed.conversation(self.user_id, self.conversation_id)

    async def change(self, **values: Any) -> list[Result]:
        """Sets these values; on the empty screen they begin a new conversation."""
        if (id := self.conversation_id) is None:
            id = await self.database.write(lambda connection: conversations.create(connection, self.user_id, values))
            self.conversation_id = id
        else:
            known = id
            await self.database.write(lambda connection: conversations.change(connection, self.user_id, known, values))
        await self.replies.feed.tell_conversation(self.user_id, id)
        return [Patch(await self.conversation())]

    def fresh_id(self) -> str:
        """A client id for what the command starts."""
        return new_id()
