"""The requests of programs that are being served, by whose they are: an account that is shut out ends them at once."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

End = Callable[[], None]


class Underway:
    def __init__(self) -> None:
        self._ends: defaultdict[str, set[End]] = defaultdict(set)

    @contextmanager
    def serving(self, user_id: str, end: End) -> Iterator[None]:
        """While it is open ``end`` is called when the account is shut out."""
        mine = self._ends[user_id]
        mine.add(end)
        try:
            yield
        finally:
            mine.discard(end)
            if not mine:
                self._ends.pop(user_id, None)

    def end(self, user_id: str) -> None:
        for end in list(self._ends.get(user_id, ())):
            end()
