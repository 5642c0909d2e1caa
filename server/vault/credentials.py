"""Provider keys as rows: encrypted on the way in, decrypted only by ``open``, else known by their last four.

Knows nothing of providers: which one a key belongs to, and whether it works, is for others to say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, update
from sqlmodel import col, select

from server import ids
from server.errors import BadRequest, NotFound
from server.setting_types import web_address
from server.store.engine import Database
from server.store.tables import ModelList, StoredCredential
from server.vault.vault import Vault

MAX_KEY = 4096


@dataclass(frozen=True, slots=True)
class Summary:
    """What anybody may see of a stored credential. ``user_id`` None is the server's own."""

    id: str
    user_id: str | None
    provider: str
    last4: str
    base_url: str | None
    position: int
    weight: int
    status: str
    """untested | ok | failed"""
    status_message: str | None
    checked_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """A credential ready for use. ``key`` None: the upstream wants none."""

    id: str
    user_id: str | None
    provider: str
    key: str | None = field(repr=False)
    base_url: str | None
    last4: str


_SUMMARY = [getattr(StoredCredential, name) for name in Summary.__dataclass_fields__]


class Credentials:
    """``owner`` is a user's id, or None for the server's own; another owner's credential is not found."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def create(self, owner: str | None, provider: str, key: str | None, base_url: str | None) -> Summary:
        """Raises BadRequest when key or address cannot be one."""
        return (await self.create_all(owner, [{"provider": provider, "key": key, "base_url": base_url}]))[0]

    async def create_all(self, owner: str | None, new: Sequence[Mapping[str, Any]]) -> list[Summary]:
        """All of them or none. Raises BadRequest when a key or an address cannot be one."""
        rows = [self._row(owner, **each) for each in new]

        def work(connection: Connection) -> None:
            if rows:
                connection.execute(insert(StoredCredential), rows)

        await self._database.write(work)
        return [_summary(row) for row in rows]

    async def replace(
        self,
        id: str,
        owner: str | None,
        *,
        key: str | None = None,
        base_url: str | None = None,
        position: int | None = None,
        weight: int | None = None,
    ) -> Summary:
        """What is None stays; an empty ``base_url`` goes back to the provider's own.

        Raises NotFound, BadRequest.
        """
        changes: dict[str, Any] = {"updated_at": ids.now()}
        if key is not None or base_url is not None:
            changes |= {"status": "untested", "status_message": None, "checked_at": None}
        changes |= {name: value for name, value in (("position", position), ("weight", weight)) if value is not None}
        if (key := _checked_key(key)) is not None:
            changes |= {"ciphertext": self._vault.encrypt(key), "last4": last4(key)}
        if base_url is not None:
            changes["base_url"] = _checked_url(base_url)

        def work(connection: Connection) -> Summary:
            _expect(connection.execute(update(StoredCredential).where(*_one(id, owner)).values(**changes)).rowcount)
            if "status" in changes:
                connection.execute(delete(ModelList).where(col(ModelList.credential_id) == id))
            return _summary(connection.execute(select(*_SUMMARY).where(*_one(id, owner))).mappings().one())

        return await self._database.write(work)

    async def delete(self, id: str, owner: str | None) -> None:
        """Raises NotFound."""

        def work(connection: Connection) -> None:
            _expect(connection.execute(delete(StoredCredential).where(*_one(id, owner))).rowcount)
            connection.execute(delete(ModelList).where(col(ModelList.credential_id) == id))

        await self._database.write(work)

    async def all(self, owner: str | None) -> list[Summary]:
        """The owner's own and the server's, oldest first."""

        def work(connection: Connection) -> list[Summary]:
            query = select(*_SUMMARY).where(_visible(owner)).order_by(col(StoredCredential.id))
            return [_summary(row) for row in connection.execute(query).mappings()]

        return await self._database.read(work)

    async def open(self, id: str) -> Opened:
        """Raises NotFound, WrongKey. Whether the caller may use it has been decided before."""

        def work(connection: Connection) -> StoredCredential | None:
            query = select(StoredCredential).where(col(StoredCredential.id) == id)
            row = connection.execute(query).mappings().first()
            return StoredCredential(**row) if row else None

        row = await self._database.read(work)
        if row is None:
            raise NotFound("this key no longer exists")
        return Opened(
            id=row.id,
            user_id=row.user_id,
            provider=row.provider,
            key=None if row.ciphertext is None else self._vault.decrypt(row.ciphertext),
            base_url=row.base_url,
            last4=row.last4,
        )

    async def note(self, id: str, status: str, message: str | None) -> None:
        """Keeps how the last test of the credential went."""
        changes = {"status": status, "status_message": message, "checked_at": ids.now()}
        await self._database.write(
            lambda connection: connection.execute(
                update(StoredCredential).where(col(StoredCredential.id) == id).values(**changes)
            ),
            durable=False,
        )

    def _row(
        self,
        owner: str | None,
        provider: str,
        key: str | None,
        base_url: str | None,
        position: int = 0,
        weight: int = 1,
    ) -> dict[str, Any]:
        key, now = _checked_key(key), ids.now()
        return StoredCredential(
            id=ids.new_id(),
            user_id=owner,
            provider=provider,
            ciphertext=self._vault.encrypt(key) if key else None,
            last4=last4(key),
            base_url=_checked_url(base_url),
            position=position,
            weight=weight,
            created_at=now,
            updated_at=now,
        ).model_dump()


def last4(key: str | None) -> str:
    """The end of a key that may be shown; nothing of one so short that it would tell too much."""
    return key[-4:] if key and len(key) >= 12 else ""


def _checked_key(key: str | None) -> str | None:
    if key is None or not (key := key.strip()):
        return None
    if len(key) > MAX_KEY or not key.isascii() or not key.isprintable() or " " in key:
        raise BadRequest("this does not look like a key: copy it again, in one piece and without spaces")
    return key


def _checked_url(base_url: str | None) -> str | None:
    if base_url is None or not (base_url := base_url.strip()):
        return None
    try:
        return web_address(base_url)
    except ValueError:
        raise BadRequest("this is not an address: it starts with http:// or https://") from None


def _visible(owner: str | None) -> Any:
    return or_(col(StoredCredential.user_id).is_(None), col(StoredCredential.user_id) == owner)


def _one(id: str, owner: str | None) -> tuple[Any, Any]:
    return col(StoredCredential.id) == id, col(StoredCredential.user_id).is_not_distinct_from(owner)


def _expect(rows: int) -> None:
    if rows == 0:
        raise NotFound("this key does not exist")


def _summary(row: Any) -> Summary:
    return Summary(**{name: row[name] for name in Summary.__dataclass_fields__})
