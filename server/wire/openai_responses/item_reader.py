"""The items of a response's input to canonical messages. Pure."""

from typing import Any

from server.errors import BadRequest
from server.wire.asking import Reading, Turns, needs, picture
from server.wire.loose import mappings, name, string
from server.wire.media import decoded, split
from server.wire.provenance import Signature
from server.wire.request import Content, DocumentPart, ReasoningPart, TextPart, ToolCallPart
from server.wire.tools import result

_FAMILY = "openai"
_MESSAGE = ("type", "role", "content", "id", "status")


def read_items(reading: Reading, turns: Turns, system: list[TextPart], given: list[Any]) -> None:
    """Raises BadRequest. What leads as an instruction goes to ``system``, everything else to ``turns``."""
    left_out: set[str] = set()
    for place, value in enumerate(given):
        path = f"input[{place}]"
        item = needs(value, dict, path)
        kind = item.get("type") or ("message" if "role" in item else "item_reference")
        call_id = string(item.get("call_id"))
        if kind == "message":
            _message(reading, turns, system, item, path)
        elif kind == "function_call":
            call = ToolCallPart(call_id, string(item.get("name")), string(item.get("arguments")))
            turns.assistant(_with_extra(reading, call), joins=True)
        elif kind == "custom_tool_call":
            call = ToolCallPart(call_id, string(item.get("name")), string(item.get("input")), custom=True)
            turns.assistant(_with_extra(reading, call), joins=True)
        elif kind in ("function_call_output", "custom_tool_call_output") and call_id not in left_out:
            turns.user(result(call_id, _contents(item.get("output"), path), custom=kind.startswith("custom")))
        elif kind == "reasoning":
            _reasoning(reading, turns, item, path)
        elif kind == "item_reference":
            raise BadRequest(f"{path} refers to an item that only its own provider has: send the item itself")
        else:
            left_out.add(call_id)
            reading.drop(path)


def _message(reading: Reading, turns: Turns, system: list[TextPart], item: dict[str, Any], path: str) -> None:
    reading.unknown(item, _MESSAGE, path)
    role, parts = item.get("role"), _contents(item.get("content"), path)
    if role in ("system", "developer"):
        said = [part for part in parts if isinstance(part, TextPart)]
        if len(said) < len(parts):
            reading.drop(f"{path}.content")
        if turns:
            turns.system(*said)
        else:
            system.append(TextPart("".join(part.text for part in said)))
    elif role == "user":
        turns.user(*parts)
    elif role == "assistant":
        turns.assistant(*parts, joins=True)
    else:
        raise BadRequest(f"{path}.role has to be system, developer, user or assistant")


def _reasoning(reading: Reading, turns: Turns, item: dict[str, Any], path: str) -> None:
    written = [*mappings(item.get("summary")), *mappings(item.get("content"))]
    text = "\n\n".join(string(part.get("text")) for part in written if part.get("text"))
    data = string(item.get("encrypted_content"))
    signature = reading.signature(data, Signature(_FAMILY, data, name(item.get("id"))), path)
    if text or signature is not None:
        turns.assistant(ReasoningPart(text, signature), joins=True)


def _with_extra(reading: Reading, call: ToolCallPart) -> ToolCallPart:
    return ToolCallPart(call.id, call.name, call.arguments, call.custom, reading.extra(call.id))


def _contents(content: Any, path: str) -> list[Content]:
    if content is None or isinstance(content, str):
        return [TextPart(content)] if content else []
    return [_content(part, f"{path}.content[{place}]") for place, part in enumerate(mappings(content))]


def _content(part: dict[str, Any], path: str) -> Content:
    kind = part.get("type")
    if kind in ("input_text", "output_text", "text"):
        return TextPart(string(part.get("text")))
    if kind == "refusal":
        return TextPart(string(part.get("refusal")))
    if kind == "input_image" and part.get("image_url"):
        return picture(string(part["image_url"]), f"{path}.image_url", name(part.get("detail")))
    if kind == "input_file" and (part.get("file_data") or part.get("file_url")):
        return _file(part, path)
    if kind in ("input_image", "input_file"):
        raise BadRequest(f"{path} names a file that only its own provider has: send the file itself")
    raise BadRequest(f"{path} is of type {kind}, which this model's provider cannot take")


def _file(part: dict[str, Any], path: str) -> DocumentPart:
    called, url = string(part.get("filename")), name(part.get("file_url"))
    if url is not None:
        return DocumentPart("application/pdf", called, url=url)
    data = string(part.get("file_data"))
    media_type, content = split(data, path) or ("application/pdf", decoded(data, path))
    return DocumentPart(media_type, called, content)
