"""The door of the gateway: whose key this is, what it may do now, and what it may still spend.

Every request to ``/v1`` passes ``authenticate`` and ``admit``, and ends with the ``settle`` of what it was given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from server import ids
from server.accounts.users import LEGACY
from server.accounts.virtual_keys import PREFIX, VirtualKey, VirtualKeys
from server.calls.limits import Allowance, Limits
from server.errors import BudgetExceeded, Forbidden, NotSignedIn
from server.money import ledger
from server.settings import Settings
from server.store.engine import Database


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request of another program counts for."""

    key: VirtualKey

    @property
    def user_id(self) -> str:
        return self.key.user_id

    @property
    def key_id(self) -> str:
        return self.key.id

    @property
    def project(self) -> str | None:
        return self.key.project or None

    def allows(self, *names: str) -> bool:
        """Whether the model that goes by these names may be used."""
        return self.key.allows_model(*names)


class Admission:
    """One admitted request. ``settle`` gives back what it holds; again does nothing."""

    def __init__(self, admissions: "Admissions", caller: Caller, tokens: int, nanos: int) -> None:
        self._admissions, self.caller = admissions, caller
        self._tokens, self._nanos = tokens, nanos
        self._open = True

    @property
    def left(self) -> tuple[Allowance, ...]:
        """What remains of the key's limits per minute; none where it has none."""
        return self._admissions.limits.left(self.caller.key_id)

    def settle(self, tokens: int = 0, nanos: int | None = 0) -> None:
        """What the request used in all its attempts; ``nanos`` None: at a price that is not known."""
        if self._open:
            self._open = False
            self._admissions.end(self.caller.key_id, self._tokens, tokens, self._nanos, nanos or 0)


class Admissions:
    def __init__(self, database: Database, keys: VirtualKeys, settings: Settings) -> None:
        self._database, self._keys, self._mode = database, keys, settings.auth_mode
        self.limits = Limits()
        self._spending: dict[str, _Spending] = {}

    async def authenticate(self, headers: Mapping[str, str], scope: str = "gateway") -> Caller:
        """The caller whose key is in ``authorization`` or ``x-api-key``. Raises NotSignedIn, Forbidden."""
        offered = _offered(headers)
        if not offered:
            raise NotSignedIn("this needs a key: send it as Authorization: Bearer, or as x-api-key", code="no_api_key")
        found = [key for text in offered if (key := await self._keys.find(text)) is not None and self._takes(key)]
        key = next((key for key in found if key.state(ids.now()) == "active"), None)
        if key is None:
            raise _refused(found[0] if found else None, offered)
        if key.scope != scope:
            raise Forbidden(f"this is a key for {'/admin' if key.scope == 'admin' else '/v1'} only", code="wrong_scope")
        return Caller(key)

    async def admit(
        self,
        caller: Caller,
        endpoint: str,
        model: str | None = None,
        *,
        names: Sequence[str] = (),
        tokens: int = 0,
        nanos: int | None = 0,
    ) -> Admission:
        """Lets a request in that may use so many ``tokens`` and ``nanos`` (None: its price is not known).

        ``endpoint`` is the path without /v1; ``model`` as the client names it, ``names`` what else it goes by.
        Raises Forbidden, BudgetExceeded, TooManyRequests.
        """
        key = caller.key
        if not key.allows_endpoint(endpoint):
            raise Forbidden(f"this key may not use /v1/{endpoint}", code="endpoint_not_allowed")
        if model is not None and not caller.allows(model, *names):
            raise Forbidden(f"this key may not use {model}", code="model_not_allowed")
        if key.limit_nanos is not None:
            spending = self._spending.get(key.id)
            if spending is None:
                spent = await self._database.read(lambda connection: _spent(connection, key.id))
                spending = self._spending.setdefault(key.id, _Spending(spent))
            spending.check(key.limit_nanos, nanos)
        self.limits.begin(key.id, key.rpm, key.tpm, key.streams, tokens)
        if key.limit_nanos is not None:
            self._spending[key.id].held += nanos or 0
        return Admission(self, caller, tokens, nanos or 0)

    def end(self, key_id: str, thought: int, tokens: int, held: int, nanos: int) -> None:
        self.limits.end(key_id, thought, tokens)
        if (spending := self._spending.get(key_id)) is not None:
            spending.held -= held
            spending.spent += nanos

    def _takes(self, key: VirtualKey) -> bool:
        """Whether keys of this kind are taken by a server in this mode."""
        if key.user_id == LEGACY:
            return self._mode != "users"
        return self._mode != "legacy" or key.scope == "admin"


@dataclass(slots=True)
class _Spending:
    """What a key has spent, and what its running requests may spend yet."""

    spent: int
    held: int = 0

    def check(self, limit: int, nanos: int | None) -> None:
        """Raises BudgetExceeded. What is free always passes, what has no known price while something is left."""
        if nanos == 0 or self.spent + self.held + (nanos or 1) <= limit:
            return
        raise BudgetExceeded(
            f"this key has spent {_dollars(self.spent)} of its {_dollars(limit)}, and this may cost "
            f"{'an unknown amount' if nanos is None else _dollars(nanos)}: the limit does not reset, so use another key"
        )


def _offered(headers: Mapping[str, str]) -> list[str]:
    """The keys that a request shows, each once."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    shown = (bearer.strip() if scheme.lower() == "bearer" else "", headers.get("x-api-key", "").strip())
    return [text for text in dict.fromkeys(shown) if text]


def _refused(key: VirtualKey | None, offered: list[str]) -> NotSignedIn:
    """Why none of these keys lets anybody in, without repeating one."""
    if key is not None and key.state(ids.now()) != "active":
        message = f"this key has {'expired' if key.revoked_at is None else 'been revoked'}: make another one"
    elif any(text.startswith("sk-ant-oat") for text in offered):
        message = "this is the sign-in of a Claude subscription: give the program a key of this server instead"
    elif any(text.startswith(PREFIX) for text in offered):
        message = "there is no such key: it was mistyped, or made by another server"
    else:
        message = f"this is not a key of this server, which begins with {PREFIX}"
    return NotSignedIn(message, code="invalid_api_key")


def _spent(connection: Connection, key_id: str) -> int:
    found = ledger.figures(connection, "key", [key_id])
    return found[key_id].cost_nanos if key_id in found else 0


def _dollars(nanos: int) -> str:
    return f"${nanos / ids.NANOS_PER_DOLLAR:.4f}"
