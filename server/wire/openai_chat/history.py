"""Takes out of a body that goes to a server as it is what only we could have written into it. Pure."""

from typing import Any

from server.wire.loose import items, mapping, string
from server.wire.provenance import is_sealed

_FAMILY = "openai"
_UNKNOWN = ("reasoning_content", "reasoning_details")
"""What other servers say of an answer, and OpenAI refuses in a history."""


def own_history(body: dict[str, Any], key: bytes, family: str = _FAMILY) -> tuple[dict[str, Any], tuple[str, ...]]:
    """``body`` itself where there is nothing to do, and what was left out.

    Whatever was sealed for this wire is another provider's thinking, because this one's own is never sealed for it.
    """
    given = items(body.get("messages"))
    messages = [_message(message, family) for message in given]
    if all(after is before for before, after in zip(given, messages, strict=True)):
        return body, ()
    return body | {"messages": messages}, ("reasoning",)


def _message(message: Any, family: str) -> Any:
    said = mapping(message)
    if family == _FAMILY and any(field in said for field in _UNKNOWN):
        return {field: value for field, value in said.items() if field not in _UNKNOWN}
    details = items(said.get("reasoning_details"))
    kept = [detail for detail in details if not is_sealed(string(mapping(detail).get("data")))]
    if len(kept) == len(details):
        return message
    return {field: value for field, value in said.items() if field != "reasoning_details"} | (
        {"reasoning_details": kept} if kept else {}
    )
