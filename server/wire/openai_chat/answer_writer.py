"""An answer as one completion, and the pieces of it that the stream shares. Pure."""

import json
from typing import Any

from server.wire.blocks import Answer, Block
from server.wire.events import Finish, FinishReason, ToolCallStart, Usage
from server.wire.loose import string
from server.wire.provenance import Signature, seal

_REASONS: dict[FinishReason, str] = {"length": "length", "context_full": "length", "refusal": "content_filter"}


def write_answer(
    answer: Answer, asked: dict[str, Any], *, response_id: str, created: int, key: bytes
) -> dict[str, Any]:
    """The body of an answer that is not streamed. ``asked`` is the client's own body."""
    text, refusal, thinking = (_text(answer, kind) for kind in ("text", "refusal", "reasoning"))
    if answer.finish.reason == "refusal" and not refusal:
        refusal = answer.finish.detail or ""
    calls = [_call(block) for block in answer.blocks if block.call is not None]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": text or (None if calls or refusal else ""),
        "refusal": refusal or None,
    }
    if thinking:
        message["reasoning_content"] = thinking
    if wants_details(asked):
        signed = [block.signature for block in answer.blocks if block.signature is not None]
        message |= {"reasoning_details": [detail(signature, key) for signature in signed]} if signed else {}
    if calls:
        message["tool_calls"] = calls
    reason = finish_reason(answer.finish, answer.calls)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    return {
        "id": response_id,
        "object": "chat.completion",
        "created": created,
        "model": string(asked.get("model")),
        "choices": [choice],
        "usage": write_usage(answer.usage),
    }


def finish_reason(finish: Finish, called: bool) -> str:
    return _REASONS.get(finish.reason) or ("tool_calls" if called else "stop")


def write_usage(usage: Usage) -> dict[str, Any]:
    """Everything that was cached or written is part of the prompt, reasoning is part of the completion."""
    return {
        "prompt_tokens": usage.input_total,
        "completion_tokens": usage.output_total,
        "total_tokens": usage.total,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": usage.cache_write_5m + usage.cache_write_long,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }


def wants_details(asked: dict[str, Any]) -> bool:
    """Whether the client can carry thinking that only its maker can read (OpenRouter's way of asking for it)."""
    return asked.get("include_reasoning") is True


def detail(signature: Signature, key: bytes) -> dict[str, Any]:
    return {"type": "reasoning.encrypted", "data": seal(signature, key)}


def extra_content(call: ToolCallStart) -> dict[str, Any]:
    """What the maker of a call put beside it, as it was."""
    return {"extra_content": json.loads(call.extra.data)} if call.extra is not None else {}


def _call(block: Block) -> dict[str, Any]:
    call = block.call
    assert call is not None
    if block.custom:
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": block.text}}
    function = {"name": call.name, "arguments": block.text or "{}"}
    return {"id": call.id, "type": "function", "function": function} | extra_content(call)


def _text(answer: Answer, kind: str) -> str:
    between = "\n\n" if kind == "reasoning" else ""
    return between.join(block.text for block in answer.blocks if block.kind == kind)
