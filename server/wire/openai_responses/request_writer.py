"""Canonical request to the body of ``POST /responses``. Pure."""

from collections.abc import Iterator
from typing import Any

from server.errors import BadRequest
from server.wire.media import data_url, unreadable, written_out
from server.wire.request import (
    Content,
    DocumentPart,
    ImagePart,
    Message,
    ReasoningPart,
    Request,
    TextPart,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)
from server.wire.tools import TOOL_ERROR

MAX_STOP = 0
"""This wire has no stop sequences: whoever asks has to watch the text."""
_LEAST_OUTPUT = 16
"""Fewer tokens are refused, and some clients ask for one to see whether a model is there."""


def write_request(request: Request, *, family: str = "openai") -> dict[str, Any]:
    """The body, streamed. OpenAI stores nothing unless it runs in the background.

    ``family`` is the provider's, for what only its maker may get back.
    """
    last = request.messages[-1] if request.messages else None
    if last is not None and last.role == "assistant" and last.parts and isinstance(last.parts[-1], TextPart):
        raise BadRequest("this model cannot go on with an answer that was begun: let the user have the last word")
    body: dict[str, Any] = {
        "model": request.model,
        "input": [item for message in request.messages for item in _items(request, message, family)],
        "stream": True,
        "stream_options": {"include_obfuscation": False},
        "store": request.background,
    }
    if request.background:
        body["background"] = True
    named = {
        "instructions": request.system_text or None,
        "max_output_tokens": _limit(request),
        "temperature": request.temperature,
        "top_p": request.top_p,
        "prompt_cache_key": request.cache_key or None,
        "service_tier": request.service_tier,
        "metadata": request.metadata or None,
        "text": _text(request) or None,
        "include": ["reasoning.encrypted_content"] if request.keep_reasoning else None,
    }
    body |= {field: value for field, value in named.items() if value is not None}
    if request.effort is not None:
        body["reasoning"] = {"effort": request.effort}
        if request.show_reasoning and request.effort != "none":
            body["reasoning"]["summary"] = "auto"
    if request.top_k is not None:
        request.drop("top_k")
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        if request.tool_choice is not None:
            body["tool_choice"] = _choice(request.tool_choice, request)
        if request.parallel_tool_calls is not None:
            body["parallel_tool_calls"] = request.parallel_tool_calls
    return body


def _limit(request: Request) -> int | None:
    wanted = request.max_output_tokens
    if wanted is None or wanted >= _LEAST_OUTPUT:
        return wanted
    request.drop("max_output_tokens")
    return _LEAST_OUTPUT


def _items(request: Request, message: Message, family: str) -> Iterator[dict[str, Any]]:
    """What a message shows stays together; calls, results and thinking are items of their own, in order."""
    shown: list[Content] = []
    for part in message.parts:
        if isinstance(part, Content):
            shown.append(part)
            continue
        if shown:
            yield _message(message, shown)
            shown = []
        if isinstance(part, ToolCallPart):
            yield _call(request, part)
        elif isinstance(part, ToolResultPart):
            yield _result(part)
        else:
            yield from _reasoning(request, part, family)
    if shown or not message.parts:
        yield _message(message, shown)


def _message(message: Message, parts: list[Content]) -> dict[str, Any]:
    role = "developer" if message.role == "system" else message.role
    if all(isinstance(part, TextPart) for part in parts):
        return {"role": role, "content": "".join(part.text for part in parts if isinstance(part, TextPart))}
    if message.role == "assistant":
        raise BadRequest("a picture or document in an assistant's message cannot be sent to this model")
    return {"role": role, "content": [_content(part) for part in parts]}


def _content(part: Content) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "input_text", "text": part.text}
    if isinstance(part, ImagePart):
        return {"type": "input_image", "detail": part.detail or "auto", "image_url": part.url or data_url(part)}
    return _document(part)


def _document(part: DocumentPart) -> dict[str, Any]:
    if part.url is not None:
        return {"type": "input_file", "file_url": part.url}
    if part.is_text:
        return {"type": "input_text", "text": written_out(part)}
    if part.media_type != "application/pdf":
        raise unreadable(part)
    return {"type": "input_file", "filename": part.name or "document.pdf", "file_data": data_url(part)}


def _call(request: Request, call: ToolCallPart) -> dict[str, Any]:
    if call.extra is not None:
        request.drop("extra_content")
    if call.custom:
        return {"type": "custom_tool_call", "call_id": call.id, "name": call.name, "input": call.arguments}
    return {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments or "{}"}


def _result(result: ToolResultPart) -> dict[str, Any]:
    kind = "custom_tool_call_output" if result.custom else "function_call_output"
    parts = list(result.parts)
    if result.is_error:
        parts.insert(0, TextPart(TOOL_ERROR))
    output: Any = [_content(part) for part in parts]
    if all(isinstance(part, TextPart) for part in parts):
        output = "".join(part.text for part in parts if isinstance(part, TextPart))
    return {"type": kind, "call_id": result.call_id, "output": output}


def _reasoning(request: Request, part: ReasoningPart, family: str) -> Iterator[dict[str, Any]]:
    signature = part.signature
    if signature is None or signature.provider != family or not signature.data or signature.id is None:
        request.drop("reasoning")
        return
    summary = [{"type": "summary_text", "text": part.text}] if part.text else []
    yield {"type": "reasoning", "id": signature.id, "summary": summary, "encrypted_content": signature.data}


def _tool(tool: Tool) -> dict[str, Any]:
    said = {"description": tool.description} if tool.description is not None else {}
    if tool.custom:
        return {"type": "custom", "name": tool.name} | said | ({"format": tool.format} if tool.format else {})
    # Both are demanded, and a schema that was not written for the strict mode would be refused in it.
    function = {"type": "function", "name": tool.name, "parameters": tool.schema, "strict": tool.strict or False}
    return function | said


def _choice(choice: ToolChoice, request: Request) -> Any:
    def named(name: str) -> dict[str, Any]:
        custom = any(tool.custom for tool in request.tools if tool.name == name)
        return {"type": "custom" if custom else "function", "name": name}

    mode = {"any": "required"}.get(choice.mode, choice.mode)
    if choice.mode == "tool":
        return named(choice.names[0])
    if choice.names:
        return {"type": "allowed_tools", "mode": mode, "tools": [named(name) for name in choice.names]}
    return mode


def _text(request: Request) -> dict[str, Any]:
    text: dict[str, Any] = {"verbosity": request.verbosity} if request.verbosity is not None else {}
    output = request.output
    if output is None:
        return text
    if output.schema is None:
        return text | {"format": {"type": "json_object"}}
    schema = {"type": "json_schema", "name": output.name, "schema": output.schema, "strict": output.strict}
    if output.description is not None:
        schema["description"] = output.description
    return text | {"format": schema}
