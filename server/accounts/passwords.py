"""Password hashes: Argon2id, one at a time, away from the event loop. Knows nothing of users."""

import asyncio
import secrets
import unicodedata
from base64 import b64encode
from typing import Any

MEMORY_KIB, PASSES, LANES = 19456, 2, 1


class Passwords:
    """At most one hash is computed at any time: each takes 19 MB for its duration."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)
        self._nobody = _hash_that_nothing_matches()

    async def hash(self, password: str) -> str:
        async with self._turn:
            return await asyncio.to_thread(_hash, password)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Takes as long for nobody (None) as for somebody."""
        async with self._turn:
            matches = await asyncio.to_thread(_verify, password, stored or self._nobody)
        return matches and stored is not None


def _argon2() -> Any:
    from passlib.hash import argon2  # 14 MB that an idle server does without

    return argon2.using(type="ID", memory_cost=MEMORY_KIB, rounds=PASSES, parallelism=LANES)


def _hash(password: str) -> str:
    return str(_argon2().hash(_bytes(password)))


def _verify(password: str, stored: str) -> bool:
    return bool(_argon2().verify(_bytes(password), stored))


def _bytes(password: str) -> bytes:
    # Keyboards differ in how they compose the same character.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _hash_that_nothing_matches() -> str:
    salt, digest = (b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${digest}"
