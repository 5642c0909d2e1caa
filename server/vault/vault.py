"""Encryption at rest and the secrets derived for other purposes, all from the keys of the key file.

Knows nothing of what is encrypted or signed.
"""

from base64 import urlsafe_b64decode
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.errors import Unavailable
from server.vault import keyfile


class WrongKey(Unavailable):
    """The ciphertext was made under another key."""

    code = "wrong_key"


class Vault:
    """The first key encrypts, every key decrypts, so that a new one can be put in front of the old."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    @classmethod
    def open(cls, folder: Path) -> "Vault":
        """The vault of a data folder; the first call there makes its key. Raises Unavailable."""
        return cls(keyfile.load_or_create(folder))

    def encrypt(self, text: str) -> bytes:
        return self._fernet.encrypt(text.encode())

    def decrypt(self, ciphertext: bytes) -> str:
        """Raises WrongKey."""
        try:
            return self._fernet.decrypt(ciphertext).decode()
        except InvalidToken:
            raise WrongKey(
                "A stored provider key cannot be decrypted: it was stored under another key file. "
                "Put that file back into the data folder, or enter the provider key again."
            ) from None

    def derive(self, purpose: str) -> list[bytes]:
        """32 secret bytes for one purpose from each key, oldest first: sign with the last, accept any."""
        return [_derive(key, purpose) for key in reversed(self._keys)]


def _derive(key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=f"llm-router {purpose}".encode()).derive(urlsafe_b64decode(key))
