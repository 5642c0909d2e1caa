"""The browsers that want to be told, as rows; and the key pair that push services know this server by.

What gives access to somebody's browser is encrypted. Nothing here knows what is sent, or when.
"""

import asyncio
import hashlib
import json
import logging
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, insert, update
from sqlmodel import col, select

from server import ids
from server.accounts import sessions
from server.store.engine import Database
from server.store.tables import PushSubscription, ServerSecret
from server.vault.vault import Vault, WrongKey

MAX_FAILURES = 50
"""Messages in a row that may fail before a subscription counts as dead, although its service does not say so."""
MAX_PER_USER = 20

_KEY = "push"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Subscription:
    id: str
    device_id: str
    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)
    preview: bool


class Subscriptions:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault

    async def ensure_key(self) -> bytes:
        """The private key as it is stored; made where there is none."""
        ciphertext = await self._database.read(_stored_key)
        if ciphertext is None:
            sealed = await asyncio.to_thread(self._new_key)
            ciphertext = await self._database.write(lambda connection: _keep_key(connection, sealed))
        return ciphertext

    def _new_key(self) -> bytes:
        from server.ops import webpush

        return self._vault.encrypt(webpush.text(webpush.new_key()))

    async def key(self) -> str:
        """The private key, base64url. One that cannot be read any more takes the subscriptions made for it along."""
        try:
            return self._vault.decrypt(await self.ensure_key())
        except WrongKey:
            log.warning("the push key was stored under another key file: devices have to switch notifications on again")
            await self._database.write(_forget_all)
            return self._vault.decrypt(await self.ensure_key())

    async def put(self, user_id: str, device_id: str, endpoint: str, p256dh: str, auth: str, *, preview: bool) -> None:
        """Keeps the subscription of a device instead of the one it had. A browser belongs to who asked last."""
        secrets = json.dumps({"endpoint": endpoint, "p256dh": p256dh, "auth": auth})
        row = PushSubscription(
            id=hashlib.sha256(endpoint.encode()).hexdigest(),
            user_id=user_id,
            device_id=device_id,
            ciphertext=self._vault.encrypt(secrets),
            preview=preview,
            created_at=ids.now(),
        )

        def work(connection: Connection) -> None:
            before = (col(PushSubscription.id) == row.id) | (col(PushSubscription.device_id) == device_id)
            connection.execute(delete(PushSubscription).where(before))
            connection.execute(insert(PushSubscription).values(**row.model_dump()))
            mine = select(PushSubscription.id).where(col(PushSubscription.user_id) == user_id)
            old = mine.order_by(col(PushSubscription.created_at).desc()).offset(MAX_PER_USER)
            connection.execute(delete(PushSubscription).where(col(PushSubscription.id).in_(old)))

        await self._database.write(work)

    async def preview(self, user_id: str, device_id: str) -> bool | None:
        """Whether this device is told the words too; None when it is told nothing."""
        query = select(PushSubscription.preview).where(*_of_device(user_id, device_id))
        return await self._database.read(lambda connection: connection.execute(query).scalar_one_or_none())

    async def remove(self, user_id: str, device_id: str) -> None:
        query = delete(PushSubscription).where(*_of_device(user_id, device_id))
        await self._database.write(lambda connection: connection.execute(query))

    async def of(self, user_id: str, device_id: str | None = None) -> list[Subscription]:
        """Those of the user's devices (or of one) where they are signed in now."""

        def work(connection: Connection) -> list[PushSubscription]:
            query = select(PushSubscription).where(col(PushSubscription.user_id) == user_id)
            rows = [PushSubscription(**row) for row in connection.execute(query).mappings()]
            signed_in = sessions.devices_of(connection, user_id) if rows else set()
            return [row for row in rows if row.device_id in signed_in and device_id in (None, row.device_id)]

        found = []
        for row in await self._database.read(work):
            try:
                secrets = json.loads(self._vault.decrypt(row.ciphertext))
            except WrongKey:
                await self._drop(row.id)
                continue
            found.append(Subscription(row.id, row.device_id, preview=row.preview, **secrets))
        return found

    async def note(self, id: str, state: str) -> None:
        """Keeps how a message went; a subscription that has ended, or never works, goes."""
        if state == "gone":
            await self._drop(id)
            return
        one = col(PushSubscription.id) == id

        def work(connection: Connection) -> None:
            if state == "ok":
                connection.execute(update(PushSubscription).where(one).values(last_ok_at=ids.now(), failures=0))
                return
            connection.execute(update(PushSubscription).where(one).values(failures=PushSubscription.failures + 1))
            connection.execute(delete(PushSubscription).where(one, col(PushSubscription.failures) >= MAX_FAILURES))

        await self._database.write(work, durable=False)

    async def _drop(self, id: str) -> None:
        query = delete(PushSubscription).where(col(PushSubscription.id) == id)
        await self._database.write(lambda connection: connection.execute(query))


def _of_device(user_id: str, device_id: str) -> tuple[Any, Any]:
    return col(PushSubscription.user_id) == user_id, col(PushSubscription.device_id) == device_id


def _stored_key(connection: Connection) -> bytes | None:
    query = select(ServerSecret.ciphertext).where(col(ServerSecret.name) == _KEY)
    return connection.execute(query).scalar_one_or_none()


def _keep_key(connection: Connection, ciphertext: bytes) -> bytes:
    """Whoever came first wins."""
    stored = _stored_key(connection)
    if stored is None:
        connection.execute(insert(ServerSecret).values(name=_KEY, ciphertext=ciphertext, created_at=ids.now()))
    return stored or ciphertext


def _forget_all(connection: Connection) -> None:
    connection.execute(delete(ServerSecret).where(col(ServerSecret.name) == _KEY))
    connection.execute(delete(PushSubscription))
