"""The master password: Argon2id makes a key of it, under which the text of the key file is kept.

Knows nothing of files and of what the text means.
"""

import secrets
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field

from server.errors import BadRequest, Forbidden
from server.memory import give_back_large_blocks
from server.setting_types import MIN_PASSPHRASE

MARK = b"under a master password, argon2id "
MEMORY_KIB, PASSES, LANES = 65536, 3, 1
MOST_MEMORY_KIB, MOST_PASSES, MOST_LANES = 1 << 20, 64, 16
"""A file may not ask for more."""
SALT = 16


class WrongPassword(Forbidden):
    code = "wrong_password"


@dataclass(frozen=True, slots=True)
class Wrapping:
    """A password turned into a key, so that another text can be put under it without asking again."""

    header: bytes
    key: bytes = field(repr=False)

    @classmethod
    def new(cls, password: str) -> "Wrapping":
        """Takes a second and 64 MB. Raises BadRequest for a password that is too short."""
        if len(password) < MIN_PASSPHRASE:
            raise BadRequest(f"a master password has at least {MIN_PASSPHRASE} characters")
        salt = secrets.token_bytes(SALT)
        header = MARK + f"{MEMORY_KIB} {PASSES} {LANES} {urlsafe_b64encode(salt).decode()}".encode()
        return cls(header, _key(password, salt, MEMORY_KIB, PASSES, LANES))

    def wrap(self, text: bytes) -> bytes:
        from cryptography.fernet import Fernet

        return self.header + b"\n" + Fernet(self.key).encrypt(text) + b"\n"


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A text under a password."""

    header: bytes
    memory_kib: int
    passes: int
    lanes: int
    salt: bytes
    token: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: bytes) -> "Wrapped":
        """Raises ValueError for what is none."""
        header, token = text.strip().splitlines()
        memory, passes, lanes, salt = header.removeprefix(MARK).split()
        found = cls(header, int(memory), int(passes), int(lanes), urlsafe_b64decode(salt), token)
        costs = ((found.memory_kib, MOST_MEMORY_KIB), (found.passes, MOST_PASSES), (found.lanes, MOST_LANES))
        if any(not 0 < cost <= most for cost, most in costs) or found.memory_kib < 8 * found.lanes:
            raise ValueError("no costs")
        if len(found.salt) != SALT:
            raise ValueError("no salt")
        return found

    def open(self, password: str) -> tuple[bytes, Wrapping]:
        """The text, and what puts another one under the same password. Takes a second. Raises WrongPassword."""
        from cryptography.fernet import Fernet, InvalidToken

        key = _key(password, self.salt, self.memory_kib, self.passes, self.lanes)
        try:
            return Fernet(key).decrypt(self.token), Wrapping(self.header, key)
        except InvalidToken:
            raise WrongPassword("this is not the master password") from None


def _key(password: str, salt: bytes, memory_kib: int, passes: int, lanes: int) -> bytes:
    from argon2.low_level import Type, hash_secret_raw

    give_back_large_blocks()
    # Keyboards differ in how they compose the same character.
    secret = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    return urlsafe_b64encode(hash_secret_raw(secret, salt, passes, memory_kib, lanes, 32, Type.ID))
