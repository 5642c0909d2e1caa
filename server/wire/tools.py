"""What the wires make of tools alike: arguments, custom tools without a grammar, what belongs to a call. Pure."""

import json
from collections.abc import Sequence
from typing import Any

from server.wire.request import Content, Request, TextPart, Tool, ToolCallPart, ToolResultPart

TOOL_ERROR = "[tool error] "
"""Stands before a result that is a failure, on the wires that have no other way to say so."""

_REFUSED = ("$schema", "$id", "additionalProperties", "exclusiveMinimum", "exclusiveMaximum", "propertyNames")
_INPUT = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}


def input_schema(tool: Tool) -> dict[str, Any]:
    """The schema of a tool's arguments; a custom tool becomes a function of one string."""
    if not tool.custom:
        return tool.schema
    definition = (tool.format or {}).get("definition")
    described = {"description": f"text of this grammar:\n{definition}"} if definition else {}
    return _INPUT | {"properties": {"input": {"type": "string"} | described}}


def simplified(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without the words that Gemini refuses."""
    simple: dict[str, Any] = {}
    for word, value in schema.items():
        if word in _REFUSED:
            continue
        if word in ("properties", "$defs") and isinstance(value, dict):
            simple[word] = {name: _simplified(inner) for name, inner in value.items()}
        elif word in ("enum", "const", "default", "required"):
            simple[word] = value
        else:
            simple[word] = _simplified(value)
    return simple


def _simplified(value: Any) -> Any:
    if isinstance(value, dict):
        return simplified(value)
    return [_simplified(item) for item in value] if isinstance(value, list) else value


def wrapped(text: str) -> str:
    """The input of a custom tool as the arguments of the function that stands for it."""
    return json.dumps({"input": text}, ensure_ascii=False)


def unwrapped(arguments: str) -> str:
    """The other way round; arguments of another shape are the input themselves."""
    try:
        given = json.loads(arguments)
    except ValueError:
        return arguments
    if isinstance(given, dict) and isinstance(given.get("input"), str):
        return str(given["input"])
    return arguments


def arguments_object(arguments: str) -> tuple[dict[str, Any], bool]:
    """The arguments as the object that they should be, and whether that is what they were."""
    if not arguments.strip():
        return {}, True
    try:
        given = json.loads(arguments)
    except ValueError:
        return {"_raw": arguments}, False
    return (given, True) if isinstance(given, dict) else ({"value": given}, True)


def result(call_id: str, parts: Sequence[Content], *, custom: bool = False) -> ToolResultPart:
    """A result as those wires carry it, which may say that it is a failure."""
    first = parts[0] if parts else None
    if not isinstance(first, TextPart) or not first.text.startswith(TOOL_ERROR):
        return ToolResultPart(call_id, tuple(parts), custom=custom)
    rest = first.text.removeprefix(TOOL_ERROR)
    told = (TextPart(rest),) if rest else ()
    return ToolResultPart(call_id, (*told, *parts[1:]), is_error=True, custom=custom)


def extra_for(request: Request, call: ToolCallPart, family: str | None) -> dict[str, Any]:
    """What ``call`` carries for its maker, if this is its maker."""
    if call.extra is None:
        return {}
    if call.extra.provider != family:
        request.drop("extra_content")
        return {}
    given, _ = arguments_object(call.extra.data)
    return given
