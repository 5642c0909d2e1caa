"""What a procedure works with: the parts of a running server, or the same ones made for a command alone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from server.accounts.invitations import Invitations
from server.accounts.passwords import Passwords
from server.accounts.users import Users
from server.accounts.virtual_keys import VirtualKeys
from server.money.price_book import PriceBook
from server.ops.backup.schedule import Backups
from server.ops.upgrade import bring_up_to_date
from server.routing.aliases import Aliases
from server.settings import Settings
from server.store.engine import Database, connect
from server.vault.credentials import Credentials
from server.vault.vault import Vault

if TYPE_CHECKING:
    from server.api.deps import Services

T = TypeVar("T")


class Followed(Protocol):
    """Told of what was changed; ``server.api.following`` is the one that has something to do then."""

    async def budgets_changed(self) -> None: ...
    def credential_changed(self, id: str) -> None: ...
    def credentials_changed(self) -> None: ...
    def key_revoked(self, id: str) -> None: ...
    def user_changed(self, id: str) -> None: ...
    def signed_out(self, id: str) -> None: ...
    async def shut_out(self, id: str) -> None: ...
    async def erase(self, id: str) -> None: ...


class Alone:
    """Nothing is in memory that would have to follow."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings

    async def budgets_changed(self) -> None:
        return

    def credential_changed(self, id: str) -> None:
        return

    def credentials_changed(self) -> None:
        return

    def key_revoked(self, id: str) -> None:
        return

    def user_changed(self, id: str) -> None:
        return

    def signed_out(self, id: str) -> None:
        return

    async def shut_out(self, id: str) -> None:
        return

    async def erase(self, id: str) -> None:
        from server.chat.erasure import erase
        from server.content.files import Files

        await erase(self._database, id, Files(self._settings.data / "attachments"))


@dataclass(frozen=True, slots=True)
class Box:
    settings: Settings
    database: Database
    vault: Vault
    users: Users
    invitations: Invitations
    credentials: Credentials
    keys: VirtualKeys
    aliases: Aliases
    prices: PriceBook
    backups: Backups
    following: Followed


def of(here: "Services") -> Box:
    """Of a running server."""
    from server.api.following import Following

    return Box(
        here.settings,
        here.database,
        here.vault,
        here.users,
        here.invitations,
        here.credentials,
        here.keys,
        here.aliases,
        here.prices,
        here.backups,
        Following(here),
    )


def with_box(work: Callable[[Box], Awaitable[T]], settings: Settings) -> T:
    """For a command alone."""

    async def run() -> T:
        async with _opened(settings) as box:
            return await work(box)

    return asyncio.run(run())


def with_backups(work: Callable[[Backups], Awaitable[T]], settings: Settings) -> T:
    """The same for what leaves the database as it is."""

    async def run() -> T:
        return await work(Backups(settings))

    return asyncio.run(run())


@contextlib.asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Box]:
    bring_up_to_date(settings)
    password = settings.master_password
    vault = Vault.open(settings.data, password.get_secret_value() if password is not None else None)
    database = Database(connect(settings.database))
    try:
        users = Users(database, Passwords())
        await users.create_from(settings)
        yield Box(
            settings,
            database,
            vault,
            users,
            Invitations(database, users),
            Credentials(database, vault),
            VirtualKeys(database, vault),
            Aliases(database),
            PriceBook(database, settings.data),
            Backups(settings),
            Alone(database, settings),
        )
    finally:
        await database.close()
