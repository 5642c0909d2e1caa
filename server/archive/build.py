"""Builds one conversation of our shape from what a reader found in somebody else's.

Ids come from the source's own ids and the person, so that the same conversation is the same rows every time.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from server import ids
from server.archive.package import Package
from server.archive.shape import MAX_FILE, Exported, Report, Row
from server.archive.tree import lifted, planted
from server.content import kinds
from server.errors import BadRequest
from server.ids import derived_id

EDGE = 4096
BLOCK = 1 << 20
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Context:
    """What a reader has in its hands."""

    user_id: str
    package: Package
    folder: Path
    """Where files are put, by their hash."""
    report: Report

    def keep(self, file: IO[bytes], name: str) -> Row | None:
        """Puts a file aside; None (and a line in the report) for one that no message can have here."""
        digest, size, head, tail, text = hashlib.sha256(), 0, b"", b"", kinds.TextCheck()
        target = self.folder / "taking"
        with target.open("wb") as out:
            while block := file.read(BLOCK):
                size += len(block)
                if size > MAX_FILE:
                    self.report.leave_out("files larger than 32 MB")
                    return None
                digest.update(block)
                head, tail = head or block[:EDGE], (tail + block)[-EDGE:]
                if text.good:
                    text.feed(block)
                out.write(block)
        text.feed(b"", final=True)
        try:
            kind = kinds.of(head, tail) or (kinds.TEXT if size and text.good else None)
        except BadRequest:
            kind = None
        if kind is None or not (kind in kinds.PICTURES or kind in (kinds.PDF, kinds.TEXT)):
            self.report.leave_out("files of a kind that no model reads")
            return None
        target.replace(self.folder / digest.hexdigest())
        return {"name": kinds.clean_name(name), "type": kind, "size": size, "sha256": digest.hexdigest()}

    @contextmanager
    def found(self, *wanted: str) -> Iterator[tuple[IO[bytes], str] | None]:
        """The first file of the package whose name begins with one of these, whatever folder it is in."""
        for start in wanted:
            for name in self.package.beginning(start) if start else ():
                if not name.endswith(".json"):
                    with self.package.open(name) as file:
                        yield file, name.rpartition("/")[2]
                    return
        yield None


class Conversation:
    """Add its messages, then take ``exported``."""

    def __init__(self, context: Context, source: str, id: str, title: Any, created: Any, updated: Any) -> None:
        self._context = context
        self._names = (context.user_id, source, id)
        self.created = instant(created) or instant(updated) or BEGINNING
        self._updated = instant(updated) or self.created
        self.id = derived_id(self.created, *self._names)
        self.system: str | None = None
        self.model: str | None = None
        self.favorite = False
        self._title = clean(title)
        self._parents: dict[str, str | None] = {}
        self._kept: dict[str, Row] = {}
        self._thoughts: dict[str, str] = {}
        self._files: list[Row] = []

    def __contains__(self, id: str) -> bool:
        return id in self._kept

    def skip(self, id: str, parent: str | None, *, thought: str = "") -> None:
        """A node that is no message of its own; what was thought in it belongs to the answer below it."""
        self._parents[id] = parent
        if thought.strip():
            self._thoughts[id] = clean(thought)

    def add(self, id: str, parent: str | None, role: str, text: Any, at: Any, **more: Any) -> None:
        """``role`` is user, assistant or notice; ``more`` are further columns of the message."""
        made = instant(at) or self.created
        self._parents[id] = parent
        self._kept[id] = {
            "id": derived_id(made, *self._names, id),
            "conversation_id": self.id,
            "role": role,
            "status": "done",
            "text": clean(text),
            "created_at": ids.instant(made),
            "finished_at": ids.instant(made) if role == "assistant" else None,
        } | more
        if role == "assistant" and more.get("model"):
            self.model = more["model"]

    def attach(self, id: str, file: Row | None, *, position: int = 0) -> None:
        """Gives a message a file that ``Context.keep`` took."""
        if file is None:
            return
        message = self._kept[id]
        file_id = derived_id(instant(message["created_at"]) or self.created, message["id"], file["sha256"])
        self._files.append(
            file | {"id": file_id, "created_at": message["created_at"], "links": [[message["id"], position]]}
        )

    def exported(self, leaf: str | None) -> Exported | None:
        """None for a conversation without a message."""
        if not self._kept:
            self._context.report.leave_out("conversations without a message")
            return None
        for id, parent in lifted(set(self._kept), self._parents).items():
            self._kept[id]["parent_id"] = self._kept[parent]["id"] if parent else None
            if self._kept[id]["role"] == "assistant" and (thought := self._thought(id)):
                self._kept[id]["reasoning"] = thought
        messages, repaired = planted(self._kept.values())
        if repaired:
            self._context.report.leave_out("links between messages that led nowhere", repaired)
        if leaf is not None and leaf not in self._kept:
            leaf = lifted({*self._kept, leaf}, self._parents).get(leaf)
        last = self._kept[leaf]["id"] if leaf else max(messages, key=lambda message: message["id"])["id"]
        conversation = {
            "id": self.id,
            "title": " ".join(self._title.split())[:200],
            "titled_by": "user" if self._title.strip() else "nobody",
            "model": self.model,
            "system": clean(self.system) if self.system else None,
            "favorite": self.favorite,
            "leaf_id": last,
            "created_at": ids.instant(self.created),
            "updated_at": ids.instant(self._updated),
        }
        return Exported(conversation=conversation, messages=messages, calls=[], attachments=self._files)

    def _thought(self, id: str) -> str:
        """What was thought in the nodes between a message and the message above it."""
        thoughts: list[str] = []
        at, seen = self._parents.get(id), {id}
        while at is not None and at not in self._kept and at not in seen:
            seen.add(at)
            if thought := self._thoughts.get(at):
                thoughts.append(thought)
            at = self._parents.get(at)
        return "\n\n".join(reversed(thoughts))


def clean(text: Any) -> str:
    """Text that a database takes: half of a character that was cut through becomes a mark."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(text, str) else ""


def instant(value: Any) -> datetime | None:
    """A time as exports write it: seconds or milliseconds since 1970, or ISO 8601."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        if isinstance(value, str) and value:
            time = datetime.fromisoformat(value)
            return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def strings(value: Any) -> list[str]:
    """The texts of a list that should hold nothing else."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def objects(value: Any) -> list[Row]:
    """The objects of a list that should hold nothing else."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def inside(value: Any, *names: str) -> Any:
    """What is found along these names; None as soon as one is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
