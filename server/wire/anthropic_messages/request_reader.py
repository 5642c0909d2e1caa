"""The body of ``POST /v1/messages`` to the canonical request. Pure."""

import json
from collections.abc import Iterator
from typing import Any

from server.errors import BadRequest
from server.wire.anthropic_messages.content_reader import read_contents
from server.wire.anthropic_messages.thinking import effort_of
from server.wire.asking import Reading, level, model_of, needs, number, whole
from server.wire.loose import count, items, mapping, mappings, name, string
from server.wire.provenance import Signature
from server.wire.request import (
    Effort,
    Message,
    Output,
    Part,
    ReasoningPart,
    Request,
    TextPart,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)

_KNOWN = {
    "model",
    "messages",
    "system",
    "max_tokens",
    "stop_sequences",
    "temperature",
    "top_p",
    "top_k",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "stream",
}
_TOOL = {"type", "name", "description", "input_schema", "strict", "cache_control"}
_WITHOUT_SCHEMA = ("bash_", "text_editor_", "computer_", "memory_")
_ATTRIBUTION = "x-anthropic-billing-header:"
"""How Claude Code begins the block that is meant for Anthropic's books and not for a model."""
_FAMILY = "anthropic"


def read_request(body: dict[str, Any], key: bytes) -> Request:
    """Raises BadRequest. ``key`` opens the envelopes that this server wrote."""
    reading = Reading(key)
    reading.unknown(body, _KNOWN)
    if body.get("max_tokens") == 0:
        raise BadRequest("max_tokens 0 only warms Anthropic's own cache: ask this model for at least one token")
    config = mapping(body.get("output_config"))
    reading.unknown(config, ("effort", "format"), "output_config")
    messages = [
        message
        for place, given in enumerate(needs(body.get("messages"), list, "messages"))
        for message in _message(reading, needs(given, dict, f"messages[{place}]"), f"messages[{place}]")
    ]
    if not messages:
        raise BadRequest("messages is empty: ask something")
    tools = tuple(_tools(reading, mappings(body.get("tools"))))
    choice = mapping(body.get("tool_choice"))
    effort, shown = _thinking(reading, body, config)
    return Request(
        model=model_of(body),
        messages=tuple(messages),
        system=_system(reading, body.get("system")),
        max_output_tokens=whole(body, "max_tokens"),
        temperature=number(body, "temperature"),
        top_p=number(body, "top_p"),
        top_k=whole(body, "top_k"),
        stop=tuple(string(sequence) for sequence in items(body.get("stop_sequences"))),
        tools=tools,
        tool_choice=_choice(reading, choice, tools),
        parallel_tool_calls=False if choice.get("disable_parallel_tool_use") is True else None,
        output=_output(config),
        effort=effort,
        show_reasoning=shown,
        keep_reasoning=shown,
        dropped=reading.dropped,
    )


def _system(reading: Reading, system: Any) -> str | tuple[TextPart, ...] | None:
    if system is None or isinstance(system, str):
        return system or None
    parts: list[TextPart] = []
    for place, block in enumerate(mappings(system)):
        text = string(block.get("text"))
        if place == 0 and text.startswith(_ATTRIBUTION):
            reading.drop("system[0]")
        elif text:
            reading.unmarked(block)
            parts.append(TextPart(text))
    return tuple(parts)


def _message(reading: Reading, message: dict[str, Any], path: str) -> Iterator[Message]:
    role, content = message.get("role"), message.get("content")
    reading.unknown(message, ("role", "content"), path)
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else mappings(content)
    if role == "system":
        yield Message("system", tuple(read_contents(reading, blocks, f"{path}.content")))
        return
    if role not in ("user", "assistant"):
        raise BadRequest(f"{path}.role has to be user, assistant or system")
    parts: list[Part] = []
    for place, block in enumerate(blocks):
        here = f"{path}.content[{place}]"
        if block.get("type") == "mid_conv_system":
            if parts:
                yield Message(role, tuple(parts))
                parts = []
            yield Message("system", tuple(read_contents(reading, mappings(block.get("content")), here)))
        else:
            parts += _part(reading, block, here)
    if parts or not blocks:
        yield Message(role, tuple(parts))


