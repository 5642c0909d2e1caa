"""Puts the pieces of a completion's tool calls together, in whatever order servers send them. Pure."""

import json
from collections.abc import Iterator
from typing import Any

from server.ids import new_id
from server.wire.events import Event, ToolCallDelta, ToolCallEnd, ToolCallStart
from server.wire.loose import mapping, mappings, name, string
from server.wire.provenance import Signature


class _Call:
    def __init__(self, place: Any) -> None:
        self.place = place
        self.index: int | None = None
        self.id: str | None = None
        self.name = ""
        self.custom = False
        self.extra: dict[str, Any] = {}
        self.pieces: list[str] = []
        self.ended = False

    def is_whole(self) -> bool:
        """Whether the arguments are an object that is closed: then no more of them can come."""
        try:
            return isinstance(json.loads("".join(self.pieces)), dict)
        except ValueError:
            return False


class CallReader:
    """A call starts when its name is known, and ends when its arguments are closed and the next one has begun."""

    def __init__(self, family: str) -> None:
        self._family = family
        self._calls: list[_Call] = []
        self._last: _Call | None = None
        self._started = 0

    @property
    def any(self) -> bool:
        return self._started > 0

    def read(self, delta: dict[str, Any]) -> Iterator[Event]:
        for piece in mappings(delta.get("tool_calls")):
            yield from self._piece(piece)
        legacy = mapping(delta.get("function_call"))
        if legacy:
            yield from self._piece({"index": 0, "function": legacy})

    def end(self) -> Iterator[Event]:
        """Ends what is still open. A call that never got a name was none."""
        for call in self._calls:
            if call.index is not None and not call.ended:
                call.ended = True
                yield ToolCallEnd(call.index)

    def _piece(self, piece: dict[str, Any]) -> Iterator[Event]:
        kind = "custom" if piece.get("custom") else "function"
        said = mapping(piece.get(kind))
        call = self._call(piece, said)
        last, self._last = self._last, call
        if last is not None and last is not call and last.index is not None and not last.ended and last.is_whole():
            last.ended = True
            yield ToolCallEnd(last.index)
        call.id = call.id or name(piece.get("id"))
        call.name = call.name or string(said.get("name"))
        call.custom = call.custom or kind == "custom"
        call.extra = call.extra or mapping(piece.get("extra_content"))
        arguments = said.get("input") if kind == "custom" else said.get("arguments")
        # Some servers give the object itself.
        text = json.dumps(arguments, ensure_ascii=False) if isinstance(arguments, dict) else string(arguments)
        yield from self._take(call, text)

    def _take(self, call: _Call, text: str) -> Iterator[Event]:
        if call.ended:
            return
        if text:
            call.pieces.append(text)
        if call.index is None:
            if not call.name:
                return
            call.index, self._started = self._started, self._started + 1
            call.id = call.id or f"call_{new_id()}"
            extra = Signature(self._family, json.dumps(call.extra), call=call.id) if call.extra else None
            yield ToolCallStart(call.index, call.id, call.name, call.custom, extra)
            text = "".join(call.pieces)
        if text:
            yield ToolCallDelta(call.index, text)

    def _call(self, piece: dict[str, Any], said: dict[str, Any]) -> _Call:
        """The call that a piece belongs to: by its index, unless that was given to two calls (Gemini)."""
        place, given = piece.get("index"), name(piece.get("id"))
        if place is None and given is None and not said.get("name") and self._last is not None:
            return self._last
        same = [call for call in self._calls if (call.id == given if place is None else call.place == place)]
        if same and not (given is not None and said.get("name") and same[-1].id not in (None, given)):
            return same[-1]
        call = _Call(place)
        self._calls.append(call)
        return call
