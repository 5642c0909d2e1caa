"""The body of ``POST /v1/responses`` to the canonical request, for upstreams that keep nothing. Pure."""

from typing import Any

from server.errors import BadRequest
from server.wire.asking import Reading, Turns, level, model_of, needs, number, output, texts, whole
from server.wire.loose import items, mapping, mappings, name, string
from server.wire.openai_chat.tool_reader import choose
from server.wire.openai_responses.item_reader import read_items
from server.wire.request import Request, TextPart, Tool, ToolChoice

_KNOWN = {
    "model",
    "input",
    "instructions",
    "stream",
    "stream_options",
    "store",
    "max_output_tokens",
    "temperature",
    "top_p",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "reasoning",
    "text",
    "include",
    "prompt_cache_key",
    "service_tier",
    "metadata",
    "background",
}
_KEPT = ("previous_response_id", "conversation", "prompt")
_FUNCTION = {"type", "name", "description", "parameters", "strict"}
_ENCRYPTED = "reasoning.encrypted_content"


def read_request(body: dict[str, Any], key: bytes) -> Request:
    """Raises BadRequest. ``key`` opens the envelopes that this server wrote."""
    for field in _KEPT:
        if body.get(field) is not None:
            raise BadRequest(
                f"{field} needs a provider that keeps it, which this model's does not: send the whole input"
            )
    if body.get("background") is True:
        raise BadRequest("background needs a provider that keeps the response, which this model's does not")
    reading = Reading(key)
    said = {field: value for field, value in body.items() if (field, value) != ("truncation", "disabled")}
    reading.unknown(said, _KNOWN)
    if body.get("store") is True:
        reading.drop("store")
    for wanted in items(body.get("include")):
        if wanted != _ENCRYPTED:
            reading.drop(f"include.{wanted}")
    turns = Turns()
    instructions = name(body.get("instructions"))
    system = [TextPart(instructions)] if instructions else []
    given = body.get("input")
    if isinstance(given, str):
        turns.user(TextPart(given))
    else:
        read_items(reading, turns, system, needs(given, list, "input"))
    if not turns and not system:
        raise BadRequest("input is empty: ask something")
    tools = tuple(_tools(reading, body))
    reasoning, text = mapping(body.get("reasoning")), mapping(body.get("text"))
    reading.unknown(reasoning, ("effort", "summary", "generate_summary"), "reasoning")
    return Request(
        model=model_of(body),
        messages=turns.messages,
        system=tuple(system),
        max_output_tokens=whole(body, "max_output_tokens"),
        temperature=number(body, "temperature"),
        top_p=number(body, "top_p"),
        tools=tools,
        tool_choice=_choice(reading, body.get("tool_choice"), tools),
        parallel_tool_calls=False if body.get("parallel_tool_calls") is False else None,
        output=output(mapping(text.get("format"))),
        effort=level(reasoning.get("effort"), "reasoning.effort", reading),
        show_reasoning=bool(reasoning.get("summary") or reasoning.get("generate_summary")),
        keep_reasoning=_ENCRYPTED in items(body.get("include")),
        verbosity=name(text.get("verbosity")),
        service_tier=name(body.get("service_tier")),
        metadata=texts(mapping(body.get("metadata"))),
        cache_key=name(body.get("prompt_cache_key")),
        dropped=reading.dropped,
    )


def _tools(reading: Reading, body: dict[str, Any]) -> list[Tool]:
    tools: list[Tool] = []
    for place, tool in enumerate(mappings(body.get("tools"))):
        called, described = string(tool.get("name")), name(tool.get("description"))
        if tool.get("type") == "function":
            reading.unknown(tool, _FUNCTION, f"tools[{place}]")
            strict = tool.get("strict")
            parameters = mapping(tool.get("parameters")) or None
            tools.append(Tool(called, described, parameters, strict if isinstance(strict, bool) else None))
        elif tool.get("type") == "custom":
            tools.append(Tool(called, described, custom=True, format=mapping(tool.get("format")) or None))
        else:
            reading.drop(f"tools[{place}]")
    return tools


def _choice(reading: Reading, choice: Any, tools: tuple[Tool, ...]) -> ToolChoice | None:
    if choice is None or not tools:
        return None
    if choice == "required":
        return ToolChoice("any")
    if isinstance(choice, str):
        return ToolChoice("none") if choice == "none" else ToolChoice("auto")
    given = mapping(choice)
    if given.get("type") == "allowed_tools":
        names = tuple(string(tool.get("name")) for tool in mappings(given.get("tools")))
        return choose(reading, "any" if given.get("mode") == "required" else "auto", names, tools)
    return choose(reading, "tool", (string(given.get("name")),), tools)
