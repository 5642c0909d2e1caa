"""Canonical request to the body of ``POST /v1/messages``. Pure."""

import re
from base64 import b32encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from server.errors import BadRequest
from server.wire.anthropic_messages.thinking import LEVELS, Thinking, room, think
from server.wire.media import encoded, unreadable
from server.wire.request import (
    Content,
    DocumentPart,
    Effort,
    ImagePart,
    Message,
    Part,
    ReasoningPart,
    Request,
    TextPart,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)
from server.wire.tools import arguments_object, input_schema, wrapped

MAX_STOP = None
IMAGES = ("image/png", "image/jpeg", "image/webp", "image/gif")
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_ANY_JSON = "Answer with one JSON object and nothing else."


def write_request(
    request: Request,
    *,
    thinking: Thinking = "adaptive",
    efforts: tuple[Effort, ...] = LEVELS,
    max_output: int | None = None,
    family: str = "anthropic",
) -> dict[str, Any]:
    """The body, streamed.

    ``thinking``, ``efforts`` and ``max_output`` are what the model takes. A temperature goes only with a
    request that does not think, because the two exclude each other. ``family`` is the provider's, for what only
    its maker may get back.
    """
    body: dict[str, Any] = {
        "model": request.model,
        "messages": _messages(request, family),
        "max_tokens": room(request, thinking, max_output),
        "stream": True,
    }
    if request.system:
        body["system"] = _system(request)
    if request.output is not None:
        body |= _output(request, body)
    if request.cache_key:
        # The last block becomes a breakpoint: the next turn reads the conversation from the cache.
        body["cache_control"] = {"type": "ephemeral"}
    tools = _tools(request)
    if tools:
        body |= tools
    if request.effort is not None:
        forced = body.get("tool_choice", {}).get("type") in ("any", "tool")
        if forced and request.effort != "none":
            request.drop("thinking")
        else:
            thought = think(request, request.effort, thinking, efforts, max_output)
            config = body.get("output_config", {}) | thought.get("output_config", {})
            body |= thought | ({"output_config": config} if config else {})
    _sample(request, body)
    if request.stop:
        # Blanks alone are refused.
        sequences = [sequence for sequence in request.stop if sequence.strip()]
        body |= {"stop_sequences": sequences} if sequences else {}
        if len(sequences) < len(request.stop):
            request.drop("stop_sequences")
    for field in ("verbosity", "service_tier", "metadata"):
        if getattr(request, field):
            request.drop(field)
    return body


def _sample(request: Request, body: dict[str, Any]) -> None:
    thinks = body.get("thinking", {"type": "disabled"})["type"] != "disabled"
    temperature = request.temperature
    if temperature is not None and not thinks:
        body["temperature"] = min(temperature, 1.0)
        if temperature > 1:
            request.drop("temperature")
    for field, value in (("top_p", request.top_p), ("top_k", request.top_k)):
        if value is not None and not thinks:
            body[field] = value
    if thinks:
        for field in ("temperature", "top_p", "top_k"):
            if getattr(request, field) is not None:
                request.drop(field)


def _system(request: Request) -> Any:
    if isinstance(request.system, str):
        return request.system
    return [_content(part) for part in request.system_parts if part.text.strip()]


