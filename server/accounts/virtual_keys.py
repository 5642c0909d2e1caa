"""Virtual keys: what other programs show to use the gateway. Each is shown once; only a keyed hash of it is stored.

Whether a key may do something now (its limits) is for ``server.calls.admission`` to say.
"""

import hmac
import time
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import blake2b
from secrets import token_bytes
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from server import ids
from server.accounts.new_key import NewKey
from server.accounts.roster import LEGACY
from server.errors import Conflict, NotFound
from server.providers.grants import fits
from server.store.engine import Database
from server.store.tables import Budget, StoredKey, User
from server.vault.vault import Vault

PREFIX = "sk-llmr-"
FRESH = 0.5
"""Seconds for which a key that was looked up is believed: what another process revokes ends within them."""
MAX_KNOWN = 1000
MAX_LENGTH = 512
EXPIRED = "this key has expired: make another one"
REVOKED = "this key has been revoked: make another one"
OLD_KEY = "the old key is set where the server is started: see LLM_ROUTER_LEGACY_KEY"

_keys = StoredKey.__table__  # type: ignore[attr-defined]
_users = User.__table__  # type: ignore[attr-defined]
_budgets = Budget.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class VirtualKey:
    """What anybody may see of a key. Limits that are None do not hold; empty patterns allow everything."""

    id: str
    user_id: str
    name: str
    project: str
    prefix: str
    last4: str
    scope: str
    """gateway | admin"""
    models: tuple[str, ...]
    endpoints: tuple[str, ...]
    rpm: int | None
    tpm: int | None
    streams: int | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def state(self, at: datetime) -> str:
        """active | expired | revoked"""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= at else "active"

    def changed(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The values of its row that would be others. Raises BadRequest."""
        kept = {name: getattr(self, name) for name in NewKey.__dataclass_fields__ if name != "limit_nanos"}
        if "expires_at" not in changes:
            kept["expires_at"] = None  # one that has passed is no reason not to rename it
        NewKey(**kept | dict(changes)).check()
        values = {name: value for name, value in changes.items() if name != "limit_nanos"}
        return values | {name: list(values[name]) for name in ("models", "endpoints") if name in values}

    def allows_model(self, *names: str) -> bool:
        """Whether one of the names that a model goes by is allowed."""
        return fits(self.models, *names)

    def allows_endpoint(self, endpoint: str) -> bool:
        """``endpoint`` without /v1, such as `chat/completions`."""
        return fits(self.endpoints, endpoint)


_SHOWN = [_keys.c[name] for name in VirtualKey.__dataclass_fields__]


class VirtualKeys:
    """``owner`` is a user's id, or None for every user's; another owner's key is not found."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._salt = token_bytes(32)
        self._known: OrderedDict[bytes, tuple[float, VirtualKey]] = OrderedDict()
        self._changes = 0
        """How often a key was ended here: what was read before that is not kept."""

    async def create(self, user_id: str, new: NewKey) -> tuple[VirtualKey, str]:
        """The key, and its text, which is never seen again. Raises BadRequest, Conflict."""
        new.check()
        if user_id == LEGACY:
            raise Conflict(OLD_KEY)
        text = PREFIX + urlsafe_b64encode(token_bytes(32)).rstrip(b"=").decode()
        row = self._row(user_id, new, text)

        def work(connection: Connection) -> None:
            connection.execute(insert(_keys), row)
            _limit(connection, row["id"], new.limit_nanos)

        await self._database.write(work)
        return _shown(row), text

    async def all(self, owner: str | None) -> list[VirtualKey]:
        """Newest first, the revoked ones too."""
        query = select(*_SHOWN).order_by(_keys.c.id.desc())
        if owner is not None:
            query = query.where(_keys.c.user_id == owner)
        return await self._database.read(
            lambda connection: [_shown(row) for row in connection.execute(query).mappings()]
        )

    async def revoke(self, id: str, owner: str | None) -> VirtualKey:
        """Ends it for good; again changes nothing. Raises NotFound."""
        mine = [_keys.c.id == id] + ([_keys.c.user_id == owner] if owner is not None else [])

        def work(connection: Connection) -> VirtualKey:
            over = func.coalesce(_keys.c.revoked_at, ids.now())
            connection.execute(update(_keys).where(*mine).values(revoked_at=over))
            row = connection.execute(select(*_SHOWN).where(*mine)).mappings().one_or_none()
            if row is None:
                raise NotFound("there is no such key")
            return _shown(row)

        revoked = await self._database.write(work)
        self.forget()
        return revoked

    async def change(self, id: str, owner: str | None, changes: Mapping[str, Any]) -> VirtualKey:
        """Sets the fields of ``NewKey`` that are given. Raises NotFound, BadRequest, Conflict."""
        mine = [_keys.c.id == id] + ([_keys.c.user_id == owner] if owner is not None else [])

        def work(connection: Connection) -> VirtualKey:
            row = connection.execute(select(*_SHOWN).where(*mine)).mappings().one_or_none()
            if row is None:
                raise NotFound("there is no such key")
            before = _shown(row)
            if before.revoked_at is not None:
                raise Conflict("a key that was revoked stays so: make another one")
            if before.user_id == LEGACY:
                raise Conflict(OLD_KEY)
            values = before.changed(changes)
            if values:
                connection.execute(update(_keys).where(*mine).values(**values))
            if "limit_nanos" in changes:
                _limit(connection, id, changes["limit_nanos"])
            return _shown(dict(row) | values)

        changed = await self._database.write(work)
        self.forget()
        return changed

    async def find(self, text: str) -> VirtualKey | None:
        """The key with this text, whatever its state; None too when its owner is shut out."""
        if not 0 < len(text) <= MAX_LENGTH:
            return None
        # In the place of the hash, which costs a thread switch: here it only has to be a name for the text.
        place = blake2b(text.encode("utf-8", "replace"), digest_size=32, key=self._salt).digest()
        known = self._known.get(place)
        if known is not None and time.monotonic() - known[0] <= FRESH:
            return known[1]
        if known is not None:
            # Those that come while this one looks need not look too.
            self._known[place] = time.monotonic(), known[1]
        changes = self._changes
        found = await self._read(self._hashes(text))
        if changes == self._changes:
            self._known.pop(place, None)
            if found is not None:
                self._known[place] = time.monotonic(), found
            if len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)
        return found

    async def put_legacy(self, user_id: str, text: str | None, limit_nanos: int | None) -> None:
        """The one old key as the key of ``user_id``; None revokes it. What it has used stays through all changes."""
        mine = _keys.c.user_id == user_id
        row = self._row(user_id, NewKey("legacy"), text or "")

        def work(connection: Connection) -> None:
            if text is None:
                connection.execute(update(_keys).where(mine, _keys.c.revoked_at.is_(None)).values(revoked_at=ids.now()))
                return
            id = connection.execute(select(_keys.c.id).where(mine).order_by(_keys.c.id)).scalar()
            if id is None:
                connection.execute(insert(_keys), row)
            else:
                changed = ("hash", "prefix", "last4", "revoked_at")
                connection.execute(update(_keys).where(_keys.c.id == id).values({name: row[name] for name in changed}))
            _limit(connection, id or row["id"], limit_nanos)

        await self._database.write(work)
        self.forget()

    def forget(self) -> None:
        """Keys were ended, or whose they are."""
        self._changes += 1
        self._known.clear()

    async def _read(self, hashes: list[str]) -> VirtualKey | None:
        query = (
            select(*_SHOWN)
            .join(_users, _users.c.id == _keys.c.user_id)
            .where(_keys.c.hash.in_(hashes), _users.c.disabled_at.is_(None))
        )
        row = await self._database.read(lambda connection: connection.execute(query).mappings().first())
        return None if row is None else _shown(row)

    def _row(self, user_id: str, new: NewKey, text: str) -> dict[str, Any]:
        values = asdict(new) | {"models": list(new.models), "endpoints": list(new.endpoints)}
        del values["limit_nanos"]
        row = StoredKey(
            id=ids.new_id(),
            user_id=user_id,
            hash=self._hashes(text)[-1],
            prefix=text[: len(PREFIX)] if text.startswith(PREFIX) else "",
            last4=text[-4:],
            created_at=ids.now(),
            **values,
        )
        return row.model_dump()

    def _hashes(self, text: str) -> list[str]:
        """Under every secret that the server has or had, the present one last."""
        shown = text.encode("utf-8", "replace")
        return [hmac.digest(secret, shown, "sha256").hex() for secret in self._vault.derive("virtual keys")]


def _limit(connection: Connection, key_id: str, limit_nanos: int | None) -> None:
    """The budget that a key is born with; None: none for good."""
    prepaid = {"scope": "key", "subject_id": key_id, "period": "total"}
    here = [_budgets.c[name] == value for name, value in prepaid.items()]
    stored = connection.execute(select(_budgets.c.limit_nanos).where(*here)).scalar()
    if stored == limit_nanos:
        return
    at = ids.now()
    if limit_nanos is None:
        connection.execute(delete(_budgets).where(*here))
    elif stored is None:
        new = Budget(id=ids.new_id(), **prepaid, limit_nanos=limit_nanos, created_at=at, updated_at=at)
        connection.execute(insert(_budgets), new.model_dump())
    else:
        # Under its id: what running calls hold of a budget is known by it.
        changes = {"limit_nanos": limit_nanos, "warned_for": None, "updated_at": at}
        connection.execute(update(_budgets).where(*here).values(changes))


def _shown(row: RowMapping | dict[str, Any]) -> VirtualKey:
    values = {name: row[name] for name in VirtualKey.__dataclass_fields__}
    return VirtualKey(**values | {"models": tuple(row["models"]), "endpoints": tuple(row["endpoints"])})
