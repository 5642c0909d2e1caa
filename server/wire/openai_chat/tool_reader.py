"""The tools of a completion's request, old style and new, and which of them the model may call. Pure."""

from collections.abc import Iterator
from typing import Any, Literal

from server.wire.asking import Reading
from server.wire.loose import mapping, mappings, name, string
from server.wire.request import Tool, ToolChoice

_MODES: dict[Any, Literal["auto", "any", "none"]] = {"auto": "auto", "required": "any", "none": "none"}


def read_tools(reading: Reading, body: dict[str, Any]) -> Iterator[Tool]:
    for place, tool in enumerate(mappings(body.get("tools"))):
        path = f"tools[{place}]"
        function, custom = mapping(tool.get("function")), mapping(tool.get("custom"))
        if tool.get("type") == "custom" and custom:
            yield Tool(string(custom.get("name")), name(custom.get("description")), custom=True, format=_format(custom))
        elif function:
            reading.unknown(function, ("name", "description", "parameters", "strict"), path)
            yield _function(function)
        else:
            reading.drop(path)
    for function in mappings(body.get("functions")):
        yield _function(function)


def read_choice(reading: Reading, body: dict[str, Any], tools: tuple[Tool, ...]) -> ToolChoice | None:
    choice = body.get("tool_choice")
    if choice is None and body.get("function_call") is not None:
        legacy = body["function_call"]
        choice = {"function": legacy} if isinstance(legacy, dict) else legacy
    if choice is None or not tools:
        return None
    if isinstance(choice, str):
        return ToolChoice(_MODES[choice]) if choice in _MODES else None
    given = mapping(choice)
    allowed = mapping(given.get("allowed_tools"))
    if allowed:
        names = tuple(_named(tool) for tool in mappings(allowed.get("tools")))
        return choose(reading, _MODES.get(string(allowed.get("mode")), "auto"), names, tools)
    return choose(reading, "tool", (_named(given),), tools)


def choose(
    reading: Reading, mode: Literal["auto", "any", "none", "tool"], names: tuple[str, ...], tools: tuple[Tool, ...]
) -> ToolChoice | None:
    """The choice among the tools that are left: one that names a tool which had to be dropped goes with it."""
    offered = {tool.name for tool in tools}
    left = tuple(name for name in names if name in offered)
    if len(left) < len(names):
        reading.drop("tool_choice")
    return ToolChoice(mode, left) if left else None


def _named(choice: dict[str, Any]) -> str:
    return string((mapping(choice.get("function")) or mapping(choice.get("custom"))).get("name"))


def _function(function: dict[str, Any]) -> Tool:
    strict = function.get("strict")
    return Tool(
        string(function.get("name")),
        name(function.get("description")),
        mapping(function.get("parameters")) or None,
        strict if isinstance(strict, bool) else None,
    )


def _format(custom: dict[str, Any]) -> dict[str, Any] | None:
    """The same as in the Responses format, without the box around it."""
    given = mapping(custom.get("format"))
    grammar = mapping(given.get("grammar"))
    return {"type": "grammar"} | grammar if grammar else given or None
