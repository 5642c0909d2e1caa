"""The data folder, opened by a command: what the parts of a running server are to its pages.

SQLite lets a command work beside a running server; the server sees what was changed within half a second.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from server.accounts.invitations import Invitations
from server.accounts.passwords import Passwords
from server.accounts.users import Users
from server.accounts.virtual_keys import VirtualKeys
from server.money.price_book import PriceBook
from server.ops.upgrade import bring_up_to_date
from server.routing.aliases import Aliases
from server.settings import Settings
from server.store.engine import Database, connect
from server.vault.credentials import Credentials
from server.vault.vault import Vault

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Box:
    settings: Settings
    database: Database
    users: Users
    invitations: Invitations
    credentials: Credentials
    keys: VirtualKeys
    aliases: Aliases
    prices: PriceBook


def with_box(work: Callable[[Box], Awaitable[T]], settings: Settings | None = None) -> T:
    async def run() -> T:
        async with _opened(settings or Settings.load()) as box:
            return await work(box)

    return asyncio.run(run())


@contextlib.asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Box]:
    bring_up_to_date(settings)
    vault = Vault.open(settings.data)
    database = Database(connect(settings.database))
    try:
        users = Users(database, Passwords())
        await users.create_from(settings)
        keys = VirtualKeys(database, vault)
        yield Box(
            settings,
            database,
            users,
            Invitations(database, users),
            Credentials(database, vault),
            keys,
            Aliases(database),
            PriceBook(database, settings.data),
        )
    finally:
        await database.close()
