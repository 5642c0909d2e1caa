"""Puts an answer's events into blocks that follow one another, which is how people read and most wires stream. Pure."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Literal

from server.wire.events import (
    Event,
    Finish,
    Reasoning,
    ReasoningEnd,
    Text,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    Usage,
)
from server.wire.provenance import Signature
from server.wire.tools import unwrapped

BlockKind = Literal["text", "refusal", "reasoning", "call"]


@dataclass(slots=True)
class Block:
    kind: BlockKind
    pieces: list[str] = field(default_factory=list)
    """What has come and was not passed on yet."""
    ended: bool = False
    signature: Signature | None = None
    """Of thinking: known when it ends, or at once when it has no text."""
    call: ToolCallStart | None = None
    custom: bool = False
    """A call whose arguments are plain text."""
    held: bool = False
    """Nothing can be passed on before all of it is there."""

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class Sequence:
    """Feed it events: it opens, fills and closes one block at a time, and what interleaves waits its turn.

    ``custom`` are the names of tools that take plain text but had to be offered as functions.
    """

    def __init__(
        self,
        opened: Callable[[Block], None],
        added: Callable[[Block, str], None],
        closed: Callable[[Block], None],
        custom: Collection[str] = (),
    ) -> None:
        self._opened, self._added, self._closed = opened, added, closed
        self._custom = custom
        self._blocks: list[Block] = []
        """The open one, and those that wait behind it."""
        self._calls: dict[int, Block] = {}

    def take(self, event: Event) -> None:
        if isinstance(event, Text):
            if event.text:
                self._add(self._flowing("refusal" if event.refusal else "text"), event.text)
        elif isinstance(event, Reasoning):
            if event.text and not event.between:
                self._add(self._flowing("reasoning"), event.text)
        elif isinstance(event, ReasoningEnd):
            self._end_reasoning(event.signature)
        elif isinstance(event, ToolCallStart):
            custom = event.custom or event.name in self._custom
            held = custom and not event.custom
            self._calls[event.index] = self._start(Block("call", call=event, custom=custom, held=held))
        elif isinstance(event, ToolCallDelta):
            self._add(self._calls[event.index], event.arguments)
        elif isinstance(event, ToolCallEnd):
            self._end(self._calls[event.index])
        elif isinstance(event, Finish):
            for block in self._blocks:
                block.ended = True
            self._advance()

    def _flowing(self, kind: BlockKind) -> Block:
        """The last block, if it goes on with ``kind``; a new one otherwise."""
        last = self._blocks[-1] if self._blocks else None
        if last is not None and last.kind == kind and not last.ended:
            return last
        return self._start(Block(kind))

    def _end_reasoning(self, signature: Signature | None) -> None:
        last = self._blocks[-1] if self._blocks else None
        if last is not None and last.kind == "reasoning" and not last.ended:
            last.signature = signature
            self._end(last)
        elif signature is not None:
            self._end(self._start(Block("reasoning", signature=signature)))

    def _start(self, block: Block) -> Block:
        last = self._blocks[-1] if self._blocks else None
        if last is not None and last.kind != "call":
            last.ended = True
        self._blocks.append(block)
        if len(self._blocks) == 1:
            self._opened(block)
        else:
            self._advance()
        return block

    def _add(self, block: Block, text: str) -> None:
        if block.ended:
            return
        if block is self._blocks[0] and not block.held:
            self._added(block, text)
        else:
            block.pieces.append(text)

    def _end(self, block: Block) -> None:
        block.ended = True
        self._advance()

    def _advance(self) -> None:
        """Closes what has ended at the front, and lets the next one say what it has."""
        while self._blocks and self._blocks[0].ended:
            block = self._blocks.pop(0)
            if block.held:
                self._added(block, unwrapped(block.text))
            self._closed(block)
            if self._blocks:
                following = self._blocks[0]
                self._opened(following)
                if following.pieces and not following.held:
                    self._added(following, following.text)
                    following.pieces.clear()


@dataclass(slots=True)
class Answer:
    """A whole answer: its blocks in order, each with all of its text, how it ended, and what it used."""

    blocks: list[Block]
    finish: Finish
    usage: Usage

    @property
    def calls(self) -> bool:
        return any(block.kind == "call" for block in self.blocks)


class Collector:
    """Builds the answer from its events."""

    def __init__(self, custom: Collection[str] = ()) -> None:
        self._whole: list[Block] = []
        self._sequence = Sequence(self._open, self._add, self._close, custom)
        self._finish: Finish | None = None
        self._usage = Usage()

    def take(self, event: Event) -> None:
        self._sequence.take(event)
        if isinstance(event, Usage):
            self._usage = event
        elif isinstance(event, Finish):
            self._finish = event

    @property
    def answer(self) -> Answer:
        """Once it is finished."""
        return Answer(self._whole, self._finish or Finish("stop"), self._usage)

    def _open(self, block: Block) -> None:
        self._whole.append(Block(block.kind, signature=block.signature, call=block.call, custom=block.custom))

    def _add(self, block: Block, text: str) -> None:
        self._whole[-1].pieces.append(text)

    def _close(self, block: Block) -> None:
        self._whole[-1].signature = block.signature
