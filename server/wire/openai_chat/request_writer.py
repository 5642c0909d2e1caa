"""Canonical request to the body of ``POST /chat/completions``. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from server.errors import BadRequest
from server.wire.media import contents, data_url, results, unreadable, written_out
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
from server.wire.tools import TOOL_ERROR, extra_for, input_schema, simplified, wrapped

MAX_STOP = 4
_OPENAIS_OWN = ("verbosity", "service_tier", "metadata")
_KNOWS_THEM = ("openai", "openrouter")


def write_request(
    request: Request,
    *,
    ask_usage: bool = True,
    family: str | None = None,
    replay_reasoning: bool = False,
) -> dict[str, Any]:
    """The body, streamed. ``ask_usage`` is off for servers that refuse it.

    ``family`` is the provider's, for what only its maker may get back. ``replay_reasoning`` is for servers that
    want to see the thinking of their tool turns again (Kimi, DeepSeek). Tools of plain text become functions of one
    string: OpenAI alone knows them, and OpenAI is asked through the Responses format.
    """
    messages: list[dict[str, Any]] = []
    if request.system_parts:
        messages.append({"role": "system", "content": request.system_text})
    names = {call.id: call.name for call in request.calls()}
    order = {call_id: place for place, call_id in enumerate(names)}
    for message in request.messages:
        if message.role == "assistant":
            messages.append(_assistant(request, message, family, replay_reasoning))
        else:
            messages += _message(message, names, order)
    body: dict[str, Any] = {"model": request.model, "messages": messages, "stream": True}
    if ask_usage:
        body["stream_options"] = {"include_usage": True}
    # Not max_completion_tokens: most compatible servers know only the old name.
    named = {
        "max_tokens": request.max_output_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "reasoning_effort": request.effort,
        "stop": list(request.stop[:MAX_STOP]) or None,
    }
    body |= {field: value for field, value in named.items() if value is not None}
    for field in _OPENAIS_OWN:
        value = getattr(request, field)
        if value and family in _KNOWS_THEM:
            body[field] = value
        elif value:
            request.drop(field)
    if request.top_k is not None:
        request.drop("top_k")
    if request.output is not None:
        body["response_format"] = _format(request)
    if request.tools:
        body |= _tools(request, family)
    return body


def _message(message: Message, names: dict[str, str], order: dict[str, int]) -> Iterator[dict[str, Any]]:
    """``names`` and ``order`` are those of the calls, by their ids."""
    aside: list[dict[str, Any]] = []
    for result in sorted(results(message), key=lambda part: order.get(part.call_id, len(order))):
        yield {"role": "tool", "tool_call_id": result.call_id, "content": _result(result, aside, names)}
    shown = contents(message)
    if aside or shown:
        written = [_content(part) for part in shown]
        yield {"role": message.role, "content": [*aside, *written] if aside else _plain(shown) or written}
    elif not message.parts:
        yield {"role": message.role, "content": ""}


def _assistant(request: Request, message: Message, family: str | None, replay_reasoning: bool) -> dict[str, Any]:
    calls = [part for part in message.parts if isinstance(part, ToolCallPart)]
    written: dict[str, Any] = {"role": "assistant", "content": message.text}
    if any(isinstance(part, ImagePart | DocumentPart) for part in message.parts):
        raise BadRequest("a picture or document in an assistant's message cannot be sent to this model")
    thinking = [part for part in message.parts if isinstance(part, ReasoningPart)]
    if thinking and calls and replay_reasoning:
        written["reasoning_content"] = "\n\n".join(part.text for part in thinking if part.text)
    elif thinking:
        request.drop("reasoning")
    if calls:
        written["content"] = message.text or None
        written["tool_calls"] = [_call(request, call, family) for call in calls]
    return written


def _call(request: Request, call: ToolCallPart, family: str | None) -> dict[str, Any]:
    arguments = wrapped(call.arguments) if call.custom else call.arguments or "{}"
    written = {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}
    extra = extra_for(request, call, family)
    return written | ({"extra_content": extra} if extra else {})


def _result(result: ToolResultPart, aside: list[dict[str, Any]], names: dict[str, str]) -> str:
    """The text of a result; its pictures and documents are put ``aside``, because a tool's message has only text."""
    tool = names.get(result.call_id, "the tool")
    said: list[str] = []
    for part in result.parts:
        if isinstance(part, TextPart):
            said.append(part.text)
        elif isinstance(part, DocumentPart) and part.is_text:
            said.append(written_out(part))
        else:
            what = "image" if isinstance(part, ImagePart) else "document"
            said.append(f"[{what} returned by {tool}, shown below]")
            aside += [{"type": "text", "text": f"[{what} returned by {tool}]"}, _content(part)]
    return (TOOL_ERROR if result.is_error else "") + "\n".join(said)


def _content(part: Content) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    if isinstance(part, ImagePart):
        image: dict[str, Any] = {"url": part.url or data_url(part)}
        return {"type": "image_url", "image_url": image | ({"detail": part.detail} if part.detail else {})}
    if part.is_text and part.url is None:
        return {"type": "text", "text": written_out(part)}
    if part.url is not None:
        raise BadRequest("a document's address cannot be sent to this model: send the document itself")
    if part.media_type != "application/pdf":
        raise unreadable(part)
    return {"type": "file", "file": {"filename": part.name or "document.pdf", "file_data": data_url(part)}}


def _plain(parts: list[Content]) -> str:
    """One string where everything is text: the form that every server takes."""
    if all(isinstance(part, TextPart) for part in parts):
        return "".join(part.text for part in parts if isinstance(part, TextPart))
    return ""


def _tools(request: Request, family: str | None) -> dict[str, Any]:
    tools = request.tools
    if family == "gemini":
        tools = tuple(replace(tool, parameters=simplified(tool.schema)) for tool in tools)
        if any(before.schema != after.schema for before, after in zip(request.tools, tools, strict=True)):
            request.drop("tools.schema")
    body: dict[str, Any] = {"tools": [_tool(tool) for tool in tools]}
    if request.tool_choice is not None:
        body["tool_choice"] = _choice(request.tool_choice)
    if request.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = request.parallel_tool_calls
    return body


def _tool(tool: Tool) -> dict[str, Any]:
    said = {"description": tool.description} if tool.description is not None else {}
    function: dict[str, Any] = {"name": tool.name} | said | {"parameters": input_schema(tool)}
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _choice(choice: ToolChoice) -> Any:
    def named(name: str) -> dict[str, Any]:
        return {"type": "function", "function": {"name": name}}

    mode = {"any": "required"}.get(choice.mode, choice.mode)
    if choice.mode == "tool":
        return named(choice.names[0])
    if choice.names:
        tools = [named(name) for name in choice.names]
        return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}
    return mode


def _format(request: Request) -> dict[str, Any]:
    output = request.output
    if output is None or output.schema is None:
        return {"type": "json_object"}
    schema: dict[str, Any] = {"name": output.name, "schema": output.schema, "strict": output.strict}
    if output.description is not None:
        schema["description"] = output.description
    return {"type": "json_schema", "json_schema": schema}
