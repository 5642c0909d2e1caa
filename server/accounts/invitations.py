"""Links that let one person in once: to choose a new password, or to make an account. Only their hashes are stored.

Unknown, used, expired and withdrawn ones are answered with the same words.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection, insert, select, update

from server import ids
from server.accounts import roster
from server.accounts.sessions import end_all
from server.accounts.setup_code import new_code, plain
from server.accounts.users import Users, add
from server.errors import BadRequest, Conflict, NotFound
from server.store.engine import Database
from server.store.tables import Invitation, User

LINK_HOURS = 48
DAYS, MAX_DAYS = 7, 90
MAX_OPEN = 500
"""Invitations that can be open at the same time."""

_links = Invitation.__table__  # type: ignore[attr-defined]
_users = User.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Offer:
    """What whoever has a link may do with it. ``username`` is whose password it sets."""

    kind: str
    """password | register"""
    username: str | None
    expires_at: datetime


class Invitations:
    def __init__(self, database: Database, users: Users) -> None:
        self._database, self._users = database, users

    async def link(self, user_id: str, by: str | None) -> tuple[Invitation, str]:
        """A link to set this user's password, and its secret; earlier ones end. Raises NotFound, Conflict."""
        secret = ids.new_secret()
        row = _row("password", secret, timedelta(hours=LINK_HOURS), by=by, user_id=user_id)

        def work(connection: Connection) -> None:
            user = roster.get(connection, user_id)
            if user_id == roster.LEGACY:
                raise Conflict("this account is of the old key: nobody signs in to it")
            if user.disabled_at is not None:
                raise Conflict(f"{user.username} is disabled: enable the account first")
            connection.execute(_links.delete().where(_links.c.user_id == user_id))
            connection.execute(insert(_links), row.model_dump())

        await self._database.write(work)
        return row, secret

    async def invite(self, role: str, days: int, by: str | None) -> tuple[Invitation, str]:
        """An invitation, and its code such as ``7K3M-90XD-QWER-5T6Y``. Raises BadRequest, Conflict."""
        if role not in roster.ROLES:
            raise BadRequest(f"a role is {' or '.join(roster.ROLES)}")
        if not 1 <= days <= MAX_DAYS:
            raise BadRequest(f"an invitation holds for 1 to {MAX_DAYS} days")
        code = new_code(4)
        row = _row("register", plain(code), timedelta(days=days), by=by, role=role)

        def work(connection: Connection) -> None:
            old = _links.c.expires_at < ids.now() - timedelta(days=MAX_DAYS)
            connection.execute(_links.delete().where(old))
            if len(_open(connection)) >= MAX_OPEN:
                raise Conflict("there are too many open invitations: withdraw some first")
            connection.execute(insert(_links), row.model_dump())

        await self._database.write(work)
        return row, code

    async def all(self) -> list[Invitation]:
        """The invitations that can still be used, newest first."""
        return await self._database.read(_open)

    async def withdraw(self, id: str) -> None:
        """Raises NotFound, also when it has been used."""
        mine = (_links.c.id == id, _links.c.kind == "register", _links.c.used_at.is_(None))

        def work(connection: Connection) -> int:
            return connection.execute(_links.delete().where(*mine)).rowcount

        if await self._database.write(work) == 0:
            raise NotFound("there is no such invitation")

    async def look(self, secret: str) -> Offer:
        """Raises NotFound."""

        def work(connection: Connection) -> Offer:
            row = _find(connection, secret)
            username = None if row.user_id is None else roster.get(connection, row.user_id).username
            return Offer(row.kind, username, row.expires_at)

        return await self._database.read(work)

    async def set_password(self, secret: str, password: str) -> User:
        """Uses a link: the user has the new password, and is signed out everywhere. Raises NotFound, BadRequest."""
        offer = await self.look(secret)
        hashed = await self._users.hashed(password, offer.username or "")

        def work(connection: Connection) -> User:
            user_id = _use(connection, secret, "password").user_id or ""
            connection.execute(update(_users).where(_users.c.id == user_id).values(password_hash=hashed))
            end_all(connection, user_id)
            return roster.get(connection, user_id)

        return await self._database.write(work)

    async def register(self, secret: str, username: str, password: str) -> User:
        """Uses an invitation: the account is made. Raises NotFound, BadRequest, Conflict."""
        offer = await self.look(secret)
        if offer.kind != "register":
            raise _over()
        user = await self._users.new(username, password, "member")

        def work(connection: Connection) -> User:
            user.role = _use(connection, secret, "register").role
            return add(connection, user)

        return await self._database.write(work)


def _row(
    kind: str, secret: str, life: timedelta, *, by: str | None, user_id: str | None = None, role: str = "member"
) -> Invitation:
    now = ids.now()
    return Invitation(
        id=ids.new_id(),
        hash=_hash(secret),
        kind=kind,
        user_id=user_id,
        role=role,
        created_by=by,
        created_at=now,
        expires_at=now + life,
    )


def _open(connection: Connection) -> list[Invitation]:
    c = _links.c
    query = select(_links).where(c.kind == "register", c.used_at.is_(None), c.expires_at > ids.now())
    return [Invitation(**row) for row in connection.execute(query.order_by(c.id.desc())).mappings()]


def _find(connection: Connection, secret: str) -> Invitation:
    """Raises NotFound."""
    c = _links.c
    shown = (_hash(secret.strip()), _hash(plain(secret)))
    query = select(_links).where(c.hash.in_(shown), c.used_at.is_(None), c.expires_at > ids.now())
    row = connection.execute(query).mappings().first()
    if row is None:
        raise _over()
    return Invitation(**row)


def _use(connection: Connection, secret: str, kind: str) -> Invitation:
    """Ends the link in the transaction that does what it is for. Raises NotFound."""
    row = _find(connection, secret)
    if row.kind != kind:
        raise _over()
    connection.execute(update(_links).where(_links.c.id == row.id).values(used_at=ids.now()))
    return row


def _over() -> NotFound:
    return NotFound("this link is not valid, or not any more: ask the admin for another one", code="link_over")


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest()
