"""What a notification says, as the bytes that travel. Pure, and never more than every push service takes."""

import json
import unicodedata
from dataclasses import asdict, dataclass, replace

MAX_BYTES = 3000
MAX_TITLE = 80
MAX_BODY = 160

_JOINED = ("Mn", "Me", "Mc")
_JOINER = "\u200d"
_SKINS = range(0x1F3FB, 0x1F400)
_FLAGS = range(0x1F1E6, 0x1F200)


@dataclass(frozen=True, slots=True)
class Note:
    """``tag``: a later note with the same one takes its place. ``url`` is where a tap leads."""

    tag: str
    title: str
    body: str
    url: str
    silent: bool = False
    always: bool = False
    """Shown even while a page is in front."""


def of_reply(conversation_id: str, reply_id: str, title: str, status: str, words: str, *, preview: bool) -> Note:
    """``words`` are the reply's own or say why it failed; without ``preview`` nothing of either is told."""
    if not preview:
        title, body = "LLM Router", "reply ready" if status == "done" else f"reply {status}"
    else:
        body = words if status == "done" else f"{status}: {words}"
    url = f"/#/c/{conversation_id}/{reply_id}"
    return Note(conversation_id, cut(title, MAX_TITLE) or "LLM Router", cut(body, MAX_BODY) or "reply ready", url)


def encoded(note: Note) -> bytes:
    """JSON in UTF-8; a body that is too large for it is cut at a character."""
    while len(data := _json(note)) > MAX_BYTES and note.body:
        note = replace(note, body=cut(note.body, len(note.body) * 3 // 4))
    return data


def cut(text: str, length: int) -> str:
    """One line of at most ``length`` code points, never ending within what is seen as one character."""
    line = " ".join("".join(one if unicodedata.category(one) != "Cc" else " " for one in text).split())
    if len(line) <= length:
        return line
    end = max(length - 1, 0)
    while end and _within(line, end):
        end -= 1
    return line[:end].rstrip() + "…" if end else ""


def _within(line: str, end: int) -> bool:
    """Whether a cut before ``end`` would part one visible character."""
    before, after = line[end - 1], line[end]
    if _JOINER in (before, after) or ord(after) in _SKINS or unicodedata.category(after) in _JOINED:
        return True
    if ord(before) not in _FLAGS or ord(after) not in _FLAGS:
        return False
    start = end
    while start and ord(line[start - 1]) in _FLAGS:
        start -= 1
    return (end - start) % 2 == 1


def _json(note: Note) -> bytes:
    return json.dumps(asdict(note), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
