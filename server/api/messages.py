"""Messages over HTTP: send, look at, stop, try again, go on. Sending answers at once; the server makes the reply."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from server.api.deps import ClientId, Here, Me
from server.chat.turns import NEWEST
from server.errors import BadRequest

router = APIRouter(prefix="/api")

ModelId = Annotated[str, Field(min_length=1, max_length=200)]


class Prompt(BaseModel):
    model_config = ConfigDict(extra="forbid")

    client_id: ClientId
    text: str
    parent_id: str | None = None
    models: list[ModelId] | None = None


class Again(BaseModel):
    model_config = ConfigDict(extra="forbid")

    client_id: ClientId
    model: ModelId | None = None


class GoOn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    client_id: ClientId


@router.post("/conversations/{id}/messages", status_code=202)
async def send(here: Here, me: Me, id: str, prompt: Prompt) -> dict[str, Any]:
    """Without ``parent_id`` the message answers the newest one; null makes it a first message."""
    if prompt.models is not None and len(prompt.models) != 1:
        raise BadRequest("a message goes to one model")
    message_id, reply_id = await here.replies.send(
        me.user.id,
        me.device.id,
        id,
        prompt.client_id,
        prompt.text,
        parent_id=prompt.parent_id if "parent_id" in prompt.model_fields_set else NEWEST,
        model=prompt.models[0] if prompt.models else None,
        preferred=me.user.preferences.get("default_model"),
    )
    message, reply = await here.replies.feed.messages(me.user.id, [message_id, reply_id])
    return {"message": message, "reply": reply}


@router.get("/messages/{id}")
async def read(here: Here, me: Me, id: str) -> dict[str, Any]:
    return await here.replies.feed.message(me.user.id, id)


@router.post("/messages/{id}/stop", status_code=202)
async def stop(here: Here, me: Me, id: str) -> dict[str, Any]:
    await here.replies.stop(me.user.id, id)
    return await here.replies.feed.message(me.user.id, id)


@router.post("/messages/{id}/retry", status_code=202)
async def retry(here: Here, me: Me, id: str, again: Again) -> dict[str, Any]:
    reply_id = await here.replies.retry(me.user.id, me.device.id, id, again.client_id, model=again.model)
    return {"reply": await here.replies.feed.message(me.user.id, reply_id)}


@router.post("/messages/{id}/continue", status_code=202)
async def go_on(here: Here, me: Me, id: str, again: GoOn) -> dict[str, Any]:
    reply_id = await here.replies.go_on(me.user.id, me.device.id, id, again.client_id)
    return {"reply": await here.replies.feed.message(me.user.id, reply_id)}
