"""Anthropic's stream events to canonical events. Pure."""

import json
from collections.abc import Iterator
from typing import Any

from server.wire.charged import charged
from server.wire.events import (
    Event,
    Failure,
    Finish,
    FinishReason,
    Reasoning,
    ReasoningEnd,
    Start,
    Text,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    Usage,
)
from server.wire.loose import count, mapping, name, string
from server.wire.provenance import Signature

_REASONS: dict[str, FinishReason] = {
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "refusal",
    "model_context_window_exceeded": "context_full",
}


class Reader:
    """Reads one streamed message, event by event. ``family`` is the provider's, whose signatures it will see."""

    def __init__(self, family: str = "anthropic") -> None:
        self._family = family
        self._usage: dict[str, Any] = {}
        self._finish: Finish | None = None
        self._thought = False
        self._block: dict[str, Any] = {}
        self._signature = ""
        self._calls = 0
        self._silent = True
        """The open call has had no arguments yet."""

    def read(self, frame: dict[str, Any]) -> Iterator[Event | Failure]:
        kind = frame.get("type")
        if kind == "content_block_delta":
            yield from self._delta(mapping(frame.get("delta")))
        elif kind == "content_block_start":
            yield from self._open(mapping(frame.get("content_block")))
        elif kind == "content_block_stop":
            yield from self._close()
        elif kind == "message_start":
            message = mapping(frame.get("message"))
            yield Start(name(message.get("id")), name(message.get("model")))
            yield from self._count(mapping(message.get("usage")))
        elif kind == "message_delta":
            self._end(mapping(frame.get("delta")))
            yield from self._count(mapping(frame.get("usage")))
        elif kind == "message_stop":
            yield self._finish or Finish("stop")
        elif kind == "error" or "error" in frame:
            yield read_error(mapping(frame.get("error")))

    def end(self, done: bool) -> Iterator[Event | Failure]:
        """The connection ended. A complete stream has said so itself, so there is nothing to add."""
        yield from ()

    def _open(self, block: dict[str, Any]) -> Iterator[Event]:
        self._block, self._signature = block, ""
        kind = block.get("type")
        if kind == "thinking":
            if self._thought:
                yield Reasoning("\n\n", between=True)
            self._thought = True
            self._signature = string(block.get("signature"))
            if block.get("thinking"):
                yield Reasoning(string(block["thinking"]))
        elif kind == "text" and block.get("text"):
            yield Text(string(block["text"]))
        elif kind == "tool_use":
            self._silent = True
            yield ToolCallStart(self._calls, string(block.get("id")), string(block.get("name")))

    def _delta(self, delta: dict[str, Any]) -> Iterator[Event]:
        kind = delta.get("type")
        if kind == "text_delta" and delta.get("text"):
            yield Text(string(delta["text"]))
        elif kind == "thinking_delta" and delta.get("thinking"):
            yield Reasoning(string(delta["thinking"]))
        elif kind == "signature_delta":
            self._signature += string(delta.get("signature"))
        elif kind == "input_json_delta" and delta.get("partial_json") and self._block.get("type") == "tool_use":
            self._silent = False
            yield ToolCallDelta(self._calls, string(delta["partial_json"]))

    def _close(self) -> Iterator[Event]:
        block, self._block = self._block, {}
        kind = block.get("type")
        if kind == "thinking":
            yield ReasoningEnd(Signature(self._family, self._signature) if self._signature else None)
        elif kind == "redacted_thinking":
            yield ReasoningEnd(Signature(self._family, string(block.get("data")), redacted=True))
        elif kind == "tool_use":
            if self._silent and mapping(block.get("input")):
                yield ToolCallDelta(self._calls, json.dumps(block["input"], ensure_ascii=False))
            yield ToolCallEnd(self._calls)
            self._calls += 1

    def _end(self, delta: dict[str, Any]) -> None:
        reason = name(delta.get("stop_reason"))
        if reason is not None:
            details = mapping(delta.get("stop_details"))
            detail = name(details.get("explanation")) or name(details.get("category"))
            self._finish = Finish(_REASONS.get(reason, "stop"), detail, name(delta.get("stop_sequence")))

    def _count(self, usage: dict[str, Any]) -> Iterator[Event]:
        # Counts are cumulative, and a later event leaves out what has not changed.
        self._usage |= {key: value for key, value in usage.items() if value is not None}
        if usage:
            yield read_usage(self._usage)


def read_usage(usage: dict[str, Any]) -> Usage:
    """``input_tokens`` is uncached input alone; ``output_tokens`` has the thinking in it."""
    by_ttl = mapping(usage.get("cache_creation"))
    write_long = count(by_ttl.get("ephemeral_1h_input_tokens"))
    write = max(
        count(usage.get("cache_creation_input_tokens")),
        write_long + count(by_ttl.get("ephemeral_5m_input_tokens")),
    )
    output = count(usage.get("output_tokens"))
    thinking = min(count(mapping(usage.get("output_tokens_details")).get("thinking_tokens")), output)
    speed, tier = name(usage.get("speed")), name(usage.get("service_tier"))
    return Usage(
        input=count(usage.get("input_tokens")),
        cache_read=count(usage.get("cache_read_input_tokens")),
        cache_write_5m=write - write_long,
        cache_write_long=write_long,
        output=output - thinking,
        reasoning=thinking,
        web_searches=count(mapping(usage.get("server_tool_use")).get("web_search_requests")),
        provider_cost_nanos=charged(usage),
        tier=next((value for value in (speed, tier) if value not in (None, "standard")), None),
        raw=dict(usage),
    )


def read_error(error: dict[str, Any]) -> Failure:
    return Failure(string(error.get("message")) or "the message failed", code=name(error.get("type")))
