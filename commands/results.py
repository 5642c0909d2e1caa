"""What a command may answer: plain data that the page knows how to show."""

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Notice:
    """One quiet line; ``undo`` is the command line that takes it back."""

    text: str
    tone: Literal["ok", "warn", "error"] = "ok"
    undo: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Patch:
    """A conversation as it is now."""

    conversation: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Open:
    """A screen of the page: ``conversation`` (with an id), ``new``, ``model`` …"""

    what: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Insert:
    """Text for the prompt."""

    text: str


@dataclass(frozen=True, slots=True)
class Go:
    url: str


Result = Notice | Table | Patch | Open | Insert | Go


def as_json(result: Result) -> dict[str, Any]:
    return {"type": type(result).__name__.lower()} | asdict(result)
