"""Canonical events to Anthropic's stream of one message. Pure."""

from typing import Any

from server.wire.anthropic_messages.answer_writer import (
    hidden,
    message,
    stop,
    thinking_signature,
    thinking_wanted,
    write_usage,
)
from server.wire.anthropic_messages.request_writer import tool_id
from server.wire.blocks import Block
from server.wire.errors import Problem, anthropic_body
from server.wire.events import Finish, Usage
from server.wire.sse import encode, packed
from server.wire.stream_writer import StreamWriter
from server.wire.tools import wrapped

PING = b'event: ping\ndata: {"type":"ping"}\n\n'
_COUNTED = (
    "input_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
    "output_tokens_details",
)


class Writer(StreamWriter):
    """``message_start (ping | block_start block_delta* block_stop)* message_delta message_stop``, blocks in turn."""

    _index = -1
    _before = b""
    """Everything of a delta that stands before its text."""
    _hidden = False

    def begin(self) -> None:
        self._thinking = thinking_wanted(self.asked)
        start = message(self.response_id, self.model, [])
        usage = write_usage(self.usage or Usage(input=self._estimate)) | {"output_tokens": 0}
        self._event("message_start", message=start | {"usage": usage})

    def opened(self, block: Block) -> None:
        if block.kind == "reasoning" and self._thinking == "none":
            return
        self._hidden = block.kind == "reasoning" and block.signature is not None and not block.pieces
        if self._hidden and block.signature is not None:
            self._start(hidden(block.signature, self._key))
        elif block.call is not None:
            call = block.call
            if call.extra is not None:
                self._start(hidden(call.extra, self._key))
                self._stop()
            self._start({"type": "tool_use", "id": tool_id(call.id), "name": call.name, "input": {}})
            self._deltas("input_json_delta", "partial_json")
        elif block.kind == "reasoning":
            self._start({"type": "thinking", "thinking": "", "signature": ""})
            self._deltas("thinking_delta", "thinking")
        else:
            self._start({"type": "text", "text": ""})
            self._deltas("text_delta", "text")

    def added(self, block: Block, text: str) -> None:
        if block.kind == "reasoning" and self._thinking != "full":
            return
        if block.custom:
            text = wrapped(text)
        self.say(self._before + packed(text) + b"}}\n\n")

    def closed(self, block: Block) -> None:
        if block.kind == "reasoning" and self._thinking == "none":
            return
        if block.kind == "reasoning" and not self._hidden:
            delta = {"type": "signature_delta", "signature": thinking_signature(block, self._key)}
            self._event("content_block_delta", index=self._index, delta=delta)
        self._stop()

    def finished(self, finish: Finish) -> None:
        usage = write_usage(self.usage or Usage(input=self._estimate))
        delta = stop(finish, self.called)
        self._event("message_delta", delta=delta, usage={field: usage[field] for field in _COUNTED})
        self._event("message_stop")

    def failed(self, problem: Problem) -> None:
        self.say(encode(anthropic_body(problem), "error"))

    def beat(self) -> None:
        self.say(PING)

    def _start(self, block: dict[str, Any]) -> None:
        self._index += 1
        self._event("content_block_start", index=self._index, content_block=block)

    def _deltas(self, kind: str, field: str) -> None:
        frame = 'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"%s","%s":'
        self._before = (frame % (self._index, kind, field)).encode()

    def _stop(self) -> None:
        self._event("content_block_stop", index=self._index)

    def _event(self, kind: str, **data: Any) -> None:
        self.say(encode({"type": kind} | data, kind))
