"""The door of the gateway: whose key this is, what it may do now, and what it may still spend.

Every request to ``/v1`` passes ``authenticate`` and ``admit``, and ends with the ``settle`` of what it was given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from server import ids
from server.accounts.roster import LEGACY
from server.accounts.virtual_keys import EXPIRED, PREFIX, REVOKED, VirtualKey, VirtualKeys
from server.calls.book import Book, Payers, Reservation, payers
from server.calls.limits import Allowance, Limits
from server.calls.quote import NOTHING, Quote
from server.errors import Forbidden, NotSignedIn
from server.settings import Settings


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

    @property
    def payers(self) -> Payers:
        return payers(self.user_id, self.key_id, self.project)

    def allows(self, *names: str) -> bool:
        """Whether the model that goes by these names may be used."""
        return self.key.allows_model(*names)


class Admission:
    """One admitted request. ``settle`` gives back what it holds; again does nothing."""

    def __init__(self, admissions: "Admissions", caller: Caller, tokens: int, reservation: Reservation) -> None:
        self._admissions, self.caller = admissions, caller
        self._tokens, self.reservation = tokens, reservation
        self._open = True

    @property
    def left(self) -> tuple[Allowance, ...]:
        """What remains of the key's limits per minute; none where it has none."""
        return self._admissions.limits.left(self.caller.key_id)

    async def change(self, quote: Quote) -> None:
        """Holds what another model may cost instead. Raises BudgetExceeded."""
        self.reservation.close()
        self.reservation = await self._admissions.book.reserve(self.caller.payers, quote)

    def settle(self, tokens: int = 0) -> None:
        """How many tokens the request used in all its attempts."""
        if self._open:
            self._open = False
            self._admissions.limits.end(self.caller.key_id, self._tokens, tokens)
            self.reservation.close()


class Admissions:
    def __init__(self, book: Book, keys: VirtualKeys, settings: Settings) -> None:
        self.book, self._keys, self._mode = book, keys, settings.auth_mode
        self.limits = Limits()

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
        quote: Quote = NOTHING,
    ) -> Admission:
        """Lets a request in that may use so many ``tokens`` and cost what the ``quote`` says.

        ``endpoint`` is the path without /v1; ``model`` as the client names it, ``names`` what else it goes by.
        Raises Forbidden, BudgetExceeded, TooManyRequests.
        """
        key = caller.key
        if not key.allows_endpoint(endpoint):
            raise Forbidden(f"this key may not use /v1/{endpoint}", code="endpoint_not_allowed")
        if model is not None and not caller.allows(model, *names):
            raise Forbidden(f"this key may not use {model}", code="model_not_allowed")
        reservation = await self.book.reserve(caller.payers, quote)
        try:
            self.limits.begin(key.id, key.rpm, key.tpm, key.streams, tokens)
        except BaseException:
            reservation.close()
            raise
        return Admission(self, caller, tokens, reservation)

    def _takes(self, key: VirtualKey) -> bool:
        """Whether keys of this kind are taken by a server in this mode."""
        if key.user_id == LEGACY:
            return self._mode != "users"
        return self._mode != "legacy" or key.scope == "admin"


def _offered(headers: Mapping[str, str]) -> list[str]:
    """The keys that a request shows, each once."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    shown = (bearer.strip() if scheme.lower() == "bearer" else "", headers.get("x-api-key", "").strip())
    return [text for text in dict.fromkeys(shown) if text]


def _refused(key: VirtualKey | None, offered: list[str]) -> NotSignedIn:
    """Why none of these keys lets anybody in, without repeating one."""
    if key is not None and key.state(ids.now()) != "active":
        message = EXPIRED if key.revoked_at is None else REVOKED
    elif any(text.startswith("sk-ant-oat") for text in offered):
        message = "this is the sign-in of a Claude subscription: give the program a key of this server instead"
    elif any(text.startswith(PREFIX) for text in offered):
        message = "there is no such key: it was mistyped, or made by another server"
    else:
        message = f"this is not a key of this server, which begins with {PREFIX}"
    return NotSignedIn(message, code="invalid_api_key")
