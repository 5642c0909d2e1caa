"""An answer as one response, and the items of it that the stream shares. Pure."""

from typing import Any

from server.wire.blocks import Answer, Block
from server.wire.events import Finish, Usage
from server.wire.loose import items, string
from server.wire.provenance import Signature, seal

_ECHOED: dict[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "truncation": "disabled",
}
"""What a response repeats of its request, with what holds where that says nothing."""
_PREFIXES = {"reasoning": "rs", "text": "msg", "refusal": "msg", "call": "fc"}


def write_answer(
    answer: Answer, asked: dict[str, Any], *, response_id: str, created: int, key: bytes
) -> dict[str, Any]:
    """The body of an answer that is not streamed. ``asked`` is the client's own body."""
    output: list[dict[str, Any]] = []
    for block in answer.blocks:
        if block.call is not None:
            output += carried(block.call.extra, response_id, len(output), asked, key)
        written = item(block, response_id, len(output), asked, key)
        if block.kind != "reasoning" or block.pieces or "encrypted_content" in written:
            output.append(written)
    return response(asked, response_id, created) | ended(answer.finish, output, answer.usage)


def response(asked: dict[str, Any], response_id: str, created: int) -> dict[str, Any]:
    """A response that is under way. Nothing is ever stored, whatever was asked."""
    echoed = {field: default if asked.get(field) is None else asked[field] for field, default in _ECHOED.items()}
    return {
        "id": response_id,
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": string(asked.get("model")),
        "output": [],
        "previous_response_id": None,
        "store": False,
        "usage": None,
    } | echoed


def ended(finish: Finish, output: list[dict[str, Any]], usage: Usage) -> dict[str, Any]:
    """What changes in a response when it ends."""
    refused = any(part.get("type") == "refusal" for item in output for part in items(item.get("content")))
    reasons = {"length": "max_output_tokens", "context_full": "max_output_tokens"}
    if finish.reason == "refusal" and not refused:
        reasons["refusal"] = "content_filter"
    reason = reasons.get(finish.reason)
    status = {"status": "incomplete", "incomplete_details": {"reason": reason}} if reason else {"status": "completed"}
    return status | {"output": output, "usage": write_usage(usage)}


def write_usage(usage: Usage) -> dict[str, Any]:
    """Everything that was cached or written is part of the input, reasoning is part of the output."""
    return {
        "input_tokens": usage.input_total,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": usage.cache_write_5m + usage.cache_write_long,
        },
        "output_tokens": usage.output_total,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total,
    }


def item(block: Block, response_id: str, place: int, asked: dict[str, Any], key: bytes) -> dict[str, Any]:
    """A complete item of the output."""
    item_id = id_of(block, response_id, place)
    text, call = block.text, block.call
    if block.kind == "reasoning":
        summary = [{"type": "summary_text", "text": text}] if text else []
        return {"id": item_id, "type": "reasoning", "summary": summary} | sealed(block.signature, asked, key)
    if call is None:
        content = [part(block.kind, text)]
        return {"id": item_id, "type": "message", "role": "assistant", "status": "completed", "content": content}
    named = {"id": item_id, "call_id": call.id, "name": call.name}
    if block.custom:
        return {"type": "custom_tool_call", "input": text} | named
    return {"type": "function_call", "arguments": text or "{}", "status": "completed"} | named


def part(kind: str, text: str) -> dict[str, Any]:
    if kind == "refusal":
        return {"type": "refusal", "refusal": text}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def id_of(block: Block, response_id: str, place: int) -> str:
    prefix = "ctc" if block.custom else _PREFIXES[block.kind]
    return f"{prefix}_{response_id.removeprefix('resp_')}_{place}"


def sealed(signature: Signature | None, asked: dict[str, Any], key: bytes) -> dict[str, Any]:
    """What only the maker of the thinking can read, for clients that ask to carry it."""
    if signature is None or "reasoning.encrypted_content" not in items(asked.get("include")):
        return {}
    return {"encrypted_content": seal(signature, key)}


def carried(
    extra: Signature | None, response_id: str, place: int, asked: dict[str, Any], key: bytes
) -> list[dict[str, Any]]:
    """An item of thinking without text, which brings back what belongs to the call after it."""
    content = sealed(extra, asked, key)
    if not content:
        return []
    return [{"id": f"rs_{response_id.removeprefix('resp_')}_{place}", "type": "reasoning", "summary": []} | content]
