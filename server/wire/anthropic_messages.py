"""Anthropic's Messages format: canonical request to body, stream events to canonical events. Pure."""

from collections.abc import Iterator
from typing import Any, Literal

from server.wire.events import Event, Failure, Finish, FinishReason, Reasoning, Start, Text, Usage
from server.wire.loose import count, mapping, name, string
from server.wire.request import EFFORTS, Effort, Request

Thinking = Literal["adaptive", "enabled", "none"]
"""How a model is told to think: by an effort of its own choosing, by a budget of tokens, or it does not."""

BUDGETS: dict[Effort, int] = {
    "minimal": 1024,
    "low": 1024,
    "medium": 8192,
    "high": 16384,
    "xhigh": 32000,
    "max": 32000,
}
"""Tokens of thinking for models that take a budget."""

_SMALLEST_BUDGET = 1024
_DEFAULT_MAX_TOKENS = 8192
_LEVELS: tuple[Effort, ...] = ("low", "medium", "high", "xhigh", "max")
_REASONS: dict[str, FinishReason] = {
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "refusal",
    "model_context_window_exceeded": "context_full",
}


def write_request(
    request: Request,
    *,
    thinking: Thinking = "adaptive",
    efforts: tuple[Effort, ...] = _LEVELS,
    max_output: int | None = None,
) -> dict[str, Any]:
    """The body of ``POST /v1/messages``, streamed.

    ``thinking``, ``efforts`` and ``max_output`` are what the model takes. A temperature goes only with a
    request that does not think, because the two exclude each other.
    """
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [
            {"role": message.role, "content": [{"type": "text", "text": message.text}]}
            for message in request.messages
            # The format refuses a block of nothing.
            if message.text.strip()
        ],
        "max_tokens": _room(request, thinking, max_output),
        "stream": True,
    }
    if request.system:
        body["system"] = request.system
    if request.cache_key:
        # The last block becomes a breakpoint: the next turn reads the conversation from the cache.
        body["cache_control"] = {"type": "ephemeral"}
    if request.effort is not None:
        body |= _think(request, request.effort, thinking, efforts, max_output)
    if request.temperature is not None and body.get("thinking", {"type": "disabled"})["type"] == "disabled":
        body["temperature"] = min(request.temperature, 1.0)
    return body | request.extra


def _room(request: Request, thinking: Thinking, max_output: int | None) -> int:
    """``max_tokens``, which the format demands. A model that thinks takes it out of the same purse."""
    if request.max_output_tokens is not None:
        return request.max_output_tokens
    headroom = 0 if thinking == "none" or request.effort == "none" else BUDGETS[request.effort or "medium"]
    room = _DEFAULT_MAX_TOKENS + headroom
    return min(room, max_output) if max_output else room


def _think(
    request: Request, effort: Effort, thinking: Thinking, efforts: tuple[Effort, ...], max_output: int | None
) -> dict[str, Any]:
    if thinking == "none":
        return {}
    if effort == "none":
        return {"thinking": {"type": "disabled"}} if "none" in efforts else {}
    if thinking == "adaptive":
        shown = "summarized" if request.show_reasoning else "omitted"
        body: dict[str, Any] = {"thinking": {"type": "adaptive", "display": shown}}
        level = clamp(effort, efforts)
        return body | ({"output_config": {"effort": level}} if level else {})
    wanted = request.max_output_tokens or _DEFAULT_MAX_TOKENS
    room = min(wanted + BUDGETS[effort], max_output or wanted + BUDGETS[effort])
    # The answer keeps at least half of a small limit: a budget that eats all of it leaves nothing to read.
    budget = min(BUDGETS[effort], max(room - wanted, room // 2))
    if budget < _SMALLEST_BUDGET:
        return {}
    return {"max_tokens": room, "thinking": {"type": "enabled", "budget_tokens": budget}}


def clamp(effort: Effort, efforts: tuple[Effort, ...]) -> Effort | None:
    """The nearest level of Anthropic's at or below ``effort`` that the model takes, else its lowest."""
    known = [level for level in _LEVELS if level in efforts]
    below = [level for level in known if EFFORTS.index(level) <= EFFORTS.index(effort)]
    return below[-1] if below else next(iter(known), None)


class Reader:
    """Reads one streamed message, event by event."""

    def __init__(self) -> None:
        self._usage: dict[str, Any] = {}
        self._finish: Finish | None = None
        self._thought = False

    def read(self, frame: dict[str, Any]) -> Iterator[Event | Failure]:
        kind = frame.get("type")
        if kind == "content_block_delta":
            yield from self._delta(mapping(frame.get("delta")))
        elif kind == "content_block_start":
            yield from self._block(mapping(frame.get("content_block")))
        elif kind == "message_start":
            message = mapping(frame.get("message"))
            yield Start(name(message.get("id")), name(message.get("model")))
            yield from self._count(mapping(message.get("usage")))
        elif kind == "message_delta":
            delta = mapping(frame.get("delta"))
            reason = name(delta.get("stop_reason"))
            if reason is not None:
                details = mapping(delta.get("stop_details"))
                detail = name(details.get("explanation")) or name(details.get("category"))
                self._finish = Finish(_REASONS.get(reason, "stop"), detail)
            yield from self._count(mapping(frame.get("usage")))
        elif kind == "message_stop":
            yield self._finish or Finish("stop")
        elif kind == "error" or "error" in frame:
            yield read_error(mapping(frame.get("error")))

    def end(self, done: bool) -> Iterator[Event | Failure]:
        """The connection ended. A complete stream has said so itself, so there is nothing to add."""
        yield from ()

    def _block(self, block: dict[str, Any]) -> Iterator[Event]:
        if block.get("type") == "thinking":
            if self._thought:
                yield Reasoning("\n\n")
            self._thought = True
            if block.get("thinking"):
                yield Reasoning(string(block["thinking"]))
        elif block.get("type") == "text" and block.get("text"):
            yield Text(string(block["text"]))

    def _delta(self, delta: dict[str, Any]) -> Iterator[Event]:
        if delta.get("type") == "text_delta" and delta.get("text"):
            yield Text(string(delta["text"]))
        elif delta.get("type") == "thinking_delta" and delta.get("thinking"):
            yield Reasoning(string(delta["thinking"]))

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
        tier=next((value for value in (speed, tier) if value not in (None, "standard")), None),
        raw=dict(usage),
    )


def read_error(error: dict[str, Any]) -> Failure:
    return Failure(string(error.get("message")) or "the message failed", code=name(error.get("type")))
