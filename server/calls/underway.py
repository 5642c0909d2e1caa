"""The requests of programs that are being served, by whose they are, so that they can be ended, and told why."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from server.errors import AppError, Forbidden, Unavailable

End = Callable[[AppError], None]


class Underway:
    def __init__(self) -> None:
        self._ends: defaultdict[str, set[End]] = defaultdict(set)

    @property
    def count(self) -> int:
        return sum(map(len, self._ends.values()))

    @contextmanager
    def serving(self, user_id: str, end: End) -> Iterator[None]:
        """While it is open ``end`` is called when the account is shut out, or the server ends."""
        mine = self._ends[user_id]
        mine.add(end)
        try:
            yield
        finally:
            mine.discard(end)
            if not mine:
                self._ends.pop(user_id, None)

    def end(self, user_id: str) -> None:
        """The account was shut out."""
        for end in list(self._ends.get(user_id, ())):
            end(Forbidden("this account was disabled", code="account_disabled"))

    def end_all(self) -> None:
        """The server ends."""
        for end in [end for mine in self._ends.values() for end in mine]:
            end(Unavailable("the server is restarting: try again in a few seconds", code="restarting"))
