"""A server under a master password until it is given: there is its page to ask for it, and nothing else yet.

The parts of the server are only made once their keys can be read, so that none has to know of the lock.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Receive, Scope, Send

from server.accounts.throttle import Throttle
from server.api.deps import address_of, from_our_page
from server.api.errors import answer
from server.settings import Settings
from server.vault.password import WrongPassword
from server.vault.vault import Locked, Vault

log = logging.getLogger(__name__)

router = APIRouter(prefix="/api")

UNLOCK = "/api/unlock"
EVERYBODY = "the master password"
"""The name under which all guesses are counted together."""
PAGE = ("/assets/", "/sw.js", "/manifest.webmanifest", "/shell.json", "/favicon.ico")
"""What the page is made of, as beginnings of paths; besides it there is `/`."""
MESSAGE = "this server is locked: open its page and give the master password, or run `llm-router unlock`"


class Lock:
    """Closed until the server's parts are there. ``open`` makes them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._throttle = Throttle()
        self._move_in: Callable[[Vault], Awaitable[None]] | None = None
        self._opening: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self.is_closed = True

    async def begin(self, move_in: Callable[[Vault], Awaitable[None]]) -> None:
        """``move_in`` makes the parts of the server: at once, unless a password has to be given first."""
        vault, self._move_in = Vault.open(self._settings.data), move_in
        if vault.is_locked and (given := self._settings.master_password) is not None:
            try:
                await asyncio.to_thread(vault.unlock, given.get_secret_value())
            except WrongPassword:
                log.warning("LLM_ROUTER_MASTER_PASSWORD is not the master password of the key file")
        if vault.is_locked:
            log.warning("locked: open the page and give the master password, or run `llm-router unlock`")
        else:
            await self._enter(vault)

    async def open(self, password: str, address: str) -> None:
        """Opens it; again changes nothing. Raises WrongPassword, TooManyRequests."""
        async with self._turn:
            if not self.is_closed:
                return
            self._throttle.attempt(address, EVERYBODY)
            # A new one each time: parts that could not be made leave nothing behind that is open.
            vault = Vault.open(self._settings.data)
            await asyncio.to_thread(vault.unlock, password)
            self._throttle.success(address, EVERYBODY)
            # What is begun is finished, also when whoever asked is gone.
            self._opening = asyncio.create_task(self._enter(vault))
            await asyncio.shield(self._opening)

    async def close(self) -> None:
        """Waits for parts that are being made."""
        if self._opening is not None:
            await asyncio.gather(self._opening, return_exceptions=True)

    async def _enter(self, vault: Vault) -> None:
        assert self._move_in is not None
        await self._move_in(vault)
        self.is_closed = False


class Closed:
    """Middleware: while the lock is closed only the page, its way to open it and the health are let through."""

    def __init__(self, app: ASGIApp, lock: Lock) -> None:
        self._app, self._lock = app, lock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._lock.is_closed or _is_page(scope["path"]):
            await self._app(scope, receive, send)
        else:
            await _refusal(scope["path"])(scope, receive, send)


def _is_page(path: str) -> bool:
    return path in ("/", UNLOCK) or path.startswith(PAGE)


def _refusal(path: str) -> Response:
    if path in ("/health", "/health/live"):
        return JSONResponse({"status": "locked"})
    return answer(Locked(MESSAGE))


class Unlocking(BaseModel):
    model_config = ConfigDict(extra="forbid")

    password: Annotated[str, Field(max_length=2048, repr=False)]


@router.post("/unlock", status_code=204, dependencies=[Depends(from_our_page)])
async def unlock(body: Unlocking, request: Request) -> Response:
    lock: Lock = request.app.state.lock
    await lock.open(body.password, address_of(request))
    return Response(status_code=204)
