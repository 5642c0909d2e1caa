"""The one-time code for the first account: printed by the server, so whoever has it may read its output.

In memory only: each start has its own.
"""

import hmac
import secrets

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES = str.maketrans("OIL", "011", "- ")


class SetupCode:
    """``text`` is what to print, such as ``7K3M-90XD-QWER``."""

    def __init__(self) -> None:
        self.text = new_code(3)

    def matches(self, typed: str) -> bool:
        return hmac.compare_digest(plain(typed).encode("utf-8", "replace"), plain(self.text).encode())


def new_code(groups: int) -> str:
    """A code that a person can type: four characters a group, 20 bits each."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(groups))


def plain(code: str) -> str:
    """However a person wrote it: small letters, without dashes, O for 0."""
    return code.upper().translate(_LOOKALIKES)
