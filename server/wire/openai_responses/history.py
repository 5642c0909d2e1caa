"""Takes out of a body that goes to OpenAI as it is what only we could have written into it. Pure."""

from typing import Any

from server.wire.loose import items, mapping
from server.wire.provenance import is_sealed, opened


def own_history(body: dict[str, Any], key: bytes, family: str = "openai") -> dict[str, Any]:
    """``body`` itself where there is nothing to do.

    Reasoning of other providers, which a conversation brings along that another model began, could not be decrypted;
    reasoning of this one gets its own name and content back.
    """
    given = items(body.get("input"))
    kept = [_item(item, key, family) for item in given]
    if all(after is before for before, after in zip(given, kept, strict=True)):
        return body
    return body | {"input": [item for item in kept if item is not None]}


def _item(item: Any, key: bytes, family: str) -> Any:
    """None when nothing is left of it."""
    text = mapping(item).get("encrypted_content")
    if mapping(item).get("type") != "reasoning" or not isinstance(text, str) or not is_sealed(text):
        return item
    found = opened(text, key)
    if found is None or found.provider != family or not found.data or found.id is None:
        return None
    return item | {"id": found.id, "encrypted_content": found.data}
