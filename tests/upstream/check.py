"""Checks a request's body against the official SDKs' own types, and against what the real servers refuse."""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

OLD_ANTHROPIC = "2023-06-01"
SIGNED, ENCRYPTED = "c2ln", "ZW5j"
"""How everything begins that this provider has signed or encrypted."""
_SAMPLING = ("temperature", "top_p", "top_k")


@cache
def _adapter(wire: str) -> TypeAdapter[Any]:
    if wire == "messages":
        from anthropic.types.message_create_params import MessageCreateParams

        return TypeAdapter(MessageCreateParams)
    if wire == "count_tokens":
        from anthropic.types.message_count_tokens_params import MessageCountTokensParams

        return TypeAdapter(MessageCountTokensParams)
    if wire == "input_tokens":
        from openai.types.responses.input_token_count_params import InputTokenCountParams

        return TypeAdapter(InputTokenCountParams)
    if wire == "responses":
        from openai.types.responses.response_create_params import ResponseCreateParams

        return TypeAdapter(ResponseCreateParams)
    if wire == "chat":
        from openai.types.chat.completion_create_params import CompletionCreateParams

        return TypeAdapter(CompletionCreateParams)
    if wire == "images":
        from openai.types.image_generate_params import ImageGenerateParams

        return TypeAdapter(ImageGenerateParams)
    if wire == "edits":
        from openai.types.image_edit_params import ImageEditParamsBase

        fields = get_type_hints(ImageEditParamsBase)
        # Files are whatever the SDK can read, which no schema can say.
        fields |= dict.fromkeys(("image", "mask", "markup"), Any) | {"stream": bool}
        return TypeAdapter(TypedDict("Edit", fields, total=False))  # type: ignore[operator]
    from openai.types.embedding_create_params import EmbeddingCreateParams

    return TypeAdapter(EmbeddingCreateParams)


def problems(wire: str, body: dict[str, Any], headers: dict[str, str], *, typed: bool = True) -> list[str]:
    """Empty when a real server would take it. Not ``typed``: whatever its fields are called."""
    if not typed:
        return list(_refused(wire, body))
    checked = dict(body)
    if wire == "messages" and headers.get("anthropic-version") == OLD_ANTHROPIC:
        for field in _SAMPLING:
            checked.pop(field, None)
    try:
        # The types are lazy about iterables: only reading them to the end checks what is in them.
        validated = _read(_adapter(wire).validate_python(checked))
    except ValidationError as error:
        first = error.errors()[0]
        return [f"{'.'.join(map(str, first['loc']))}: {first['msg']}"]
    return [f"unknown field {path}" for path in _lost(checked, validated)] + list(_refused(wire, body))


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _read(item) for key, item in value.items()}
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        return value
    return [_read(item) for item in value]


def _lost(given: Any, kept: Any, path: str = "") -> Iterable[str]:
    """A typed dictionary drops the keys that it does not know."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            where = f"{path}.{key}" if path else str(key)
            if key in kept:
                yield from _lost(value, kept[key], where)
            else:
                yield where
    elif isinstance(given, list) and isinstance(kept, list):
        for index, (before, after) in enumerate(zip(given, kept, strict=False)):
            yield from _lost(before, after, f"{path}[{index}]")


def _refused(wire: str, body: dict[str, Any]) -> Iterable[str]:
    model = str(body.get("model"))
    if wire in ("images", "edits"):
        old = model.startswith("dall-e")
        if wire == "edits" and not body.get("image"):
            yield "image is required"
        if old and ("stream" in body or "partial_images" in body):
            yield "this model does not stream"
        if not old and "response_format" in body:
            yield "response_format is not supported with this model"
    if wire == "responses":
        thinks = model.startswith(("gpt-5", "gpt-6", "o1", "o3", "o4"))
        if thinks and "temperature" in body:
            yield "temperature is not supported with this model"
        if model.startswith(("gpt-4", "gpt-3")) and "reasoning" in body:
            yield "reasoning.effort is not supported with this model"
        if body.get("background") and not body.get("store"):
            yield "background needs store"
        for item in _dictionaries(body.get("input")):
            if item.get("type") == "reasoning":
                yield from _unreadable(item, bool(body.get("store", True)))
    if wire == "messages":
        thinking = body.get("thinking") or {}
        budget = thinking.get("budget_tokens")
        if budget is not None and not 1024 <= budget < body.get("max_tokens", 0):
            yield "thinking.budget_tokens must be at least 1024 and less than max_tokens"
        if thinking.get("type") in ("adaptive", "enabled") and "temperature" in body:
            yield "temperature may not be set when thinking is on"
        if any(_blank(message.get("content")) for message in _dictionaries(body.get("messages"))):
            yield "text content blocks must be non-empty"
    if wire in ("messages", "count_tokens"):
        for message in _dictionaries(body.get("messages")):
            for block in _dictionaries(message.get("content")):
                field = {"thinking": "signature", "redacted_thinking": "data"}.get(str(block.get("type")))
                if field is not None and not str(block.get(field)).startswith(SIGNED):
                    yield f"Invalid `{field}` in `{block['type']}` block"
    if "gwsig1." in json.dumps(body):
        yield "what only the gateway can open"


def _unreadable(item: dict[str, Any], stored: bool) -> Iterable[str]:
    """Reasoning comes back encrypted, or by the name of an item that was kept."""
    encrypted = item.get("encrypted_content")
    if encrypted is None and not (stored and item.get("id") == "rs_1"):
        yield f"Item '{item.get('id')}' not found"
    if encrypted is not None and not str(encrypted).startswith(ENCRYPTED):
        yield "The encrypted content could not be verified"


def _dictionaries(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _blank(content: Any) -> bool:
    blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
    return any(block.get("type") == "text" and not str(block.get("text")).strip() for block in blocks)
