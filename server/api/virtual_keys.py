"""Virtual keys over HTTP: a member's own under /api, everybody's under /admin for an admin or an admin's key."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from server.accounts.new_key import NewKey
from server.api.deps import Here, Me, Services, current, note_action
from server.api.following import Following
from server.calls import key_report
from server.errors import Forbidden, NotFound
from server.store.tables import User

router = APIRouter()


class _Limits(BaseModel):
    model_config = ConfigDict(extra="forbid")

    project: str = ""
    models: list[str] = Field(default_factory=list)
    endpoints: list[str] = Field(default_factory=list)
    limit_nanos: int | None = None
    rpm: int | None = None
    tpm: int | None = None
    streams: int | None = None
    expires_at: AwareDatetime | None = None


class Wanted(_Limits):
    """A limit that is left out does not hold; without patterns everything is allowed."""

    name: str

    def key(self, scope: str = "gateway") -> NewKey:
        values = self.model_dump(exclude={"scope", "username"})
        return NewKey(**values | {"models": tuple(self.models), "endpoints": tuple(self.endpoints)}, scope=scope)


class Changes(_Limits):
    """What is left out stays; a limit that is null is lifted."""

    name: str = ""

    def given(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class WantedByAdmin(Wanted):
    """``username`` is whose it will be; left out, the admin's own."""

    username: str | None = None
    scope: str = "gateway"


async def admin(request: Request, here: Here) -> User:
    """Who asks, by session or by an admin's key: a key never needs a CSRF token, a cookie always does."""
    if "authorization" in request.headers or "x-api-key" in request.headers:
        caller = await here.admissions.authenticate(request.headers, scope="admin")
        user = await here.users.get(caller.user_id)
    else:
        user = (await current(request, here)).user
    if user is None or user.role != "admin":
        raise Forbidden("only an admin can do this")
    note_action(request, user.username)
    return user


Admin = Annotated[User, Depends(admin)]


@router.get("/api/virtual-keys")
async def list_own(here: Here, me: Me) -> dict[str, Any]:
    return {"keys": await key_report.report(here.database, await here.keys.all(me.user.id))}


@router.post("/api/virtual-keys", status_code=201)
async def create_own(here: Here, me: Me, wanted: Wanted) -> dict[str, Any]:
    return await _created(here, me.user.id, wanted.key())


@router.patch("/api/virtual-keys/{id}")
async def change_own(here: Here, me: Me, id: str, changes: Changes) -> dict[str, Any]:
    return await _changed(here, id, me.user.id, changes)


@router.delete("/api/virtual-keys/{id}", status_code=204)
async def revoke_own(here: Here, me: Me, id: str) -> Response:
    await here.keys.revoke(id, me.user.id)
    Following(here).key_revoked(id)
    return Response(status_code=204)


@router.get("/admin/virtual-keys")
async def list_all(here: Here, _admin: Admin) -> dict[str, Any]:
    return {"keys": await key_report.report(here.database, await here.keys.all(None))}


@router.post("/admin/virtual-keys", status_code=201)
async def create(here: Here, admin: Admin, wanted: WantedByAdmin) -> dict[str, Any]:
    owner = admin if wanted.username is None else await here.users.find(wanted.username)
    if owner is None:
        raise NotFound(f"there is no user {wanted.username}")
    if wanted.scope == "admin" and owner.role != "admin":
        raise Forbidden(f"{owner.username} is no admin, so a key of theirs cannot be for /admin")
    return await _created(here, owner.id, wanted.key(wanted.scope))


@router.patch("/admin/virtual-keys/{id}")
async def change(here: Here, _admin: Admin, id: str, changes: Changes) -> dict[str, Any]:
    return await _changed(here, id, None, changes)


@router.delete("/admin/virtual-keys/{id}", status_code=204)
async def revoke(here: Here, _admin: Admin, id: str) -> Response:
    await here.keys.revoke(id, None)
    Following(here).key_revoked(id)
    return Response(status_code=204)


async def _created(here: Services, user_id: str, new: NewKey) -> dict[str, Any]:
    """With the key itself: this answer is the only one that ever has it."""
    key, text = await here.keys.create(user_id, new)
    await here.book.change()
    return key_report.shown(key, new.limit_nanos) | {"key": text}


async def _changed(here: Services, id: str, owner: str | None, changes: Changes) -> dict[str, Any]:
    key = await here.keys.change(id, owner, changes.given())
    await here.book.change()
    (shown,) = await key_report.report(here.database, [key])
    return shown
