"""The body of ``POST /v1/chat/completions`` to the canonical request. Pure."""

import json
from typing import Any

from server.errors import BadRequest
from server.ids import new_id
from server.wire.asking import Reading, Turns, level, model_of, needs, number, output, picture, texts, whole
from server.wire.loose import items, mapping, mappings, name, string
from server.wire.media import decoded, split
from server.wire.openai_chat.tool_reader import read_choice, read_tools
from server.wire.provenance import Signature
from server.wire.request import (
    Content,
    DocumentPart,
    ImagePart,
    Part,
    ReasoningPart,
    Request,
    TextPart,
    ToolCallPart,
)
from server.wire.tools import result

_KNOWN = {
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "functions",
    "function_call",
    "response_format",
    "reasoning_effort",
    "verbosity",
    "service_tier",
    "metadata",
    "prompt_cache_key",
    "n",
    "modalities",
    "include_reasoning",
}
_MAKERS = {"google": "gemini"}
"""Whose extras are filed under which name."""


def read_request(body: dict[str, Any], key: bytes) -> Request:
    """Raises BadRequest. ``key`` opens the envelopes that this server wrote."""
    reading = Reading(key)
    # Nothing is kept anyway, so that a client that says so asks for nothing.
    reading.unknown({field: value for field, value in body.items() if (field, value) != ("store", False)}, _KNOWN)
    if body.get("n") not in (None, 1):
        raise BadRequest("n has to be 1: this model gives one answer at a time")
    if "audio" in items(body.get("modalities")):
        raise BadRequest("this model's provider does not speak: ask for text alone")
    system: list[TextPart] = []
    turns = Turns()
    for place, given in enumerate(needs(body.get("messages"), list, "messages")):
        _message(reading, turns, system, needs(given, dict, f"messages[{place}]"), f"messages[{place}]")
    if not turns and not system:
        raise BadRequest("messages is empty: ask something")
    tools = tuple(read_tools(reading, body))
    stop = body.get("stop")
    limit = "max_tokens" if body.get("max_completion_tokens") is None else "max_completion_tokens"
    return Request(
        model=model_of(body),
        messages=turns.messages,
        system=tuple(system),
        max_output_tokens=whole(body, limit),
        temperature=number(body, "temperature"),
        top_p=number(body, "top_p"),
        top_k=whole(body, "top_k"),
        stop=(stop,) if isinstance(stop, str) else tuple(string(sequence) for sequence in items(stop)),
        tools=tools,
        tool_choice=read_choice(reading, body, tools),
        parallel_tool_calls=False if body.get("parallel_tool_calls") is False else None,
        output=output(mapping(body.get("response_format")), "json_schema"),
        effort=level(body.get("reasoning_effort"), "reasoning_effort", reading),
        verbosity=name(body.get("verbosity")),
        service_tier=name(body.get("service_tier")),
        metadata=texts(mapping(body.get("metadata"))),
        cache_key=name(body.get("prompt_cache_key")),
        keep_reasoning=body.get("include_reasoning") is True,
        dropped=reading.dropped,
    )


def _message(reading: Reading, turns: Turns, system: list[TextPart], message: dict[str, Any], path: str) -> None:
    role, content = message.get("role"), message.get("content")
    if role in ("system", "developer"):
        reading.unknown(message, ("role", "content"), path)
        given = _contents(content, path)
        parts = [part for part in given if isinstance(part, TextPart)]
        if len(parts) < len(given):
            reading.drop(f"{path}.content")
        if turns:
            turns.system(*parts)
        else:
            system.append(TextPart("".join(part.text for part in parts)))
    elif role == "user":
        reading.unknown(message, ("role", "content"), path)
        turns.user(*_contents(content, path))
    elif role == "assistant":
        turns.assistant(*_assistant(reading, message, path))
    elif role == "tool":
        turns.user(result(string(message.get("tool_call_id")), _contents(content, path)))
    elif role == "function":
        named = string(message.get("name"))
        turns.user(result(turns.called.get(named, named), _contents(content, path)))
    else:
        raise BadRequest(f"{path}.role has to be system, developer, user, assistant or tool")


def _assistant(reading: Reading, message: dict[str, Any], path: str) -> list[Part]:
    known = ("role", "content", "refusal", "tool_calls", "function_call", "reasoning_content", "reasoning_details")
    reading.unknown(message, known, path)
    parts: list[Part] = []
    signature: Signature | None = None
    for detail in mappings(message.get("reasoning_details")):
        data = string(detail.get("data"))
        found = reading.signature(data, Signature("compatible"), f"{path}.reasoning_details") if data else None
        signature = found or signature
    thinking = string(message.get("reasoning_content"))
    if thinking or signature is not None:
        parts.append(ReasoningPart(thinking, signature))
    parts += [part for part in _contents(message.get("content"), path) if not isinstance(part, TextPart) or part.text]
    if message.get("refusal"):
        parts.append(TextPart(string(message["refusal"])))
    for call in mappings(message.get("tool_calls")):
        parts.append(_call(reading, call, path))
    legacy = mapping(message.get("function_call"))
    if legacy:
        called = string(legacy.get("name"))
        parts.append(ToolCallPart(f"call_{new_id()}", called, string(legacy.get("arguments"))))
    return parts


def _call(reading: Reading, call: dict[str, Any], path: str) -> ToolCallPart:
    call_id, custom = string(call.get("id")), mapping(call.get("custom"))
    extra = reading.extra(call_id)
    given = mapping(call.get("extra_content"))
    if given and extra is None:
        maker = next((_MAKERS[field] for field in given if field in _MAKERS), "compatible")
        extra = Signature(maker, json.dumps(given), call=call_id)
    if custom:
        return ToolCallPart(call_id, string(custom.get("name")), string(custom.get("input")), custom=True, extra=extra)
    function = mapping(call.get("function"))
    return ToolCallPart(call_id, string(function.get("name")), string(function.get("arguments")), extra=extra)


def _contents(content: Any, path: str) -> list[Content]:
    if content is None or isinstance(content, str):
        return [TextPart(content)] if content else []
    return [_content(part, f"{path}.content[{place}]") for place, part in enumerate(mappings(content))]


def _content(part: dict[str, Any], path: str) -> Content:
    kind = part.get("type")
    if kind == "text":
        return TextPart(string(part.get("text")))
    if kind == "refusal":
        return TextPart(string(part.get("refusal")))
    if kind == "image_url":
        image = part.get("image_url")
        given = {"url": image} if isinstance(image, str) else mapping(image)
        return _image(given, path)
    if kind == "file":
        return _file(mapping(part.get("file")), path)
    if kind == "input_audio":
        raise BadRequest(f"{path} is audio, which this model's provider cannot take")
    raise BadRequest(f"{path} is of type {kind}, which this model's provider cannot take")


def _image(image: dict[str, Any], path: str) -> ImagePart:
    return picture(string(image.get("url")), f"{path}.image_url", name(image.get("detail")))


def _file(file: dict[str, Any], path: str) -> DocumentPart:
    data = string(file.get("file_data"))
    if not data:
        raise BadRequest(f"{path} names a file that only its own provider has: send the file itself")
    media_type, content = split(data, path) or ("application/pdf", decoded(data, path))
    return DocumentPart(media_type, string(file.get("filename")), content)
