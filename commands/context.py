"""What a command has in its hands while it runs: who asks, in which conversation, and the parts that act."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from commands.results import Patch, Result
from server.calls.book import Book
from server.chat import conversations
from server.chat.replies import Replies
from server.errors import BadRequest
from server.ids import new_id
from server.providers.models import ROUTED, Directory
from server.routing.router import Router
from server.settings import Settings
from server.store.engine import Database


@dataclass(slots=True)
class Context:
    user_id: str
    device_id: str
    preferences: Mapping[str, Any]
    """What the person chose for new conversations, among others."""
    conversation_id: str | None
    database: Database
    directory: Directory
    router: Router
    replies: Replies
    settings: Settings
    book: Book
    admin: bool = False
    line: str = ""
    """What was typed."""
    client_id: str | None = None
    files: Sequence[str] = ()
    """Ids of the attachments that came with the line."""

    async def conversation(self) -> dict[str, Any]:
        """The conversation as it is. Raises BadRequest where there is none yet."""
        if self.conversation_id is None:
            raise BadRequest("there is no conversation yet: write something first")
        return await self.replies.feed.conversation(self.user_id, self.conversation_id)

    async def change(self, **values: Any) -> list[Result]:
        """Sets these values; on the empty screen they begin a new conversation."""

        def work(connection: Connection) -> str:
            chosen = conversations.chosen(self.preferences)
            id = self.conversation_id or conversations.create(connection, self.user_id, chosen, self.client_id)
            conversations.change(connection, self.user_id, id, values)
            return id

        self.conversation_id = id = await self.database.write(work)
        await self.replies.feed.tell_conversation(self.user_id, id)
        return [Patch(await self.conversation())]

    @property
    def owner(self) -> str | None:
        """Whose things the command may see; None: everybody's."""
        return None if self.admin else self.user_id

    @property
    def default_system(self) -> str | None:
        """The system text that a new conversation begins with."""
        text: str | None = self.preferences.get("default_system")
        return text

    @property
    def own_model(self) -> str | None:
        """The model that the person chose for new conversations, unless they leave it to the router."""
        model: str | None = self.preferences.get("default_model")
        return None if model in ROUTED else model

    async def model(self, id: str) -> str:
        """What a model is called. Raises ProviderError where nobody offers it."""
        return id if id in ROUTED else (await self.directory.choose(self.user_id, id)).model.title or id

    def fresh_id(self) -> str:
        """A client id for what the command starts: the line's own, so that sending it again starts nothing new."""
        return self.client_id or new_id()
