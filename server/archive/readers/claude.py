"""Claude's data export: conversations with ``chat_messages``, linked by ``parent_message_uuid`` in newer ones.

The text of attached files is in the export and comes in as text files; pictures are not in it and are counted.
"""

import io
import json
from typing import Any

from server.archive.build import Context, Conversation, clean, inside, objects
from server.archive.shape import Exported

SOURCE = "Claude"


def recognises(item: dict[str, Any]) -> bool:
    return isinstance(item.get("chat_messages"), list)


def read(item: dict[str, Any], context: Context) -> Exported | None:
    id = str(item.get("uuid"))
    made = Conversation(context, "claude", id, item.get("name"), item.get("created_at"), item.get("updated_at"))
    made.favorite = item.get("is_starred") is True
    if isinstance(item.get("model"), str):
        made.model = item["model"]
    messages = objects(item["chat_messages"])
    known = {message.get("uuid") for message in messages}
    before: str | None = None
    for number, message in enumerate(messages):
        node = str(message.get("uuid") or number)
        parent = message.get("parent_message_uuid")
        # Older exports are a plain list; the first of a newer one names a parent that does not exist.
        above = (parent if parent in known else None) if isinstance(parent, str) else before
        _add(made, node, above, message, context)
        before = node
    leaf = item.get("current_leaf_message_uuid")
    return made.exported(leaf if isinstance(leaf, str) else None)


def _add(made: Conversation, id: str, parent: str | None, message: dict[str, Any], context: Context) -> None:
    parts = objects(message.get("content"))
    said = [clean(part.get("text")) for part in parts if part.get("type") == "text"]
    text = "\n\n".join(each for each in said if each) or clean(message.get("text"))
    thought = "\n\n".join(clean(part.get("thinking")) for part in parts if part.get("type") == "thinking")
    tools = [line for part in parts if (line := _tool(part, context))]
    attached = objects(message.get("attachments"))
    at = message.get("created_at")
    missing = [*objects(message.get("files_v2")), *objects(message.get("files"))]
    if missing:
        context.report.leave_out(
            "pictures and files that Claude does not export", len({_name(each) for each in missing})
        )
    above = parent
    if tools:
        made.add(f"{id} tools", parent, "notice", "\n\n".join(tools), at)
        above = f"{id} tools"
    if not text.strip() and not thought.strip() and not attached:
        made.skip(id, above)
        return
    mine = message.get("sender") == "human"
    more = {} if mine else {"reasoning": thought, "model": made.model}
    made.add(id, above, "user" if mine else "assistant", text, at, **more)
    for position, file in enumerate(attached):
        content = clean(file.get("extracted_content"))
        name = _name(file) or f"pasted {position + 1}.txt"
        if content:
            made.attach(id, context.keep(io.BytesIO(content.encode()), name), position=position)
        else:
            context.report.leave_out("pictures and files that Claude does not export")


def _name(file: dict[str, Any]) -> str:
    return str(file.get("file_name") or "")


def _tool(part: dict[str, Any], context: Context) -> str:
    kind = part.get("type")
    if kind == "tool_use":
        given = json.dumps(part.get("input"), ensure_ascii=False, indent=2)
        return f"**to {part.get('name')}**\n\n```json\n{clean(given)}\n```"
    if kind == "tool_result":
        content = part.get("content")
        texts = (
            [clean(content)] if isinstance(content, str) else [clean(inside(one, "text")) for one in objects(content)]
        )
        result = "\n\n".join(text for text in texts if text)
        return f"**{part.get('name') or 'tool'}**\n\n{result}" if result else ""
    if kind not in ("text", "thinking", "token_budget", "flag", None):
        context.report.leave_out(f"parts of the kind {str(kind)[:40]}")
    return ""
