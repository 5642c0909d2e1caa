"""A stream that is passed on as it comes: cut into frames, each looked at just enough to know what it is."""

import json
import re
from typing import Any, Literal

from server.calls.meter import Meter
from server.gateway.surface import Surface, Wire
from server.wire.events import Event, Failure, Finish, Text
from server.wire.loose import mapping, mappings
from server.wire.sse import MAX_EVENT

Kind = Literal["opening", "content", "usage", "end", "failure", "other"]
"""``opening`` says nothing yet; after it another upstream can still be asked."""

_BREAK = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_DATA = re.compile(rb"^data:[ ]?(.*)$", re.MULTILINE)
_TEXT = re.compile(
    rb'"(?:content|text|thinking|partial_json|arguments|delta|reasoning_content|reasoning|refusal)"\s*:\s*'
    rb'"((?:[^"\\]|\\.)*)"'
)
_PLAIN: dict[Wire, re.Pattern[bytes]] = {
    "chat": re.compile(rb'(?!.*(?:"usage"\s*:\s*\{|"finish_reason"\s*:\s*"|"error"\s*:))data:\s*\{.*\s*\Z', re.DOTALL),
    "messages": re.compile(rb"event:\s*content_block_delta\s*\n"),
    "responses": re.compile(rb"event:\s*response\.[a-z_.]+\.delta\s*\n"),
}
"""Matches a frame that is one more piece of the answer and nothing else."""


class Splitter:
    """Any chunking gives the same frames; what is not whole yet waits."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> list[bytes]:
        """Raises ValueError when a frame is too large."""
        rest = self._rest
        if rest and rest[-1:] != b"\r" and b"\r" not in chunk and b"\n\n" not in rest[-1:] + chunk:
            # The middle of one large frame: looking at all of it with each piece would take ever longer.
            rest += chunk
            return self._kept([])
        data = bytes(rest) + chunk if rest else chunk
        if b"\r" in data:
            return self._feed_odd(data)
        parts = data.split(b"\n\n")
        self._rest = bytearray(parts.pop())
        return self._kept([part + b"\n\n" for part in parts if part])

    def _feed_odd(self, data: bytes) -> list[bytes]:
        found, start = [], 0
        for end in _BREAK.finditer(data):
            found.append(data[start : end.end()])
            start = end.end()
        self._rest = bytearray(data[start:])
        return self._kept(found)

    def _kept(self, found: list[bytes]) -> list[bytes]:
        if len(self._rest) > MAX_EVENT:
            raise ValueError("a frame of the stream is too large")
        return found

    def end(self) -> list[bytes]:
        """What came without the blank line that should have closed it."""
        rest, self._rest = bytes(self._rest), bytearray()
        return [rest.rstrip() + b"\n\n"] if rest.strip() else []


class Tap:
    """Counts for ``meter`` what goes by, and says of each frame what it is."""

    def __init__(self, surface: Surface, meter: Meter) -> None:
        self._wire = surface.wire
        self._plain = _PLAIN[surface.wire]
        self._reader = surface.codec.Reader()
        self._meter = meter
        self._begun = False
        self.failure: Failure | None = None
        self.finished = False
        """The upstream said that this is all."""

    def see(self, frame: bytes) -> Kind:
        if self._begun and self._plain.match(frame) is not None:
            text = _TEXT.search(frame)
            if text is not None and text[1]:
                self._meter.see(Text(text[1].decode("utf-8", "replace")))
            return "content"
        data = b"\n".join(_DATA.findall(frame)).strip()
        if not data:
            return "other"
        if data.startswith(b"[DONE]"):
            self._take(self._reader.end(done=True))
            return "end"
        try:
            value = json.loads(data)
        except ValueError:
            return "other"
        return self._read(value) if isinstance(value, dict) else "other"

    def end(self) -> None:
        """The body is over; a server that never says [DONE] may have said all the same why it stopped."""
        if not self.finished:
            self._take(self._reader.end(done=False))

    def _read(self, value: dict[str, Any]) -> Kind:
        self._take(self._reader.read(value))
        if self.failure is not None:
            return "failure"
        if self.finished:
            return "end"
        kind = _kind(self._wire, value)
        self._begun = self._begun or kind == "content"
        return kind

    def _take(self, events: Any) -> None:
        for event in events:
            found: Event | Failure = event
            if isinstance(found, Failure):
                self.failure = found
            else:
                self._meter.see(found)
                self.finished = self.finished or isinstance(found, Finish)


def _kind(wire: Wire, value: dict[str, Any]) -> Kind:
    kind = value.get("type")
    if wire == "messages":
        return "opening" if kind in ("message_start", "ping") else "content"
    if wire == "responses":
        return "opening" if kind in ("response.created", "response.in_progress", "response.queued") else "content"
    choices = mappings(value.get("choices"))
    if not choices:
        return "usage" if value.get("usage") else "opening"
    said = any(given for choice in choices for field, given in mapping(choice.get("delta")).items() if field != "role")
    return "content" if said or any(choice.get("finish_reason") for choice in choices) else "opening"