def _output(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    output = request.output
    if output is not None and output.schema is not None:
        return {"output_config": {"format": {"type": "json_schema", "schema": output.schema}}}
    request.drop("response_format")
    system = body.get("system", "")
    if isinstance(system, str):
        return {"system": f"{system}\n\n{_ANY_JSON}".strip()}
    return {"system": [*system, {"type": "text", "text": _ANY_JSON}]}


def _messages(request: Request, family: str) -> list[dict[str, Any]]:
    """Messages of nothing are left out; those of one role may follow each other."""
    written = [
        {"role": "assistant" if message.role == "assistant" else "user", "content": _blocks(request, message, family)}
        for message in request.messages
    ]
    return [message for message in written if message["content"]]


def _blocks(request: Request, message: Message, family: str) -> list[dict[str, Any]]:
    if message.role == "system":
        said = message.text.strip()
        return [{"type": "text", "text": f"<system-reminder>\n{said}\n</system-reminder>"}] if said else []
    parts: Iterable[Part] = message.parts
    if message.role == "user":
        parts = sorted(message.parts, key=lambda part: not isinstance(part, ToolResultPart))
    return [block for part in parts for block in _part(request, part, family)]


def _part(request: Request, part: Part, family: str) -> list[dict[str, Any]]:
    if isinstance(part, TextPart):
        # The format refuses a block of nothing.
        return [_content(part)] if part.text.strip() else []
    if isinstance(part, ToolCallPart):
        return [_call(request, part)]
    if isinstance(part, ToolResultPart):
        return [_result(part)]
    if isinstance(part, ReasoningPart):
        return _reasoning(request, part, family)
    return [_content(part)]


def _content(part: Content) -> dict[str, Any]:
    block: dict[str, Any]
    if isinstance(part, TextPart):
        block = {"type": "text", "text": part.text}
    elif part.url is not None:
        block = {
            "type": "image" if isinstance(part, ImagePart) else "document",
            "source": {"type": "url", "url": part.url},
        }
    elif isinstance(part, ImagePart):
        if part.media_type not in IMAGES:
            raise BadRequest(f"a picture of type {part.media_type} cannot be sent to this model: send PNG or JPEG")
        source = {"type": "base64", "media_type": part.media_type, "data": encoded(part.data)}
        block = {"type": "image", "source": source}
    else:
        block = _document(part)
    return block


def _document(part: DocumentPart) -> dict[str, Any]:
    named = {"title": part.name} if part.name else {}
    if part.media_type == "application/pdf":
        source = {"type": "base64", "media_type": "application/pdf", "data": encoded(part.data)}
    elif part.is_text:
        source = {"type": "text", "media_type": "text/plain", "data": part.data.decode("utf-8", "replace")}
    else:
        raise unreadable(part)
    return {"type": "document", "source": source} | named


def _call(request: Request, call: ToolCallPart) -> dict[str, Any]:
    if call.extra is not None:
        request.drop("extra_content")
    given, whole = arguments_object(wrapped(call.arguments) if call.custom else call.arguments)
    if not whole:
        request.drop(f"{call.id}.arguments")
    return {"type": "tool_use", "id": tool_id(call.id), "name": call.name, "input": given}


def _result(result: ToolResultPart) -> dict[str, Any]:
    content: Any = [_content(part) for part in result.parts if not isinstance(part, TextPart) or part.text.strip()]
    if all(isinstance(part, TextPart) for part in result.parts):
        content = result.text
    block = {"type": "tool_result", "tool_use_id": tool_id(result.call_id), "content": content}
    return block | ({"is_error": True} if result.is_error else {})


def _reasoning(request: Request, part: ReasoningPart, family: str) -> list[dict[str, Any]]:
    signature = part.signature
    if signature is None or signature.provider != family or not signature.data:
        request.drop("reasoning")
        return []
    if signature.redacted:
        return [{"type": "redacted_thinking", "data": signature.data}]
    return [{"type": "thinking", "thinking": part.text, "signature": signature.data}]


def tool_id(given: str) -> str:
    """The id of a call in the letters that this wire takes; the same one for the call and its result."""
    if _ID.fullmatch(given):
        return given
    return "tu_" + b32encode(sha256(given.encode()).digest()).decode()[:24].lower()


def _tools(request: Request) -> dict[str, Any]:
    choice, tools = request.tool_choice, list(request.tools)
    if choice is not None and choice.mode != "tool" and choice.names:
        tools = [tool for tool in tools if tool.name in choice.names]
    if not tools:
        # A history with calls is refused where no tool is offered.
        seen = dict.fromkeys(call.name for call in request.calls())
        return {"tools": [_tool(Tool(name)) for name in seen]} if seen else {}
    body: dict[str, Any] = {"tools": [_tool(tool) for tool in tools]}
    if choice is not None:
        body["tool_choice"] = _choice(choice)
    if request.parallel_tool_calls is False and body.get("tool_choice", {}).get("type") != "none":
        body["tool_choice"] = body.get("tool_choice", {"type": "auto"}) | {"disable_parallel_tool_use": True}
    return body


def _tool(tool: Tool) -> dict[str, Any]:
    written: dict[str, Any] = {"name": tool.name, "input_schema": input_schema(tool)}
    if tool.description is not None:
        written["description"] = tool.description
    if tool.strict is not None:
        written["strict"] = tool.strict
    return written


def _choice(choice: ToolChoice) -> dict[str, Any]:
    return {"type": "tool", "name": choice.names[0]} if choice.mode == "tool" else {"type": choice.mode}
