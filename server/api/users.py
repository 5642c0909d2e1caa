"""People, as an admin manages them: accounts, one-time links, invitations. Members are answered 403."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, func, select

from server import ids
from server.accounts import roster
from server.accounts.invitations import DAYS
from server.accounts.new_key import MAX_PATTERNS
from server.accounts.roster import Change
from server.api.deps import Here, MeAsAdmin, Services, is_secure
from server.api.following import Following
from server.ids import instant
from server.store.tables import Device, Invitation, User

router = APIRouter(prefix="/api")

_devices = Device.__table__  # type: ignore[attr-defined]

Patterns = Annotated[list[str], Field(max_length=MAX_PATTERNS)]


class NewUser(BaseModel):
    """Without a password nobody can sign in until a link has set one."""

    model_config = ConfigDict(extra="forbid")

    username: Annotated[str, Field(max_length=2048)]
    password: str | None = Field(None, max_length=2048, repr=False)
    role: str = "member"
    models: Patterns = Field(default_factory=list)
    own_keys: str = "server"


class Changed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    role: str | None = None
    models: Patterns | None = None
    own_keys: str | None = None
    disabled: bool | None = None


class NewInvitation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    role: str = "member"
    days: int = DAYS


@router.get("/users")
async def list_users(here: Here, me: MeAsAdmin) -> dict[str, Any]:
    users, seen = await here.users.all(), await here.database.read(_last_logins)
    return {
        "users": [_shown(user) | {"last_login_at": seen.get(user.id), "you": user.id == me.user.id} for user in users],
        "registration": here.settings.registration,
        "own_keys": here.settings.own_keys,
    }


@router.post("/users", status_code=201)
async def create_user(here: Here, _me: MeAsAdmin, new: NewUser) -> dict[str, Any]:
    password = new.password or ids.new_secret()
    user = await here.users.create(new.username, password, new.role, models=tuple(new.models), own_keys=new.own_keys)
    return _shown(user)


@router.patch("/users/{id}")
async def change_user(here: Here, _me: MeAsAdmin, id: str, new: Changed) -> dict[str, Any]:
    models = None if new.models is None else tuple(new.models)
    user = await here.users.change(id, Change(new.role, models, new.own_keys, new.disabled))
    if user.disabled_at is not None:
        await Following(here).shut_out(id)
    else:
        Following(here).user_changed(id)
    return _shown(user)


@router.delete("/users/{id}", status_code=204)
async def delete_user(here: Here, _me: MeAsAdmin, id: str) -> Response:
    """At once nobody can sign in; what they wrote is erased in the background."""
    await here.users.give_up(id)
    await Following(here).shut_out(id)
    here.erasure.look()
    return Response(status_code=204)


@router.post("/users/{id}/link", status_code=201)
async def make_link(request: Request, here: Here, me: MeAsAdmin, id: str) -> dict[str, Any]:
    """The only answer that ever has the link."""
    row, secret = await here.invitations.link(id, me.user.id)
    return {"url": _url(request, here, secret), "expires_at": instant(row.expires_at)}


@router.get("/invitations")
async def list_invitations(here: Here, _me: MeAsAdmin) -> dict[str, Any]:
    return {"invitations": [_invitation(row) for row in await here.invitations.all()]}


@router.post("/invitations", status_code=201)
async def invite(request: Request, here: Here, me: MeAsAdmin, new: NewInvitation) -> dict[str, Any]:
    """The only answer that ever has the code."""
    row, code = await here.invitations.invite(new.role, new.days, me.user.id)
    return _invitation(row) | {"code": code, "url": _url(request, here, code)}


@router.delete("/invitations/{id}", status_code=204)
async def withdraw(here: Here, _me: MeAsAdmin, id: str) -> Response:
    await here.invitations.withdraw(id)
    return Response(status_code=204)


def _shown(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "role": user.role,
        "state": "active" if user.disabled_at is None else "disabled",
        "models": user.models,
        "own_keys": user.own_keys,
        "created_at": instant(user.created_at),
        "legacy": user.id == roster.LEGACY,
    }


def _invitation(row: Invitation) -> dict[str, Any]:
    return {
        "id": row.id,
        "role": row.role,
        "created_at": instant(row.created_at),
        "expires_at": instant(row.expires_at),
    }


def _last_logins(connection: Connection) -> dict[str, str | None]:
    c = _devices.c
    query = select(c.user_id, func.max(c.last_login_at)).group_by(c.user_id)
    return {user_id: instant(at) for user_id, at in connection.execute(query)}


def _url(request: Request, here: Services, secret: str) -> str:
    """After the ``#``, which no browser sends to anybody: not in a log, not in a Referer."""
    scheme = "https" if is_secure(request, here.settings) else "http"
    origin = here.settings.public_url or f"{scheme}://{request.headers.get('host', '')}"
    return f"{origin}/#/welcome/{secret}"
