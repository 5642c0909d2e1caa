"""Open WebUI's chat export: a list of chats with ``chat.history.messages`` under their ids, or an old plain list."""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from html import unescape
from io import BytesIO
from typing import Any

from server.archive.build import Context, Conversation, clean, inside, objects
from server.archive.shape import Exported

SOURCE = "Open WebUI"
_DETAILS = re.compile(
    r'<details type="(?P<kind>[a-z_]+)"[^>]*>\s*(?:<summary>.*?</summary>)?(?P<inside>.*?)</details>\s*', re.DOTALL
)


def recognises(item: dict[str, Any]) -> bool:
    chat = item.get("chat")
    return isinstance(chat, dict) and ("history" in chat or "messages" in chat)


def read(item: dict[str, Any], context: Context) -> Exported | None:
    chat = item["chat"]
    title = chat.get("title") or item.get("title")
    created = item.get("created_at") or chat.get("timestamp")
    id = str(item.get("id") or chat.get("id") or f"{title} {created}")
    made = Conversation(context, "openwebui", id, title, created, item.get("updated_at"))
    made.favorite = item.get("pinned") is True
    made.system = inside(chat, "params", "system") or chat.get("system") or None
    models = chat.get("models")
    if isinstance(models, list) and models and isinstance(models[0], str):
        made.model = models[0]
    nodes = inside(chat, "history", "messages")
    if isinstance(nodes, dict) and nodes:
        for node_id, message in nodes.items():
            if isinstance(message, dict):
                parent = message.get("parentId")
                _add(made, node_id, parent if isinstance(parent, str) else None, message, context)
    else:
        before = None
        for number, message in enumerate(objects(chat.get("messages"))):
            node_id = str(message.get("id") or number)
            _add(made, node_id, before, message, context)
            before = node_id
    leaf = inside(chat, "history", "currentId")
    return made.exported(leaf if isinstance(leaf, str) else None)


def _add(made: Conversation, id: str, parent: str | None, message: dict[str, Any], context: Context) -> None:
    role = message.get("role")
    text, thought = _split(clean(message.get("content")))
    at = message.get("timestamp")
    if role == "system":
        made.system = made.system or text
        made.skip(id, parent)
    elif role == "assistant":
        failed = inside(message, "error", "content")
        more: dict[str, Any] = {"reasoning": thought, "model": message.get("model") or None}
        if isinstance(failed, str):
            more |= {"status": "failed", "error": {"code": "imported", "message": clean(failed)}}
        made.add(id, parent, "assistant", text, at, **more)
    elif role == "user":
        made.add(id, parent, "user", text, at)
    else:
        made.add(id, parent, "notice", text, at)
    if id in made:
        for position, file in enumerate(objects(message.get("files"))):
            made.attach(id, _file(file, context), position=position)


def _split(text: str) -> tuple[str, str]:
    """The text, and what was thought before it: Open WebUI keeps that in the text, as escaped HTML."""
    thoughts: list[str] = []

    def take(found: re.Match[str]) -> str:
        content = unescape(found["inside"]).strip()
        if found["kind"] == "reasoning":
            thoughts.append(re.sub(r"^> ?", "", content, flags=re.MULTILINE))
            return ""
        return f"```\n{content}\n```\n\n" if content else ""

    return _DETAILS.sub(take, text), "\n\n".join(thoughts)


def _file(file: dict[str, Any], context: Context) -> dict[str, Any] | None:
    url = file.get("url")
    if isinstance(url, str) and url.startswith("data:"):
        try:
            data = b64decode(url.partition(",")[2], validate=True)
        except (NotBase64, ValueError):
            context.report.leave_out("damaged pictures")
            return None
        return context.keep(BytesIO(data), str(file.get("name") or "picture"))
    content = inside(file, "file", "data", "content")
    if isinstance(content, str) and content:
        return context.keep(BytesIO(clean(content).encode()), f"{file.get('name') or 'file'}.txt")
    context.report.leave_out("files that Open WebUI does not export")
    return None
