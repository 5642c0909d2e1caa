"""Conversations over HTTP: list, make, read, change, delete and bring back."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from server.api.deps import ClientId, Here, Me, Services
from server.chat import conversations, messages, tags
from server.errors import BadRequest, NotFound
from server.money import zones

router = APIRouter(prefix="/api")

Limit = Annotated[int, Query(ge=1, le=200)]
Tag = Annotated[str, Field(max_length=100)]


class Values(BaseModel):
    """What can be set of a conversation; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    title: str | None = Field(None, max_length=2000)
    model: str | None = Field(None, min_length=1, max_length=200)
    temperature: float | None = None
    reasoning: str | None = None
    system: str | None = None
    favorite: bool = False
    tags: list[Tag] = Field(default_factory=list, max_length=100)


class NewConversation(Values):
    client_id: ClientId | None = None


class Changes(Values):
    leaf_id: str = ""


@router.get("/conversations")
async def list_conversations(
    here: Here,
    me: Me,
    before: str | None = None,
    limit: Limit = 40,
    favorite: bool = False,
    tag: str | None = None,
    deleted: bool = False,
) -> dict[str, Any]:
    """The latest first; ``next`` is the cursor of the following page. ``deleted`` lists the bin."""
    cursor = _opened(before) if before else None
    choice = conversations.Choice(favorite, tags.written(tag or "") or None, deleted)
    shown = await here.replies.feed.conversations(me.user.id, cursor, limit + 1, choice)
    more = len(shown) > limit
    shown = shown[:limit]
    moment = "deleted_at" if deleted else "updated_at"
    return {"conversations": shown, "next": _sealed(shown[-1], moment) if more else None}


@router.post("/conversations", status_code=201)
async def create_conversation(here: Here, me: Me, new: NewConversation) -> dict[str, Any]:
    given = new.model_dump(exclude_unset=True, exclude={"client_id"})
    given = conversations.chosen(me.user.preferences) | given
    id = await here.database.write(
        lambda connection: conversations.create(connection, me.user.id, given, new.client_id)
    )
    await here.replies.feed.tell_conversation(me.user.id, id)
    return await here.replies.feed.conversation(me.user.id, id)


@router.get("/conversations/{id}")
async def read_conversation(
    here: Here,
    me: Me,
    id: str,
    limit: Limit = 40,
    before: str | None = None,
    after: str | None = None,
    leaf: str | None = None,
    around: str | None = None,
    since: int | None = None,
) -> dict[str, Any]:
    """A page of its messages, ``around`` one of any branch; with ``since`` what changed after that revision."""
    if since is not None:
        return await here.replies.feed.changes(me.user.id, id, since)
    return await here.replies.feed.page(me.user.id, id, limit, before, after, leaf, around)


@router.patch("/conversations/{id}")
async def change_conversation(here: Here, me: Me, id: str, changes: Changes) -> dict[str, Any]:
    return await change(here, me.user.id, id, changes.model_dump(exclude_unset=True))


async def change(here: Services, user_id: str, id: str, values: dict[str, Any]) -> dict[str, Any]:
    """Sets these values, tells the watching pages, and gives the conversation as it is now."""

    def work(connection: Connection) -> None:
        conversation = conversations.get(connection, user_id, id)
        if (
            "leaf_id" in values
            and messages.get(connection, user_id, values["leaf_id"]).conversation_id != conversation.id
        ):
            raise NotFound("there is no such message")
        conversations.change(connection, user_id, id, values)

    await here.database.write(work)
    if "title" in values:
        await here.replies.feed.tell_family(user_id, id)
    else:
        await here.replies.feed.tell_conversation(user_id, id)
    return await here.replies.feed.conversation(user_id, id)


@router.delete("/conversations/{id}", status_code=204)
async def delete_conversation(here: Here, me: Me, id: str) -> Response:
    """Into the bin; what is being written there is stopped and kept."""
    await here.database.write(lambda connection: conversations.delete(connection, me.user.id, id))
    await here.replies.stop_all(id)
    await here.replies.feed.tell_family(me.user.id, id)
    return Response(status_code=204)


@router.post("/conversations/{id}/restore")
async def restore_conversation(here: Here, me: Me, id: str) -> dict[str, Any]:
    await here.database.write(lambda connection: conversations.restore(connection, me.user.id, id))
    await here.replies.feed.tell_family(me.user.id, id)
    return await here.replies.feed.conversation(me.user.id, id)


@router.delete("/bin/{id}", status_code=204)
async def delete_for_good(here: Here, me: Me, id: str) -> Response:
    """Out of the bin, and never back; what it cost stays in the ledger."""
    await here.database.write(lambda connection: conversations.give_up(connection, me.user.id, id))
    here.bin.look()
    return Response(status_code=204)


@router.delete("/bin", status_code=204)
async def empty_bin(here: Here, me: Me) -> Response:
    await here.database.write(lambda connection: conversations.give_up_all(connection, me.user.id))
    here.bin.look()
    return Response(status_code=204)


@router.get("/statistics")
async def statistics(here: Here, me: Me, conversation: str | None = None) -> dict[str, Any]:
    """What this device, the account and one conversation used and cost, and the account today."""
    place = zones.zone(me.user.preferences.get("timezone"), here.settings.timezone)
    return await here.replies.feed.statistics(me.user.id, me.device.id, conversation, place)


def _sealed(conversation: dict[str, Any], moment: str) -> str:
    return urlsafe_b64encode(f"{conversation[moment]} {conversation['id']}".encode()).decode()


def _opened(cursor: str) -> tuple[datetime, str]:
    try:
        time, _, id = urlsafe_b64decode(cursor).decode().partition(" ")
        return datetime.fromisoformat(time), id
    except ValueError:
        raise BadRequest("this page of the list does not exist: start from the first") from None
