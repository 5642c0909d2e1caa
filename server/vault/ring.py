"""The keys of a server as one text: what encrypts, and what is left of those that a rotation has retired.

One Fernet key a line, newest first; then a line for each retired key with the secrets that outlive it.
"""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

SIZE = 32
"""Bytes of a key and of a secret; they are written as Fernet writes them."""
RETIRED = b"retired "


@dataclass(frozen=True, slots=True)
class Ring:
    """``keys``: the first one encrypts, every one decrypts. ``retired``, newest first: secrets by their purpose."""

    keys: tuple[bytes, ...] = field(repr=False)
    retired: tuple[Mapping[str, bytes], ...] = field(default=(), repr=False)

    @classmethod
    def new(cls) -> "Ring":
        return cls((new_key(),))

    @classmethod
    def parse(cls, text: bytes) -> "Ring":
        """Raises ValueError for what is none."""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        keys = [line for line in lines if not line.startswith(RETIRED)]
        retired = [_secrets(line.removeprefix(RETIRED)) for line in lines if line.startswith(RETIRED)]
        if not keys or any(len(urlsafe_b64decode(key)) != SIZE for key in keys):
            raise ValueError("no keys")
        return cls(tuple(keys), tuple(retired))

    def text(self) -> bytes:
        return b"".join([*(key + b"\n" for key in self.keys), *(_line(each) for each in self.retired)])


def new_key() -> bytes:
    return urlsafe_b64encode(secrets.token_bytes(SIZE))


def _line(purposes: Mapping[str, bytes]) -> bytes:
    return (
        RETIRED
        + json.dumps({name: urlsafe_b64encode(each).decode() for name, each in purposes.items()}).encode()
        + b"\n"
    )


def _secrets(line: bytes) -> dict[str, bytes]:
    found = json.loads(line)
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise ValueError("no secrets")
    purposes = {str(name): urlsafe_b64decode(each) for name, each in found.items()}
    if any(len(each) != SIZE for each in purposes.values()):
        raise ValueError("no secrets")
    return purposes
