"""Encryption of a whole backup under a passphrase, block by block, so that its size does not matter.

A header (mark, cost, salt), then blocks of ChaCha20-Poly1305 under a key from scrypt. The nonce is the block's number
and whether it is the last: blocks can be neither changed, moved, left out nor cut off (the STREAM construction).
"""

import secrets
from typing import TYPE_CHECKING, BinaryIO

from server.ops.backup.source import BackupError
from server.setting_types import MIN_PASSPHRASE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

MARK = b"LLM Router sealed backup 1\n"
COST, MOST = 16, 18
"""Powers of two: 64 MB for a moment. A file may not ask for more than the second."""
SALT = 16
TAG = 16
BLOCK = 1 << 16


class Sealer:
    """Writes to ``file``; ``close`` writes the last block and leaves the file open."""

    def __init__(self, file: BinaryIO, passphrase: str, mark: bytes = MARK) -> None:
        """``mark``: what the file begins with. Raises BackupError for a passphrase that is too short."""
        check(passphrase)
        self._header = mark + bytes([COST]) + secrets.token_bytes(SALT)
        self._cipher = _cipher(passphrase, COST, self._header[-SALT:])
        self._file, self._rest, self._number = file, bytearray(), 0
        file.write(self._header)

    def write(self, content: bytes) -> int:
        self._rest += content
        while len(self._rest) > BLOCK:
            self._seal(bytes(self._rest[:BLOCK]), last=False)
            del self._rest[:BLOCK]
        return len(content)

    def flush(self) -> None:
        """Only whole blocks are written."""

    def close(self) -> None:
        self._seal(bytes(self._rest), last=True)

    def _seal(self, block: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last), block, self._header))
        self._number += 1


class Unsealer:
    """Reads what a Sealer wrote, after its mark."""

    def __init__(self, file: BinaryIO, passphrase: str, name: str, mark: bytes = MARK) -> None:
        """Raises BackupError when this is nothing that this version can open."""
        rest = file.read(1 + SALT)
        if len(rest) != 1 + SALT or rest[0] > MOST or rest[0] < 1:
            raise BackupError(f"{name} is damaged: take another backup.")
        self._header = mark + rest
        self._cipher = _cipher(passphrase, rest[0], rest[1:])
        self._file, self._name, self._number = file, name, 0
        self._next, self._plain = file.read(BLOCK + TAG), b""

    def read(self, size: int = -1) -> bytes:
        """Raises BackupError. Fewer bytes than asked for do not mean that it is the end; none do."""
        while not self._plain and self._next:
            self._plain = self._open()
        if size < 0:
            raise ValueError("a sealed file is read in pieces")
        block, self._plain = self._plain[:size], self._plain[size:]
        return block

    def _open(self) -> bytes:
        from cryptography.exceptions import InvalidTag

        sealed, self._next = self._next, self._file.read(BLOCK + TAG)
        try:
            plain = self._cipher.decrypt(_nonce(self._number, not self._next), sealed, self._header)
        except InvalidTag:
            if self._number == 0:
                raise BackupError(f"This is not the passphrase of {self._name}, or the file is damaged.") from None
            raise BackupError(f"{self._name} is damaged or was cut off: take another backup.") from None
        self._number += 1
        return plain


def check(passphrase: str) -> None:
    """Raises BackupError for a passphrase that is too short."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise BackupError(f"A passphrase of a backup has at least {MIN_PASSPHRASE} characters.")


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _cipher(passphrase: str, cost: int, salt: bytes) -> "ChaCha20Poly1305":
    # Loaded when the first secret is used: an idle server does without its megabytes.
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return ChaCha20Poly1305(Scrypt(salt=salt, length=32, n=1 << cost, r=8, p=1).derive(passphrase.encode()))
