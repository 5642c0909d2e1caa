"""An answer as one message of Anthropic's, and the pieces of it that the stream shares. Pure."""

from typing import Any, Literal

from server.wire.anthropic_messages.request_writer import tool_id
from server.wire.blocks import Answer, Block
from server.wire.events import Finish, FinishReason, Usage
from server.wire.loose import mapping, string
from server.wire.provenance import Signature, seal
from server.wire.tools import arguments_object, wrapped

_REASONS: dict[FinishReason, str] = {
    "length": "max_tokens",
    "refusal": "refusal",
    "context_full": "model_context_window_exceeded",
}
_UNSIGNED = Signature("none")


def write_answer(
    answer: Answer, asked: dict[str, Any], *, response_id: str, created: int, key: bytes
) -> dict[str, Any]:
    """The body of an answer that is not streamed. ``asked`` is the client's own body."""
    thinking = thinking_wanted(asked)
    content = [written for block in answer.blocks for written in _blocks(block, thinking, key)]
    ended = stop(answer.finish, answer.calls)
    return message(response_id, string(asked.get("model")), content) | ended | {"usage": write_usage(answer.usage)}


def message(response_id: str, model: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    """A message without its end."""
    return {
        "id": response_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
    }


def stop(finish: Finish, called: bool) -> dict[str, Any]:
    """How a message ended; a call without a call, or the other way round, would leave the client waiting."""
    reason = _REASONS.get(finish.reason)
    if reason is None:
        ordinary = "stop_sequence" if finish.stop_sequence is not None else "end_turn"
        reason = "tool_use" if called else ordinary
    details = {"type": "refusal", "category": None, "explanation": finish.detail}
    return {
        "stop_reason": reason,
        "stop_sequence": finish.stop_sequence if reason == "stop_sequence" else None,
    } | ({"stop_details": details} if reason == "refusal" else {})


def write_usage(usage: Usage) -> dict[str, Any]:
    writes = {
        "ephemeral_5m_input_tokens": usage.cache_write_5m,
        "ephemeral_1h_input_tokens": usage.cache_write_long,
    }
    return {
        "input_tokens": usage.input + usage.image_input,
        "cache_creation_input_tokens": usage.cache_write_5m + usage.cache_write_long,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation": writes,
        "output_tokens": usage.output_total,
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
    }


def hidden(signature: Signature, key: bytes) -> dict[str, Any]:
    """A block that clients keep and send back, but do not show."""
    return {"type": "redacted_thinking", "data": seal(signature, key)}


def thinking_signature(block: Block, key: bytes) -> str:
    """Never the provider's own: no one but its maker may take it for a true one."""
    return seal(block.signature or _UNSIGNED, key)


def thinking_wanted(asked: dict[str, Any]) -> Literal["full", "signed", "none"]:
    """A client that did not ask for thinking expects text in the first block."""
    thinking = mapping(asked.get("thinking"))
    if thinking.get("type") not in ("adaptive", "enabled"):
        return "none"
    return "signed" if thinking.get("display") == "omitted" else "full"


def _blocks(block: Block, thinking: str, key: bytes) -> list[dict[str, Any]]:
    if block.kind == "reasoning" and thinking == "none":
        return []
    if block.kind == "reasoning":
        if not block.pieces and block.signature is not None:
            return [hidden(block.signature, key)]
        shown = block.text if thinking == "full" else ""
        return [{"type": "thinking", "thinking": shown, "signature": thinking_signature(block, key)}]
    call = block.call
    if call is None:
        return [{"type": "text", "text": block.text}]
    given, _ = arguments_object(wrapped(block.text) if block.custom else block.text)
    written = {"type": "tool_use", "id": tool_id(call.id), "name": call.name, "input": given}
    return [hidden(call.extra, key), written] if call.extra is not None else [written]
