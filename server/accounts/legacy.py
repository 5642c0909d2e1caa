"""The one key that every program had before there were virtual keys, as the only key of an account of its own.

The account is a member that nobody can sign in to; disabling it ends the old key at once.
"""

from sqlalchemy import Connection, insert, select

from server import ids
from server.accounts.passwords import Passwords
from server.accounts.roster import LEGACY
from server.accounts.users import name_key
from server.accounts.virtual_keys import VirtualKeys
from server.errors import Conflict
from server.settings import Settings
from server.store.engine import Database
from server.store.tables import User

_users = User.__table__  # type: ignore[attr-defined]


async def apply(database: Database, passwords: Passwords, keys: VirtualKeys, settings: Settings) -> None:
    """Makes the account and its key what the settings say. Raises Conflict when a person has the account's name."""
    owner = await database.read(_owner)
    if settings.legacy_key is None:
        if owner == LEGACY:
            await keys.put_legacy(LEGACY, None, None)
        return
    if owner is None:
        nobody = User(
            id=LEGACY,
            username=LEGACY,
            username_key=name_key(LEGACY),
            password_hash=await passwords.hash(ids.new_secret()),
            created_at=ids.now(),
        )
        await database.write(lambda connection: connection.execute(insert(User).values(**nobody.model_dump())))
    elif owner != LEGACY:
        raise Conflict(
            f"a person is called {LEGACY}, which is the account of the old key: "
            "start with LLM_ROUTER_AUTH_MODE=users and without LLM_ROUTER_LEGACY_KEY"
        )
    limit = None if settings.legacy_limit is None else ids.nanos(settings.legacy_limit)
    await keys.put_legacy(LEGACY, settings.legacy_key.get_secret_value(), limit)


def _owner(connection: Connection) -> str | None:
    """The id of the account that has the name."""
    query = select(_users.c.id).where(_users.c.username_key == name_key(LEGACY))
    id: str | None = connection.execute(query).scalar()
    return id
