"""ChatGPT's data export: a list of conversations, each a tree under ``mapping``; pictures lie beside it in the ZIP.

Every branch comes in. What a tool did and what was hidden from the person become notices; what the model thought
goes with the answer that follows it.
"""

from typing import Any

from server.archive.build import Context, Conversation, clean, inside, objects, strings
from server.archive.shape import Exported

SOURCE = "ChatGPT"


def recognises(item: dict[str, Any]) -> bool:
    return isinstance(item.get("mapping"), dict)


def read(item: dict[str, Any], context: Context) -> Exported | None:
    id = str(item.get("conversation_id") or item.get("id") or item.get("create_time"))
    made = Conversation(context, "chatgpt", id, item.get("title"), item.get("create_time"), item.get("update_time"))
    made.favorite = item.get("is_starred") is True
    for node_id, node in item["mapping"].items():
        parent = inside(node, "parent")
        message = inside(node, "message")
        if isinstance(message, dict):
            _add(made, node_id, parent if isinstance(parent, str) else None, message, context)
        else:
            made.skip(node_id, parent if isinstance(parent, str) else None)
    current = item.get("current_node")
    exported = made.exported(current if isinstance(current, str) else None)
    if exported is not None and not exported["conversation"]["model"]:
        exported["conversation"]["model"] = item.get("default_model_slug") or None
    return exported


def _add(made: Conversation, id: str, parent: str | None, message: dict[str, Any], context: Context) -> None:
    role = inside(message, "author", "role")
    content = message.get("content") if isinstance(message.get("content"), dict) else {}
    kind = inside(content, "content_type")
    at = message.get("create_time")
    if kind in ("thoughts", "reasoning_recap"):
        made.skip(id, parent, thought=_thoughts(content))
        return
    text = _text(content, context)
    custom = inside(message, "metadata", "user_context_message_data")
    if isinstance(custom, dict) or kind == "user_editable_context":
        context.report.leave_out("custom instructions")
        made.skip(id, parent)
        return
    pictures = _pictures(message, content)
    hidden = inside(message, "metadata", "is_visually_hidden_from_conversation") is True
    if not text.strip() and not pictures:
        made.skip(id, parent)
        return
    if role == "user" and not hidden:
        made.add(id, parent, "user", text, at)
    elif role == "assistant" and not hidden and message.get("recipient") in ("all", None, ""):
        model = inside(message, "metadata", "model_slug")
        stopped = inside(message, "metadata", "finish_details", "type") == "interrupted"
        made.add(
            id,
            parent,
            "assistant",
            text,
            at,
            model=model if isinstance(model, str) else None,
            status="stopped" if stopped else "done",
        )
    else:
        made.add(id, parent, "notice", _as_notice(message, role, text), at)
    for position, pointer in enumerate(pictures):
        made.attach(id, _picture(pointer, context), position=position)


def _as_notice(message: dict[str, Any], role: Any, text: str) -> str:
    name = inside(message, "author", "name")
    if role == "tool":
        return f"**{name or 'tool'}**\n\n{text}"
    if role == "assistant":
        return f"**to {message.get('recipient')}**\n\n{text}"
    return f"**{role or 'hidden'}**\n\n{text}"


def _text(content: Any, context: Context) -> str:
    kind = inside(content, "content_type")
    if kind == "code":
        language = inside(content, "language")
        language = "" if language in (None, "unknown") else str(language)
        return _fenced(clean(inside(content, "text")), language)
    if kind in ("execution_output", "system_error"):
        return _fenced(clean(inside(content, "text")), "")
    if kind == "tether_quote":
        return f"> [{clean(inside(content, 'title'))}]({clean(inside(content, 'url'))})\n\n{clean(content.get('text'))}"
    if kind in ("tether_browsing_display", "sonic_webpage"):
        return clean(inside(content, "result")) or clean(inside(content, "text"))
    parts = inside(content, "parts")
    if parts is None:
        return clean(inside(content, "text"))
    for part in objects(parts):
        if part.get("content_type") == "audio_transcription":
            continue
        if part.get("content_type") != "image_asset_pointer":
            context.report.leave_out("recordings and other parts that are neither text nor picture")
    said = [clean(part.get("text")) for part in objects(parts) if part.get("content_type") == "audio_transcription"]
    return "\n\n".join(each for each in [*map(clean, strings(parts)), *said] if each)


def _fenced(code: str, language: str) -> str:
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}{language}\n{code}\n{fence}" if code.strip() else ""


def _thoughts(content: Any) -> str:
    thoughts = objects(inside(content, "thoughts"))
    said = [f"**{clean(each.get('summary'))}**\n\n{clean(each.get('content'))}" for each in thoughts]
    return "\n\n".join(said)


def _pictures(message: dict[str, Any], content: Any) -> list[tuple[str, str]]:
    """(file id, name) of each file that the message shows or was given."""
    found: dict[str, str] = {}
    for attachment in objects(inside(message, "metadata", "attachments")):
        if isinstance(attachment.get("id"), str):
            found[attachment["id"]] = str(attachment.get("name") or "")
    for part in objects(inside(content, "parts")):
        pointer = part.get("asset_pointer")
        if part.get("content_type") == "image_asset_pointer" and isinstance(pointer, str):
            found.setdefault(pointer.rpartition("/")[2].partition("?")[0], "")
    return list(found.items())


def _picture(pointer: tuple[str, str], context: Context) -> dict[str, Any] | None:
    id, name = pointer
    with context.found(id) as found:
        if found is None:
            context.report.leave_out("files that are not in the ZIP")
            return None
        file, entry = found
        return context.keep(file, name or entry.removeprefix(id).lstrip("-_.") or entry)
