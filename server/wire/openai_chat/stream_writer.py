"""Canonical events to the chunks of one completion. Pure."""

from typing import Any

from server.wire.blocks import Block
from server.wire.errors import Problem, openai_body
from server.wire.events import Finish, Usage
from server.wire.loose import mapping
from server.wire.openai_chat.answer_writer import detail, extra_content, finish_reason, wants_details, write_usage
from server.wire.sse import encode, packed
from server.wire.stream_writer import StreamWriter

PING = b": ping\n\n"
_DONE = b"data: [DONE]\n\n"
_FIELDS = {"text": b'"content":', "refusal": b'"refusal":', "reasoning": b'"reasoning_content":'}


class Writer(StreamWriter):
    """``role (content | reasoning_content | tool_calls)* finish_reason usage? [DONE]``"""

    _head = _tail = _before = b""
    _ordinal = -1
    _thought = _silent = False

    def begin(self) -> None:
        head = {
            "id": self.response_id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
        }
        counts = b',"usage":null' if self._counts else b""
        self._head = b"data: " + packed(head)[:-1] + b',"choices":[{"index":0,"delta":{'
        self._tail = b'},"logprobs":null,"finish_reason":null}]' + counts + b"}\n\n"
        self.say(self._head + b'"role":"assistant","content":""' + self._tail)

    def opened(self, block: Block) -> None:
        call = block.call
        if call is None:
            self._before = self._head + _FIELDS[block.kind]
            if block.kind == "reasoning" and self._thought and (block.pieces or not block.signature):
                self.say(self._before + b'"\\n\\n"' + self._tail)
            return
        self._ordinal, self._silent = self._ordinal + 1, True
        said: dict[str, Any] = {"type": "function", "function": {"name": call.name, "arguments": ""}}
        if block.custom:
            said = {"type": "custom", "custom": {"name": call.name, "input": ""}}
        entry = {"index": self._ordinal, "id": call.id} | said | extra_content(call)
        self._delta({"tool_calls": [entry]})

    def added(self, block: Block, text: str) -> None:
        if block.call is None:
            self._thought = self._thought or block.kind == "reasoning"
            self.say(self._before + packed(text) + self._tail)
            return
        self._silent = False
        said = {"custom": {"input": text}} if block.custom else {"function": {"arguments": text}}
        self._delta({"tool_calls": [{"index": self._ordinal} | said]})

    def closed(self, block: Block) -> None:
        if block.call is not None and self._silent and not block.custom:
            self._delta({"tool_calls": [{"index": self._ordinal, "function": {"arguments": "{}"}}]})
        if block.signature is not None and wants_details(self.asked):
            self._delta({"reasoning_details": [detail(block.signature, self._key)]})

    def finished(self, finish: Finish) -> None:
        if finish.reason == "refusal" and finish.detail and not self.refused:
            self._delta({"refusal": finish.detail})
        reason = packed(finish_reason(finish, self.called))
        self.say(self._head + self._tail.replace(b'"finish_reason":null', b'"finish_reason":' + reason))
        if self._counts:
            usage = packed(write_usage(self.usage or Usage(input=self._estimate)))
            head = self._head[: self._head.rindex(b',"choices"')]
            self.say(head + b',"choices":[],"usage":' + usage + b"}\n\n")
        self.say(_DONE)

    def failed(self, problem: Problem) -> None:
        self.say(encode(openai_body(problem)))

    def beat(self) -> None:
        self.say(PING)

    @property
    def _counts(self) -> bool:
        return mapping(self.asked.get("stream_options")).get("include_usage") is True

    def _delta(self, delta: dict[str, Any]) -> None:
        self.say(self._head + packed(delta)[1:-1] + self._tail)
