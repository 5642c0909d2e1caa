"""Who is signed in where. The row is the session: revoking it ends it at once.

The cookie holds a signed secret of which only the SHA-256 is stored. ``resolve`` never writes.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from itsdangerous import BadSignature, Signer
from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam, delete, insert, or_, update
from sqlmodel import col, select

from server import ids
from server.accounts import devices
from server.errors import NotFound
from server.store.engine import Database
from server.store.tables import Device, LoginSession, User
from server.vault.vault import Vault


def _over(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return or_(col(LoginSession.revoked_at).is_not(None), col(LoginSession.expires_at) <= now)


# Asked with every request, and so put together once.
_SESSION = select(LoginSession).where(col(LoginSession.id) == bindparam("id"), ~_over(bindparam("now")))
_USER = select(User).where(col(User.id) == bindparam("id"), col(User.disabled_at).is_(None))
_DEVICE = select(Device).where(col(Device.id) == bindparam("id"))


@dataclass(frozen=True, slots=True)
class SignedIn:
    user: User
    device: Device
    session: LoginSession


class Sessions:
    def __init__(self, database: Database, vault: Vault, lifetime: timedelta) -> None:
        self._database = database
        self._vault = vault
        self.lifetime = lifetime

    async def start(self, user: User, offered: Iterable[str], agent: str) -> tuple[SignedIn, str]:
        """A new session and the value of its cookie. ``offered``: device ids that the browser remembers."""
        secret, now, known = ids.new_secret(), ids.now(), list(offered)

        def work(connection: Connection) -> SignedIn:
            connection.execute(delete(LoginSession).where(_over(now), col(LoginSession.user_id) == user.id))
            device = devices.adopt(connection, user.id, known, agent)
            session = LoginSession(
                id=_hash(secret),
                user_id=user.id,
                device_id=device.id,
                csrf=ids.new_secret(),
                created_at=now,
                expires_at=now + self.lifetime,
            )
            connection.execute(insert(LoginSession).values(**session.model_dump()))
            return SignedIn(user, device, session)

        return await self._database.write(work), self._signer().sign(secret).decode()

    async def resolve(self, cookie: str) -> SignedIn | None:
        """Whose cookie this is; None when it is nobody's, or no longer."""
        try:
            secret = self._signer().unsign(cookie.encode("utf-8", "replace")).decode()
        except BadSignature:
            return None
        now, id = ids.now(), _hash(secret)

        def work(connection: Connection) -> SignedIn | None:
            if (row := connection.execute(_SESSION, {"id": id, "now": now}).mappings().first()) is None:
                return None
            session = LoginSession(**row)
            if (user := connection.execute(_USER, {"id": session.user_id}).mappings().first()) is None:
                return None
            device = connection.execute(_DEVICE, {"id": session.device_id}).mappings().one()
            return SignedIn(User(**user), Device(**device), session)

        return await self._database.read(work)

    async def holds(self, session: LoginSession) -> bool:
        """Whether it still lets anybody in: another process may have ended it, or shut its user out."""
        mine = select(col(LoginSession.id)).where(col(LoginSession.id) == session.id, ~_over(ids.now()))
        active = mine.join(User, col(User.id) == col(LoginSession.user_id)).where(col(User.disabled_at).is_(None))
        return await self._database.read(lambda connection: connection.execute(active).first() is not None)

    async def all(self, user_id: str) -> list[tuple[LoginSession, Device]]:
        """The sessions that still hold, newest first, each with its device."""
        now = ids.now()

        def work(connection: Connection) -> list[tuple[LoginSession, Device]]:
            mine = select(LoginSession).where(col(LoginSession.user_id) == user_id, ~_over(now))
            rows = connection.execute(mine.order_by(col(LoginSession.created_at).desc())).mappings().all()
            known = connection.execute(select(Device).where(col(Device.user_id) == user_id)).mappings()
            by_id = {row["id"]: Device(**row) for row in known}
            return [(LoginSession(**row), by_id[row["device_id"]]) for row in rows]

        return await self._database.read(work)

    async def end(self, user_id: str, id: str) -> None:
        """Revokes one session of this user. Raises NotFound."""
        now = ids.now()
        mine = (col(LoginSession.id) == id, col(LoginSession.user_id) == user_id, ~_over(now))

        def work(connection: Connection) -> int:
            return connection.execute(update(LoginSession).where(*mine).values(revoked_at=now)).rowcount

        if await self._database.write(work) == 0:
            raise NotFound("this session does not exist, or it has ended already")

    def _signer(self) -> Signer:
        return Signer(self._vault.derive("session cookie"), digest_method=hashlib.sha256)


def devices_of(connection: Connection, user_id: str) -> set[str]:
    """The ids of the devices where this user is signed in."""
    query = (
        select(LoginSession.device_id)
        .join(User, col(User.id) == col(LoginSession.user_id))
        .where(col(LoginSession.user_id) == user_id, ~_over(ids.now()), col(User.disabled_at).is_(None))
    )
    return set(connection.execute(query).scalars())


def end_all(connection: Connection, user_id: str) -> None:
    """Revokes every session of a user, inside the transaction of whatever makes that necessary."""
    mine = (col(LoginSession.user_id) == user_id, col(LoginSession.revoked_at).is_(None))
    connection.execute(update(LoginSession).where(*mine).values(revoked_at=ids.now()))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
