"""What a one-time link opens: who it is for, and a new password. The secret comes in the body, so no log has it."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from server.api.auth import Text, open_to_all, sign_in
from server.api.deps import Here, address_of
from server.api.following import Following
from server.ids import instant

router = APIRouter(prefix="/api/welcome")


class Shown(BaseModel):
    model_config = ConfigDict(extra="forbid")
    token: Text = Field(repr=False)


class NewPassword(Shown):
    password: Text = Field(repr=False)


@router.post("", dependencies=open_to_all)
async def look(body: Shown, request: Request, here: Here) -> dict[str, Any]:
    """Uses nothing up."""
    address = address_of(request)
    here.throttle.attempt(address)
    offer = await here.invitations.look(body.token)
    here.throttle.success(address)
    return {"kind": offer.kind, "username": offer.username, "expires_at": instant(offer.expires_at)}


@router.post("/password", dependencies=open_to_all)
async def set_password(body: NewPassword, request: Request, here: Here) -> JSONResponse:
    """Signs in with the new password, here and nowhere else."""
    address = address_of(request)
    here.throttle.attempt(address)
    user = await here.invitations.set_password(body.token, body.password)
    here.throttle.success(address)
    Following(here).signed_out(user.id)
    return await sign_in(user, request, here, status=200)