def _part(reading: Reading, block: dict[str, Any], path: str) -> list[Part]:
    kind = string(block.get("type"))
    if kind == "tool_use":
        reading.unknown(block, ("type", "id", "name", "input", "cache_control", "caller"), path)
        arguments = json.dumps(mapping(block.get("input")), ensure_ascii=False)
        call_id = string(block.get("id"))
        reading.unmarked(block)
        return [ToolCallPart(call_id, string(block.get("name")), arguments, extra=reading.extra(call_id))]
    if kind == "tool_result":
        return [_result(reading, block, path)]
    if kind == "thinking":
        native = Signature(_FAMILY, string(block.get("signature")))
        signature = reading.signature(native.data, native, path)
        return [ReasoningPart(string(block.get("thinking")), signature)]
    if kind == "redacted_thinking":
        native = Signature(_FAMILY, string(block.get("data")), redacted=True)
        signature = reading.signature(native.data, native, path)
        return [ReasoningPart("", signature)] if signature else []
    if kind.endswith("_tool_result") or kind in ("server_tool_use", "mcp_tool_use"):
        reading.drop(path)
        return []
    return list(read_contents(reading, [block], path))


def _result(reading: Reading, block: dict[str, Any], path: str) -> ToolResultPart:
    content = block.get("content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) and content else mappings(content)
    reading.unmarked(block)
    return ToolResultPart(
        string(block.get("tool_use_id")),
        tuple(read_contents(reading, blocks, f"{path}.content")),
        is_error=block.get("is_error") is True,
    )


def _tools(reading: Reading, tools: list[dict[str, Any]]) -> Iterator[Tool]:
    for place, tool in enumerate(tools):
        kind = tool.get("type")
        path = f"tools[{place}]"
        if kind in (None, "custom"):
            reading.unknown(tool, _TOOL, path)
            reading.unmarked(tool)
            yield Tool(
                string(tool.get("name")),
                name(tool.get("description")),
                mapping(tool.get("input_schema")) or None,
                tool.get("strict") if isinstance(tool.get("strict"), bool) else None,
            )
        elif str(kind).startswith(_WITHOUT_SCHEMA):
            raise BadRequest(f"the tool {kind} has no schema and works with Anthropic's own models alone")
        else:
            reading.drop(path)


def _choice(reading: Reading, choice: dict[str, Any], tools: tuple[Tool, ...]) -> ToolChoice | None:
    kind = choice.get("type")
    if kind == "tool":
        wanted = string(choice.get("name"))
        if any(tool.name == wanted for tool in tools):
            return ToolChoice("tool", (wanted,))
        reading.drop("tool_choice")
        return None
    if kind == "auto" or not tools:
        return ToolChoice("auto") if kind == "auto" and tools else None
    return ToolChoice("any") if kind == "any" else ToolChoice("none") if kind == "none" else None


def _thinking(reading: Reading, body: dict[str, Any], config: dict[str, Any]) -> tuple[Effort | None, bool]:
    """The level, and whether the client wants to see the thinking."""
    thinking = mapping(body.get("thinking"))
    wanted = level(config.get("effort"), "output_config.effort", reading)
    kind = thinking.get("type")
    shown = kind in ("adaptive", "enabled") and thinking.get("display") != "omitted"
    if kind == "disabled":
        return "none", False
    if kind == "enabled" and wanted is None:
        return effort_of(count(thinking.get("budget_tokens"))), shown
    return wanted, shown


def _output(config: dict[str, Any]) -> Output | None:
    form = mapping(config.get("format"))
    return Output(mapping(form.get("schema"))) if form.get("type") == "json_schema" else None
