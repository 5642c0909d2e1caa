"""Provider keys that a person keeps on a device: they come with a request and are known for what it starts, no longer.

Whatever a request starts (a reply, its title) runs in the request's context; nothing of it is stored or cached.
"""

import json
from contextvars import ContextVar

from server.errors import BadRequest
from server.providers.base import Credential
from server.providers.known import PROVIDERS

HEADER = "x-provider-keys"
"""A JSON object: the key by the provider's name."""
MOST, LONGEST = 8, 4096
MARK = "device:"
"""What the id of such a credential begins with."""

_carried: ContextVar[tuple[str, tuple[Credential, ...]]] = ContextVar("carried", default=("", ()))


def carry(user_id: str, header: str) -> None:
    """For the rest of this request and what it starts. Raises BadRequest."""
    _carried.set((user_id, _read(user_id, header)))


def carried_by(user_id: str) -> list[Credential]:
    """The keys that came with the request of this person."""
    owner, credentials = _carried.get()
    return list(credentials) if owner == user_id else []


def is_carried(credential_id: str) -> bool:
    return credential_id.startswith(MARK)


def _read(user_id: str, header: str) -> tuple[Credential, ...]:
    try:
        keys = json.loads(header)
        if not isinstance(keys, dict) or len(keys) > MOST:
            raise ValueError
        return tuple(_credential(user_id, name, key) for name, key in keys.items())
    except (ValueError, RecursionError):
        raise BadRequest("the keys of this device cannot be read: add them again in the settings") from None


def _credential(user_id: str, provider: str, key: object) -> Credential:
    """Where it leads is the provider's own address: another one is for the owner of the server to say."""
    info = PROVIDERS.get(provider)
    if info is None or not info.needs_key or info.base_url is None:
        raise ValueError("no such provider")
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST or not key.isascii() or not key.isprintable():
        raise ValueError("no key")
    if " " in key:
        raise ValueError("no key")
    return Credential(f"{MARK}{provider}:{user_id}", provider, key, None, key[-4:] if len(key) >= 12 else "", rank=-1)
