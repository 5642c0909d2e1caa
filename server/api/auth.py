"""Signing in and out, the first account, and the sessions and preferences of whoever is signed in."""

import logging
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from server import __version__, counters
from server.accounts.roster import LEGACY
from server.accounts.sessions import SignedIn
from server.accounts.users import name_key
from server.api.deps import (
    DEVICE_COOKIE,
    SESSION_COOKIE,
    Here,
    Me,
    Services,
    address_of,
    cookie_name,
    from_our_page,
    identify,
    is_secure,
    proxied_user,
)
from server.api.errors import answer
from server.api.stream import SIGNED_OUT
from server.errors import AppError, Conflict, Forbidden, NotSignedIn
from server.ids import new_secret
from server.money import zones
from server.routing.rules import MAX_RULES, Rule
from server.store.tables import User
from server.wire.request import Effort

DEVICE_SECONDS = 400 * 24 * 3600
"""The longest that browsers keep a cookie."""

log = logging.getLogger(__name__)
router = APIRouter(prefix="/api")
open_to_all = [Depends(from_our_page)]

Text = Annotated[str, Field(max_length=2048)]


class Login(BaseModel):
    model_config = ConfigDict(extra="forbid")
    username: Text
    password: Text


class Setup(Login):
    code: Text


def _zone(name: str) -> str:
    if not zones.is_zone(name):
        raise ValueError("expected the name of a time zone such as Europe/Berlin")
    return name


class Registration(Login):
    code: Text = ""


class Preferences(BaseModel):
    model_config = ConfigDict(extra="forbid")
    default_model: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    default_reasoning: Effort | None = None
    default_system: Annotated[str, Field(min_length=1, max_length=20_000)] | None = None
    timezone: Annotated[str, Field(max_length=64), AfterValidator(_zone)] | None = None
    theme: Literal["auto", "night", "day"] | None = None
    routes: Annotated[list[Rule], Field(max_length=MAX_RULES)] | None = None


@router.post("/setup", status_code=201, dependencies=open_to_all)
async def set_up(body: Setup, request: Request, here: Here) -> JSONResponse:
    """The first account, for whoever can read what the server prints."""
    if await here.users.count():
        raise Conflict("this server has its first account already: sign in", code="already_set_up")
    address = address_of(request)
    here.throttle.attempt(address)
    if not here.setup_code.matches(body.code):
        raise Forbidden("this is not the set-up code: the server printed it when it started", code="wrong_code")
    user = await here.users.create_first(body.username, body.password)
    here.throttle.success(address)
    return await sign_in(user, request, here, status=201)


@router.post("/auth/login", dependencies=open_to_all)
async def log_in(body: Login, request: Request, here: Here) -> JSONResponse:
    address, name = address_of(request), name_key(body.username)[:64]
    here.throttle.attempt(address, name)
    try:
        user = await here.users.check(body.username, body.password)
    except AppError as error:
        counters.sign_ins["refused"] += 1
        log.warning("a sign-in from %s was refused: %s", address, error.code)
        raise
    here.throttle.success(address, name)
    counters.sign_ins["done"] += 1
    return await sign_in(user, request, here, status=200)


@router.post("/auth/proxy", dependencies=open_to_all)
async def enter_by_proxy(request: Request, here: Here) -> JSONResponse:
    """Signs in whom the trusted proxy in front of this server let in."""
    named = proxied_user(request, here.settings)
    if named is None:
        raise NotSignedIn("no proxy says who this is: sign in with a password", code="no_proxy")
    user = await here.users.find(named)
    if user is None and here.settings.proxy_create and await here.users.count():
        user = await here.users.create(named, new_secret())
    if user is None or user.id == LEGACY:
        raise Forbidden(f"{named[:64]} has no account on this server: ask its admin for one", code="no_account")
    if user.disabled_at is not None:
        raise Forbidden("this account is disabled", code="account_disabled")
    return await sign_in(user, request, here, status=200)


