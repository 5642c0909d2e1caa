"""What the fake provider was asked and what it answered: its own account of every call."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any]
    port: int = 0
    """The client's: the same one is the same connection."""
    at: float = field(default_factory=time.monotonic)
    status: int = 0
    sent: str = ""
    """The text of all deltas that were written."""
    pieces: list[tuple[float, int]] = field(default_factory=list)
    """When each of them was, and the length of the text with it."""
    events: int = 0
    usage: dict[str, int] | None = None
    """What it reported, in the words of ``Answer.usage``; None when it never came to that."""
    charged: float | None = None
    """Dollars that it said this cost; None when it never came to that, or says nothing."""
    finished: bool = False
    """The whole answer was written."""
    disconnected_at: float | None = None
    """When the client went away before the end."""
    over: bool = False
    """Nothing more comes, however it ended."""

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


class Record:
    """Written by the server's thread, read by the test's."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.violations: list[str] = []
        self._changed = threading.Condition()

    def add(self, asked: Asked) -> None:
        with self._changed:
            self.requests.append(asked)
            self._changed.notify_all()

    def violation(self, asked: Asked, problems: list[str]) -> None:
        with self._changed:
            body = json.dumps(asked.body)[:500]
            self.violations += [f"{asked.method} {asked.path}: {problem}: {body}" for problem in problems]

    def changed(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(condition, timeout)

    def forget(self, kept: int) -> None:
        with self._changed:
            del self.requests[:-kept]

    def clear(self) -> None:
        with self._changed:
            self.requests.clear()
            self.violations.clear()
