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
        code = "".join(secrets.choice(_ALPHABET) for _ in range(12))
        self.text = "-".join((code[:4], code[4:8], code[8:]))

    def matches(self, typed: str) -> bool:
        """However the person wrote it: small letters, without dashes, O for 0."""
        return hmac.compare_digest(_plain(typed).encode("utf-8", "replace"), _plain(self.text).encode())


def _plain(code: str) -> str:
    return code.upper().translate(_LOOKALIKES)
