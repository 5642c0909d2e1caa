"""Password hashes: Argon2id, one at a time, away from the event loop. Knows nothing of users."""

import asyncio
import secrets
import unicodedata
from base64 import b64encode
from typing import TYPE_CHECKING

from server.memory import give_back_large_blocks

if TYPE_CHECKING:
    from argon2 import PasswordHasher

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


def _argon2() -> "PasswordHasher":
    from argon2 import PasswordHasher  # 4 MB that an idle server does without

    give_back_large_blocks()
    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


def _hash(password: str) -> str:
    return _argon2().hash(_bytes(password))


def _verify(password: str, stored: str) -> bool:
    from argon2.exceptions import VerifyMismatchError

    try:
        return _argon2().verify(stored, _bytes(password))
    except VerifyMismatchError:
        return False


def _bytes(password: str) -> bytes:
    # Keyboards differ in how they compose the same character.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _hash_that_nothing_matches() -> str:
    salt, digest = (b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${digest}"
