"""Accounts: who there is, what they may be called, and whether a password is theirs."""

import unicodedata
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, update
from sqlmodel import col, select

from server import ids
from server.accounts import roster
from server.accounts.passwords import Passwords
from server.accounts.roster import LEGACY, Change
from server.accounts.sessions import end_all
from server.errors import BadRequest, Conflict, NotFound, NotSignedIn
from server.settings import Settings
from server.store.engine import Database
from server.store.tables import User

MAX_NAME = 32
MIN_PASSWORD, MAX_PASSWORD = 8, 1024


class Users:
    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords

    async def create(
        self,
        username: str,
        password: str,
        role: str = "member",
        *,
        models: tuple[str, ...] = (),
        own_keys: str = "server",
    ) -> User:
        """Raises BadRequest, Conflict."""
        Change(role, models, own_keys).check()
        user = await self.new(username, password, role)
        user.models, user.own_keys = list(models), own_keys
        return await self._database.write(lambda connection: add(connection, user))

    async def create_first(self, username: str, password: str) -> User:
        """The admin that a new server begins with. Raises BadRequest, Conflict once there is an account."""
        user = await self.new(username, password, "admin")

        def work(connection: Connection) -> User:
            if _count(connection):
                raise Conflict("this server has its first account already: sign in", code="already_set_up")
            return add(connection, user)

        return await self._database.write(work)

    async def create_from(self, settings: Settings) -> User | None:
        """The first admin as the settings name it, while there is no account. Raises BadRequest."""
        if settings.admin_user is None or settings.admin_password is None or await self.count():
            return None
        return await self.create_first(settings.admin_user, settings.admin_password.get_secret_value())

    async def check(self, username: str, password: str) -> User:
        """Whose name and password these are.

        Raises NotSignedIn, with the same words and after the same time whatever was wrong.
        """
        user = await self.find(username)
        usable = user if user and user.disabled_at is None else None
        fits = await self._passwords.verify(password[:MAX_PASSWORD], usable.password_hash if usable else None)
        if usable is None or not fits:
            raise NotSignedIn("wrong user or password", code="wrong_login")
        return usable

    async def find(self, username: str) -> User | None:
        """The account with this name, in any spelling of it."""
        if not _is_name(username):
            return None
        return await self._database.read(_first(col(User.username_key) == name_key(username)))

    async def get(self, id: str) -> User | None:
        return await self._database.read(_first(col(User.id) == id))

    async def all(self) -> list[User]:
        """Every account, oldest first, but not those that are being deleted."""
        query = select(User).where(col(User.deleted_at).is_(None)).order_by(col(User.id))

        def work(connection: Connection) -> list[User]:
            return [User(**row) for row in connection.execute(query).mappings()]

        return await self._database.read(work)

    async def count(self) -> int:
        return await self._database.read(_count)

    async def named(self, username: str) -> User:
        """Raises NotFound."""
        if (user := await self.find(username)) is None:
            raise NotFound(f"there is no user {username}")
        return user

    async def change(self, id: str, change: Change) -> User:
        """Raises NotFound, BadRequest, Conflict when no admin would be left."""
        return await self._database.write(lambda connection: roster.change(connection, id, change))

    async def give_up(self, id: str) -> None:
        """The first step of deleting somebody, which takes effect at once. Raises NotFound, Conflict."""
        await self._database.write(lambda connection: roster.give_up(connection, id))

    async def set_password(self, username: str, password: str) -> None:
        """Ends every session too, and lets a disabled account in again. Raises NotFound, BadRequest, Conflict."""
        user = await self.named(username)
        if user.id == LEGACY:
            raise Conflict("this account is of the old key and nobody's: it has no password")
        hashed = await self.hashed(password, user.username)

        def work(connection: Connection) -> None:
            changes = {"password_hash": hashed, "disabled_at": None}
            connection.execute(update(User).where(col(User.id) == user.id).values(**changes))
            end_all(connection, user.id)

        await self._database.write(work)

    async def hashed(self, password: str, username: str) -> str:
        """A new password for this name, as it is stored. Raises BadRequest."""
        _check_password(password, username)
        return await self._passwords.hash(password)

    async def prefer(self, id: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Merges into the preferences (a None removes one) and returns all of them."""

        def work(connection: Connection) -> dict[str, Any]:
            stored = select(col(User.preferences)).where(col(User.id) == id)
            merged = {**connection.execute(stored).scalar_one(), **changes}
            merged = {name: value for name, value in merged.items() if value is not None}
            connection.execute(update(User).where(col(User.id) == id).values(preferences=merged))
            return merged

        return await self._database.write(work)

    async def new(self, username: str, password: str, role: str) -> User:
        """An account that ``add`` can store. Raises BadRequest."""
        username = unicodedata.normalize("NFKC", username).strip()
        if not _is_name(username):
            raise BadRequest(
                f"a user name has 1 to {MAX_NAME} letters, digits or . _ - + @, and no spaces",
                code="username",
            )
        return User(
            id=ids.new_id(),
            username=username,
            username_key=name_key(username),
            password_hash=await self.hashed(password, username),
            role=role,
            created_at=ids.now(),
        )


def add(connection: Connection, user: User) -> User:
    """Raises Conflict when the name is taken."""
    if _first(col(User.username_key) == user.username_key)(connection):
        raise Conflict(f"the user name {user.username} is taken", code="username_taken")
    connection.execute(insert(User).values(**user.model_dump()))
    return user


def name_key(username: str) -> str:
    """What makes two names the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).strip().casefold())


def _is_name(username: str) -> bool:
    name = unicodedata.normalize("NFKC", username).strip() if len(username) <= 4 * MAX_NAME else ""
    return 0 < len(name) <= MAX_NAME and all(each in "._-+@" or unicodedata.category(each)[0] in "LMN" for each in name)


def _check_password(password: str, username: str) -> None:
    if len(password) < MIN_PASSWORD:
        raise BadRequest(f"a password has at least {MIN_PASSWORD} characters", code="password")
    if len(password) > MAX_PASSWORD:
        raise BadRequest(f"a password has at most {MAX_PASSWORD} characters", code="password")
    if name_key(password) == name_key(username):
        raise BadRequest("a password is not the user name", code="password")


def _count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(User).where(col(User.id) != LEGACY)).scalar_one()


def _first(condition: ColumnElement[bool]) -> Callable[[Connection], User | None]:
    def work(connection: Connection) -> User | None:
        row = connection.execute(select(User).where(condition)).mappings().first()
        return User(**row) if row else None

    return work
