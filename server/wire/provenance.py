"""What a model attaches to its thinking and its calls, kept with the name of the provider that made it.

Such a blob means something to its maker alone, so it goes back to no one else. Through a wire that is not the
maker's it travels in an envelope, ``gwsig1.<provider>.<blob>.<hmac>``, which nobody else can write. Pure.
"""

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

PREFIX = "gwsig1."
_MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Signature:
    """``data`` is the provider's own string: a signature, or the thinking itself, encrypted."""

    provider: str
    """The family that made it: ``anthropic``, ``openai``, ``gemini`` …"""
    data: str = ""
    id: str | None = None
    """What the provider calls the thing (the ``rs_…`` of a reasoning item)."""
    call: str | None = None
    """The tool call that ``data`` (JSON) belongs to, where it belongs to one."""
    redacted: bool = False
    """The thinking has no readable text: ``data`` is all there is."""


def seal(signature: Signature, key: bytes) -> str:
    """The envelope of ``signature``."""
    fields = {
        "d": signature.data,
        "i": signature.id,
        "c": signature.call,
        "r": signature.redacted or None,
    }
    blob = json.dumps({name: value for name, value in fields.items() if value}, separators=(",", ":"))
    said = f"{PREFIX}{signature.provider}.{_packed(blob.encode())}"
    return f"{said}.{_mac(said, key)}"


def opened(text: str, key: bytes) -> Signature | None:
    """What is in an envelope; None for anything that this server did not write."""
    said, _, mac = text.rpartition(".")
    if not is_sealed(text) or not hmac.compare_digest(mac.encode(), _mac(said, key).encode()):
        return None
    provider, _, blob = said.removeprefix(PREFIX).rpartition(".")
    try:
        fields: dict[str, Any] = json.loads(_unpacked(blob))
    except (ValueError, binascii.Error):
        return None
    return Signature(provider, fields.get("d", ""), fields.get("i"), fields.get("c"), fields.get("r", False))


def is_sealed(text: str) -> bool:
    """Whether it looks like an envelope, a true one or not; none of them is ever passed on as it is."""
    return text.startswith(PREFIX)


def _mac(said: str, key: bytes) -> str:
    return _packed(hmac.digest(key, said.encode(), sha256)[:_MAC_BYTES])


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
