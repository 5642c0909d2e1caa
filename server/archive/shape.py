"""The shape that a conversation has on its way out and on its way in, and the limits of what is taken in.

Every reader of somebody else's export makes conversations of this shape, so that there is one way into the database.
Imported by the processes that read foreign files: nothing of the server's own weight is needed here.
"""

from dataclasses import dataclass, field
from typing import Any, TypedDict

from server.errors import BadRequest

FORMAT = "llm-router-export"
VERSION = 1
MB = 1024 * 1024
MAX_UPLOAD = 2048 * MB
MAX_CONVERSATION = 64 * MB
"""Characters of one conversation: the most that is held at once."""
MAX_FILE = 32 * MB
"""Bytes of one attachment."""
MAX_UNPACKED = 4096 * MB
MAX_RATIO = 200
"""How many times larger than in the ZIP a file may become; text that repeats itself reaches about 30."""

Row = dict[str, Any]


class Broken(BadRequest):
    """The file cannot be imported; the sentence says why."""

    code = "import_refused"


class Exported(TypedDict, total=False):
    """One conversation; the bytes that its attachments name by their hash travel beside it."""

    conversation: Row
    messages: list[Row]
    calls: list[Row]
    attachments: list[Row]
    """Each with ``links``: [[message id, position]]."""
    arrived: bool
    """Of its messages only the ids are left to tell: the rows are in the database."""


@dataclass(slots=True)
class Report:
    """What came in and what could not."""

    source: str = ""
    left_out: dict[str, int] = field(default_factory=dict)
    """What was left out → how often."""

    def leave_out(self, what: str, count: int = 1) -> None:
        self.left_out[what] = self.left_out.get(what, 0) + count

    def as_json(self) -> dict[str, Any]:
        left_out = [{"what": what, "count": count} for what, count in sorted(self.left_out.items())]
        return {"source": self.source, "left_out": left_out}
