"""How each credential has been doing: which rest for a while, which were refused. In memory, on the monotonic clock."""

import time
from collections import OrderedDict
from dataclasses import dataclass

from server.providers.base import Kind, ProviderError

LADDER = (10.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds of rest after one failure, after two in a row …"""
REFUSED = 600.0
"""Seconds until a credential that was refused is tried again."""
MAX_KNOWN = 1000
RESTING: frozenset[Kind] = frozenset({"rate_limit", "overloaded", "network", "timeout"})


@dataclass(slots=True)
class _State:
    failures: int = 0
    until: float = 0
    asked: bool = False
    """Whether the provider itself said how long to wait."""
    refused: bool = False


class Health:
    """Kept by credential and model: a limit on one model says nothing of another. "" stands for every model."""

    def __init__(self) -> None:
        self._states: OrderedDict[tuple[str, str], _State] = OrderedDict()

    def failed(self, id: str, model: str, error: ProviderError) -> bool:
        """Takes note; True when the credential itself was refused. What the client did wrong is no failure of it."""
        if error.kind == "auth":
            # 403 may concern this model only; 401 is about the key.
            self._put(id, model if error.status == 403 else "", REFUSED, refused=True)
            return True
        if error.kind == "quota":
            self._put(id, "", error.retry_after or LADDER[-1])
        elif error.kind in RESTING:
            failures = self._states.get((id, model), _State()).failures
            rest = LADDER[min(failures, len(LADDER) - 1)]
            self._put(id, model, error.retry_after or rest, failures + 1, asked=error.retry_after is not None)
        return False

    def worked(self, id: str, model: str) -> None:
        for key in ((id, model), (id, "")):
            self._states.pop(key, None)

    def forget(self, id: str) -> None:
        """The credential was changed, or has just been found to work."""
        for key in [key for key in self._states if key[0] == id]:
            del self._states[key]

    def rest(self, id: str, model: str) -> float:
        """Seconds for which it should not be used; 0: it may be."""
        now = time.monotonic()
        return max((state.until - now for state in self._of(id, model)), default=0.0)

    def must_wait(self, id: str, model: str) -> bool:
        """Whether the rest is what the provider asked for, so that using it is of no use."""
        now = time.monotonic()
        return any(state.asked and state.until > now for state in self._of(id, model))

    def refused(self, id: str, model: str) -> bool:
        now = time.monotonic()
        return any(state.refused and state.until > now for state in self._of(id, model))

    def counts(self) -> tuple[int, int]:
        """How many credentials rest for some model, and how many were refused."""
        now = time.monotonic()
        held = [(key[0], state.refused) for key, state in self._states.items() if state.until > now]
        return len({id for id, refused in held if not refused}), len({id for id, refused in held if refused})

    def _of(self, id: str, model: str) -> list[_State]:
        return [state for key in ((id, model), (id, "")) if (state := self._states.get(key)) is not None]

    def _put(
        self, id: str, model: str, rest: float, failures: int = 1, *, asked: bool = False, refused: bool = False
    ) -> None:
        self._states[id, model] = _State(failures, time.monotonic() + rest, asked, refused)
        self._states.move_to_end((id, model))
        if len(self._states) > MAX_KNOWN:
            self._states.popitem(last=False)
