"""Messages over HTTP: send, look at, stop, try again, go on. Sending answers at once; the server makes the reply."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from server.accounts.sessions import SignedIn
from server.api.deps import ClientId, Here, Me, Services
from server.chat import messages, turns
from server.chat.turns import MAX_MODELS, NEWEST

router = APIRouter(prefix="/api")

ModelId = Annotated[str, Field(min_length=1, max_length=200)]


class Prompt(BaseModel):
    model_config = ConfigDict(extra="forbid")

    client_id: ClientId
    text: str
    parent_id: str | None = None
    attachments: list[str] = []
    models: Annotated[list[ModelId], Field(min_length=1, max_length=MAX_MODELS)] | None = None


class Marks(BaseModel):
    model_config = ConfigDict(extra="forbid")

    favorite: bool


class Again(BaseModel):
    model_config = ConfigDict(extra="forbid")

    client_id: ClientId
    model: ModelId | None = None


class GoOn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    client_id: ClientId


@router.post("/conversations/{id}/messages", status_code=202)
async def send(here: Here, me: Me, id: str, prompt: Prompt) -> dict[str, Any]:
    """Without ``parent_id`` the message answers the newest one; null makes it a first message.

    Several ``models`` are compared: each gives a reply of its own.
    """
    message_id, reply_ids = await here.replies.send(
        me.user.id,
        me.device.id,
        id,
        prompt.client_id,
        prompt.text,
        parent_id=prompt.parent_id if "parent_id" in prompt.model_fields_set else NEWEST,
        models=prompt.models or (),
        files=prompt.attachments,
        preferred=_preferred(me),
    )
    message, *replies = await here.replies.feed.messages(me.user.id, [message_id, *reply_ids])
    return {"message": message, "reply": replies[0], "replies": replies}


@router.get("/messages/{id}")
async def read(here: Here, me: Me, id: str) -> dict[str, Any]:
    return await here.replies.feed.message(me.user.id, id)


@router.patch("/messages/{id}")
async def change(here: Here, me: Me, id: str, marks: Marks) -> dict[str, Any]:
    """Makes a message a favourite, or no favourite any more."""

    def work(connection: Connection) -> None:
        messages.get(connection, me.user.id, id)
        messages.save(connection, id, favorite=marks.favorite)

    await here.database.write(work)
    await here.replies.feed.tell_messages(me.user.id, [id])
    return await here.replies.feed.message(me.user.id, id)


@router.post("/messages/{id}/stop", status_code=202)
async def stop(here: Here, me: Me, id: str) -> dict[str, Any]:
    await here.replies.stop(me.user.id, id)
    return await here.replies.feed.message(me.user.id, id)


@router.post("/messages/{id}/retry", status_code=202)
async def retry(here: Here, me: Me, id: str, again: Again) -> dict[str, Any]:
    return await _again(here, me, turns.retry, id, again.client_id, model=again.model)


@router.post("/messages/{id}/merge", status_code=202)
async def merge(here: Here, me: Me, id: str, again: Again) -> dict[str, Any]:
    """One model combines the replies that are compared with this one."""
    return await _again(here, me, turns.merge, id, again.client_id, model=again.model)


@router.post("/messages/{id}/continue", status_code=202)
async def go_on(here: Here, me: Me, id: str, again: GoOn) -> dict[str, Any]:
    return await _again(here, me, turns.go_on, id, again.client_id)


async def _again(
    here: Services, me: SignedIn, turn: Callable[..., turns.Turn], id: str, client_id: str, **wanted: str | None
) -> dict[str, Any]:
    reply_id = await here.replies.again(
        turn, me.user.id, me.device.id, id, client_id, preferred=_preferred(me), **wanted
    )
    return {"reply": await here.replies.feed.message(me.user.id, reply_id)}


def _preferred(me: SignedIn) -> str | None:
    model: str | None = me.user.preferences.get("default_model")
    return model
