"""Takes out of a body that goes to OpenAI as it is what only we could have written into it. Pure."""

import re
from typing import Any

from server.wire.loose import items, mapping, string
from server.wire.provenance import is_sealed, opened

_OURS = re.compile(r"rs_[^_]+_\d+")
"""The name of an item of thinking in an answer that was translated."""


def own_history(body: dict[str, Any], key: bytes, family: str = "openai") -> tuple[dict[str, Any], tuple[str, ...]]:
    """``body`` itself where there is nothing to do, and what was left out.

    Reasoning of other providers, which a conversation brings along that another model began, could not be decrypted;
    reasoning of this one gets its own name and content back. What is only named has to have been kept there.
    """
    given = items(body.get("input"))
    kept = [_item(item, key, family, kept=body.get("store") is not False) for item in given]
    if all(after is before for before, after in zip(given, kept, strict=True)):
        return body, ()
    left = [item for item in kept if item is not None]
    return body | {"input": left}, ("reasoning",) if len(left) < len(given) else ()


def _item(item: Any, key: bytes, family: str, *, kept: bool) -> Any:
    """None when nothing is left of it."""
    if mapping(item).get("type") != "reasoning":
        return item
    text = item.get("encrypted_content")
    if text is None:
        return item if kept and _OURS.fullmatch(string(item.get("id"))) is None else None
    if not isinstance(text, str) or not is_sealed(text):
        return item
    found = opened(text, key)
    if found is None or found.provider != family or not found.data or found.id is None:
        return None
    return item | {"id": found.id, "encrypted_content": found.data}
