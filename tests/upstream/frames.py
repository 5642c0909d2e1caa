"""One event of a stream, ready for the wire."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Frame:
    data: Any
    event: str | None = None
    text: str = ""
    """The piece of the answer that it carries."""
    usage: bool = False
    """It reports the usage."""

    def encode(self) -> bytes:
        name = f"event: {self.event}\n" if self.event else ""
        data = self.data if isinstance(self.data, str) else json.dumps(self.data, ensure_ascii=False)
        try:
            return f"{name}data: {data}\n\n".encode()
        except UnicodeEncodeError:  # half a character goes over the wire as an escape
            return f"{name}data: {json.dumps(self.data)}\n\n".encode()
