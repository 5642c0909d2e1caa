"""Server-sent events, from bytes to data and back (WHATWG HTML, 9.2). Pure; knows nothing of what the data means."""

import json
from typing import Any

MAX_EVENT = 16 * 1024 * 1024
"""Bytes one event may have; a stream without line ends would fill the memory otherwise."""


class Decoder:
    """Feed it the body as it comes; any chunking gives the same events.

    Comments, ``event``, ``id`` and ``retry`` are left out: the providers' formats name the event in its data.
    """

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[str] = []
        self._size = 0
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[str]:
        """The data of every event that ``chunk`` completed. Raises ValueError when one is too large."""
        if not chunk:
            return []
        after_cr, self._after_cr = self._after_cr, chunk.endswith(b"\r")
        if after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        found: list[str] = []
        lines = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for part in lines[:-1]:
            self._line += part
            self._take_line(found)
        self._line += lines[-1]
        if self._size + len(self._line) > MAX_EVENT:
            raise ValueError("an event of the stream is too large")
        return found

    def end(self) -> list[str]:
        """What was sent without the blank line that should have closed it."""
        found: list[str] = []
        if self._line:
            self._take_line(found)
        self._dispatch(found)
        return found

    def _take_line(self, found: list[str]) -> None:
        line = self._line.decode("utf-8", "replace").removeprefix("\ufeff")
        self._line.clear()
        if not line:
            self._dispatch(found)
        elif line.startswith("data:"):
            self._data.append(line[5:].removeprefix(" "))
            self._size += len(line)

    def _dispatch(self, found: list[str]) -> None:
        if self._data:
            found.append("\n".join(self._data))
        self._data.clear()
        self._size = 0


def encode(data: dict[str, Any], event: str | None = None) -> bytes:
    """One event of JSON."""
    return (b"event: %s\n" % event.encode() if event else b"") + b"data: " + packed(data) + b"\n\n"


def packed(value: Any) -> bytes:
    """JSON as short as it gets. Half a character, as some models send it, can only be written escaped."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()
