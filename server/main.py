"""Wiring and nothing else: which parts there are, who gets which, and in which order they start and end."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.routing import APIRouter
from starlette.types import Receive, Scope, Send

from server import __version__, logs
from server.accounts import legacy
from server.accounts.invitations import Invitations
from server.accounts.pace import Pace
from server.accounts.passwords import Passwords
from server.accounts.sessions import Sessions
from server.accounts.setup_code import SetupCode
from server.accounts.throttle import Throttle
from server.accounts.users import Users
from server.accounts.virtual_keys import VirtualKeys
from server.api import (
    admin,
    archive,
    attachments,
    auth,
    backups,
    branches,
    budgets,
    commands,
    conversations,
    doctor,
    errors,
    health,
    keyring,
    keys,
    lock,
    messages,
    models,
    prices,
    push,
    request_log,
    search,
    shell,
    stream,
    templates,
    usage,
    users,
    virtual_keys,
    welcome,
)
from server.api.assets import Assets
from server.api.deps import Services
from server.api.security import MAX_BODY, BodyLimit, SecurityHeaders
from server.archive.imports import Imports
from server.archive.papers import Papers
from server.archive.shape import MAX_UPLOAD
from server.calls.admission import Admissions
from server.calls.book import Book
from server.calls.calls import Calls
from server.calls.underway import Underway
from server.calls.warnings import Warnings
from server.chat.bin import Bin
from server.chat.erasure import Erasure
from server.chat.keeping import checkpoint
from server.chat.replies import Replies
from server.chat.views import Renderer
from server.content import plain
from server.content.files import Files
from server.content.intake import Intake
from server.edge.door import Door
from server.gateway.client import Client
from server.gateway.desk import PREFIX, Desk
from server.gateway.targets import Targets
from server.ids import new_id
from server.live.ring import Live
from server.money.price_book import PriceBook
from server.ops.backup.schedule import Backups
from server.ops.doctor import Doctor
from server.ops.janitor import Janitor
from server.ops.push import Push
from server.ops.ready import Ready
from server.ops.room import Room
from server.ops.stopping import Stopping
from server.providers import registry
from server.providers.base import Timeouts
from server.providers.models import Directory
from server.providers.pool import Pool
from server.routing.aliases import Aliases
from server.routing.router import Router
from server.settings import Settings
from server.store.engine import Database, connect
from server.vault.credentials import Credentials
from server.vault.rotation import look_after
from server.vault.vault import Locked, Vault

WEB = Path(__file__).resolve().parent.parent / "web"
ONE_PACKET = 1400
"""Bytes: a smaller answer arrives no sooner compressed. The one with the CSRF token in it is smaller."""

ROUTERS: tuple[APIRouter, ...] = (
    lock.router,
    auth.router,
    conversations.router,
    branches.router,
    messages.router,
    search.router,
    attachments.router,
    archive.router,
    stream.router,
    models.router,
    prices.router,
    request_log.router,
    keyring.router,
    keys.router,
    virtual_keys.router,
    budgets.router,
    backups.router,
    admin.router,
    usage.router,
    commands.router,
    templates.router,
    users.router,
    welcome.router,
    push.router,
    doctor.router,
    health.router,
    shell.router,
)


class _App(FastAPI):
    """What is for browsers (router, middlewares) costs other programs nothing: the gateway stands in front of it.

    In front of both is the door.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.state.door(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(PREFIX):
            from server.gateway.app import refuse, serve  # with the first program that asks, as the codecs are

            if self.state.lock.is_closed:
                await refuse(Locked(lock.MESSAGE), scope, send)
            else:
                await serve(self.state.desk, scope, receive, send)
        else:
            logs.REQUEST.set(f"req_{new_id()}")
            await self.state.page(scope, receive, send)

    async def page(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__(scope, receive, send)


def create_app(settings: Settings, assets: Assets | None = None) -> FastAPI:
    """The app over a migrated database, with our own page or another; its parts live as long as the ASGI lifespan."""
    timeouts = Timeouts(
        connect=settings.connect_timeout,
        first_byte=settings.first_byte_timeout,
        idle=settings.idle_timeout,
        total=settings.total_timeout,
        models=settings.models_timeout,
    )
    assets = assets or Assets(WEB, settings.service_worker)
    setup_code, closed, stopping = SetupCode(), lock.Lock(settings), Stopping(settings.stop_timeout)

    @asynccontextmanager
    async def house(app: FastAPI, vault: Vault) -> AsyncIterator[None]:
        database = Database(connect(settings.database))
        providers = registry.create(timeouts)
        live, renderer = Live(), Renderer()
        pool = Pool(database, vault, settings)
        directory = Directory(database, pool, providers, settings)
        directory.on_change = lambda: live.broadcast("models", "{}")
        prices = PriceBook(database, settings.data)
        book = Book(database, settings.timezone)
        calls = Calls(database, providers, pool, prices, book, settings.retry_wait_max)
        passwords, keys = Passwords(), VirtualKeys(database, vault)
        users = Users(database, passwords)
        files = Files(settings.data / "attachments")
        intake = Intake(database, files, settings.attachment_mb * 1_000_000, settings.attachment_days)
        router = Router(database, directory, prices)
        pushes = Push(database, vault, live, settings, plain.words)
        room = Room(settings.data, settings.min_free_mb, database, live, pushes)
        replies = Replies(database, live, calls, directory, router, intake, renderer, settings, room)
        binned = Bin(database, settings.bin_days)
        janitor = Janitor(database, settings.log_days, settings.raw_usage_days)
        imports = Imports(database, live, intake.files, settings.data / "imports")
        papers = Papers(database, live, intake.files, settings.data / "papers", settings.data / "fonts")

        async def stop(user_id: str) -> None:
            await replies.stop_user(user_id)
            await papers.forget(user_id)

        erasure = Erasure(database, intake.files, stop)
        replies.on_end = pushes.reply_ended
        warnings = Warnings(database, live, pushes)
        book.on_near = warnings.near
        backing_up = Backups(settings)
        client, aliases, admissions = Client(timeouts), Aliases(database), Admissions(book, keys, settings)
        underway, pace, credentials = Underway(), Pace(settings.rate_limit), Credentials(database, vault)
        looking = Doctor(settings, credentials)
        stopping.save = partial(checkpoint, database, replies.running.values())
        stopping.end = underway.end_all
        stopping.tell = lambda: live.broadcast(stream.RESTARTING, "")
        app.state.desk = Desk(
            settings=settings,
            database=database,
            calls=calls,
            pool=pool,
            admissions=admissions,
            targets=Targets(directory, pool, aliases, router),
            underway=underway,
            client=client,
            pace=pace,
            room=room,
            key=vault.derive("reasoning")[0],
        )
        app.state.services = Services(
            settings=settings,
            database=database,
            vault=vault,
            credentials=credentials,
            users=users,
            invitations=Invitations(database, users),
            sessions=Sessions(database, vault, timedelta(days=settings.session_days)),
            throttle=Throttle(),
            pace=pace,
            setup_code=setup_code,
            keys=keys,
            admissions=admissions,
            book=book,
            underway=underway,
            aliases=aliases,
            live=live,
            pool=pool,
            directory=directory,
            router=router,
            prices=prices,
            replies=replies,
            bin=binned,
            erasure=erasure,
            intake=intake,
            imports=imports,
            papers=papers,
            push=pushes,
            backups=backing_up,
            room=room,
            ready=Ready(database, room),
            doctor=looking,
        )
        try:
            await look_after(database, vault)
            await users.create_from(settings)
            await legacy.apply(database, passwords, keys, settings)
            await prices.look()
            await directory.load()
            await replies.start_up()
            intake.start_up()
            await imports.start_up()
            await papers.start_up()
            binned.start_up()
            erasure.start_up()
            janitor.start_up()
            backing_up.start_up()
            room.start_up()
            yield
        finally:
            await room.close()
            await looking.close()
            await backing_up.close()
            await janitor.close()
            await binned.close()
            await erasure.close()
            await replies.close()
            await warnings.close()
            await pushes.close()
            await imports.close()
            await papers.close()
            await intake.close()
            await directory.close()
            await client.close()
            for provider in providers.values():
                await provider.close()
            renderer.close()
            await database.close()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await closed.begin(lambda vault: stack.enter_async_context(house(app, vault)))
            yield
            await closed.close()

    app = _App(
        title="LLM Router", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.setup_code, app.state.settings, app.state.assets, app.state.lock = setup_code, settings, assets, closed
    app.state.stopping = stopping
    app.state.door = Door(settings, app.inside)
    # Around everything, as an answer to what nobody expected is made outside of the app's own middlewares.
    app.state.page = SecurityHeaders(
        app.page, scripts=lambda: assets.script_hashes, only_https=settings.env == "production"
    )
    errors.install(app)
    for router in ROUTERS:
        app.include_router(router)
    files = {attachments.PATH: settings.attachment_mb * 1_000_000, archive.PATH: MAX_UPLOAD}
    app.add_middleware(lock.Closed, lock=closed)
    app.add_middleware(BodyLimit, larger={path: limit + MAX_BODY for path, limit in files.items()})
    app.add_middleware(GZipMiddleware, minimum_size=ONE_PACKET, compresslevel=4)
    return app
