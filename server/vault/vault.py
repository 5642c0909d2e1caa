"""Encryption at rest and the secrets derived for other purposes, all from the keys of the key file.

Knows nothing of what is encrypted or signed.
"""

import asyncio
import hmac
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from server.errors import Unavailable
from server.vault import keyfile
from server.vault.password import Wrapped, Wrapping
from server.vault.ring import Ring, new_key

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

LASTING = ("virtual keys", "session cookie", "reasoning")
"""Purposes whose secrets outlive their key: what was made with them goes on being taken after a rotation."""
TAG = 32


class WrongKey(Unavailable):
    """The ciphertext was made under another key."""

    code = "wrong_key"


class Locked(Unavailable):
    """The keys are under the master password, and nobody has given it."""

    code = "locked"


class Vault:
    """The first key encrypts, every key decrypts, so that a new one can be put in front of the old."""

    def __init__(self, keys: Sequence[bytes], folder: Path | None = None) -> None:
        """``folder`` has the key file; without one the keys are only in memory."""
        self._folder = folder
        self._ring = Ring(tuple(keys))
        self._wrapped: Wrapped | None = None
        """What is to be unlocked first."""
        self._wrapping: Wrapping | None = None
        self._given: str | None = None
        self._former: tuple[bytes, ...] = ()
        """Keys that were retired by this process: what it read a moment before is still under them."""
        self._derived: dict[str, list[bytes]] = {}
        self.changing = asyncio.Lock()
        """Held by whoever changes the keys or their password."""

    @classmethod
    def open(cls, folder: Path, password: str | None = None) -> "Vault":
        """The vault of a data folder, locked if there is a master password; the first call there makes its key.

        ``password`` unlocks it when a key is wanted. Raises Unavailable.
        """
        found, vault = keyfile.load_or_create(folder), cls((), folder)
        vault._given = password
        if isinstance(found, Wrapped):
            vault._wrapped = found
        else:
            vault._ring = found
        return vault

    @property
    def is_locked(self) -> bool:
        return self._wrapped is not None

    @property
    def has_password(self) -> bool:
        return self._wrapped is not None or self._wrapping is not None

    @property
    def is_rotating(self) -> bool:
        """Whether a rotation was begun and not finished."""
        return len(self._ring.keys) > 1

    def unlock(self, password: str) -> None:
        """Takes a second; again changes nothing. Raises WrongPassword."""
        if (wrapped := self._wrapped) is None:
            return
        text, self._wrapping = wrapped.open(password)
        self._ring, self._wrapped = Ring.parse(text), None

    def encrypt(self, text: str) -> bytes:
        return self._fernet().encrypt(text.encode())

    def decrypt(self, ciphertext: bytes) -> str:
        """Raises WrongKey."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet().decrypt(ciphertext).decode()
        except InvalidToken:
            raise WrongKey(
                "a stored provider key cannot be decrypted: it was stored under another key file; "
                "put that file back into the data folder, or enter the provider key again"
            ) from None

    def fits(self, ciphertext: bytes, *, newest: bool = False) -> bool:
        """Whether one of the keys (or the newest) made it; without the megabytes that decrypting takes."""
        keys = self._open().keys + self._former
        try:
            token = urlsafe_b64decode(ciphertext)
        except ValueError:
            return False
        return any(_signed(key, token) for key in (keys[:1] if newest else keys))

    def derive(self, purpose: str) -> list[bytes]:
        """32 secret bytes for one purpose from each key, oldest first: sign with the last, accept any."""
        ring = self._open()
        if (known := self._derived.get(purpose)) is None:
            retired = [secrets[purpose] for secrets in reversed(ring.retired) if purpose in secrets]
            known = self._derived[purpose] = retired + [_derive(key, purpose) for key in reversed(ring.keys)]
        return known

    def put_new_key(self) -> None:
        """From now on a new key encrypts; those before it still decrypt. Raises Unavailable, and changes nothing."""
        ring = self._open()
        self._keep(Ring((new_key(), *ring.keys), ring.retired))

    def retire_old_keys(self) -> None:
        """Only the newest key is left, and of the others what outlives them. Raises Unavailable."""
        ring = self._open()
        gone = [{purpose: _derive(key, purpose) for purpose in LASTING} for key in ring.keys[1:]]
        self._former += ring.keys[1:]
        self._keep(Ring(ring.keys[:1], (*gone, *ring.retired)))

    def set_password(self, password: str | None) -> None:
        """Puts the key file under a password, or takes it away; takes a second. Raises BadRequest, Unavailable."""
        ring, before = self._open(), self._wrapping
        self._wrapping = None if password is None else Wrapping.new(password)
        try:
            self._keep(ring)
        except Unavailable:
            self._wrapping = before
            raise

    def check_password(self, password: str) -> None:
        """Takes a second. Raises WrongPassword where it is not the one of the key file."""
        if self._folder is not None and isinstance(found := keyfile.load_or_create(self._folder), Wrapped):
            found.open(password)

    def _keep(self, ring: Ring) -> None:
        if self._folder is not None:
            keyfile.replace(self._folder, ring.text() if self._wrapping is None else self._wrapping.wrap(ring.text()))
        self._ring, self._derived = ring, {}

    def _open(self) -> Ring:
        if self._wrapped is not None and self._given is not None:
            self.unlock(self._given)
        if self._wrapped is not None:
            raise Locked("the keys are under the master password: unlock the server, or set LLM_ROUTER_MASTER_PASSWORD")
        return self._ring

    def _fernet(self) -> "MultiFernet":
        keys = self._open().keys + self._former
        # Loaded when the first secret is used: an idle server does without its seven megabytes.
        from cryptography.fernet import Fernet, MultiFernet

        return MultiFernet([Fernet(key) for key in keys])


def _derive(key: bytes, purpose: str) -> bytes:
    # The key is uniformly random, so one HMAC over the purpose is all that deriving takes (RFC 5869, expand).
    return hmac.digest(urlsafe_b64decode(key), f"llm-router {purpose}\x01".encode(), "sha256")


def _signed(key: bytes, token: bytes) -> bool:
    """A Fernet token ends in an HMAC-SHA-256 under the first half of its key."""
    return hmac.compare_digest(hmac.digest(urlsafe_b64decode(key)[:16], token[:-TAG], "sha256"), token[-TAG:])
