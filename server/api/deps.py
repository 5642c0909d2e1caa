"""What a route may ask for: the services of the app, and who is asking.

A state-changing request of a signed-in browser is only taken with its CSRF token and from our own page.
"""

import hmac
import logging
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import Depends, Request
from pydantic import Field

from server.accounts.invitations import Invitations
from server.accounts.pace import Pace
from server.accounts.sessions import Sessions, SignedIn
from server.accounts.setup_code import SetupCode
from server.accounts.throttle import Throttle
from server.accounts.users import Users, name_key
from server.accounts.virtual_keys import VirtualKeys
from server.api.assets import Assets
from server.archive.imports import Imports
from server.archive.papers import Papers
from server.calls.admission import Admissions
from server.calls.book import Book
from server.calls.underway import Underway
from server.chat.bin import Bin
from server.chat.erasure import Erasure
from server.chat.replies import Replies
from server.content.intake import Intake
from server.errors import BadRequest, Forbidden, NotSignedIn
from server.live.ring import Live
from server.money.price_book import PriceBook
from server.ops.backup.schedule import Backups
from server.ops.doctor import Doctor
from server.ops.push import Push
from server.ops.ready import Ready
from server.ops.room import Room
from server.providers.carried import HEADER, carry
from server.providers.models import Directory
from server.providers.pool import Pool
from server.routing.aliases import Aliases
from server.routing.router import Router
from server.settings import Settings
from server.store.engine import Database
from server.vault.credentials import Credentials
from server.vault.vault import Vault

log = logging.getLogger(__name__)

SESSION_COOKIE = "llm_router_session"
DEVICE_COOKIE = "llm_router_device"
STREAM = "/api/stream"
"""It is one request for as long as a page is open."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


ClientId = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
"""Made by the client, best a UUID; the same one again never makes a second thing or a second charge."""


@dataclass(slots=True)
class Services:
    settings: Settings
    database: Database
    vault: Vault
    credentials: Credentials
    users: Users
    invitations: Invitations
    sessions: Sessions
    throttle: Throttle
    pace: Pace
    setup_code: SetupCode
    keys: VirtualKeys
    admissions: Admissions
    book: Book
    underway: Underway
    aliases: Aliases
    live: Live
    pool: Pool
    directory: Directory
    router: Router
    prices: PriceBook
    replies: Replies
    bin: Bin
    erasure: Erasure
    intake: Intake
    imports: Imports
    papers: Papers
    push: Push
    backups: Backups
    room: Room
    ready: Ready
    doctor: Doctor


def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


Here = Annotated[Services, Depends(services)]


def settings(request: Request) -> Settings:
    """There also before the server is unlocked."""
    found: Settings = request.app.state.settings
    return found


def page(request: Request) -> Assets:
    """There also before the server is unlocked."""
    found: Assets = request.app.state.assets
    return found


Page = Annotated[Assets, Depends(page)]


async def current(request: Request, here: Here) -> SignedIn:
    """Who asks. Raises NotSignedIn, TooManyRequests, and Forbidden for a change that our page did not ask for."""
    signed_in = await identify(request, here)
    if signed_in is None:
        raise NotSignedIn("sign in to go on")
    if request.scope["path"] != STREAM:
        here.pace.take(signed_in.user.id)
    if HEADER in request.headers:
        carry(signed_in.user.id, request.headers[HEADER])
    if request.method not in SAFE_METHODS:
        check_origin(request, here.settings)
        token = request.headers.get("x-csrf-token", "")
        if not hmac.compare_digest(token.encode(), signed_in.session.csrf.encode()):
            raise Forbidden("the page is out of date: reload it and try again", code="csrf")
    return signed_in


Me = Annotated[SignedIn, Depends(current)]


async def _admin(request: Request, me: Me) -> SignedIn:
    if me.user.role != "admin":
        raise Forbidden("only an admin can do this")
    note_action(request, me.user.username)
    return me


def note_action(request: Request, name: str) -> None:
    """What an admin changes is worth a line; what it is changed to is not for a log."""
    if request.method not in SAFE_METHODS:
        log.info("admin %s: %s %s", name, request.method, request.scope["path"])


MeAsAdmin = Annotated[SignedIn, Depends(_admin)]
"""For what only the page of an admin may ask. Raises Forbidden."""


async def _whose(me: Me, scope: Literal["mine", "all"] = "mine") -> str | None:
    if scope == "mine":
        return me.user.id
    if me.user.role != "admin":
        raise Forbidden("only an admin sees what is everybody's")
    return None


Owner = Annotated[str | None, Depends(_whose)]
"""Whose things are asked for: one's own, or with ``?scope=all`` everybody's, which is None. Raises Forbidden."""


def _has_room(here: Here) -> None:
    here.room.check()


with_room = (Depends(_has_room),)
"""For routes that bring something new to the disk. Raises NoRoom."""


async def identify(request: Request, here: Services) -> SignedIn | None:
    """The session of the request's cookie, if it has one that holds."""
    cookie = request.cookies.get(cookie_name(SESSION_COOKIE, is_secure(request, here.settings)))
    signed_in = await here.sessions.resolve(cookie) if cookie else None
    if signed_in is not None and (named := proxied_user(request, here.settings)) is not None:
        return signed_in if signed_in.user.username_key == name_key(named) else None
    return signed_in


def proxied_user(request: Request, settings: Settings) -> str | None:
    """Whom the trusted proxy in front of us says it let in. None: nobody, or whoever says so is no such proxy.

    Only the address that the connection comes from counts: what a header says of it can be made up.
    """
    if settings.proxy_user_header is None:
        return None
    peer = getattr(request.state, "proxy", None) or (request.client.host if request.client else "")
    if not settings.is_sign_in_proxy(peer):
        return None
    names = request.headers.getlist(settings.proxy_user_header)
    # Twice: a client added one of its own, and which one is the proxy's nobody can say.
    return names[0].strip() or None if len(names) == 1 else None


def from_our_page(request: Request, settings: Annotated[Settings, Depends(settings)]) -> None:
    """For state-changing routes without a session: our origin, and JSON, which no foreign form can send."""
    check_origin(request, settings)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise BadRequest("send JSON, with Content-Type: application/json", code="not_json")


def check_origin(request: Request, settings: Settings) -> None:
    """Raises Forbidden when the browser says that another site made the request. Programs say nothing."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site in ("same-origin", "none"):
            return
    else:
        origin = request.headers.get("origin")
        if origin is None or origin == settings.public_url:
            return
        parts = urlsplit(origin)
        if parts.netloc and parts.netloc.lower() == request.headers.get("host", "").lower():
            return
    raise Forbidden(
        "this request came from another site; "
        "if it did not, set LLM_ROUTER_PUBLIC_URL to the address in the browser's address bar",
        code="cross_site",
    )


def address_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def is_secure(request: Request, settings: Settings) -> bool:
    """Whether the browser speaks HTTPS to us, or to the proxy in front of us."""
    if request.url.scheme == "https":
        return True
    public = urlsplit(settings.public_url or "")
    return public.scheme == "https" and public.netloc.lower() == request.headers.get("host", "").lower()


def cookie_name(name: str, secure: bool) -> str:
    """On HTTPS a prefix that no other host and no plain-HTTP page can forge."""
    return f"__Host-{name}" if secure else name
