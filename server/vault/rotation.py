"""A new server key: everything that is encrypted under the old one is encrypted again, in one transaction.

The key file has both keys before that, and the old one goes after it: a rotation that is broken off at any moment
leaves everything readable, and the next start finishes it.
"""

import asyncio
import logging
from dataclasses import dataclass

from sqlalchemy import Connection, Table, bindparam, select, update

from server.store.engine import Database
from server.store.tables import PushSubscription, ServerSecret, StoredCredential
from server.vault.vault import Vault, WrongKey

log = logging.getLogger(__name__)

_TABLES: tuple[Table, ...] = (
    StoredCredential.__table__,  # type: ignore[attr-defined]
    ServerSecret.__table__,  # type: ignore[attr-defined]
    PushSubscription.__table__,  # type: ignore[attr-defined]
)


@dataclass(frozen=True, slots=True)
class Rotated:
    renewed: int
    unreadable: int
    """Under a key that is not there any more; they stay as they are."""


async def look_after(database: Database, vault: Vault) -> None:
    """At start: finishes a rotation that was broken off, and says when the key file is not the one of the database."""
    if vault.is_rotating:
        await finish(database, vault)
    if lost := await unreadable(database, vault):
        log.warning(
            "the key file is not the one under which %s stored: put that file back into the data folder, "
            "or enter the keys again; everything else works",
            "a provider key was" if len(lost) == 1 else f"{len(lost)} provider keys were",
        )


async def rotate(database: Database, vault: Vault) -> Rotated:
    """Raises Unavailable when the key file cannot be written, or the vault is locked."""
    async with vault.changing:
        # What is encrypted under the old key has its place in the writer's queue before the transaction of ``finish``.
        await asyncio.to_thread(vault.put_new_key)
        return await finish(database, vault)


async def finish(database: Database, vault: Vault) -> Rotated:
    rotated = await database.write(lambda connection: _encrypt_again(connection, vault))
    await asyncio.to_thread(vault.retire_old_keys)
    return rotated


async def unreadable(database: Database, vault: Vault) -> set[str]:
    """The ids of the provider keys that were stored under another key file."""
    c = StoredCredential.__table__.c  # type: ignore[attr-defined]
    query = select(c.id, c.ciphertext).where(c.ciphertext.is_not(None))
    stored = await database.read(lambda connection: list(connection.execute(query)))
    return {id for id, ciphertext in stored if not vault.fits(ciphertext)}


def _encrypt_again(connection: Connection, vault: Vault) -> Rotated:
    renewed = lost = 0
    for table in _TABLES:
        (id,) = table.primary_key.columns
        rows = connection.execute(select(id, table.c.ciphertext).where(table.c.ciphertext.is_not(None))).all()
        changes = []
        for key, ciphertext in rows:
            if vault.fits(ciphertext, newest=True):
                continue
            try:
                changes.append({"row": key, "new": vault.encrypt(vault.decrypt(ciphertext))})
            except WrongKey:
                lost += 1
        if changes:
            connection.execute(update(table).where(id == bindparam("row")).values(ciphertext=bindparam("new")), changes)
        renewed += len(changes)
    return Rotated(renewed, lost)
