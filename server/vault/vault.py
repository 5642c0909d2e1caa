"""Encryption at rest and the secrets derived for other purposes, all from the keys of the key file.

Knows nothing of what is encrypted or signed.
"""

import hmac
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from server.errors import Unavailable
from server.vault import keyfile

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


class WrongKey(Unavailable):
    """The ciphertext was made under another key."""

    code = "wrong_key"


class Vault:
    """The first key encrypts, every key decrypts, so that a new one can be put in front of the old."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)

    @classmethod
    def open(cls, folder: Path) -> "Vault":
        """The vault of a data folder; the first call there makes its key. Raises Unavailable."""
        return cls(keyfile.load_or_create(folder))

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

    def derive(self, purpose: str) -> list[bytes]:
        """32 secret bytes for one purpose from each key, oldest first: sign with the last, accept any."""
        return [_derive(key, purpose) for key in reversed(self._keys)]

    def _fernet(self) -> "MultiFernet":
        # Loaded when the first secret is used: an idle server does without its seven megabytes.
        from cryptography.fernet import Fernet, MultiFernet

        return MultiFernet([Fernet(key) for key in self._keys])


def _derive(key: bytes, purpose: str) -> bytes:
    # The key is uniformly random, so one HMAC over the purpose is all that deriving takes (RFC 5869, expand).
    return hmac.digest(urlsafe_b64decode(key), f"llm-router {purpose}\x01".encode(), "sha256")
