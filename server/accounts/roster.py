"""What an admin does to an account: its role, what it may use, whether it is let in, and its end.

Functions of a connection. Whatever is done, an admin who can sign in is left.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, update

from server import ids
from server.accounts.new_key import check_patterns
from server.accounts.sessions import end_all
from server.errors import BadRequest, Conflict, NotFound
from server.store.tables import Invitation, ModelList, PushSubscription, StoredCredential, StoredKey, User

LEGACY = "legacy"
"""Id and name of the account that traffic with the old key belongs to; nobody's, so it does not count as one."""
ROLES = ("admin", "member")
OWN_KEYS = ("server", "yes", "no")
DELETED = "deleted user"
"""The name of somebody who is gone."""

_users = User.__table__  # type: ignore[attr-defined]
_keys = StoredKey.__table__  # type: ignore[attr-defined]
_links = Invitation.__table__  # type: ignore[attr-defined]
_credentials = StoredCredential.__table__  # type: ignore[attr-defined]
_lists = ModelList.__table__  # type: ignore[attr-defined]
_subscriptions = PushSubscription.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Change:
    """What is None stays."""

    role: str | None = None
    models: tuple[str, ...] | None = None
    """Patterns such as `gpt-*`; none: every model."""
    own_keys: str | None = None
    disabled: bool | None = None

    def check(self) -> None:
        """Raises BadRequest."""
        if self.role is not None and self.role not in ROLES:
            raise BadRequest(f"a role is {' or '.join(ROLES)}")
        if self.own_keys is not None and self.own_keys not in OWN_KEYS:
            raise BadRequest(f"own_keys is one of {', '.join(OWN_KEYS)}")
        check_patterns("models", self.models or ())


def get(connection: Connection, id: str) -> User:
    """Raises NotFound, also for somebody who is being deleted."""
    query = select(_users).where(_users.c.id == id, _users.c.deleted_at.is_(None))
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound("there is no such user")
    return User(**row)


def change(connection: Connection, id: str, change: Change) -> User:
    """The account as it is then; whoever is disabled is signed out. Raises NotFound, BadRequest, Conflict."""
    change.check()
    user = get(connection, id)
    values: dict[str, Any] = {}
    if change.role is not None and change.role != user.role:
        if id == LEGACY:
            raise Conflict("this account is of the old key and nobody's: it stays a member")
        values["role"] = change.role
    if change.models is not None:
        values["models"] = list(dict.fromkeys(change.models))
    if change.own_keys is not None:
        values["own_keys"] = change.own_keys
    if change.disabled is not None and change.disabled != (user.disabled_at is not None):
        values["disabled_at"] = ids.now() if change.disabled else None
    if values.get("role") == "member" or values.get("disabled_at"):
        keep_an_admin(connection, user)
    if values:
        connection.execute(update(_users).where(_users.c.id == id).values(**values))
    if values.get("disabled_at"):
        shut_out(connection, id)
    return get(connection, id)


def give_up(connection: Connection, id: str) -> None:
    """Takes the name away, and everything that lets anybody in; what is long is erased afterwards, in steps.

    Raises NotFound, Conflict.
    """
    user = get(connection, id)
    if id == LEGACY:
        raise Conflict("this account is of the old key: start the server with LLM_ROUTER_AUTH_MODE=users instead")
    keep_an_admin(connection, user)
    now = ids.now()
    values = {
        "username": DELETED,
        "username_key": f"deleted:{id}",  # no name has a colon
        "password_hash": "",
        "role": "member",
        "preferences": {},
        "models": [],
        "disabled_at": user.disabled_at or now,
        "deleted_at": now,
    }
    connection.execute(update(_users).where(_users.c.id == id).values(**values))
    shut_out(connection, id)
    connection.execute(update(_keys).where(_keys.c.user_id == id, _keys.c.revoked_at.is_(None)).values(revoked_at=now))
    theirs = select(_credentials.c.id).where(_credentials.c.user_id == id)
    connection.execute(_lists.delete().where(_lists.c.credential_id.in_(theirs)))
    for table in (_credentials, _subscriptions):
        connection.execute(table.delete().where(table.c.user_id == id))


def shut_out(connection: Connection, id: str) -> None:
    """Ends the sessions, and the links that would let in again."""
    end_all(connection, id)
    connection.execute(_links.delete().where(_links.c.user_id == id))


def keep_an_admin(connection: Connection, user: User) -> None:
    """Raises Conflict when nobody could manage the server without this user."""
    c = _users.c
    others = select(func.count()).select_from(_users)
    others = others.where(c.role == "admin", c.disabled_at.is_(None), c.id != user.id)
    if user.role == "admin" and user.disabled_at is None and connection.execute(others).scalar_one() == 0:
        raise Conflict("this is the last admin: make another one first", code="last_admin")
