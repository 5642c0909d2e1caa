"""What a stream of each wire has to look like, frame by frame, whoever made it."""

import json
import re
from typing import Any

_EVENT = re.compile(r"(?:event: (?P<event>.+)\n)?data: (?P<data>.+)", re.DOTALL)


def frames(body: bytes) -> list[tuple[str | None, Any]]:
    """(event, data) of every frame; comments are left out."""
    found = []
    for part in body.decode().replace("\r\n", "\n").split("\n\n"):
        if not part.strip() or part.startswith(":"):
            continue
        match = _EVENT.fullmatch(part.strip())
        assert match, f"no frame: {part!r}"
        data = match["data"]
        found.append((match["event"], data if data == "[DONE]" else json.loads(data)))
    return found


def check(wire: str, body: bytes) -> list[tuple[str | None, Any]]:
    """The frames of a stream that keeps to the grammar of its wire, with exactly one end."""
    found = frames(body)
    {"chat": _chat, "responses": _responses, "messages": _messages}[wire](found)
    return found


def _chat(found: list[tuple[str | None, Any]]) -> None:
    assert found, "an empty stream"
    failed = isinstance(found[-1][1], dict) and "error" in found[-1][1]
    assert failed or found[-1][1] == "[DONE]", found[-1]
    chunks = [data for _, data in found[:-1]]
    assert "[DONE]" not in chunks
    assert len({chunk["id"] for chunk in chunks}) <= 1
    reasons = [
        choice["finish_reason"] for chunk in chunks for choice in chunk["choices"] if choice.get("finish_reason")
    ]
    assert len(reasons) == (0 if failed else 1), reasons


def _responses(found: list[tuple[str | None, Any]]) -> None:
    kinds = [data["type"] for _, data in found]
    assert kinds == [event for event, _ in found]
    ends = [kind for kind in kinds if kind in ("response.completed", "response.incomplete", "response.failed", "error")]
    assert len(ends) == 1 and kinds[-1] == ends[0], kinds[-3:]
    numbers = [data["sequence_number"] for _, data in found if "sequence_number" in data]
    assert numbers == sorted(numbers)
    opened = 0
    for _, data in found:
        if data["type"] == "response.output_item.added":
            assert data["output_index"] == opened
        elif data["type"] == "response.output_item.done":
            opened += 1
            assert data["output_index"] == opened - 1


def _messages(found: list[tuple[str | None, Any]]) -> None:
    events = [(event, data) for event, data in found if event != "ping"]
    kinds = [data["type"] for _, data in events]
    assert kinds == [event for event, _ in events]
    failed = kinds[-1] == "error"
    if failed and len(kinds) == 1:
        return
    assert kinds[0] == "message_start" and kinds.count("message_start") == 1
    index, is_open = -1, False
    for _, data in events[1:]:
        kind = data["type"]
        if kind == "content_block_start":
            assert not is_open and data["index"] == index + 1
            index, is_open = data["index"], True
        elif kind == "content_block_delta":
            assert is_open and data["index"] == index
        elif kind == "content_block_stop":
            assert is_open and data["index"] == index
            is_open = False
    if not failed:
        assert not is_open and kinds[-2:] == ["message_delta", "message_stop"], kinds[-3:]
        assert kinds.count("message_delta") == kinds.count("message_stop") == 1