@router.post("/auth/register", status_code=201, dependencies=open_to_all)
async def register(body: Registration, request: Request, here: Here) -> JSONResponse:
    """An account of one's own making, where the server allows that and an admin has invited to it."""
    if not here.settings.registration:
        raise Forbidden("accounts are made by the admin of this server: ask them for one", code="registration_off")
    if not await here.users.count():
        raise Conflict("the first account is made with the set-up code", code="not_set_up")
    address = address_of(request)
    here.throttle.attempt(address)
    user = await here.invitations.register(body.code, body.username, body.password)
    here.throttle.success(address)
    return await sign_in(user, request, here, status=201)


@router.post("/auth/logout", status_code=204)
async def log_out(request: Request, here: Here, me: Me) -> Response:
    await here.sessions.end(me.user.id, me.session.id)
    here.live.publish(me.user.id, SIGNED_OUT, me.session.id)
    response = Response(status_code=204)
    secure = is_secure(request, here.settings)
    response.delete_cookie(cookie_name(SESSION_COOKIE, secure), path="/", secure=secure, httponly=True, samesite="lax")
    return response


@router.get("/session")
async def session(request: Request, here: Here) -> JSONResponse:
    """Who is signed in; else what a sign-in page needs to know."""
    signed_in = await identify(request, here)
    if signed_in is None:
        empty = await here.users.count() == 0
        return answer(
            NotSignedIn("sign in to go on"),
            setup=empty,
            version=__version__,
            registration=here.settings.registration,
            proxy=not empty and proxied_user(request, here.settings) is not None,
        )
    response = JSONResponse(_shape(signed_in, here))
    if _device_cookie(request, here) != signed_in.device.id:
        _set_cookie(response, request, here, DEVICE_COOKIE, signed_in.device.id, DEVICE_SECONDS)
    return response


@router.get("/sessions")
async def sessions(here: Here, me: Me) -> dict[str, Any]:
    return {
        "sessions": [
            {
                "id": each.id,
                "device": {"id": device.id, "name": device.name},
                "created_at": _time(each.created_at),
                "expires_at": _time(each.expires_at),
                "current": each.id == me.session.id,
            }
            for each, device in await here.sessions.all(me.user.id)
        ]
    }


@router.delete("/sessions/{id}", status_code=204)
async def end_session(id: str, here: Here, me: Me) -> Response:
    await here.sessions.end(me.user.id, id)
    here.live.publish(me.user.id, SIGNED_OUT, id)
    return Response(status_code=204)


@router.patch("/preferences")
async def prefer(body: Preferences, here: Here, me: Me) -> dict[str, Any]:
    changes = body.model_dump(mode="json", exclude_unset=True)
    return {"preferences": await here.users.prefer(me.user.id, changes)}


async def sign_in(user: User, request: Request, here: Services, *, status: int) -> JSONResponse:
    offered = [each for each in (request.headers.get("x-device"), _device_cookie(request, here)) if each]
    agent = request.headers.get("user-agent", "")
    signed_in, cookie = await here.sessions.start(user, offered, agent)
    await here.push.prepare()
    response = JSONResponse(_shape(signed_in, here), status)
    lifetime = int(here.sessions.lifetime.total_seconds())
    _set_cookie(response, request, here, SESSION_COOKIE, cookie, lifetime)
    _set_cookie(response, request, here, DEVICE_COOKIE, signed_in.device.id, DEVICE_SECONDS)
    return response


def _shape(signed_in: SignedIn, here: Services) -> dict[str, Any]:
    user, device = signed_in.user, signed_in.device
    return {
        "user": {
            "id": user.id,
            "username": user.username,
            "role": user.role,
            "preferences": user.preferences,
        },
        "device": {"id": device.id, "name": device.name},
        "csrf": signed_in.session.csrf,
        "version": __version__,
    }


def _device_cookie(request: Request, here: Services) -> str | None:
    return request.cookies.get(cookie_name(DEVICE_COOKIE, is_secure(request, here.settings)))


def _set_cookie(response: Response, request: Request, here: Services, name: str, value: str, seconds: int) -> None:
    secure = is_secure(request, here.settings)
    response.set_cookie(
        cookie_name(name, secure), value, seconds, path="/", secure=secure, httponly=True, samesite="lax"
    )


def _time(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
