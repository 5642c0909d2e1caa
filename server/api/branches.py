"""Branches over HTTP: make one, and see the family that a conversation belongs to."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from server.api.deps import ClientId, Here, Me
from server.chat import branches

router = APIRouter(prefix="/api/conversations/{id}")


class Branch(BaseModel):
    model_config = ConfigDict(extra="forbid")

    message_id: str | None = None
    client_id: ClientId | None = None
    title: str | None = Field(None, max_length=2000)


@router.post("/clone", status_code=201)
async def branch(here: Here, me: Me, id: str, wanted: Branch) -> dict[str, Any]:
    """The new conversation; without ``message_id`` it has everything up to where the person is."""
    made = await here.database.write(
        lambda connection: branches.branch_from(
            connection, me.user.id, id, wanted.message_id, client_id=wanted.client_id, title=wanted.title
        )
    )
    await here.replies.feed.tell_family(me.user.id, made)
    return await here.replies.feed.conversation(me.user.id, made)


@router.get("/branches")
async def family(here: Here, me: Me, id: str) -> dict[str, Any]:
    """The whole family, oldest first, with what each of them cost and all together."""
    return await here.replies.feed.family(me.user.id, id)
