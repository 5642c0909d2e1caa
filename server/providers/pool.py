"""The credentials that a user's calls may use: their own first, then the server's, then the environment's.

Several of one provider share the work: by order and weight, the same one for the same conversation so that the
provider's cache is of use, and around those that rest or were refused.
"""

import math
import random
import time
from collections.abc import Sequence
from hashlib import blake2b
from logging import INFO, WARNING, getLogger

from sqlalchemy import Connection, or_, select, update

from server import counters
from server.ids import now
from server.providers.base import Credential, Kind, ProviderError, brief
from server.providers.carried import MARK, carried_by
from server.providers.grants import Grants
from server.providers.health import Health
from server.settings import Settings
from server.store.engine import Database
from server.store.tables import StoredCredential
from server.vault.vault import Vault

_credentials = StoredCredential.__table__  # type: ignore[attr-defined]

log = getLogger(__name__)

ASKERS: frozenset[Kind] = frozenset({"bad_request", "too_long", "refused", "unknown_model"})
"""Failures of whoever asked."""
FRESH = 5.0
OF_SERVER, OF_ENVIRONMENT = 1_000_000, 2_000_000
"""Ranks begin here; a person's own come before."""


class Pool:
    def __init__(self, db: Database, vault: Vault, settings: Settings) -> None:
        self._db, self._vault = db, vault
        self.grants = Grants(db, settings)
        self.environment = tuple(from_environment(settings))
        self.health = Health()
        self._known: dict[str, tuple[float, list[Credential]]] = {}
        self.changes = 0
        """How often something was forgotten: what was read before that is not kept."""

    async def credentials(self, user_id: str) -> list[Credential]:
        """In the order in which they should be tried. What another process stores is seen after ``FRESH`` seconds."""
        known = self._known.get(user_id)
        if known is None or time.monotonic() - known[0] > FRESH:
            changes = self.changes
            known = (time.monotonic(), await self._read(user_id))
            if changes == self.changes:
                self._known[user_id] = known
        carried = carried_by(user_id)
        if carried and not (await self.grants.of(user_id)).own_keys:
            carried = []
        return carried + list(known[1])

    def forget(self) -> None:
        """The stored credentials have changed, or what somebody may use."""
        self.changes += 1
        self._known.clear()
        self.grants.forget()

    def arrange(self, credentials: Sequence[Credential], model: str, sticky: str | None = None) -> list[Credential]:
        """Those to try for a call, best first; ``sticky`` names the conversation or the cache it belongs to.

        Some that are not at their best are tried when there is no other. Raises ProviderError while every one has
        to wait as long as its provider asked.
        """
        if len(credentials) == 1 and self.health.rest(credentials[0].id, model) <= 0:
            return list(credentials)
        seed = sticky or str(random.random())
        ordered = sorted(credentials, key=lambda one: (one.rank, _turn(one, seed)))
        rested = [one for one in ordered if self.health.rest(one.id, model) <= 0]
        if rested or not ordered:
            return rested
        if willing := [one for one in ordered if not self.health.must_wait(one.id, model)]:
            return sorted(willing, key=lambda one: self.health.refused(one.id, model))
        wait = min(self.health.rest(one.id, model) for one in ordered)
        raise ProviderError(
            "rate_limit",
            f"rate limited, retry in {math.ceil(wait)} s",
            provider=ordered[0].provider,
            retry_after=wait,
        )

    def failed(self, credential: Credential, model: str, error: ProviderError) -> None:
        """Lets the credential rest where the failure is its own; one that was refused is shown as failed in /keys."""
        counters.failures[error.provider, error.kind] += 1
        log.log(
            INFO if error.kind in ASKERS else WARNING, "%s failed with %s: %s", model, credential.provider, brief(error)
        )
        if self.health.failed(credential.id, model, error) and not credential.id.startswith(("env:", MARK)):
            changes = {"status": "failed", "status_message": error.message, "checked_at": now()}
            note = update(StoredCredential).where(_credentials.c.id == credential.id).values(**changes)
            self._db.defer(lambda connection: connection.execute(note))

    def worked(self, credential: Credential, model: str) -> None:
        self.health.worked(credential.id, model)

    async def _read(self, user_id: str) -> list[Credential]:
        owned = (await self.grants.of(user_id)).own_keys

        def work(connection: Connection) -> Sequence[StoredCredential]:
            c = _credentials.c
            usable = or_(c.user_id == user_id, c.user_id.is_(None)) if owned else c.user_id.is_(None)
            query = select(_credentials).where(usable)
            rows = connection.execute(query.order_by(c.user_id.is_(None), c.position, c.id))
            return [StoredCredential.model_validate(dict(row._mapping)) for row in rows]

        rows = await self._db.read(work)
        # One that was stored under another key file is of no use; the list of keys says so.
        readable = [row for row in rows if row.ciphertext is None or self._vault.fits(row.ciphertext)]
        return [self._opened(row) for row in readable] + list(self.environment)

    def _opened(self, row: StoredCredential) -> Credential:
        key = None if row.ciphertext is None else self._vault.decrypt(row.ciphertext)
        rank = row.position + (OF_SERVER if row.user_id is None else 0)
        return Credential(row.id, row.provider, key, row.base_url, row.last4, rank, row.weight)


def _turn(credential: Credential, seed: str) -> float:
    """Weighted rendezvous hashing: a credential that comes or goes moves only its own share of the conversations."""
    digest = blake2b(f"{seed} {credential.id}".encode(), digest_size=8).digest()
    return -math.log((int.from_bytes(digest) + 1) / (2**64 + 1)) / credential.weight


def from_environment(settings: Settings) -> list[Credential]:
    found = []
    for provider in ("openai", "anthropic", "gemini", "openrouter", "ollama"):
        secret = getattr(settings, f"{provider}_api_key", None)
        base_url = getattr(settings, f"{provider}_base_url", None)
        if secret is not None or base_url is not None:
            key = secret.get_secret_value() if secret is not None else None
            found.append(Credential(f"env:{provider}", provider, key, base_url, (key or "")[-4:], OF_ENVIRONMENT))
    return found
