"""What the three streams that are written have in common: an answer's events in, the wire's bytes out. Pure."""

from abc import ABC, abstractmethod
from typing import Any

from server.wire.blocks import Block, Sequence
from server.wire.errors import Problem
from server.wire.events import Event, Finish, Usage
from server.wire.loose import mapping, mappings, string


class StreamWriter(ABC):
    """Writes one answer. It begins with its first content, or with a heartbeat, and ends exactly once.

    ``asked`` is the client's own body: its model is what the answer says it is from. ``key`` seals what is only
    for another provider. ``input_tokens`` is an estimate, for wires that tell the input before the answer.
    """

    def __init__(
        self, asked: dict[str, Any], *, response_id: str, created: int, key: bytes, input_tokens: int = 0
    ) -> None:
        self.asked = asked
        self.model = string(asked.get("model"))
        self.response_id = response_id
        self.created = created
        self.usage: Usage | None = None
        self.begun = self.over = False
        self.called = self.refused = False
        self._key = key
        self._estimate = input_tokens
        self._sequence = Sequence(self._open, self.added, self.closed, custom_names(asked))
        self._out: list[bytes] = []

    def write(self, event: Event) -> bytes:
        """What ``event`` adds to the stream, often nothing."""
        if isinstance(event, Usage):
            self.usage = event
            return b""
        if self.over:
            return b""
        self._sequence.take(event)
        if isinstance(event, Finish):
            self.over = True
            self._begin_once()
            self.finished(event)
        return self._taken()

    def fail(self, problem: Problem) -> bytes:
        """The end of an answer that broke off."""
        if self.over:
            return b""
        self.over = True
        self.failed(problem)
        return self._taken()

    def heartbeat(self) -> bytes:
        """A sign of life that the wire's clients understand."""
        if self.over:
            return b""
        self._begin_once()
        self.beat()
        return self._taken()

    def say(self, frame: bytes) -> None:
        self._out.append(frame)

    @abstractmethod
    def begin(self) -> None:
        """What stands before the first content."""

    @abstractmethod
    def opened(self, block: Block) -> None:
        """A block begins. One that waited for its turn has ``pieces`` already; they come right after."""

    @abstractmethod
    def added(self, block: Block, text: str) -> None:
        """More of the open block."""

    @abstractmethod
    def closed(self, block: Block) -> None:
        """The open block is complete."""

    @abstractmethod
    def finished(self, finish: Finish) -> None:
        """What stands after the last content."""

    @abstractmethod
    def failed(self, problem: Problem) -> None:
        """What stands instead of the end."""

    @abstractmethod
    def beat(self) -> None:
        """What keeps a silent connection open."""

    def _open(self, block: Block) -> None:
        self._begin_once()
        self.called = self.called or block.kind == "call"
        self.refused = self.refused or block.kind == "refusal"
        self.opened(block)

    def _begin_once(self) -> None:
        if not self.begun:
            self.begun = True
            self.begin()

    def _taken(self) -> bytes:
        if not self._out:
            return b""
        out = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out.clear()
        return out


def custom_names(asked: dict[str, Any]) -> frozenset[str]:
    """The client's tools that take plain text, on both of OpenAI's wires."""
    custom = [tool for tool in mappings(asked.get("tools")) if tool.get("type") == "custom"]
    return frozenset(string(tool.get("name")) or string(mapping(tool.get("custom")).get("name")) for tool in custom)
