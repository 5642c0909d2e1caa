"""What an admin lets each user do with models: which ones, and whether with provider keys of their own.

The lists that people choose from are cut down to it; ``check`` stands before every call to an upstream.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sqlalchemy import Connection, select

from server.errors import Forbidden
from server.settings import Settings
from server.store.engine import Database
from server.store.tables import User

FRESH = 0.5
"""Seconds for which a grant is believed: what another process changes holds after them."""

_users = User.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Grant:
    """No patterns allow every model."""

    models: tuple[str, ...] = ()
    own_keys: bool = True
    is_open: bool = True
    """False for whoever is disabled or gone."""

    @property
    def is_limited(self) -> bool:
        return bool(self.models) or not self.is_open

    def allows(self, *names: str) -> bool:
        """Whether a model that goes by these names may be used; they are its own, never what a person typed."""
        return self.is_open and fits(self.models, *names)


def fits(patterns: Sequence[str], *names: str) -> bool:
    """Whether one of the names that something goes by is of one of the patterns; none allow everything."""
    return not patterns or any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


class Grants:
    def __init__(self, db: Database, settings: Settings) -> None:
        self._db, self._usual = db, settings.own_keys
        self._known: dict[str, tuple[float, Grant]] = {}
        self._changes = 0
        """How often something was forgotten: what was read before that is not kept."""

    async def of(self, user_id: str) -> Grant:
        known = self._known.get(user_id)
        if known is None or time.monotonic() - known[0] > FRESH:
            if known is not None:
                # Those that come while this one looks need not look too.
                self._known[user_id] = time.monotonic(), known[1]
            changes = self._changes
            known = time.monotonic(), await self._read(user_id)
            if changes == self._changes:
                self._known[user_id] = known
        return known[1]

    async def check(self, user_id: str, *names: str) -> None:
        """Raises Forbidden unless the user may use the model that goes by these names."""
        if not (grant := await self.of(user_id)).allows(*names):
            if not grant.is_open:
                raise Forbidden("this account is disabled", code="account_disabled")
            model = names[0] or "a service without a model"
            raise Forbidden(
                f"you may not use {model}: pick one that is listed, or ask the admin", code="model_not_allowed"
            )

    def forget(self) -> None:
        """Somebody's grant has changed."""
        self._changes += 1
        self._known.clear()

    async def _read(self, user_id: str) -> Grant:
        c = _users.c
        query = select(c.role, c.models, c.own_keys, c.disabled_at).where(c.id == user_id)

        def work(connection: Connection) -> Grant:
            row = connection.execute(query).first()
            if row is None or row.disabled_at is not None:
                return Grant(is_open=False)
            return Grant(tuple(row.models), may_own(row.role, row.own_keys, self._usual))

        return await self._db.read(work)


def may_own(role: str, own_keys: str, usual: bool) -> bool:
    """Whether an account may use provider keys of its own; ``usual`` is what the server's setting says."""
    return role == "admin" or own_keys == "yes" or (own_keys == "server" and usual)
