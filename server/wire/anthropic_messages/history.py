"""Takes out of a body that goes to Anthropic as it is what only we could have written into it. Pure."""

from typing import Any

from server.wire.loose import items, mapping, string
from server.wire.provenance import is_sealed, opened


def own_history(body: dict[str, Any], key: bytes, family: str = "anthropic") -> tuple[dict[str, Any], tuple[str, ...]]:
    """``body`` itself where there is nothing to do, and what was left out.

    Thinking of other providers, which a conversation brings along that another model began, would be refused as
    forged; thinking of this one gets its true signature back.
    """
    dropped: list[str] = []
    given = items(body.get("messages"))
    messages = [_message(message, key, family, dropped) for message in given]
    if all(after is before for before, after in zip(given, messages, strict=True)):
        return body, ()
    return body | {"messages": [message for message in messages if message is not None]}, tuple(dropped[:1])


def _message(message: Any, key: bytes, family: str, dropped: list[str]) -> Any:
    """None when nothing is left of it."""
    content = mapping(message).get("content")
    if not isinstance(content, list):
        return message
    blocks = [kept for block in content if (kept := _block(block, key, family)) is not None]
    if len(blocks) == len(content) and all(after is before for before, after in zip(content, blocks, strict=True)):
        return message
    if len(blocks) < len(content):
        dropped.append("reasoning")
    return message | {"content": blocks} if blocks else None


def _block(block: Any, key: bytes, family: str) -> Any:
    field = {"thinking": "signature", "redacted_thinking": "data"}.get(string(mapping(block).get("type")))
    if field is None:
        return block
    text = block.get(field)
    if not isinstance(text, str) or not text:
        return None
    if not is_sealed(text):
        return block
    found = opened(text, key)
    if found is None or found.provider != family or not found.data or found.call is not None:
        return None
    return {"type": "redacted_thinking", "data": found.data} if found.redacted else block | {field: found.data}
