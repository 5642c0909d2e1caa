"""LibreChat's export of a conversation: messages as a list with ``parentMessageId``, or as a tree of ``children``."""

import json
from collections.abc import Iterator
from typing import Any

from server.archive.build import Context, Conversation, clean, inside, objects
from server.archive.shape import Exported

SOURCE = "LibreChat"


def recognises(item: dict[str, Any]) -> bool:
    return "conversationId" in item and any(name in item for name in ("messages", "messagesTree"))


def read(item: dict[str, Any], context: Context) -> Exported | None:
    messages = list(_flat(item.get("messagesTree") or item.get("messages")))
    times = sorted(str(message.get("createdAt")) for message, _ in messages if message.get("createdAt"))
    first, last = (times[0], times[-1]) if times else (None, None)
    made = Conversation(context, "librechat", str(item["conversationId"]), item.get("title"), first, last)
    options = item.get("options")
    made.system = inside(options, "promptPrefix") or inside(options, "system") or None
    newest, newest_at = None, ""
    before = first
    for message, above in messages:
        id = str(message.get("messageId"))
        parent = above or message.get("parentMessageId")
        at = message.get("createdAt") or before
        _add(made, id, parent if isinstance(parent, str) else None, message, at, context)
        before = at
        if str(at or "") >= newest_at:
            newest, newest_at = id, str(at or "")
    chosen = inside(options, "model")
    if made.model is None and isinstance(chosen, str):
        made.model = chosen
    return made.exported(newest)


def _flat(messages: Any) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Every message with the id of the one above it, where the tree itself says it; without recursion."""
    waiting: list[tuple[dict[str, Any], str | None]] = [(each, None) for each in reversed(objects(messages))]
    while waiting:
        message, above = waiting.pop()
        yield message, above
        id = str(message.get("messageId"))
        waiting.extend((child, id) for child in reversed(objects(message.get("children"))))


def _add(made: Conversation, id: str, parent: str | None, message: dict[str, Any], at: Any, context: Context) -> None:
    text, thought, tools = _content(message, context)
    if message.get("isCreatedByUser") is True:
        made.add(id, parent, "user", text, at)
    else:
        if tools:
            made.add(f"{id} tools", parent, "notice", "\n\n".join(tools), at)
            parent = f"{id} tools"
        model = message.get("model")
        more: dict[str, Any] = {"reasoning": thought, "model": model if isinstance(model, str) else None}
        if message.get("error") is True:
            more |= {"status": "failed", "error": {"code": "imported", "message": text or "failed"}}
        elif message.get("unfinished") is True:
            more["status"] = "stopped"
        made.add(id, parent, "assistant", text, at, **more)
    if files := objects(message.get("files")):
        context.report.leave_out("pictures and files that LibreChat does not export", len(files))


def _content(message: dict[str, Any], context: Context) -> tuple[str, str, list[str]]:
    """Text, thoughts and what tools did, from the parts of newer versions or from the text of older ones."""
    texts, thoughts, tools = [], [], []
    for part in objects(message.get("content")):
        kind = part.get("type")
        inner = part.get(kind) if isinstance(kind, str) else None
        said = clean(inside(inner, "value") if isinstance(inner, dict) else inner)
        if kind == "text":
            texts.append(said)
        elif kind == "think":
            thoughts.append(said)
        elif kind == "tool_call":
            given = json.dumps(inner, ensure_ascii=False, indent=2)
            tools.append(f"**{inside(inner, 'name') or 'tool'}**\n\n```json\n{clean(given)}\n```")
        elif kind == "error":
            texts.append(said or clean(inside(inner, "message")))
        else:
            context.report.leave_out(f"parts of the kind {str(kind)[:40]}")
    text = "\n\n".join(each for each in texts if each) or clean(message.get("text"))
    return text, "\n\n".join(each for each in thoughts if each), tools
