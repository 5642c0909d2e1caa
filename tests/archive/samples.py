"""Exports as other programs write them: small ones, with everything in them that a reader has to know."""

import base64
import io
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

AT = 1_700_000_000.25


def png(width: int = 2, height: int = 2) -> bytes:
    """A red picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\xff\0\0" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def node(id: str, parent: str | None, role: str | None, *parts: Any, **more: Any) -> dict[str, Any]:
    """A node of ChatGPT's tree; without a role it holds no message."""
    content = more.pop("content", None) or {"content_type": "text", "parts": list(parts)}
    message = None
    if role is not None:
        author = {"role": role, "name": more.pop("name", None), "metadata": {}}
        message = {
            "id": id,
            "author": author,
            "create_time": more.pop("at", AT),
            "content": content,
            "status": "finished_successfully",
            "recipient": more.pop("recipient", "all"),
            "metadata": more,
        }
    return {"id": id, "message": message, "parent": parent, "children": []}


def chatgpt() -> list[dict[str, Any]]:
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-abc", "size_bytes": 70}
    thoughts = {"content_type": "thoughts", "thoughts": [{"summary": "Weighing", "content": "red or blue"}]}
    code = {"content_type": "code", "language": "python", "text": "print(6 * 7)"}
    nodes = [
        node("root", None, None),
        node("hidden", "root", "system", "", is_visually_hidden_from_conversation=True),
        node("ask", "hidden", "user", picture, "What is this?"),
        node("think", "ask", "assistant", content=thoughts),
        node("old", "think", "assistant", "A blue square.", model_slug="gpt-4o"),
        node("call", "think", "assistant", content=code, recipient="python", at=AT + 1),
        node("output", "call", "tool", content={"content_type": "execution_output", "text": "42"}, name="python"),
        node("new", "output", "assistant", "A red square.", model_slug="gpt-4o", at=AT + 3),
    ]
    nodes[2]["message"]["content"]["content_type"] = "multimodal_text"
    return [
        {
            "title": "A picture",
            "create_time": AT,
            "update_time": AT + 9,
            "conversation_id": "c-1",
            "current_node": "new",
            "default_model_slug": "gpt-4o",
            "mapping": {each["id"]: each for each in nodes},
        }
    ]


def chatgpt_zip() -> dict[str, bytes]:
    return {
        "conversations.json": json.dumps(chatgpt()).encode(),
        "chat.html": b"<html></html>",
        "file-abc-square.png": png(),
    }


def claude() -> list[dict[str, Any]]:
    def message(id: str, sender: str, parent: str, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
        text = "".join(part.get("text", "") for part in parts)
        base = {"uuid": id, "sender": sender, "text": text, "content": list(parts), "attachments": [], "files": []}
        return base | {"created_at": "2025-03-01T10:00:00.123456Z", "parent_message_uuid": parent} | more

    said = {"type": "text", "text": "Two words."}
    return [
        {
            "uuid": "11111111-aaaa",
            "name": "Notes",
            "created_at": "2025-03-01T10:00:00.000000Z",
            "updated_at": "2025-03-01T11:00:00.000000Z",
            "chat_messages": [
                message(
                    "m1",
                    "human",
                    "00000000-0000-4000-8000-000000000000",
                    {"type": "text", "text": "Sum this up"},
                    attachments=[{"file_name": "notes.txt", "file_size": 5, "extracted_content": "hello"}],
                    files=[{"file_name": "photo.jpg"}],
                ),
                message(
                    "m2",
                    "assistant",
                    "m1",
                    {"type": "thinking", "thinking": "short it is"},
                    {"type": "tool_use", "name": "search", "input": {"q": "x"}},
                    {"type": "tool_result", "name": "search", "content": [{"type": "text", "text": "found"}]},
                    said,
                ),
                message("m3", "assistant", "m1", {"type": "text", "text": "Another answer."}),
            ],
        }
    ]


def openwebui() -> list[dict[str, Any]]:
    thought = '<details type="reasoning" done="true"><summary>Thought</summary>\n&gt; 15 * 17\n</details>\n255'
    data = "data:image/png;base64," + base64.b64encode(png()).decode()

    def message(id: str, parent: str | None, role: str, content: str, **more: Any) -> dict[str, Any]:
        base = {"id": id, "parentId": parent, "role": role, "content": content}
        return base | {"timestamp": int(AT) + ord(id) - ord("a")} | more

    written = [
        message("a", None, "user", "15 * 17?", files=[{"type": "image", "url": data}]),
        message("b", "a", "assistant", thought, model="deepseek-r1"),
        message("c", "a", "assistant", "About 250", model="llama3"),
    ]
    messages = {each["id"]: each for each in written}
    chat = {"title": "Sums", "models": ["deepseek-r1"], "history": {"currentId": "b", "messages": messages}}
    return [
        {"id": "w-1", "title": "Sums", "chat": chat, "created_at": int(AT), "updated_at": int(AT) + 9, "pinned": True}
    ]


def librechat(*, recursive: bool = True) -> dict[str, Any]:
    def message(id: str, parent: str, mine: bool, text: str, *children: Any) -> dict[str, Any]:
        base = {"messageId": id, "parentMessageId": parent, "isCreatedByUser": mine, "text": text}
        more = {"model": None if mine else "gpt-4-turbo", "createdAt": f"2024-05-01T16:35:1{len(id)}.530Z"}
        return base | more | ({"children": list(children)} if recursive else {})

    none = "00000000-0000-0000-0000-000000000000"
    first, second = message("qq", "q", False, "One."), message("qqq", "q", False, "Two.")
    messages = [message("q", none, True, "Count", first, second)]
    if not recursive:
        messages += [first, second]
    return {
        "conversationId": "4a86c40e",
        "endpoint": "openAI",
        "title": "Counting",
        "exportAt": "13:18:04 GMT-0400 (Eastern Daylight Time)",
        "branches": True,
        "recursive": recursive,
        "options": {"model": "gpt-4-turbo", "promptPrefix": "You count."},
        ("messagesTree" if recursive else "messages"): messages,
    }


def packed(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def written(folder: Path, data: Any) -> Path:
    """As a file: bytes as they are, a dict of bytes as a ZIP, anything else as JSON."""
    path = folder / "upload"
    if isinstance(data, dict) and data and all(isinstance(each, bytes) for each in data.values()):
        data = packed(data)
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return path
