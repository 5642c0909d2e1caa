"""The credentials that a user's calls may use: their own first, then the server's, then the environment's."""

import time
from collections.abc import Sequence

from sqlalchemy import Connection, or_, select

from server.errors import AppError
from server.providers.base import Credential
from server.settings import Settings
from server.store.engine import Database
from server.store.tables import StoredCredential
from server.vault.vault import Vault

_credentials = StoredCredential.__table__  # type: ignore[attr-defined]


FRESH = 5.0


class Pool:
    def __init__(self, db: Database, vault: Vault, settings: Settings) -> None:
        self._db, self._vault = db, vault
        self.environment = tuple(from_environment(settings))
        self._known: dict[str, tuple[float, list[Credential]]] = {}

    async def credentials(self, user_id: str) -> list[Credential]:
        """In the order in which they should be tried. What another process stores is seen after ``FRESH`` seconds."""
        known = self._known.get(user_id)
        if known is None or time.monotonic() - known[0] > FRESH:
            known = self._known[user_id] = (time.monotonic(), await self._read(user_id))
        return list(known[1])

    def forget(self) -> None:
        """The stored credentials have changed."""
        self._known.clear()

    async def _read(self, user_id: str) -> list[Credential]:

        def work(connection: Connection) -> Sequence[StoredCredential]:
            c = _credentials.c
            query = select(_credentials).where(or_(c.user_id == user_id, c.user_id.is_(None)))
            rows = connection.execute(query.order_by(c.user_id.is_(None), c.id))
            return [StoredCredential.model_validate(dict(row._mapping)) for row in rows]

        return [self.unlock(row) for row in await self._db.read(work)] + list(self.environment)

    def unlock(self, row: StoredCredential) -> Credential:
        """With the key decrypted; without one when the key file is not the one that it was stored under."""
        try:
            key = self._vault.decrypt(row.ciphertext) if row.ciphertext else None
        except AppError:
            key = None
        return Credential(row.id, row.provider, key, row.base_url, row.last4)


def from_environment(settings: Settings) -> list[Credential]:
    found = []
    for provider in ("openai", "anthropic", "gemini", "openrouter", "ollama"):
        secret = getattr(settings, f"{provider}_api_key", None)
        base_url = getattr(settings, f"{provider}_base_url", None)
        if secret is not None or base_url is not None:
            key = secret.get_secret_value() if secret is not None else None
            found.append(Credential(f"env:{provider}", provider, key, base_url, (key or "")[-4:]))
    return found
