"""The requests of programs that are being served, by whose they are, so that they can be ended, and told why."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from server.accounts.virtual_keys import REVOKED
from server.errors import AppError, Forbidden, NotSignedIn, Unavailable


@dataclass(frozen=True, slots=True, eq=False)
class _Served:
    user_id: str
    key_id: str
    end: Callable[[AppError], None]


class Underway:
    def __init__(self) -> None:
        self._served: set[_Served] = set()

    @property
    def count(self) -> int:
        return len(self._served)

    @contextmanager
    def serving(self, user_id: str, key_id: str, end: Callable[[AppError], None]) -> Iterator[None]:
        """While it is open ``end`` is called when the account or the key is shut out, or the server ends."""
        one = _Served(user_id, key_id, end)
        self._served.add(one)
        try:
            yield
        finally:
            self._served.discard(one)

    def end(self, user_id: str) -> None:
        """The account was shut out."""
        self._end(lambda one: one.user_id == user_id, Forbidden("this account was disabled", code="account_disabled"))

    def end_key(self, key_id: str) -> None:
        """The key was revoked."""
        reason = NotSignedIn(REVOKED, code="invalid_api_key")
        self._end(lambda one: one.key_id == key_id, reason)

    def end_all(self) -> None:
        """The server ends."""
        self._end(
            lambda _: True, Unavailable("the server is restarting: try again in a few seconds", code="restarting")
        )

    def _end(self, which: Callable[[_Served], bool], reason: AppError) -> None:
        for one in list(self._served):
            if which(one):
                one.end(reason)
